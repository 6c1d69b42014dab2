//! Whom the family let in without a key that a record names: users whose password it set, and whoever holds what `aws login` gave it.

use super::Lineage;
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::{Event, Evidence};
use std::collections::{BTreeMap, BTreeSet};

/// Names under which the sessions call that a member let in, each with the first moment of that: of a user its name, of a role's session the name of the
/// session. That is what CloudTrail's Event history has as the user's name.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html>
pub fn let_in(evidence: &Evidence, lineage: &Lineage) -> BTreeMap<String, Moment> {
    let members: BTreeSet<&AccessKeyId> = lineage.credentials.iter().map(|member| &member.key).collect();
    let mut found: BTreeMap<String, Moment> = BTreeMap::new();
    for event in evidence.events() {
        let is_of_family = event.identity.key.as_ref().is_some_and(|key| members.contains(key));
        if let Some(name) = name_of(event).filter(|_| is_of_family && event.error.is_none()) {
            let first = found.entry(name).or_insert(event.at);
            *first = event.at.min(*first);
        }
    }
    found
}

fn name_of(event: &Event) -> Option<String> {
    match (event.service(), event.name.as_str()) {
        ("iam", "CreateLoginProfile" | "UpdateLoginProfile") => event.password_of(),
        ("signin", "AuthorizeOAuth2Access" | "CreateOAuth2Token") => {
            let session = || Some(event.identity.principal_id.as_deref()?.split_once(':')?.1.to_owned());
            event.identity.user_name.clone().or_else(session)
        }
        _ => None,
    }
}
