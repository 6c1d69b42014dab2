//! Who calls, as far as rules look at a record at a glance.

use super::matching::Members;
use super::rule::Records;
use serde_json::Value;
use std::borrow::Cow;

/// The members of `userIdentity` that rules read.
const READ: [&str; 7] = [
    "type",
    "principalId",
    "accessKeyId",
    "userName",
    "arn",
    "sessionContext.sessionIssuer.arn",
    "sessionContext.attributes.mfaAuthenticated",
];

/// A caller.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    members: [Option<Box<str>>; 7],
}

impl Caller {
    /// Reads `userIdentity`; `None` where nobody's key signed, or it is no JSON.
    pub(super) fn of(identity: &[u8]) -> Option<Caller> {
        let identity: Value = serde_json::from_slice(identity).ok()?;
        let members = READ.map(|place| identity.text(place).map(|text| text.into_owned().into_boxed_str()));
        let caller = Caller { members };
        caller.text("userIdentity.accessKeyId").is_some().then_some(caller)
    }
}

impl Members for Caller {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let place = field.strip_prefix("userIdentity.")?;
        let n = READ.iter().position(|read| *read == place)?;
        self.members.get(n)?.as_deref().map(Cow::Borrowed)
    }
}

/// A caller at an address.
pub(super) struct At<'a>(pub(super) &'a Caller, pub(super) &'a str);

impl Members for At<'_> {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        match field {
            "sourceIPAddress" => (!self.1.is_empty()).then_some(Cow::Borrowed(self.1)),
            _ => self.0.text(field),
        }
    }
}

/// Whether these records are told by caller and address alone.
pub(super) fn is_at_a_glance(records: Records<'_>) -> bool {
    let is_read = |field: &str| {
        let of_caller = field.strip_prefix("userIdentity.");
        field == "sourceIPAddress" || of_caller.is_some_and(|place| READ.contains(&place))
    };
    records.iter().all(|tests| tests.iter().all(|test| is_read(test.field)))
}
