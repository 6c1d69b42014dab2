//! What can't be told apart from the intruder's: an address from which he calls, too, is no sign of anybody else, and what was done with a key before it
//! was stolen was its owner's only as far as the moment of the theft is known.

use super::seen::Used;
use super::usage::Call;
use crate::ids::AccessKeyId;
use crate::lineage::Lineage;
use std::collections::BTreeSet;

/// Of the intruder's calls, and of what is his perhaps.
#[derive(Debug, Default)]
pub(super) struct Theirs {
    addresses: BTreeSet<String>,
    endpoints: BTreeSet<String>,
    /// Users whose MFA device was enrolled with a key of the incident.
    enrolled: BTreeSet<String>,
}

impl Theirs {
    pub(super) fn of(legitimate: &[Call], intruder: &[Call], lineage: &Lineage) -> Theirs {
        let mut theirs = Theirs::default();
        for call in intruder {
            match &call.endpoint {
                Some(endpoint) => drop(theirs.endpoints.insert(endpoint.clone())),
                None => theirs.addresses.extend(call.event.source_ip.clone()),
            }
        }
        let enrolling = legitimate.iter().map(|call| &call.event).filter(|event| {
            let is_of = |key: &AccessKeyId| lineage.credentials.iter().any(|member| member.key == *key);
            event.name == "EnableMFADevice" && event.identity.key.as_ref().is_some_and(is_of)
        });
        let whose = enrolling.filter_map(|event| event.asked("/userName").or(event.identity.user_name.clone()));
        theirs.enrolled = whose.collect();
        theirs
    }

    /// Why a list of these places would let the intruder in, if it would.
    pub(super) fn come_from(&self, used: &Used) -> Option<String> {
        let addresses = used.addresses.intersection(&self.addresses);
        let shared: Vec<&str> = addresses
            .chain(used.endpoints.intersection(&self.endpoints))
            .map(String::as_str)
            .collect();
        (!shared.is_empty()).then(|| {
            format!(
                "the intruder calls from {} too, so no list of these places keeps him out: where he got there by a machine of its owner's, that is to be \
                 cleaned first; where he had the key earlier than was said, say when (--stolen)",
                shared.join(", ")
            )
        })
    }

    /// Why nobody knows whose device it is, if that is so.
    pub(super) fn may_have_enrolled(&self, user: &str) -> Option<String> {
        self.enrolled.contains(user).then(|| {
            "its MFA device was enrolled with the key that was stolen: whether by its owner isn't known, and to whoever has the device the condition is no \
             bar"
                .to_owned()
        })
    }
}
