//! Who calls, as far as rules look at a record at a glance.

use super::matching::{Members, holds};
use super::rule::{Is, Records, Test};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// The members of `userIdentity` that rules read.
const READ: [&str; 10] = [
    "type",
    "principalId",
    "accessKeyId",
    "userName",
    "arn",
    "sessionContext.sessionIssuer.arn",
    "sessionContext.attributes.mfaAuthenticated",
    "accountId",
    "sessionContext.sessionIssuer.userName",
    "sessionContext.attributes.creationDate",
];

/// The same as they are mostly written: texts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'t> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'t, str>>,
    #[serde(borrow)]
    principal_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    access_key_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    user_name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    arn: Option<Cow<'t, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    session_context: Option<SessionContext<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'t> {
    #[serde(borrow)]
    session_issuer: Option<Issuer<'t>>,
    #[serde(borrow)]
    attributes: Option<Attributes<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issuer<'t> {
    #[serde(borrow)]
    arn: Option<Cow<'t, str>>,
    #[serde(borrow)]
    user_name: Option<Cow<'t, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'t> {
    #[serde(borrow)]
    mfa_authenticated: Option<Cow<'t, str>>,
    #[serde(borrow)]
    creation_date: Option<Cow<'t, str>>,
}

/// A caller. A trail has many: what is kept of one is one text.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    text: Box<str>,
    /// From where to where each member stands in the text.
    places: [Option<(u32, u32)>; READ.len()],
}

impl Caller {
    /// Reads `userIdentity`; `None` where nobody's key signed, or it is no JSON.
    pub(super) fn of(identity: &[u8]) -> Option<Caller> {
        let caller = match serde_json::from_slice::<Identity<'_>>(identity) {
            Ok(told) => {
                let (issuer, attributes) = match told.session_context {
                    Some(context) => (context.session_issuer, context.attributes),
                    None => (None, None),
                };
                let (issuer, issuer_name) = issuer.map(|issuer| (issuer.arn, issuer.user_name)).unwrap_or_default();
                let (mfa, began) = attributes
                    .map(|attributes| (attributes.mfa_authenticated, attributes.creation_date))
                    .unwrap_or_default();
                Caller::with([
                    told.kind,
                    told.principal_id,
                    told.access_key_id,
                    told.user_name,
                    told.arn,
                    issuer,
                    mfa,
                    told.account_id,
                    issuer_name,
                    began,
                ])
            }
            Err(_) => {
                let identity: Value = serde_json::from_slice(identity).ok()?;
                Caller::with(READ.map(|place| identity.text(place)))
            }
        };
        caller.text("userIdentity.accessKeyId").is_some().then_some(caller)
    }

    /// Its members, one after the other, as they were told before.
    pub(super) fn read<E>(mut next: impl FnMut() -> Result<Option<Box<str>>, E>) -> Result<Caller, E> {
        let mut members: [Option<Cow<'static, str>>; READ.len()] = Default::default();
        for member in &mut members {
            *member = next()?.map(|text| Cow::Owned(text.into_string()));
        }
        Ok(Caller::with(members))
    }

    /// All that is kept of it.
    pub(super) fn members(&self) -> [Option<&str>; READ.len()] {
        self.places.map(|place| {
            let (from, to) = place?;
            self.text.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
        })
    }

    /// How many bytes its text has.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    fn with(members: [Option<Cow<'_, str>>; READ.len()]) -> Caller {
        let mut text = String::new();
        let places = members.map(|member| {
            let from = u32::try_from(text.len()).ok()?;
            text.push_str(&member?);
            Some((from, u32::try_from(text.len()).ok()?))
        });
        Caller {
            text: text.into_boxed_str(),
            places,
        }
    }
}

impl Members for Caller {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let place = field.strip_prefix("userIdentity.")?;
        let n = READ.iter().position(|read| *read == place)?;
        let (from, to) = (*self.places.get(n)?)?;
        let text = self.text.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)?;
        Some(Cow::Borrowed(text))
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

/// Whether a member is told by caller and address alone.
fn is_read(field: &str) -> bool {
    let of_caller = field.strip_prefix("userIdentity.");
    field == "sourceIPAddress" || of_caller.is_some_and(|place| READ.contains(&place))
}

/// Whether these records are told by caller and address alone.
pub(super) fn is_at_a_glance(records: Records<'_>) -> bool {
    records.iter().all(|tests| tests.iter().all(|test| is_read(test.field)))
}

/// Members that every record names.
const ALL_NAME: [&str; 3] = ["eventSource", "awsRegion", "recipientAccountId"];

/// Members that aren't told by caller and address: a record that names none of them is none of these. `None` where some need no such member.
pub(super) fn members_named(records: Records<'static>) -> Option<Vec<&'static str>> {
    let named = |tests: &&'static [Test<'static>]| {
        let other = tests
            .iter()
            .find(|test| !is_read(test.field) && !ALL_NAME.contains(&test.field) && !matches!(test.is, Is::Absent))?;
        other.field.rsplit('.').next()
    };
    records.iter().map(named).collect()
}

/// Whether a record of this caller at this address may be one of these, whatever else it says.
pub(super) fn may_be(records: Records<'_>, at: &At<'_>) -> bool {
    let mut all = records.iter();
    all.any(|tests| tests.iter().all(|test| !is_read(test.field) || holds(test, at)))
}
