//! Sign-ins to the console that succeeded.

use crate::time::Moment;
use crate::trail::Event;
use crate::trail::apart::LOGIN_SECONDS;
use std::collections::BTreeMap;

/// How far the moment that a console session bears may lie from its ConsoleLogin.
const SLACK_SECONDS: i64 = LOGIN_SECONDS as i64;

/// By unique ID and second.
#[derive(Default)]
pub(super) struct Logins<'a>(BTreeMap<&'a str, BTreeMap<i64, &'a Event>>);

impl<'a> Logins<'a> {
    pub(super) fn of(events: &[&'a Event]) -> Self {
        let mut logins = Logins::default();
        let is_login = |event: &&Event| {
            event.service() == "signin"
                && event.name == "ConsoleLogin"
                && event.error.is_none()
                && event.answered("/ConsoleLogin").as_deref() != Some("Failure")
        };
        for event in events.iter().copied().filter(is_login) {
            if let Some(principal) = event.identity.principal_id.as_deref() {
                let of_principal = logins.0.entry(principal).or_default();
                of_principal.entry(event.at.seconds()).or_insert(event);
            }
        }
        logins
    }

    /// The sign-in of a principal nearest to a moment of issue.
    pub(super) fn near(&self, principal: &str, created: Moment) -> Option<&'a Event> {
        let at = created.seconds();
        let of_principal = self.0.get(principal)?;
        let near = of_principal.range(at - SLACK_SECONDS..=at + SLACK_SECONDS);
        let nearest = near.min_by_key(|(login, _)| (at - **login).abs());
        nearest.map(|(_, login)| *login)
    }
}
