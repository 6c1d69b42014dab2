//! Which events give a new credential, and to whom.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>

use super::carried::passed;
use super::holder::{role_of, who};
use super::revived;
use super::session::{Stamp, near, user_of};
use super::sign_in::Joined;
use super::{Kind, Mint};
use crate::account::Holder;
use crate::ids::{AccessKeyId, AccountId};
use crate::policy::PolicyText;
use crate::time::Moment;
use crate::trail::Event;
use serde_json::Value;
use std::collections::BTreeMap;

/// A credential that an event gave.
#[derive(Debug, Clone, PartialEq)]
pub struct MintedKey {
    /// Its access key ID.
    pub key: AccessKeyId,
    /// What it is.
    pub kind: Kind,
    /// Whose permissions it carries.
    pub holder: Option<Holder>,
    /// The account of its holder.
    pub account: Option<AccountId>,
    /// When it ends.
    pub expires: Option<Moment>,
    /// The call.
    pub mint: Mint,
}

/// The calls that give a credential: source, name, default lifetime in seconds.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
const CALLS: [(&str, &str, i64); 13] = [
    ("sts", "GetSessionToken", 43_200),
    ("sts", "GetFederationToken", 43_200),
    ("sts", "AssumeRole", 3_600),
    ("sts", "AssumeRoleWithSAML", 3_600),
    ("sts", "AssumeRoleWithWebIdentity", 3_600),
    ("sts", "AssumeRoot", 900),
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
    ("rolesanywhere", "CreateSession", 3_600),
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html>
    ("sts", "GetDelegatedAccessToken", 43_200),
    ("sso", "GetRoleCredentials", 43_200),
    ("signin", "GetSigninToken", 43_200),
    ("iam", "CreateAccessKey", 0),
    ("iam", "CreateServiceSpecificCredential", 0),
    ("iam", "ResetServiceSpecificCredential", 0),
];

/// What stands in the place of a call where two keys are of one session.
const SAME: &str = "the same session";

/// The same, for calls of the root user's keys.
const ROOT_SECONDS: i64 = 3_600;

/// The calls that give a credential, by the name of the service and their own.
pub fn minting() -> impl Iterator<Item = (&'static str, &'static str)> {
    CALLS.iter().map(|(service, name, _)| (*service, *name))
}

fn call(event: &Event) -> Option<i64> {
    CALLS
        .iter()
        .find(|(source, name, _)| event.service() == *source && event.name == *name)
        .map(|(.., seconds)| *seconds)
}

/// Whether the event is a call that would give a credential, whether it succeeded or not.
pub(super) fn is_mint(event: &Event) -> bool {
    call(event).is_some()
}

/// A credential that came into being, whoever asked for it: a key, an unsigned call, a service, another account.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    /// The record that names the new key.
    pub(super) event: &'a Event,
    /// The record that names who asked: mostly the same one. A call into another account is recorded in both, and the records share an ID.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
    pub(super) asker: &'a Event,
    /// The key that asked, where that record leaves it out and its session tells it; several, where each of them may have.
    pub(super) told: Vec<AccessKeyId>,
    /// The new key.
    pub(super) key: AccessKeyId,
    /// What it is.
    pub(super) kind: Kind,
    /// Whose permissions it carries.
    pub(super) holder: Option<Holder>,
    /// The account of its holder.
    pub(super) account: Option<AccountId>,
    /// When it ends.
    pub(super) expires: Option<Moment>,
    /// Whether the record says so; else it is reckoned from what was asked for, or by the call's default.
    pub(super) is_logged: bool,
    /// Whether somebody switched to it in the console: then the console asked, and no service for itself.
    pub(super) is_switch: bool,
    /// By what it was joined, where no record names its key as given.
    pub(super) joined: Option<Joined>,
}

/// Every credential that came into being in `events`, in their order. A call from one account into another is recorded in both, and only
/// the caller's record tells its key or session.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
pub(super) fn issues<'a>(events: &[&'a Event]) -> Vec<Issue<'a>> {
    let mut callers: BTreeMap<&str, &'a Event> = BTreeMap::new();
    for event in events.iter().filter(|event| is_mint(event)).filter(|event| {
        let identity = &event.identity;
        identity.key.is_some() || identity.session_created.is_some() || user_of(event).is_some()
    }) {
        if let Some(shared) = event.shared_id.as_deref().filter(|_| event.error.is_none()) {
            let caller = callers.entry(shared).or_insert(event);
            if caller.identity.key.is_none() {
                *caller = event;
            }
        }
    }
    let given = |event: &'a Event| issue_of(event).or_else(|| revived::issue(event));
    let mut all: Vec<Issue<'a>> = events.iter().filter_map(|event| given(event)).collect();
    for issue in all.iter_mut().filter(|issue| issue.event.identity.key.is_none()) {
        let shared = issue.event.shared_id.as_deref();
        issue.asker = shared
            .and_then(|shared| callers.get(shared).copied())
            .unwrap_or(issue.asker);
    }
    all
}

/// Each of them once: of the records of one call, the one that names who asked.
pub(super) fn once_each(mut all: Vec<Issue<'_>>) -> Vec<Issue<'_>> {
    once(&mut all);
    let mut known: BTreeMap<AccessKeyId, Vec<Moment>> = BTreeMap::new();
    for issue in all.iter().filter(|issue| issue.by().is_some()) {
        known.entry(issue.key.clone()).or_default().push(issue.event.at);
    }
    let is_told_better = |issue: &Issue<'_>| {
        let mut times = known.get(&issue.key).into_iter().flatten();
        issue.by().is_none() && times.any(|at| near(*at, issue.event.at))
    };
    all.into_iter().filter(|issue| !is_told_better(issue)).collect()
}

/// The records of one call in two accounts name one key twice, and a service-specific credential whose password is reset is given again.
fn once(issues: &mut Vec<Issue<'_>>) {
    let mut known: BTreeMap<(AccessKeyId, String), Moment> = BTreeMap::new();
    issues.retain(|issue| {
        let Some(by) = issue.by() else { return true };
        let shared = issue.event.shared_id.clone().unwrap_or_default();
        let is_same =
            |at: &Moment| !shared.is_empty() && near(*at, issue.event.at) || issue.kind == Kind::ServiceSpecific;
        let call = (issue.key.clone(), format!("{by} {shared}"));
        match known.get(&call) {
            Some(at) => !is_same(at),
            None => {
                known.insert(call, issue.event.at);
                true
            }
        }
    });
}

fn issue_of(event: &Event) -> Option<Issue<'_>> {
    let seconds = call(event)?;
    if event.error.is_some() {
        return None;
    }
    let key: AccessKeyId = event.given_key()?.parse().ok()?;
    if event.identity.key.as_ref() == Some(&key) {
        return None; // GetSigninToken without a duration gives back the key that asked.
    }
    let (kind, holder, account) = who(event);
    let asked = event.request.get("durationSeconds").and_then(seconds_in);
    let ends = [
        "/credentials/expiration",
        "/credentialSet/0/credentials/expiration",
        "/serviceSpecificCredential/expirationDate",
    ];
    let logged = ends
        .iter()
        .find_map(|place| event.answered(place))
        .and_then(|text| text.parse::<Moment>().ok())
        // An end that lies before the beginning is a mistake of the log, and no reason to call a session dead.
        .filter(|ends| *ends > event.at);
    let is_root = event.identity.kind.as_deref() == Some("Root");
    let usual = if is_root { seconds.min(ROOT_SECONDS) } else { seconds };
    let reckoned = (!kind.is_permanent()).then(|| event.at.plus_seconds(asked.unwrap_or(usual)));
    Some(Issue {
        event,
        asker: event,
        told: Vec::new(),
        is_logged: logged.is_some(),
        key,
        kind,
        holder,
        account,
        expires: logged.or(reckoned),
        is_switch: false,
        joined: None,
    })
}

fn seconds_in(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The credential that the event gave to the key that asked for it; `None` when it is no mint, was refused, names no key, or when a
/// service asked on somebody's behalf for a session, and kept what it got.
pub fn mint_of(event: &Event) -> Option<MintedKey> {
    let issue = issue_of(event)?;
    Some(MintedKey {
        mint: issue.mint(issue.by()?),
        key: issue.key,
        kind: issue.kind,
        holder: issue.holder,
        account: issue.account,
        expires: issue.expires,
    })
}

impl Issue<'_> {
    /// The key that asked, where it was in somebody's hands; of several that may have, the first.
    pub(super) fn by(&self) -> Option<&AccessKeyId> {
        self.askers().next()
    }

    /// The keys that may have asked: mostly one.
    pub(super) fn askers(&self) -> impl Iterator<Item = &AccessKeyId> {
        // A key that a service signed with is nobody's, unless it made what lasts: that is for its caller. Those that are told are known otherwise than by who
        // signed.
        let is_held = self.is_switch || !self.asker.is_forwarded() || self.is_lent();
        let own = self.asker.identity.key.iter();
        let own = own.filter(move |_| self.told.is_empty() && is_held);
        self.told.iter().chain(own)
    }

    /// Whether a service made it on its caller's behalf, and it outlives both.
    pub(super) fn is_lent(&self) -> bool {
        self.asker.is_forwarded() && self.kind.is_permanent()
    }

    /// What the calls of the key that asked bear.
    pub(super) fn asker_bears(&self) -> Stamp {
        let of = self.joined.as_ref().and_then(|joined| joined.of.clone());
        let mut bears = of.unwrap_or_else(|| Stamp::of_event(self.asker));
        // The moment in a service's call is that of its own session.
        if self.is_lent() && !self.told.is_empty() {
            bears.issued.clear();
        }
        bears
    }

    /// The unique ID that calls with the new key bear.
    pub(super) fn principal(&self) -> Option<String> {
        let event = self.event;
        match event.name.as_str() {
            "GetSessionToken" | "GetSigninToken" => event.identity.principal_id.clone(),
            "GetFederationToken" => event.answered("/federatedUser/federatedUserId"),
            "AssumeRoot" | "CreateAccessKey" | "CreateServiceSpecificCredential" | "ResetServiceSpecificCredential" => {
                None
            }
            _ => role_of(event, "assumedRoleId"),
        }
    }

    /// Whether it was signed in with a password that somebody set, or came in by a role that somebody opened.
    pub(super) fn is_let_in(&self) -> bool {
        self.joined.as_ref().is_some_and(|joined| joined.is_let_in)
    }

    /// Whether the new key may belong to the session that asked: whether a console session keeps the moment of issue isn't documented.
    pub(super) fn keeps_session(&self) -> bool {
        self.kind == Kind::Console
    }

    /// The call as a mint by this key, one of those that may have asked.
    pub(super) fn mint(&self, by: &AccessKeyId) -> Mint {
        let event = self.event;
        let listed = |member: &str| {
            event
                .request
                .get(member)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let joined = self.joined.as_ref();
        let beside = joined.and_then(|joined| joined.beside.clone());
        // Nobody asked where it comes from another key of the session.
        let is_alike = beside.as_ref() == Some(by);
        let issued = joined.and_then(|joined| joined.stamp.issued.first().copied());
        let rivals = joined.into_iter().flat_map(|joined| &joined.rivals);
        Mint {
            at: issued.filter(|_| is_alike).unwrap_or(event.at),
            by: by.clone(),
            or_by: self.askers().chain(rivals).filter(|one| *one != by).cloned().collect(),
            call: if is_alike { SAME.to_owned() } else { event.name.clone() },
            event: event.id.clone(),
            source_ip: event.source_ip.clone(),
            user_agent: event.user_agent.clone(),
            region: event.region.clone(),
            mfa: event.asked("/serialNumber").is_some(),
            policy: event.asked("/policy").map(PolicyText::new),
            policy_arns: listed("policyArns")
                .filter_map(|one| one.get("arn")?.as_str()?.parse().ok())
                .collect(),
            source_identity: event
                .asked("/sourceIdentity")
                .or_else(|| event.identity.source_identity.clone()),
            tags: passed(event),
            joined: joined.map(|joined| joined.by.clone()).or_else(|| self.by_user()),
            beside,
        }
    }

    /// In words, that only the user tells whose key asked.
    fn by_user(&self) -> Option<String> {
        let is_told = !self.told.is_empty() && user_of(self.asker).is_some();
        is_told.then(|| "its record leaves out which long-term key of the user asked: any of them may have".to_owned())
    }

    /// In words, how it came into being.
    pub(super) fn provenance(&self) -> String {
        let event = self.event;
        let identity = &event.identity;
        let arn = identity.arn.as_ref().map(ToString::to_string);
        let who = match (identity.kind.as_deref(), &identity.invoked_by, &identity.key) {
            (_, Some(service), _) => format!("the service {service}"),
            (Some("AWSAccount"), ..) => match &identity.account {
                Some(account) => format!("account {account}, whose own trail names the key that asked"),
                None => "another account, whose own trail names the key that asked".to_owned(),
            },
            (.., Some(key)) => format!("{key} ({})", arn.unwrap_or_else(|| "unnamed".to_owned())),
            (kind, ..) => {
                let name = arn
                    .or_else(|| identity.user_name.clone())
                    .or_else(|| identity.principal_id.clone());
                format!("{} {}", kind.unwrap_or("somebody"), name.unwrap_or_default())
            }
        };
        let joined = self.joined.as_ref().map(|joined| format!("; {}", joined.by));
        format!(
            "{} at {} by {}{}",
            event.name,
            event.at,
            who.trim_end(),
            joined.unwrap_or_default()
        )
    }
}
