//! What stands behind a record's `eventID`: few texts, that come again and again.

use super::{EVENT, step};
/// What it tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) account: Option<u64>,
    pub(super) is_data: bool,
    /// `readOnly`.
    pub(super) reads: Option<bool>,
    /// Whether it corrects another record, or came late.
    pub(super) corrects: bool,
    /// Whether other accounts have a record of the same call.
    pub(super) is_shared: bool,
}

/// The last two ends of records of one kind, each from a member's name to the record's closing bracket.
#[derive(Debug, Default)]
pub(super) struct Ends([(Box<[u8]>, Tail); 2]);

const READS: &[u8] = b"\"readOnly\":true,";
const WRITES: &[u8] = b"\"readOnly\":false,";
const RESOURCES: &[u8] = b"\"resources\":";

impl Ends {
    /// What is told by the members that begin at `at`, and where the record ends; `None` where anything is unusual.
    pub(super) fn tail(&mut self, text: &[u8], at: usize) -> Option<(Tail, usize)> {
        let mut at = at;
        let mut reads = None;
        let rest = text.get(at..)?;
        if rest.starts_with(READS) {
            at += READS.len();
            reads = Some(true);
        } else if rest.starts_with(WRITES) {
            at += WRITES.len();
            reads = Some(false);
        }
        // What was touched is another thing with every call: what stands behind it is not.
        if text.get(at..)?.starts_with(RESOURCES) {
            at += EVENT.find(text.get(at..)?)?;
            if !text.get(..at)?.ends_with(b"}],") {
                return None;
            }
        }
        let rest = text.get(at..)?;
        let known = self.0.iter().find(|(end, _)| !end.is_empty() && rest.starts_with(end));
        let (tail, end) = match known {
            Some((end, tail)) => (*tail, at + end.len()),
            None => {
                let (tail, end) = told(text, at)?;
                // What several accounts share is told once.
                if !tail.is_shared {
                    self.0.swap(0, 1);
                    self.0[0] = (text.get(at..end)?.into(), tail);
                }
                (tail, end)
            }
        };
        // It comes once.
        let reads = match (reads, tail.reads) {
            (Some(_), Some(_)) => return None,
            (first, second) => first.or(second),
        };
        Some((Tail { reads, ..tail }, end))
    }
}

/// The same, member by member. `eventType` and `recipientAccountId` must be among them: where they aren't, the record goes on otherwise than usual, or this
/// isn't its end.
fn told(text: &[u8], mut at: usize) -> Option<(Tail, usize)> {
    let mut tail = Tail::default();
    let mut met = [false; 7];
    loop {
        let behind_name = step::over_text(text, at).filter(|_| text.get(at) == Some(&b'"'))?;
        let name = text.get(at + 1..behind_name - 1)?;
        let from = behind_name + 1;
        let end = step::over(text, from).filter(|_| text.get(behind_name) == Some(&b':'))?;
        let value = text.get(from..end)?;
        let inside = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let is = |word: &[u8]| inside.unwrap_or(value) == word;
        let place = match name {
            b"eventType" => Some(0),
            b"recipientAccountId" => {
                tail.account = Some(account(value)?);
                Some(1)
            }
            b"readOnly" => {
                tail.reads = Some(is(b"true"));
                Some(2)
            }
            b"managementEvent" => {
                tail.is_data |= is(b"false");
                Some(3)
            }
            b"eventCategory" => {
                tail.is_data |= is(b"Data");
                Some(4)
            }
            b"addendum" => {
                tail.corrects = true;
                Some(5)
            }
            b"sharedEventID" => {
                tail.is_shared = true;
                Some(6)
            }
            // Their places are before the ID; a name with an escape may be any.
            b"eventID" | b"eventVersion" | b"userIdentity" | b"eventTime" | b"eventSource" | b"eventName"
            | b"awsRegion" => return None,
            name if name.contains(&b'\\') => return None,
            _ => None,
        };
        if let Some(met) = place.and_then(|place| met.get_mut(place))
            && std::mem::replace(met, true)
        {
            return None;
        }
        match text.get(end)? {
            b',' => at = end + 1,
            b'}' => return (met[0] && met[1]).then_some((tail, end + 1)),
            _ => return None,
        }
    }
}

fn account(value: &[u8]) -> Option<u64> {
    let digits = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_one = digits.len() == 12 && digits.iter().all(u8::is_ascii_digit);
    is_one.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}
