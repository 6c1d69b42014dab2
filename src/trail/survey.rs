//! The first of two passes: what each source holds, by the few facts that decide whether it can matter.
//!
//! A family can't be grown while the files go by: a child's mint may lie in a file that comes after its uses. So the first pass keeps who
//! called and which key gave which, the family is closed over in memory, and the second pass ([`Harvest`]) opens only what can matter.

use super::closure::Closure;
use super::distinct::Distinct;
use super::facts::{Gave, Who, number};
use super::fold::Fold;
use super::growth::Seeds;
use super::harvest::Harvest;
use super::pages::{Laid, Page, Pages};
use super::read::{Bytes, bytes_of};
use super::scan::{self, Scratch};
use super::seen::Seen;
use super::shape::{Reading, Taker};
use super::{Damage, Event, EventError, Evidence, Window};
use crate::ids::AccessKeyId;
use serde_json::Value;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

/// The facts of one source.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) callers: Vec<Who>,
    pub(super) gave: Vec<Gave>,
    /// The numbers of the events that the records tell of.
    pub(super) events: Vec<u64>,
    pub(super) seen: Seen,
    pub(super) damage: Vec<Damage>,
}

impl Facts {
    fn clear(&mut self) {
        self.callers.clear();
        self.gave.clear();
        self.events.clear();
        self.damage.clear();
        self.seen = Seen::default();
    }

    /// Keeps each caller once.
    pub(super) fn settle(&mut self) {
        self.callers.sort_unstable();
        self.callers.dedup();
    }

    /// Whether all of the source could be read.
    pub(super) fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }

    /// Takes in an event that was read in full.
    pub(super) fn add(&mut self, event: &Event) {
        let who = Who::called(&event.identity);
        self.callers.push(who);
        self.gave.extend(Gave::of(event, who));
        self.events.push(number(event.tells_of()));
        self.seen.add(event);
    }
}

struct Full<'a> {
    facts: &'a mut Facts,
    window: &'a Window,
}

impl Taker for Full<'_> {
    fn record(&mut self, record: &Value) -> Result<(), EventError> {
        let event = Event::parse(record)?;
        if self.window.admits(&event) {
            self.facts.add(&event);
        }
        Ok(())
    }

    fn damaged(&mut self, file: &str, offset: Option<u64>, what: String) {
        self.facts.damage.push(Damage {
            file: file.to_owned(),
            offset,
            what,
        });
    }
}

/// What is named where the facts of the first pass can't be read again.
const LAID: &str = "the facts that the first pass laid aside in the folder for temporary files";

/// What is said where nothing can be laid aside.
const CROWDED: &str =
    "the folder for temporary files had no room for what the first pass found: it was held in memory, without a bound";

/// What one thread works with, kept between sources.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) scratch: Scratch,
    facts: Facts,
    page: Page,
}

/// The first pass. Sources may be fed from any number of threads at once, in any order: `feed` works in the thread that calls it.
pub struct Survey {
    seeds: Seeds,
    window: Window,
    desks: Mutex<Vec<Desk>>,
    laid: Mutex<Laid>,
    total: Mutex<Total>,
}

/// What is counted over all sources.
#[derive(Default)]
pub(super) struct Total {
    pub(super) records: u64,
    pub(super) distinct: Distinct,
    pub(super) seen: Seen,
    pub(super) fold: Fold,
    /// Files, what was passed over, damage and notes; no events.
    pub(super) evidence: Evidence,
}

impl Survey {
    /// A pass that looks for the families of `asked` in what `window` admits.
    pub fn of(asked: &[AccessKeyId], window: Window) -> Self {
        Survey {
            seeds: Seeds {
                keys: asked.to_vec(),
                ..Seeds::default()
            },
            window,
            desks: Mutex::default(),
            laid: Mutex::default(),
            total: Mutex::default(),
        }
    }

    /// The same pass, which also looks for whoever bears one of these `sign_ins`, or is a user or role of one of these `names` that other evidence says the
    /// family was let in as.
    pub fn also(mut self, names: impl IntoIterator<Item = String>, sign_ins: impl IntoIterator<Item = String>) -> Self {
        self.seeds.names.extend(names);
        self.seeds.sign_ins.extend(sign_ins);
        self
    }

    /// What counts.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Reads the source called `name`, gzipped or not by its first bytes, in any shape. Damage is remembered with its place. The name must
    /// be another for every source: the second pass asks for it by name.
    pub fn feed(&self, name: &str, stream: impl Read) {
        let mut desk = lock(&self.desks).pop().unwrap_or_default();
        self.read(name, stream, &self.window, &mut desk);
        self.count(name, desk);
    }

    /// Reads all of a source, whatever the window admits, and counts it if `counts` says so of its facts; gives what that said.
    pub(super) fn feed_whole(&self, name: &str, stream: impl Read, counts: impl FnOnce(&Facts) -> bool) -> bool {
        let mut desk = lock(&self.desks).pop().unwrap_or_default();
        self.read(name, stream, &Window::default(), &mut desk);
        let is_counted = counts(&desk.facts);
        match is_counted {
            true => self.count(name, desk),
            false => lock(&self.desks).push(desk),
        }
        is_counted
    }

    /// Counts a source whose facts are known.
    pub(super) fn feed_known(&self, name: &str, facts: Facts) {
        let mut desk = lock(&self.desks).pop().unwrap_or_default();
        desk.facts = facts;
        self.count(name, desk);
    }

    fn count(&self, name: &str, mut desk: Desk) {
        desk.page.add(name, &desk.facts);
        lock(&self.laid).turn(&mut desk.page);
        let mut total = lock(&self.total);
        total.evidence.files += 1;
        total.records += desk.facts.events.len() as u64;
        total.distinct.add_all(&desk.facts.events);
        total.seen.merge(&desk.facts.seen);
        for damage in &desk.facts.damage {
            total
                .evidence
                .damaged(&damage.file, damage.offset, damage.what.as_str());
        }
        drop(total);
        lock(&self.desks).push(desk);
    }

    fn read(&self, name: &str, stream: impl Read, window: &Window, desk: &mut Desk) {
        desk.facts.clear();
        Survey::read_facts(name, stream, window, desk);
    }

    fn read_facts(name: &str, stream: impl Read, window: &Window, desk: &mut Desk) {
        let facts = &mut desk.facts;
        let stream = match bytes_of(stream, &mut desk.scratch) {
            Bytes::Whole => match scan::survey(&mut desk.scratch, window, facts) {
                Ok(()) => return,
                // Something is not as CloudTrail writes it: the whole source is read record by record.
                Err(scan::Unsure) => {
                    facts.clear();
                    None
                }
            },
            Bytes::Stream(rest) => Some(rest),
        };
        match stream {
            Some(rest) => Reading::read(name, rest, &mut Full { facts, window }),
            None => Reading::read(name, desk.scratch.text(), &mut Full { facts, window }),
        }
        desk.facts.settle();
    }

    /// Counts a file that holds no calls by its name, such as a digest.
    pub fn passed_over(&self) {
        lock(&self.total).evidence.passed_over += 1;
    }

    /// Remembers something that could not be read at all.
    pub fn damaged(&self, name: &str, what: impl Into<String>) {
        lock(&self.total).evidence.damaged(name, None, what);
    }

    /// Adds a remark on what the evidence covers.
    pub fn note(&self, note: impl Into<String>) {
        lock(&self.total).evidence.note(note);
    }

    /// Closes over the families, and begins the second pass.
    pub fn close(self) -> Harvest {
        let mut total = self.total.into_inner().unwrap_or_else(PoisonError::into_inner);
        let laid = self.laid.into_inner().unwrap_or_else(PoisonError::into_inner);
        let desks = self.desks.into_inner().unwrap_or_else(PoisonError::into_inner);
        if laid.is_crowded() {
            total.evidence.note(CROWDED);
        }
        let (pages, scratches) = desks.into_iter().map(|desk| (desk.page, desk.scratch)).unzip();
        let closure = Closure::of(&self.seeds, &mut Pages::of(pages, laid)).unwrap_or_else(|error| {
            total.evidence.damaged(LAID, None, error.to_string());
            Closure::of_seeds(&self.seeds)
        });
        Harvest::of(closure, self.window, total, scratches)
    }
}

/// Locks, whatever a thread that panicked left behind: what is behind these locks is whole between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call as CloudTrail writes it, by the session of this number, whose calls bear a sign-in or none.
    fn record(n: usize, session: usize, sign_in: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAQEXAMPLEEXAMPLE1A:s{session}","arn":"arn:aws:sts::123456789012:assumed-role/Deploy/s{session}","accountId":"123456789012","accessKeyId":"ASIAQEXAMPLE{session:08}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAQEXAMPLEEXAMPLE1A","arn":"arn:aws:iam::123456789012:role/Deploy","accountId":"123456789012","userName":"Deploy"}},"attributes":{{"creationDate":"2026-11-10T03:04:05Z","mfaAuthenticated":"false"}}{sign_in}}}}},"eventTime":"2026-11-10T03:04:06Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"a","requestParameters":null,"responseElements":null,"requestID":"{n:036}","eventID":"{n:036}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management"}}"#
        )
    }

    /// What the scan and the full reading say of the callers of a text.
    fn callers(desk: &mut Desk, records: &[String]) -> [Vec<Who>; 2] {
        let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
        let window = Window::default();
        let mut read = Facts::default();
        assert!(matches!(bytes_of(text.as_bytes(), &mut desk.scratch), Bytes::Whole));
        desk.facts.clear();
        assert_eq!(scan::survey(&mut desk.scratch, &window, &mut desk.facts), Ok(()));
        let mut full = Full {
            facts: &mut read,
            window: &window,
        };
        Reading::read("x", text.as_bytes(), &mut full);
        read.settle();
        [desk.facts.callers.clone(), read.callers]
    }

    #[test]
    fn of_however_many_callers_none_is_forgotten() {
        let signed = r#","signInSessionArn":"arn:aws:signin:us-east-1:123456789012:session/s""#;
        let records: Vec<String> = (0..9_000)
            .map(|n| record(n, n % 3_000, if n < 3_000 { "" } else { signed }))
            .collect();
        let [scanned, read] = callers(&mut Desk::default(), &records);
        assert_eq!(read.len(), 6_000);
        assert_eq!(scanned, read);
    }

    #[test]
    fn who_called_in_one_text_is_nobody_in_the_next() {
        let mut desk = Desk::default();
        for session in [1, 2, 1] {
            let signed = r#","signInSessionArn":"arn:aws:signin:us-east-1:123456789012:session/s""#;
            let records = [
                record(1, session, ""),
                record(2, session, ""),
                record(3, session, signed),
            ];
            let [scanned, read] = callers(&mut desk, &records);
            assert_eq!(read.len(), 2);
            assert_eq!(scanned, read);
        }
    }
}
