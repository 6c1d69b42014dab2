//! What everybody but the intruder was seen to do, by user and by role.

use super::given::{expires, given};
use super::networks::{Networks, is_instance};
use super::usage::{Call, SIGN_IN, is_public};
use crate::account::Role;
use crate::ids::{AccessKeyId, AccountId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// How a user's or a role's credentials were used.
#[derive(Debug, Default, Clone)]
pub struct Used {
    /// Public addresses that calls came from.
    pub addresses: BTreeSet<String>,
    /// Those as records spell them: of IPv6 there are several ways.
    pub spelled: BTreeSet<String>,
    /// Where calls came from that tell no place, as records spell it: through VPC endpoints, and by services on its behalf.
    pub no_places: BTreeSet<String>,
    /// VPC endpoints that calls came through.
    pub endpoints: BTreeSet<String>,
    /// Calls of which neither is known, such as from a private address.
    pub elsewhere: u64,
    /// Whether calls are among them that read or write data, such as objects: most trails have none.
    pub data: bool,
    /// Whether a call was made with a session that was issued without MFA, or with a key: other than such that bring it.
    pub without_mfa: bool,
    /// Whether a session of the user was used, or given, that was issued without MFA; a federation token always is.
    pub sessions_without_mfa: bool,
    /// Whether the user signed in to the console without MFA.
    pub signed_in_without_mfa: bool,
    /// Names of sessions, which of compute tell what it runs on.
    pub sessions: BTreeSet<String>,
    /// Names of sessions whose keys nobody was seen to be given, each with when they were issued, where that is told.
    pub unexplained: BTreeMap<String, BTreeSet<Option<Moment>>>,
    /// Calls that services made on its behalf: by which key, and whether with MFA.
    pub forwarded: BTreeSet<(Option<AccessKeyId>, bool)>,
    /// The keys of its own calls, and whether those were made with MFA.
    pub direct: BTreeSet<(Option<AccessKeyId>, bool)>,
    /// Functions that the credentials were issued to.
    pub functions: BTreeSet<String>,
    /// Whether a call was made with a credential that no record says was issued to a function.
    pub beside_functions: bool,
    /// Whether the metadata service told how it handed a credential out, and how.
    pub deliveries: BTreeSet<String>,
    /// How many calls.
    pub calls: u64,
    /// The last.
    pub last: Option<Moment>,
    /// For how many seconds a session was used at most, from when it was issued to its last call.
    pub longest: i64,
}

/// How a role was taken.
#[derive(Debug, Default, Clone)]
pub struct Taken {
    /// By whom: ARNs of users and roles, with the names that they gave their sessions.
    pub by: BTreeMap<String, BTreeSet<String>>,
    /// The names that sessions of it were given, whoever took it, and when.
    pub names: BTreeMap<String, BTreeSet<Moment>>,
    /// Where from, addresses as IP writes them and all else as records do, with the names of those sessions.
    pub from: BTreeMap<String, BTreeSet<String>>,
    /// By which other accounts.
    pub by_accounts: BTreeMap<AccountId, External>,
    /// Whether somebody brought no MFA.
    pub without_mfa: bool,
    /// Subjects of web identities.
    pub subjects: BTreeSet<String>,
    /// The longest duration that was asked for or given: the console asks for none, and is given the most that the role allows.
    pub seconds: i64,
    /// How often.
    pub times: u64,
}

/// What another account sent.
#[derive(Debug, Default, Clone)]
pub struct External {
    /// External IDs.
    pub ids: BTreeSet<String>,
    /// How often it sent none.
    pub without: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Seen {
    /// The first call and the last.
    pub span: Option<(Moment, Moment)>,
    /// By the user's name.
    pub users: BTreeMap<String, Used>,
    /// By the role's name.
    pub roles: BTreeMap<String, Used>,
    /// By the role's ARN.
    pub taken: BTreeMap<String, Taken>,
    /// When a credential was last used, by its ID.
    pub credentials: BTreeMap<AccessKeyId, Moment>,
    /// What long-term keys were used on, as the user agents of AWS's SDKs name it: `AWS_Lambda_python3.12`, `AWS_ECS_FARGATE`.
    pub environments: BTreeMap<AccessKeyId, BTreeSet<String>>,
    /// What networks instances and endpoints are in.
    pub networks: Networks,
}

impl Seen {
    /// Reads the calls, which are all use of one account, in these networks.
    pub fn of<'c>(calls: impl Iterator<Item = &'c Call> + Clone, networks: Networks) -> Seen {
        let mut seen = Seen {
            networks,
            ..Seen::default()
        };
        let given: HashSet<AccessKeyId> = calls.clone().filter_map(|call| given(&call.event)).collect();
        for call in calls {
            let event = &call.event;
            let who = &event.identity;
            let (since, until) = seen.span.unwrap_or((call.first, call.last));
            seen.span = Some((since.min(call.first), until.max(call.last)));
            if let Some(key) = &who.key {
                let last = seen.credentials.entry(key.clone()).or_insert(call.last);
                *last = call.last.max(*last);
                if let Some(on) = environment(event).filter(|_| key.kind() == KeyKind::LongTerm) {
                    seen.environments.entry(key.clone()).or_default().insert(on);
                }
            }
            let issuer = who.issuer.as_ref();
            let of_issuer = || issuer.and_then(|issuer| issuer.name.clone());
            let used = match who.kind.as_deref() {
                Some("IAMUser") => who.user_name.clone().map(|name| seen.users.entry(name).or_default()),
                // A federation token is its user's.
                Some("FederatedUser") => of_issuer()
                    .filter(|_| issuer.is_some_and(|issuer| issuer.kind == "IAMUser"))
                    .map(|name| seen.users.entry(name).or_default()),
                Some("AssumedRole") => of_issuer().map(|name| seen.roles.entry(name).or_default()),
                _ => None,
            };
            if let Some(used) = used {
                let is_given = who.key.as_ref().is_some_and(|key| given.contains(key));
                used.add(call, is_given);
            }
            if event.name.starts_with("AssumeRole")
                && let Some(role) = event.asked("/roleArn")
            {
                let partition = role.split(':').nth(1).unwrap_or("aws").to_owned();
                seen.taken.entry(role).or_default().add(call, &partition);
            }
        }
        seen
    }

    /// Names of the role's sessions that were used and that nobody was seen to take. One that was issued when somebody was seen to give that
    /// name is his, by whatever key the console uses it; so is one of that name from before the trail. One of an instance is the service's.
    pub fn unexplained(&self, role: &Role, arn: &str) -> Vec<&str> {
        let taken = self.taken.get(arn);
        let is_told = |name: &str, issued: &Option<Moment>| {
            let Some(times) = taken.and_then(|taken| taken.names.get(name)) else {
                return false;
            };
            let since = self.span.map(|(since, _)| since);
            issued.is_none_or(|issued| {
                let is_then = |at: &Moment| (at.seconds() - issued.seconds()).abs() <= SLACK_SECONDS;
                since.is_some_and(|since| issued < since) || times.iter().any(is_then)
            })
        };
        let on_instances = role.trust.as_str().contains("ec2.amazonaws.com") || !role.instance_profiles.is_empty();
        let used = self
            .roles
            .get(&role.name)
            .into_iter()
            .flat_map(|used| &used.unexplained);
        let left = used.filter(|(name, issued)| {
            let is_of_service = on_instances && is_instance(name);
            !is_of_service && !issued.iter().all(|issued| is_told(name, issued))
        });
        left.map(|(name, _)| name.as_str()).collect()
    }
}

/// By so much may the clocks of a session and of the record of its taking differ.
const SLACK_SECONDS: i64 = 2;

impl Used {
    /// Whether services called on its behalf where no call of its own is told that can have asked them to: by the same key, or as much with MFA.
    /// Then it made calls that the trail lacks, from nobody knows where.
    pub fn is_hidden(&self) -> bool {
        let is_asked = |(key, mfa): &(Option<AccessKeyId>, bool)| {
            let mut direct = self.direct.iter();
            direct.any(|(by, with)| (key.is_some() && by == key) || with == mfa)
        };
        !self.forwarded.iter().all(is_asked)
    }

    fn add(&mut self, call: &Call, is_given: bool) {
        let event = &call.event;
        let who = &event.identity;
        self.calls += call.count;
        self.data |= event.data;
        self.last = self.last.max(Some(call.last));
        if let Some(issued) = who.session_created {
            self.longest = self.longest.max(call.last.seconds() - issued.seconds());
        }
        self.deliveries.extend(call.delivery.clone());
        if let Some((_, session)) = who.principal_id.as_deref().and_then(|id| id.split_once(':')) {
            self.sessions.insert(session.to_owned());
            if !is_given && call.function.is_none() {
                let issued = self.unexplained.entry(session.to_owned()).or_default();
                // What a service calls with on somebody's behalf is none of the keys that he was given.
                issued.insert(who.session_created.filter(|_| !event.is_forwarded()));
            }
        }
        // What a service does on somebody's behalf comes from nowhere; that he called the service it tells all the same.
        let how = (who.key.clone(), who.mfa == Some(true));
        if event.is_forwarded() {
            self.forwarded.insert(how);
            self.no_places.extend(event.source_ip.clone());
            return;
        }
        self.direct.insert(how);
        self.sessions_without_mfa |= gives_without_mfa(event);
        self.functions.extend(call.function.clone());
        self.beside_functions |= call.function.is_none();
        if who.mfa != Some(true) {
            self.without_mfa |= !brings_mfa(event);
            let is_sign_in = event.name == SIGN_IN;
            self.signed_in_without_mfa |= is_sign_in;
            self.sessions_without_mfa |=
                is_sign_in || who.session_created.is_some() || who.kind.as_deref() == Some("FederatedUser");
        }
        match (&call.endpoint, address(event)) {
            (Some(endpoint), _) => {
                self.endpoints.insert(endpoint.clone());
                self.no_places.extend(event.source_ip.clone());
            }
            (None, Some(address)) if is_public(address) => {
                self.addresses.insert(address.to_string());
                self.spelled.extend(event.source_ip.clone());
            }
            _ => self.elsewhere += call.count,
        }
    }
}

fn address(event: &Event) -> Option<std::net::IpAddr> {
    event.source_ip.as_deref()?.parse().ok()
}

/// Where a call came from: the endpoint that it came through, its address, or what stands in the place of one.
fn place(call: &Call) -> String {
    let written = || call.event.source_ip.clone();
    let told = call.endpoint.clone();
    let told = told.or_else(|| address(&call.event).map(|address| address.to_string()));
    told.or_else(written)
        .unwrap_or_else(|| "a place that isn't told".to_owned())
}

/// What a call was made on, where the SDK's user agent names it (`AWS_EXECUTION_ENV`).
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
fn environment(event: &Event) -> Option<String> {
    let agent = event.user_agent.as_deref()?;
    let mut words = agent.split([' ', '[', ']']);
    words.find_map(|word| word.strip_prefix("exec-env/")).map(str::to_owned)
}

/// Whether a user's call gives a session without MFA. Who gets it may use it where no record tells.
fn gives_without_mfa(event: &Event) -> bool {
    let is_given = match event.name.as_str() {
        "GetFederationToken" => true,
        "GetSessionToken" => event.asked("/serialNumber").is_none(),
        _ => false,
    };
    is_given && event.service() == "sts"
}

/// Whether a call that isn't made with MFA is one that brings it, or needs no permission anyhow.
fn brings_mfa(event: &Event) -> bool {
    let is_free = matches!(event.name.as_str(), "GetSessionToken" | "GetCallerIdentity");
    event.service() == "sts" && (is_free || event.asked("/serialNumber").is_some())
}

/// The name of the session that a call gave: with a SAML assertion nobody asks for one.
fn session_name(event: &Event) -> Option<String> {
    let id = event.answered("/assumedRoleUser/assumedRoleId")?;
    id.split_once(':').map(|(_, name)| name.to_owned())
}

impl Taken {
    fn add(&mut self, call: &Call, partition: &str) {
        let event = &call.event;
        let who = &event.identity;
        self.times += 1;
        let name = event.asked("/roleSessionName").or_else(|| session_name(event));
        let from = self.from.entry(place(call)).or_default();
        from.extend(name.clone());
        if let Some(name) = name {
            self.names.entry(name).or_default().insert(event.at);
        }
        self.without_mfa |= who.mfa != Some(true) && event.asked("/serialNumber").is_none();
        let asked = event.request.get("durationSeconds");
        let seconds = asked.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        let given = expires(event).map(|expires| expires.seconds() - event.at.seconds());
        self.seconds = self.seconds.max(seconds.unwrap_or(3_600)).max(given.unwrap_or(0));
        if who.kind.as_deref() == Some("WebIdentityUser") {
            self.subjects.extend(who.user_name.clone());
            return;
        }
        if who.kind.as_deref() == Some("AWSAccount") {
            let Some(account) = &who.account else { return };
            let names = self
                .by
                .entry(format!("arn:{partition}:iam::{account}:root"))
                .or_default();
            names.extend(event.asked("/roleSessionName"));
            let external = self.by_accounts.entry(account.clone()).or_default();
            match event.asked("/externalId") {
                Some(id) => drop(external.ids.insert(id)),
                None => external.without += 1,
            }
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
