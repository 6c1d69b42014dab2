//! Who calls, as far as rules look at a record at a glance.

mod forms;

use super::matching::{Members, holds};
use super::rule::{Is, Records, Test};
use crate::trail::members;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

pub(super) use forms::Forms;

/// The member that tells from where.
const ADDRESS: &str = "sourceIPAddress";

/// How many members of `userIdentity` rules read.
const READ: usize = 10;

/// Their places, as the tests of rules name them.
const PLACES: [&str; READ] = [
    "userIdentity.type",
    "userIdentity.principalId",
    "userIdentity.accessKeyId",
    "userIdentity.userName",
    "userIdentity.arn",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.attributes.mfaAuthenticated",
    "userIdentity.accountId",
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.sessionContext.attributes.creationDate",
];

/// Which of them a member is. This is asked for every test of every caller, and so not looked for in a list.
fn place(field: &str) -> Option<usize> {
    match field {
        "userIdentity.type" => Some(0),
        "userIdentity.principalId" => Some(1),
        "userIdentity.accessKeyId" => Some(2),
        "userIdentity.userName" => Some(3),
        "userIdentity.arn" => Some(4),
        "userIdentity.sessionContext.sessionIssuer.arn" => Some(5),
        "userIdentity.sessionContext.attributes.mfaAuthenticated" => Some(6),
        "userIdentity.accountId" => Some(7),
        "userIdentity.sessionContext.sessionIssuer.userName" => Some(8),
        "userIdentity.sessionContext.attributes.creationDate" => Some(9),
        _ => None,
    }
}

/// The same within `userIdentity`.
fn place_within(path: &[&str]) -> Option<usize> {
    match path {
        ["type"] => Some(0),
        ["principalId"] => Some(1),
        ["accessKeyId"] => Some(2),
        ["userName"] => Some(3),
        ["arn"] => Some(4),
        ["sessionContext", "sessionIssuer", "arn"] => Some(5),
        ["sessionContext", "attributes", "mfaAuthenticated"] => Some(6),
        ["accountId"] => Some(7),
        ["sessionContext", "sessionIssuer", "userName"] => Some(8),
        ["sessionContext", "attributes", "creationDate"] => Some(9),
        _ => None,
    }
}

/// A caller. A trail has many: what is kept of one is one text.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    text: Box<str>,
    /// Where each member ends in the text, and which are there, as bits.
    ends: [u32; READ],
    are_there: u16,
}

impl Caller {
    /// Reads `userIdentity`; `None` where it is no JSON.
    pub(super) fn of(identity: &[u8]) -> Option<Caller> {
        if let Some(caller) = Caller::plain(identity) {
            return Some(caller);
        }
        let identity: Value = serde_json::from_slice(identity).ok()?;
        let within = PLACES.map(|place| place.strip_prefix("userIdentity.").unwrap_or_default());
        Some(Caller::with(within.map(|place| identity.text(place))))
    }

    /// The same where it is written as CloudTrail does.
    fn plain(identity: &[u8]) -> Option<Caller> {
        let identity = std::str::from_utf8(identity).ok()?;
        plainly(identity, |_, _| {}).map(Caller::of_texts)
    }

    fn of_texts(told: [Option<&str>; READ]) -> Caller {
        Caller::with(told.map(|text| text.map(Cow::Borrowed)))
    }

    /// Whether somebody's key signed.
    pub(super) fn has_key(&self) -> bool {
        self.text("userIdentity.accessKeyId").is_some()
    }

    /// Its members, one after the other, as they were told before.
    pub(super) fn read<E>(mut next: impl FnMut() -> Result<Option<Box<str>>, E>) -> Result<Caller, E> {
        let mut members: [Option<Cow<'static, str>>; READ] = Default::default();
        for member in &mut members {
            *member = next()?.map(|text| Cow::Owned(text.into_string()));
        }
        Ok(Caller::with(members))
    }

    /// All that is kept of it.
    pub(super) fn members(&self) -> [Option<&str>; READ] {
        std::array::from_fn(|n| self.nth(n))
    }

    /// The order of callers, by their members.
    pub(super) fn compare(&self, other: &Caller) -> Ordering {
        let whole = |caller: &Caller| (caller.ends, caller.are_there);
        // Most that are compared say the same of all that rules read.
        match whole(self) == whole(other) && self.text == other.text {
            true => Ordering::Equal,
            false => self.members().cmp(&other.members()),
        }
    }

    fn nth(&self, n: usize) -> Option<&str> {
        let end = |n: usize| self.ends.get(n).map(|end| *end as usize);
        let from = n.checked_sub(1).map_or(Some(0), end)?;
        let is_there = self.are_there >> n & 1 == 1;
        self.text.get(from..end(n)?).filter(|_| is_there)
    }

    /// How many bytes its text has.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    fn with(members: [Option<Cow<'_, str>>; READ]) -> Caller {
        let mut text = String::with_capacity(members.iter().flatten().map(|text| text.len()).sum());
        let (mut ends, mut are_there) = ([0; READ], 0);
        for (n, (member, end)) in members.into_iter().zip(&mut ends).enumerate() {
            if let Some(member) = member {
                text.push_str(&member);
                are_there |= 1 << n;
            }
            // What reads an identity holds no text of 4 GB.
            *end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        Caller {
            text: text.into_boxed_str(),
            ends,
            are_there,
        }
    }
}

/// The members of an identity that is written as CloudTrail does. Every text without an escape is shown, with its place if it is one of them.
fn plainly<'t>(identity: &'t str, mut each: impl FnMut(Option<usize>, &'t str)) -> Option<[Option<&'t str>; READ]> {
    let mut told = [None; READ];
    let rest = members(identity, |path, value| {
        let n = place_within(path);
        let text = value.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let Some(text) = text.filter(|text| memchr::memchr(b'\\', text.as_bytes()).is_none()) else {
            return n.is_none().then_some(());
        };
        each(n, text);
        match n {
            Some(n) => told.get_mut(n)?.replace(text).is_none().then_some(()),
            None => Some(()),
        }
    });
    rest.filter(|rest| rest.is_empty())?;
    Some(told)
}

impl Members for Caller {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let text = self.nth(place(field)?)?;
        Some(Cow::Borrowed(text))
    }
}

/// A caller at an address.
pub(super) struct At<'a>(pub(super) &'a Caller, pub(super) &'a str);

impl Members for At<'_> {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        match field {
            ADDRESS => (!self.1.is_empty()).then_some(Cow::Borrowed(self.1)),
            _ => self.0.text(field),
        }
    }
}

/// Whether a member is told by caller and address alone.
pub(super) fn is_read(field: &str) -> bool {
    field == ADDRESS || place(field).is_some()
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

/// The same of this caller from wherever.
pub(super) fn may_call(records: Records<'_>, caller: &Caller) -> bool {
    of_caller(records, caller).next().is_some()
}

/// Those lists of tests of which a record of this caller may be, from wherever.
pub(super) fn of_caller<'r>(records: Records<'r>, caller: &Caller) -> impl Iterator<Item = &'r [Test<'r>]> {
    let is_told = |test: &Test<'_>| place(test.field).is_none() || holds(test, caller);
    records.iter().copied().filter(move |tests| tests.iter().all(is_told))
}

/// Whether what such a list says of the address holds of this one.
pub(super) fn is_from(tests: &[Test<'_>], at: &At<'_>) -> bool {
    let mut from = tests.iter().filter(|test| test.field == ADDRESS);
    from.all(|test| holds(test, at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_caller_is_told_as_the_whole_record_tells() {
        let session = |member: &str, text: Value| {
            let mut identity = json!({
                "type": "AssumedRole", "principalId": "AROA:me", "arn": "arn:s", "accountId": "1", "accessKeyId": "ASIA",
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:r", "userName": "R"},
                    "attributes": {"creationDate": "then", "mfaAuthenticated": "false"}},
                "invokedBy": "s"
            });
            let place = member.split('.').fold(&mut identity, |place, name| &mut place[name]);
            *place = text;
            identity
        };
        let odd = [
            json!(null),
            json!("a \"quoted\" text"),
            json!(5),
            json!(true),
            json!({"a": "b"}),
            json!({}),
            json!(["x"]),
        ];
        for identity in PLACES.iter().flat_map(|place| {
            let within = place.strip_prefix("userIdentity.").unwrap();
            odd.clone().map(|text| session(within, text))
        }) {
            let record = json!({"userIdentity": identity});
            for text in [identity.to_string(), format!("{identity:#}")] {
                let caller = Caller::of(text.as_bytes()).unwrap();
                for place in PLACES {
                    assert_eq!(caller.text(place), record.text(place), "{place} of {text}");
                }
            }
        }
        assert!(Caller::of(b"{").is_none());
        for (n, place) in PLACES.iter().enumerate() {
            let path: Vec<&str> = place.split('.').skip(1).collect();
            assert_eq!((place_within(&path), self::place(place)), (Some(n), Some(n)));
        }
    }
}
