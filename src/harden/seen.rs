//! What everybody but the intruder was seen to do, by user and by role.

use super::usage::Call;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// How a user's or a role's credentials were used.
#[derive(Debug, Default, Clone)]
pub struct Used {
    /// Public addresses that calls came from.
    pub addresses: BTreeSet<String>,
    /// VPC endpoints that calls came through.
    pub endpoints: BTreeSet<String>,
    /// Calls of which neither is known, such as from a private address.
    pub elsewhere: u64,
    /// Whether a call was made with a session that was issued without MFA, or with a key.
    pub without_mfa: bool,
    /// Whether a session of the user was used that was issued without MFA.
    pub sessions_without_mfa: bool,
    /// Names of sessions, which of compute tell what it runs on.
    pub sessions: BTreeSet<String>,
    /// How many calls.
    pub calls: u64,
    /// The last.
    pub last: Option<Moment>,
}

/// How a role was taken.
#[derive(Debug, Default, Clone)]
pub struct Taken {
    /// By whom: ARNs of users and roles, with the names that they gave their sessions.
    pub by: BTreeMap<String, BTreeSet<String>>,
    /// External IDs that were sent.
    pub external_ids: BTreeSet<String>,
    /// Subjects of web identities.
    pub subjects: BTreeSet<String>,
    /// The longest duration that was asked for.
    pub seconds: i64,
    /// How often.
    pub times: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Seen {
    /// By the user's name.
    pub users: BTreeMap<String, Used>,
    /// By the role's name.
    pub roles: BTreeMap<String, Used>,
    /// By the role's ARN.
    pub taken: BTreeMap<String, Taken>,
}

impl Seen {
    /// Reads the calls.
    pub fn of<'c>(calls: impl Iterator<Item = &'c Call>) -> Seen {
        let mut seen = Seen::default();
        for call in calls {
            let event = &call.event;
            let who = &event.identity;
            let used = match who.kind.as_deref() {
                Some("IAMUser") => who.user_name.clone().map(|name| seen.users.entry(name).or_default()),
                Some("AssumedRole") => {
                    let name = who.issuer.as_ref().and_then(|issuer| issuer.name.clone());
                    name.map(|name| seen.roles.entry(name).or_default())
                }
                _ => None,
            };
            if let Some(used) = used {
                used.add(call);
            }
            if event.name.starts_with("AssumeRole")
                && let Some(role) = event.asked("/roleArn")
            {
                seen.taken.entry(role).or_default().add(event);
            }
        }
        seen
    }
}

impl Used {
    fn add(&mut self, call: &Call) {
        let event = &call.event;
        let who = &event.identity;
        self.calls += call.count;
        self.last = self.last.max(Some(event.at));
        if let Some((_, session)) = who.principal_id.as_deref().and_then(|id| id.split_once(':')) {
            self.sessions.insert(session.to_owned());
        }
        // What a service does on somebody's behalf comes from nowhere.
        if event.is_forwarded() {
            return;
        }
        if who.mfa != Some(true) {
            self.without_mfa = true;
            self.sessions_without_mfa |= who.session_created.is_some();
        }
        let address = event
            .source_ip
            .as_deref()
            .and_then(|text| text.parse::<std::net::IpAddr>().ok());
        match (&call.endpoint, address) {
            (Some(endpoint), _) => drop(self.endpoints.insert(endpoint.clone())),
            (None, Some(address)) if is_public(address) => drop(self.addresses.insert(address.to_string())),
            _ => self.elsewhere += call.count,
        }
    }
}

fn is_public(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(four) => !four.is_private() && !four.is_loopback() && !four.is_link_local(),
        std::net::IpAddr::V6(six) => !six.is_loopback() && !six.is_unique_local(),
    }
}

impl Taken {
    fn add(&mut self, event: &Event) {
        let who = &event.identity;
        self.times += 1;
        self.external_ids.extend(event.asked("/externalId"));
        let asked = event.request.get("durationSeconds");
        let seconds = asked.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        self.seconds = self.seconds.max(seconds.unwrap_or(3_600));
        if who.kind.as_deref() == Some("WebIdentityUser") {
            self.subjects.extend(who.user_name.clone());
            return;
        }
        if who.kind.as_deref() == Some("AWSAccount") {
            let account = who.account.iter().map(|account| format!("arn:aws:iam::{account}:root"));
            account.for_each(|arn| self.by.entry(arn).or_default().extend(event.asked("/roleSessionName")));
            return;
        }
        // A session stands for its role.
        let issuer = who.issuer.as_ref().filter(|issuer| issuer.kind == "Role");
        let arn = issuer.and_then(|issuer| issuer.arn.clone()).or_else(|| who.arn.clone());
        if let Some(arn) = arn {
            let names = self.by.entry(arn.to_string()).or_default();
            names.extend(event.asked("/roleSessionName"));
        }
    }
}
