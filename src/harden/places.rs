//! Users and roles whose credentials work from anywhere, with MFA or without, though they are used from a few places only.

mod workloads;

use super::finding::Finding;
use super::fitted::{Whose, from_elsewhere, from_outside};
use super::measure::Measure;
use super::networks::is_instance;
use super::rule::Row;
use super::seen::{Seen, Taken, Used};
use super::theirs::Theirs;
use super::trusted::{services, trusted};
use crate::account::{Account, Credentials, KeyStatus, Role, User};
use crate::policy::Named;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use workloads::{functions, instance, workload};

/// More places than this are no short list.
const MOST_PLACES: usize = 8;

/// The table that queries ask, where nobody names another.
pub const TABLE: &str = "cloudtrail";

/// The names of the policies that are written.
const FROM_HERE: &str = "OustOnlyFromHere";
const WITH_MFA: &str = "OustOnlyWithMFA";
const TOKENS_WITH_MFA: &str = "OustOnlyTokensWithMFA";

const PERIMETER_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html";
const MFA_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html";
const KEYS_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html";
const TOKENS_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html";

/// A trail of management events lacks what goes to objects and items, and that is what gateway endpoints are for.
const HIDDEN: &str = "what it does with objects, items and queues is in no record of management events, and may go through endpoints that none of these records names: add the VPC (aws:SourceVpc) or all of its endpoints first";

/// So many links of a chain of roles are followed.
const MOST_LINKS: usize = 4;

/// Why a role's sessions may come from other addresses tomorrow: what takes it has none of its own, or isn't of this account.
fn moves(account: &Account, seen: &Seen, role: &Role, links: usize) -> Option<String> {
    let name = &role.name;
    if let Some(service) = services(role).first() {
        return Some(format!(
            "{service} takes `{name}`, and what runs there gets other addresses as it comes and goes: name those of its network instead"
        ));
    }
    let taken = seen.taken.get(account.role_arn(role).as_str());
    let is_provider = |named: &Named| matches!(named, Named::Federated(name) if !name.contains(":saml-provider/"));
    if trusted(role).iter().any(is_provider) || taken.is_some_and(|taken| !taken.subjects.is_empty()) {
        return Some(format!(
            "tokens of a provider take `{name}`, and what brings them (runners, containers) gets other addresses as it comes and goes"
        ));
    }
    let taken = taken?;
    if let Some(other) = taken.by_accounts.keys().next() {
        return Some(format!(
            "account {other} takes `{name}`, and where it comes from tomorrow isn't known here: ask for its addresses"
        ));
    }
    let mut takers = taken.by.keys().filter(|arn| arn.contains(":role/"));
    takers.find_map(|arn| {
        let mut roles = account.roles.values();
        let taker = roles.find(|one| account.role_arn(one).as_str() == arn && one.name != *name);
        let taker = taker.filter(|_| links > 0)?;
        moves(account, seen, taker, links - 1)
    })
}

fn deny(condition: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition}]})
}

/// A deny from anywhere but these places. What a service does on somebody's behalf comes from nowhere and is left alone; a request through a
/// VPC endpoint has no `aws:SourceIp`, so the endpoints are named beside the addresses. No list is ever empty.
fn only_from(addresses: &BTreeSet<String>, endpoints: &BTreeSet<String>) -> Value {
    let mut condition = json!({});
    if !addresses.is_empty() {
        condition["NotIpAddress"] = json!({"aws:SourceIp": addresses});
    }
    condition["Bool"] = json!({"aws:ViaAWSService": "false"});
    if !endpoints.is_empty() {
        condition["StringNotEquals"] = json!({"aws:SourceVpce": endpoints});
    }
    deny(condition)
}

/// What is weak about where users and roles are used from. `hit` are the users of the incident.
pub(super) fn findings(account: &Account, seen: &Seen, hit: &BTreeSet<&str>, theirs: &Theirs) -> Vec<Finding> {
    let house: BTreeSet<String> = seen.users.values().flat_map(|used| used.addresses.clone()).collect();
    let mut found = Vec::new();
    for user in account.users.values() {
        let used = seen.users.get(&user.name);
        let is_hit = hit.contains(user.name.as_str());
        let has_key = user
            .credentials
            .as_ref()
            .is_none_or(|held| held.access_keys.iter().any(|key| key.status == KeyStatus::Active));
        let counts = is_hit || (used.is_some() && has_key);
        if !counts {
            continue;
        }
        let nothing = Used::default();
        let used = used.unwrap_or(&nothing);
        found.extend(user_from(account, user, used, &house, is_hit, theirs));
        if is_hit || !used.without_mfa {
            let finding = user_mfa(user, used);
            found.push(finding.doubted(theirs.may_have_enrolled(&user.name)));
        }
        if !used.sessions_without_mfa {
            found.push(user_tokens(user, used));
        }
    }
    for role in account.roles.values().filter(|role| role.unmodifiable().is_none()) {
        let used = seen.roles.get(&role.name);
        let on = services(role);
        // Functions and the like come from whatever address the service has at the time.
        if on.iter().all(|service| service == "ec2.amazonaws.com") {
            found.extend(used.and_then(|used| role_from(account, seen, role, used, theirs)));
        }
        if on.contains("ec2.amazonaws.com") || !role.instance_profiles.is_empty() {
            found.extend(instance(seen, role, used));
        }
        found.extend(workload(account, seen, role, used, &on, theirs));
        if on.contains("lambda.amazonaws.com") {
            found.extend(used.and_then(|used| functions(account, role, used)));
        }
    }
    found
}

fn places(used: &Used) -> Vec<String> {
    let addresses = used.addresses.iter().map(|address| format!("used from {address}"));
    let endpoints = used.endpoints.iter().map(|endpoint| format!("used through {endpoint}"));
    addresses.chain(endpoints).collect()
}

fn is_short(used: &Used) -> bool {
    let count = used.addresses.len() + used.endpoints.len();
    (1..=MOST_PLACES).contains(&count) && used.elsewhere == 0
}

/// Why more was done than the trail tells, if that is so.
fn hidden(used: &Used) -> Option<String> {
    used.is_hidden().then(|| {
        "services called on its behalf, and the trail lacks the calls by which it asked them to, such as those for objects: from where those came, and whether with MFA, isn't told".to_owned()
    })
}

/// Why its addresses are others tomorrow, if that is so: a machine with IPv6 takes new ones within its network, as a rule every day.
/// <https://www.rfc-editor.org/rfc/rfc8981>
fn changing(used: &Used) -> Option<String> {
    let six = used.addresses.iter().find(|address| address.contains(':'))?;
    Some(format!(
        "machines change their IPv6 addresses within their network: name that in the place of {six}, a /64 as a rule"
    ))
}

/// What stands in the place of an address where the console takes a role for somebody who switches to it.
const CONSOLE: &str = "AWS Internal";

/// Why its sessions may be used where none of its calls came from, if that is so: whoever takes a role somewhere uses it there, and what it does with objects
/// is in no trail of management events. Of the console's own taking the calls of that session tell.
fn taken_elsewhere(taken: Option<&Taken>, used: &Used) -> Option<String> {
    let is_listed = |place: &str| used.addresses.contains(place) || used.endpoints.contains(place);
    let is_seen = |place: &str, names: &BTreeSet<String>| place == CONSOLE && names.is_subset(&used.sessions);
    let from = taken?.from.iter();
    let strange: Vec<&str> = from
        .filter(|(place, names)| !is_listed(place) && !is_seen(place, names))
        .map(|(place, _)| place.as_str())
        .take(5)
        .collect();
    (!strange.is_empty()).then(|| {
        format!(
            "it was taken from {} too, where no call of it was seen to come from: what it does with objects, items and queues is in no record of management events, and would be refused there: add that place first, or make sure that it isn't used there",
            strange.join(", ")
        )
    })
}

fn user_from(
    account: &Account,
    user: &User,
    used: &Used,
    house: &BTreeSet<String>,
    is_hit: bool,
    theirs: &Theirs,
) -> Option<Finding> {
    let title = format!("credentials of user `{}` work from anywhere", user.name);
    let finding = Finding::of("address-free-user", Row::PermanentKey, title, PERIMETER_PAGE);
    let policy = |document| Measure::UserPolicy {
        user: user.name.clone(),
        name: FROM_HERE,
        document,
    };
    if used.calls == 0 && is_hit {
        let finding = finding.shown_by(["nobody but the intruder was seen to use it".to_owned()]);
        if house.is_empty() || house.len() > MOST_PLACES {
            return Some(finding.advised("name the addresses that its owner comes from"));
        }
        let shown = house
            .iter()
            .map(|address| format!("the account's other users come from {address}"));
        let others = Used {
            addresses: house.clone(),
            ..Used::default()
        };
        let finding = finding.shown_by(shown);
        if let Some(why) = theirs.come_from(&others) {
            return Some(finding.advised(why));
        }
        let finding = finding
            .told_by(from_outside(&user.name, &account.id, &others, TABLE))
            .met_by(policy(only_from(house, &BTreeSet::new())));
        let guessed = "the addresses are those of other users: make sure that its owner comes from there too";
        return Some(finding.doubted(Some(guessed.to_owned())));
    }
    is_short(used).then(|| {
        let finding = finding.shown_by(places(used));
        if let Some(why) = theirs.come_from(used) {
            return finding.advised(why);
        }
        finding
            .told_by(from_elsewhere(Whose::User(&user.name, &account.id), used, TABLE))
            .met_by(policy(only_from(&used.addresses, &used.endpoints)))
            .doubted((!used.endpoints.is_empty()).then(|| HIDDEN.to_owned()))
            .doubted(hidden(used))
            .doubted(changing(used))
    })
}

fn role_from(account: &Account, seen: &Seen, role: &Role, used: &Used, theirs: &Theirs) -> Option<Finding> {
    let arn = account.role_arn(role);
    let title = format!("sessions of role `{}` work from anywhere", role.name);
    let finding = Finding::of("address-free-role", Row::RoleSession, title, PERIMETER_PAGE).shown_by(places(used));
    let strange: Vec<&str> = seen.unexplained(role, arn.as_str()).into_iter().take(5).collect();
    let is_in_network = !used.endpoints.is_empty() || used.sessions.iter().any(|name| is_instance(name));
    is_short(used).then(|| {
        if let Some(why) = theirs.come_from(used) {
            return finding.advised(why);
        }
        let finding = finding.met_by(Measure::RolePolicy {
            role: role.name.clone(),
            name: FROM_HERE,
            document: only_from(&used.addresses, &used.endpoints),
        });
        let finding = finding.told_by(from_elsewhere(Whose::Role(&role.name, arn.as_str()), used, TABLE));
        finding
            .doubted(is_in_network.then(|| HIDDEN.to_owned()))
            .doubted(moves(account, seen, role, MOST_LINKS))
            .doubted(hidden(used))
            .doubted(changing(used))
            .doubted(taken_elsewhere(seen.taken.get(arn.as_str()), used))
            .doubted((!strange.is_empty()).then(|| {
                format!(
                    "sessions of it were used that nobody was seen to take ({}): who takes it, and whether from places of his own, isn't known",
                    strange.join(", ")
                )
            }))
    })
}

/// What a user may do without MFA: look at his devices and bring one in; enrol one only where he has none, since who has his key could enrol
/// his own.
fn user_mfa(user: &User, used: &Used) -> Finding {
    // Of a list that couldn't be read, none is not known to be none.
    let were_read = |held: &&Credentials| !held.mfa_devices.is_empty() || !held.unread.contains("mfa_devices");
    let read = user.credentials.as_ref().filter(were_read);
    let devices = read.map(|held| held.mfa_devices.len());
    let signed_in = "it was seen to sign in to the console without MFA: its owner would be shut out";
    let unread = "whether it has an MFA device was not read: without one its owner would be shut out";
    let none = "it has no MFA device: its owner would be shut out until one is enrolled, by him, if his policies let him, or by whoever else has the key";
    // A security key or passkey gives no code: it signs in to the console, and GetSessionToken takes none.
    let has_code = |held: &&Credentials| held.mfa_devices.iter().any(|device| !device.serial.contains(":u2f/"));
    let is_for_console = devices.is_some_and(|count| count > 0) && read.filter(has_code).is_none();
    let codeless =
        "its MFA devices are security keys or passkeys, which work at the console alone: its key could bring none";
    let mut spared = vec![
        "iam:GetUser",
        "iam:ListMFADevices",
        "iam:ListVirtualMFADevices",
        "sts:GetSessionToken",
    ];
    if devices == Some(0) {
        spared.extend(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]);
    }
    spared.sort_unstable();
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny",
        "NotAction": spared,
        "Resource": ["*"],
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}, "Bool": {"aws:ViaAWSService": "false"}}
    }]});
    let shown = match used.calls {
        0 => "nobody but the intruder was seen to use it".to_owned(),
        calls if used.without_mfa => format!("{calls} legitimate calls, some without MFA"),
        calls if used.is_hidden() => format!("{calls} legitimate calls, some of which services made on its behalf"),
        calls => format!("all of {calls} legitimate calls were made with MFA"),
    };
    let title = format!("what user `{}` may do, its key alone may do without MFA", user.name);
    let has = match devices {
        None => "whether it has an MFA device was not read",
        Some(0) => "it has no MFA device yet: enrol one first, or its owner is shut out until he has one",
        Some(_) if is_for_console => {
            "it has MFA devices that work at the console alone: enrol one that gives codes first"
        }
        Some(_) => "it has an MFA device",
    };
    Finding::of("mfa-not-required", Row::PermanentKey, title, MFA_PAGE)
        .shown_by([shown, has.to_owned()])
        .advised(
            "a key then only works through GetSessionToken with MFA; programs that can't bring MFA belong on a role",
        )
        .met_by(Measure::UserPolicy {
            user: user.name.clone(),
            name: WITH_MFA,
            document,
        })
        .doubted(devices.is_none().then(|| unread.to_owned()))
        .doubted((devices == Some(0)).then(|| none.to_owned()))
        .doubted(is_for_console.then(|| codeless.to_owned()))
        .doubted(used.signed_in_without_mfa.then(|| signed_in.to_owned()))
        .doubted(hidden(used))
}

fn user_tokens(user: &User, used: &Used) -> Finding {
    let document = deny(json!({
        "Null": {"aws:TokenIssueTime": "false"},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
        "Bool": {"aws:ViaAWSService": "false"}
    }));
    let shown = match used.calls {
        0 => "nobody but the intruder was seen to use it".to_owned(),
        calls if used.is_hidden() => format!("{calls} legitimate calls, some of which services made on its behalf"),
        calls => format!("none of {calls} legitimate calls was made with a session that was issued without MFA"),
    };
    let title = format!(
        "session tokens of user `{}` that are issued without MFA can do all that its key can",
        user.name
    );
    Finding::of("token-without-mfa", Row::SessionToken, title, TOKENS_PAGE)
        .shown_by([shown])
        .advised("GetSessionToken itself can't be prevented by policy; the token can be made useless. Long-term keys are left alone, console sessions without MFA are not")
        .met_by(Measure::UserPolicy {
            user: user.name.clone(),
            name: TOKENS_WITH_MFA,
            document,
        })
        .doubted(hidden(used))
}
