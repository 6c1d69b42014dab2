//! Who else uses the same user and the same roles: whom a revocation hits besides the intruder.

use super::holder::holder_of;
use super::kin::Kin;
use super::{Credential, Lineage};
use crate::account::Holder;
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::Evidence;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody else's credential of a principal that the family uses too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bystander {
    /// The user, by name, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The role, by name, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The role session name, or a federated user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The credential.
    pub key: AccessKeyId,
    /// How many calls it made.
    pub calls: u64,
    /// The last of them.
    pub last: Moment,
    /// From where.
    pub source_ips: BTreeSet<String>,
}

/// Everybody else who used a user or role of the family, by credential. Calls whose record names no key can't be told from the family's
/// own, and are left out.
pub fn bystanders(evidence: &Evidence, lineage: &Lineage) -> Vec<Bystander> {
    let kin = Kin::of(&lineage.credentials);
    let members = lineage.credentials.iter();
    let members: BTreeMap<&AccessKeyId, &Credential> = members.map(|member| (&member.key, member)).collect();
    let is_ours = |key: &AccessKeyId, at| members.get(key).is_some_and(|member| member.has_called(at));
    let mut found: BTreeMap<(AccessKeyId, String), Bystander> = BTreeMap::new();
    for event in evidence.events() {
        let Some(key) = event.identity.key.clone().filter(|key| !is_ours(key, event.at)) else {
            continue;
        };
        let Some(holder) = holder_of(event).filter(|_| !event.is_forwarded()) else {
            continue;
        };
        if !kin.hold(&holder, event.identity.account.as_ref()) {
            continue;
        }
        let (user, role, session) = match holder {
            Holder::User { name, .. } => (Some(name), None, None),
            Holder::FederatedUser { user, name, .. } => (Some(user), None, Some(name)),
            Holder::Role { name, session, .. } => (None, Some(name), Some(session)),
            Holder::Root => (None, None, None),
        };
        // Key IDs of sessions recur: two who share one are two.
        let who = event.identity.principal_id.clone().unwrap_or_default();
        let seen = found.entry((key.clone(), who)).or_insert(Bystander {
            user,
            role,
            session,
            key,
            calls: 0,
            last: event.at,
            source_ips: BTreeSet::new(),
        });
        seen.calls += event.times;
        seen.last = seen.last.max(event.until);
        seen.source_ips.extend(event.source_ip.clone());
    }
    found.into_values().collect()
}
