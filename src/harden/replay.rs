//! The trail's calls, asked again of an account. The answers are the twin's own: the same standing and the same limits decide there.

use super::given::{LONGEST_SECONDS, given, session};
use super::networks::{Networks, is_instance};
use super::ours::is_of;
use super::outsider;
use super::trusted::services;
use super::usage::Call;
use crate::account::{AccessKey, Account, Holder, KeyStatus, Session, SessionKind, is_quarantine};
use crate::action::revoke::POLICY_NAME as REVOKE_POLICY_NAME;
use crate::action::service_control::is_quarantine_name;
use crate::catalogue::catalogue;
use crate::ids::{AccessKeyId, AccountId, Arn, KeyKind};
use crate::policy::{Context, Outcome, PolicyText};
use crate::trail::Event;
use crate::verdict::{Standing, needs_no_permission, session_forbids};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Went {
    /// It is allowed.
    Through,
    /// It is refused, for this reason.
    Stopped(String),
    /// It can't be said, for this reason.
    Unknown(String),
}

impl From<Outcome> for Went {
    fn from(outcome: Outcome) -> Went {
        match outcome {
            Outcome::Allowed(_) => Went::Through,
            Outcome::ExplicitDeny(by) => Went::Stopped(format!("denied by {by}")),
            Outcome::ImplicitDeny(kind) => Went::Stopped(format!("no {} allows it", kind.describe())),
            Outcome::Unknown(gaps) => {
                let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
                Went::Unknown(gaps.join("; "))
            }
        }
    }
}

/// The name of the inline policy by which this program denies everything.
const DENY_ALL: &str = "OustDenyAll";

/// What the name of the managed policy begins with that `oust ready --template` keeps at hand.
const QUARANTINE: &str = "OustQuarantine";

/// The account as it was while the calls were made: without what contained the incident since, keys active again that were used.
pub fn as_it_was(account: &Account, calls: &[Call]) -> Account {
    let mut account = account.clone();
    for user in account.users.values_mut() {
        released(&mut user.inline, &mut user.attached, &mut user.boundary);
    }
    for role in account.roles.values_mut() {
        released(&mut role.inline, &mut role.attached, &mut role.boundary);
    }
    let levels = account.guards.iter_mut().flat_map(|guards| &mut guards.scps);
    levels.for_each(|level| level.retain(|name, _| !is_quarantine_name(name)));
    for call in calls {
        let who = &call.event.identity;
        let (Some(key), Some(name)) = (&who.key, &who.user_name) else {
            continue;
        };
        let is_ours = key.kind() == KeyKind::LongTerm && is_of(who, &account.id);
        let Some(user) = account.users.get_mut(name).filter(|_| is_ours) else {
            continue;
        };
        let held = &mut user.credentials.get_or_insert_default().access_keys;
        match held.iter_mut().find(|held| held.id == *key) {
            Some(held) => held.status = KeyStatus::Active,
            None => held.push(AccessKey {
                id: key.clone(),
                status: KeyStatus::Active,
                created: call.event.at,
                last_used: None,
            }),
        }
    }
    account
}

/// Takes off a user or a role what this program contains with, and AWS's quarantine. A boundary that the deny took the place of isn't known.
fn released(inline: &mut BTreeMap<String, PolicyText>, attached: &mut BTreeSet<Arn>, boundary: &mut Option<Arn>) {
    let contains = |arn: &Arn| match arn.account() {
        None => arn.name() == "AWSDenyAll" || is_quarantine(arn),
        Some(_) => arn.name().starts_with(QUARANTINE),
    };
    inline.remove(DENY_ALL);
    inline.remove(REVOKE_POLICY_NAME);
    attached.retain(|arn| !contains(arn));
    boundary.take_if(|arn| contains(arn));
}

/// Asks `calls`, which are in order of time, of `account`, which without any measure `was` so. A session is there only if the call that gave it
/// went through. Accounts in `outside` are of no organization; of others it isn't known. `networks` are those that the whole trail tells.
pub fn replay(
    account: &Account,
    was: &Account,
    calls: &[&Call],
    outside: &BTreeSet<AccountId>,
    networks: &Networks,
) -> Vec<Went> {
    let key = |call: &&&Call| call.event.identity.key.clone();
    let mut world = World {
        account,
        was,
        outside,
        networks,
        sessions: HashMap::new(),
        lost: HashSet::new(),
        told: calls.iter().filter_map(|call| given(&call.event)).collect(),
    };
    let of_functions = calls.iter().filter(|call| call.function.is_some());
    world.told.extend(of_functions.filter_map(|call| key(&call)));
    calls.iter().map(|call| world.ask(call)).collect()
}

struct World<'a> {
    account: &'a Account,
    was: &'a Account,
    outside: &'a BTreeSet<AccountId>,
    networks: &'a Networks,
    sessions: HashMap<AccessKeyId, Session>,
    /// Keys of sessions that were not given.
    lost: HashSet<AccessKeyId>,
    /// Keys of sessions of which it is told who was given them.
    told: HashSet<AccessKeyId>,
}

impl World<'_> {
    fn ask(&mut self, call: &Call) -> Went {
        let event = &call.event;
        let went = self.decide(call);
        if let Some(key) = given(event) {
            match went {
                Went::Stopped(_) => drop(self.lost.insert(key)),
                _ => self.sessions.extend(session(event).map(|session| (key, session))),
            }
        }
        went
    }

    fn decide(&mut self, call: &Call) -> Went {
        let event = &call.event;
        let Some(key) = &event.identity.key else {
            let told = outsider::asks(self.account, self.was, event, &self.context(call), self.outside);
            return told.unwrap_or_else(|| Went::Unknown("nobody of the account signed it".to_owned()));
        };
        if self.lost.contains(key) {
            return Went::Stopped("its session is never given".to_owned());
        }
        let is_root = event.identity.kind.as_deref() == Some("Root");
        if (key.kind() != KeyKind::LongTerm || is_root) && !self.sessions.contains_key(key) {
            match met(event) {
                Some(session) => drop(self.sessions.insert(key.clone(), session)),
                None => return Went::Unknown("its session isn't known".to_owned()),
            }
        }
        // The one that is asked for: to look for it among all of a large trail takes as long as all of them.
        let session = self.sessions.get(key).map(std::slice::from_ref).unwrap_or_default();
        let standing = match Standing::of(self.account, session, key, event.at) {
            Ok(standing) => standing,
            Err(dead) => return Went::Stopped(dead.to_string()),
        };
        let Some(action) = action(event) else {
            return Went::Unknown("which permission it needs isn't known".to_owned());
        };
        if let Some(why) = standing.session.and_then(|session| session_forbids(session, &action)) {
            return Went::Stopped(why.to_owned());
        }
        if needs_no_permission(&action) {
            return Went::Through;
        }
        standing
            .decide(&action, &resource(self.account, event), &self.context(call))
            .into()
    }

    fn context(&self, call: &Call) -> Context {
        let mut context = context(call, self.networks);
        if self.may_be_of_service(&call.event) {
            context.set_free("aws:ViaAWSService");
        }
        context
    }

    /// Whether a call that a service made may be one by a session that the service itself was given, and not one on behalf of who was given it:
    /// both records name the service.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>
    fn may_be_of_service(&self, event: &Event) -> bool {
        let who = &event.identity;
        let is_told = who.key.as_ref().is_some_and(|key| self.told.contains(key));
        let name = who.issuer.as_ref().and_then(|issuer| issuer.name.as_ref());
        let role = name.and_then(|name| self.was.roles.get(name));
        let is_of_role = event.is_forwarded() && who.kind.as_deref() == Some("AssumedRole");
        is_of_role && !is_told && role.is_some_and(|role| !services(role).is_empty())
    }
}

/// A session that is met without the call that gave it, as its own call tells of it.
fn met(event: &Event) -> Option<Session> {
    let who = &event.identity;
    let id = who.principal_id.clone().unwrap_or_default();
    let (holder, kind) = match who.kind.as_deref()? {
        "AssumedRole" => {
            let (role_id, session) = id.split_once(':')?;
            let name = who.issuer.as_ref()?.name.clone()?;
            let holder = Holder::Role {
                name,
                id: role_id.to_owned(),
                session: session.to_owned(),
            };
            (holder, SessionKind::AssumeRole)
        }
        "IAMUser" => {
            let name = who.user_name.clone()?;
            (Holder::User { name, id }, SessionKind::Console)
        }
        // Its keys stand for it as its sessions do: neither has a policy of its own.
        "Root" => (Holder::Root, SessionKind::Console),
        _ => return None,
    };
    let issued = who.session_created.unwrap_or(event.at);
    Some(Session {
        key: who.key.clone()?,
        holder,
        kind,
        issued,
        expires: issued.plus_seconds(LONGEST_SECONDS),
        mfa: Some(who.mfa == Some(true)),
        policy: None,
        policy_arns: Vec::new(),
        source_identity: who.source_identity.clone(),
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    })
}

/// S3's calls that ask for another permission than their name.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
const S3: [(&str, &str); 8] = [
    ("ListBuckets", "ListAllMyBuckets"),
    ("HeadBucket", "ListBucket"),
    ("ListObjects", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("HeadObject", "GetObject"),
    ("CopyObject", "PutObject"),
    ("DeleteObjects", "DeleteObject"),
    ("GetBucketEncryption", "GetEncryptionConfiguration"),
];

/// The permission that a call asks for; `None` where it isn't known by its name.
pub(super) fn action(event: &Event) -> Option<String> {
    let service = match event.service() {
        "monitoring" => "cloudwatch",
        service => service,
    };
    let renamed = S3.iter().find(|(call, _)| service == "s3" && *call == event.name);
    // Lambda writes the version of its interface behind the name.
    let plain = event.name.split("20").next().filter(|_| service == "lambda");
    let name = renamed.map_or(plain.unwrap_or(&event.name), |(_, action)| *action);
    catalogue().knows(service, name).then(|| format!("{service}:{name}"))
}

/// What a call acts on, as far as its record tells.
fn resource(account: &Account, event: &Event) -> String {
    if let Some(role) = event.asked("/roleArn").filter(|_| event.service() == "sts") {
        return role;
    }
    if event.service() == "iam" {
        let user = event.asked("/userName").or_else(|| event.identity.user_name.clone());
        let of_user = || account.users.get(&user?).map(|user| account.user_arn(user));
        let of_role = event.asked("/roleName").and_then(|name| account.roles.get(&name));
        let of_role = of_role.map(|role| account.role_arn(role));
        let named = event
            .asked("/policyArn")
            .filter(|_| of_role.is_none() && event.asked("/userName").is_none());
        let list = event.name.starts_with("List") || event.name.starts_with("GetAccount");
        return match (of_role, named) {
            _ if list && event.request.is_null() => "*".to_owned(),
            (Some(role), _) => role.to_string(),
            (None, Some(policy)) => policy,
            (None, None) => of_user().map_or("*".to_owned(), |arn: Arn| arn.to_string()),
        };
    }
    // Of an object and its bucket the object is meant.
    let longest = event.resources.iter().max_by_key(|arn| arn.len());
    longest.cloned().unwrap_or_else(|| "*".to_owned())
}

/// The condition keys of the request, as far as its record tells them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn context(call: &Call, networks: &Networks) -> Context {
    let event = &call.event;
    let mut context = Context::closed();
    context.set("aws:CurrentTime", event.at.whole_second().to_string());
    context.set("aws:EpochTime", event.at.seconds().to_string());
    context.set("aws:SecureTransport", "true");
    context.set("aws:RequestedRegion", event.region.as_str());
    context.set("aws:UserAgent", event.user_agent.clone().unwrap_or_default());
    context.set("aws:ViaAWSService", event.is_forwarded().to_string());
    let address = event
        .source_ip
        .clone()
        .filter(|text| text.parse::<std::net::IpAddr>().is_ok());
    match (&call.endpoint, address) {
        (Some(endpoint), address) => {
            context.set("aws:SourceVpce", endpoint.as_str());
            match networks.of_endpoint(endpoint) {
                Some(vpc) => context.set("aws:SourceVpc", vpc),
                None => context.set_untold("aws:SourceVpc"),
            }
            address
                .into_iter()
                .for_each(|address| context.set("aws:VpcSourceIp", address));
        }
        (None, Some(address)) => context.set("aws:SourceIp", address),
        (None, None) => {}
    }
    // What compute a session runs on is told by no record of its own in full.
    let session = event.identity.principal_id.as_deref().and_then(|id| id.split_once(':'));
    if let Some((_, instance)) = session.filter(|(_, name)| is_instance(name)) {
        context.set_untold("ec2:SourceInstanceArn");
        match networks.of_instance(instance) {
            Some(network) => {
                context.set("aws:Ec2InstanceSourceVpc", network.vpc.as_str());
                context.set("aws:Ec2InstanceSourcePrivateIPv4", network.address.as_str());
            }
            None => {
                context.set_untold("aws:Ec2InstanceSourceVpc");
                context.set_untold("aws:Ec2InstanceSourcePrivateIPv4");
            }
        }
        match &call.delivery {
            Some(version) => context.set("ec2:RoleDelivery", version.as_str()),
            None => context.set_untold("ec2:RoleDelivery"),
        }
    } else if session.is_some() {
        match &call.function {
            Some(arn) => context.set("lambda:SourceFunctionArn", arn.as_str()),
            None => context.set_free("lambda:SourceFunctionArn"),
        }
    }
    let told = [
        ("sts:RoleSessionName", "/roleSessionName"),
        ("sts:ExternalId", "/externalId"),
        ("sts:SourceIdentity", "/sourceIdentity"),
    ];
    for (key, place) in told.into_iter().filter(|_| event.service() == "sts") {
        event.asked(place).into_iter().for_each(|text| context.set(key, text));
    }
    if event.service() == "sts" && event.asked("/serialNumber").is_some() {
        context.set("aws:MultiFactorAuthPresent", "true");
    }
    context
}
