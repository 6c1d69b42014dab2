//! By what a session is told from another with the same key ID.

use super::mint::Issue;
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use crate::trail::apart::ISSUE_SECONDS;

/// How far the moment of issue in an event may differ from the time of the mint.
pub(super) const SLACK_SECONDS: i64 = ISSUE_SECONDS as i64;

/// Whether two moments may be one moment of issue.
pub(super) fn near(one: Moment, two: Moment) -> bool {
    (one.seconds() - two.seconds()).abs() <= SLACK_SECONDS
}

/// Whether what happens at `later` can come of what was there at `earlier`, as far as clocks agree.
pub(super) fn follows(later: Moment, earlier: Moment) -> bool {
    later.plus_seconds(SLACK_SECONDS) >= earlier
}

/// What an event must agree with to be of a session. Key IDs of temporary credentials are not unique by themselves:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>. What isn't known on either side doesn't disagree.
#[derive(Debug, Clone, Default)]
pub(super) struct Stamp {
    /// The unique ID that its calls bear: `AROA…:session`, `AIDA…`, `account:name`.
    pub(super) principal: Option<String>,
    /// The moments of issue that its calls may bear; any, where there are none.
    pub(super) issued: Vec<Moment>,
    /// Of a long-term key that was made active again: since when its calls are the family's.
    pub(super) since: Option<Moment>,
}

impl Stamp {
    /// What the calls of an issued credential bear. What was made from another session by signing in may keep that session's moment.
    pub(super) fn of_issue(issue: &Issue<'_>) -> Self {
        if issue.key.kind() == KeyKind::LongTerm {
            return Stamp {
                since: issue.is_revival().then_some(issue.event.at),
                ..Stamp::default()
            };
        }
        if let Some(joined) = &issue.joined {
            return joined.stamp.clone();
        }
        let mut issued = vec![issue.event.at];
        if issue.keeps_session() {
            issued.extend(issue.event.identity.session_created);
        }
        Stamp {
            principal: issue.principal(),
            issued,
            since: None,
        }
    }

    /// What an event says of the session that made it.
    pub(super) fn of_event(event: &Event) -> Self {
        Stamp {
            principal: event.identity.principal_id.clone(),
            issued: event.identity.session_created.into_iter().collect(),
            since: None,
        }
    }

    /// Whether the two may be one session.
    pub(super) fn agrees(&self, other: &Stamp) -> bool {
        let issued = other.issued.iter().copied();
        self.may_bear(other.principal.as_deref(), issued)
    }

    /// Whether a call of the session may bear this principal and one of these moments of issue.
    fn may_bear(&self, principal: Option<&str>, mut issued: impl ExactSizeIterator<Item = Moment>) -> bool {
        let is_same = match (&self.principal, principal) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        let is_unknown = self.issued.is_empty() || issued.len() == 0;
        is_same && (is_unknown || issued.any(|two| self.issued.iter().any(|one| near(*one, two))))
    }
}

/// Whether the event, which bears `key`, is of the session with this stamp. Long-term keys are unique, and have one owner after the other.
pub(super) fn is_of(event: &Event, key: &AccessKeyId, stamp: &Stamp) -> bool {
    let (principal, created) = (event.identity.principal_id.as_deref(), event.identity.session_created);
    match key.kind() {
        KeyKind::LongTerm => stamp.since.is_none_or(|since| follows(event.at, since)),
        _ => stamp.may_bear(principal, created.into_iter()),
    }
}

/// The user, or the root user, by unique ID, of whom a record says no more: neither the key nor a session. Then it was one of his long-term keys, for a
/// password gives a session; but signing in itself has none yet.
pub(super) fn user_of(event: &Event) -> Option<&str> {
    let identity = &event.identity;
    let is_untold = identity.key.is_none() && identity.session_created.is_none() && !event.is_forwarded();
    let is_user = matches!(identity.kind.as_deref(), Some("IAMUser" | "Root")) && event.service() != "signin";
    identity.principal_id.as_deref().filter(|_| is_untold && is_user)
}

/// Who called, by the best name that the record has.
pub(super) fn caller(event: &Event) -> String {
    let identity = &event.identity;
    let arn = identity.arn.as_ref().map(ToString::to_string);
    arn.or_else(|| identity.principal_id.clone()).unwrap_or_default()
}
