//! Other accounts that the intruder let in: no key in their calls tells that they are his, but he wrote the trust policy that names them.

use super::usage::Call;
use crate::ids::{AccessKeyId, AccountId};
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The account of a call for a role that comes from elsewhere, with the role.
fn stranger(event: &Event) -> Option<(AccountId, String)> {
    let is_other = event.identity.kind.as_deref() == Some("AWSAccount") && event.name == "AssumeRole";
    let account = event.identity.account.clone().filter(|_| is_other)?;
    let role = event.asked("/roleArn")?;
    Some((account, role.rsplit('/').next()?.to_owned()))
}

/// The role whose trust policy a call writes, and what it says.
fn trust(event: &Event) -> Option<(String, String)> {
    let place = match (event.service(), event.name.as_str()) {
        ("iam", "UpdateAssumeRolePolicy") => "/policyDocument",
        ("iam", "CreateRole") => "/assumeRolePolicyDocument",
        _ => return None,
    };
    Some((event.asked("/roleName")?, event.asked(place)?))
}

/// Parts everybody else's calls: those of accounts that the intruder let into a role which they never took before, and of the sessions that
/// they were given, are his.
pub(super) fn parted(mut legitimate: Vec<Call>, intruder: &[Call]) -> (Vec<Call>, Vec<Call>) {
    let mut written: BTreeMap<String, Vec<(&Call, String)>> = BTreeMap::new();
    for call in intruder {
        if let Some((role, document)) = trust(&call.event) {
            written.entry(role).or_default().push((call, document));
        }
    }
    if written.is_empty() {
        return (legitimate, Vec::new());
    }
    legitimate.sort_by_key(|call| call.event.at);
    let mut known: HashSet<(AccountId, String)> = HashSet::new();
    let mut given: HashSet<AccessKeyId> = HashSet::new();
    let (theirs, ours) = legitimate.into_iter().partition(|call| {
        let event = &call.event;
        if event.identity.key.as_ref().is_some_and(|key| given.contains(key)) {
            given.extend(super::given::given(event));
            return true;
        }
        let Some(came) = stranger(event) else { return false };
        let mut documents = written.get(&came.1).into_iter().flatten();
        let is_let_in = documents.any(|(by, document)| {
            let names = document.contains(came.0.as_str()) || document.contains("\"*\"");
            by.event.at <= event.at && names
        });
        if !is_let_in {
            known.insert(came);
            return false;
        }
        let is_new = !known.contains(&came);
        if is_new {
            given.extend(super::given::given(event));
        }
        is_new
    });
    (ours, theirs)
}

/// Accounts whose calls are the intruder's.
pub(super) fn accounts(intruder: &[Call]) -> BTreeSet<AccountId> {
    let each = intruder.iter().filter_map(|call| stranger(&call.event));
    each.map(|(account, _)| account).collect()
}
