//! Who else uses the same user and the same roles: whom a revocation hits besides the intruder.

use super::Lineage;
use super::mint::holder_of;
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
    /// The role session name.
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

/// Everybody else who used a user or role of the family, by credential.
pub fn bystanders(evidence: &Evidence, lineage: &Lineage) -> Vec<Bystander> {
    let users: BTreeSet<&str> = lineage.credentials.iter().filter_map(|member| member.user()).collect();
    let roles: BTreeSet<&str> = lineage.credentials.iter().filter_map(|member| member.role()).collect();
    let mut found: BTreeMap<AccessKeyId, Bystander> = BTreeMap::new();
    for event in evidence.events() {
        let Some(key) = event.identity.key.clone().filter(|key| lineage.member(key).is_none()) else {
            continue;
        };
        if event.is_forwarded() {
            continue;
        }
        let (user, role, session) = match holder_of(event) {
            Some(Holder::User { name, .. }) if users.contains(name.as_str()) => (Some(name), None, None),
            Some(Holder::Role { name, session, .. }) if roles.contains(name.as_str()) => {
                (None, Some(name), Some(session))
            }
            _ => continue,
        };
        let seen = found.entry(key.clone()).or_insert(Bystander {
            user,
            role,
            session,
            key,
            calls: 0,
            last: event.at,
            source_ips: BTreeSet::new(),
        });
        seen.calls += 1;
        seen.last = seen.last.max(event.at);
        seen.source_ips.extend(event.source_ip.clone());
    }
    found.into_values().collect()
}
