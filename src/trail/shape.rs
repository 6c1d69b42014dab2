//! The wrappers that records are met in, and what a file is remembered for while it is read.

use super::EventError;
use super::cut::{Cutter, Sink};
use super::event::member;
use super::read::{Broken, WRAPPINGS, unpacked};
use super::utf16::Places;
use super::{ocsf, row, table};
use serde_json::Value;
use std::io::{Cursor, Read};

/// Where a record or a list of records stands in a wrapper: CloudTrail's files, LookupEvents, Splunk (`_raw`, `result`, `results`, `event` of its collector), Elastic (`_source`,
/// `event.original`), CloudWatch Logs (exports with `events` and `message`, subscriptions with `logEvents`), EventBridge (`detail`), SQS (`Messages`, `Body`), SNS
/// (`Message`). A record itself has none of these members.
const INSIDE: [&str; 17] = [
    "/Records",
    "/Events",
    "/CloudTrailEvent",
    "/_raw",
    "/result",
    "/results",
    "/_source",
    "/event/original",
    "/event",
    "/hits/hits",
    "/events",
    "/message",
    "/logEvents",
    "/detail",
    "/Messages",
    "/Body",
    "/Message",
];

/// Whether records may be inside of a value, or it may be told otherwise than CloudTrail does.
pub(super) fn is_wrapper(value: &Value) -> bool {
    let has = |place: &&str| member(value, place).is_some();
    !value.is_object() || INSIDE.iter().any(has) || ocsf::record(value).is_some() || row::record_of_row(value).is_some()
}

/// How many places of one file are named one by one.
const NAMED: u64 = 20;

/// What takes in the records of a file.
pub(super) trait Taker {
    /// A record.
    ///
    /// # Errors
    /// It lacks what every event has.
    fn record(&mut self, record: &Value) -> Result<(), EventError>;

    /// A place that could not be read.
    fn damaged(&mut self, file: &str, offset: Option<u64>, what: String);

    /// What the table doesn't tell that rows came from.
    fn lacks(&mut self, _what: &str) {}
}

/// One file on its way to whoever takes its records.
pub(super) struct Reading<'a, T> {
    taker: &'a mut T,
    file: &'a str,
    breaks: u64,
    /// The first value that is no record by its place in the file, why, and how many there are.
    strange: Option<(u64, String, u64)>,
    places: Places,
}

impl<'a, T: Taker> Reading<'a, T> {
    /// Reads all of `stream`, gzipped or not by its first bytes.
    pub(super) fn read(file: &'a str, stream: impl Read, taker: &'a mut T) {
        let mut reading = Reading {
            taker,
            file,
            breaks: 0,
            strange: None,
            places: Places::default(),
        };
        let mut text = unpacked(Box::new(stream), WRAPPINGS, &reading.places);
        let mut head = Vec::new();
        let failed = (&mut text).take(table::LOOKED_AT as u64).read_to_end(&mut head).err();
        let column = table::column(&head);
        let text = Cursor::new(head).chain(Broken(failed)).chain(text);
        match column {
            Some(column) => table::read(&mut reading, text, column),
            None => Cutter::new(text).walk(&mut reading),
        }
        reading.finish();
    }

    /// Takes in a value that may hold records, from a place that is sound.
    pub(super) fn whole(&mut self, offset: u64, value: &Value) {
        self.value(offset, value, false);
    }

    /// Remembers a place that could not be read.
    pub(super) fn unreadable(&mut self, offset: u64, what: String) {
        self.broken(offset, what);
    }

    /// Notes what was met beside records. A file of something else entirely is one remark, not one for each of its values.
    fn finish(self) {
        if let Some((offset, why, count)) = self.strange {
            let what = match count {
                1 => why,
                count => format!("{why}; so it is with {count} values of this file"),
            };
            self.taker.damaged(self.file, Some(offset), what);
        }
        if self.breaks > NAMED {
            let more = self.breaks - NAMED;
            self.taker
                .damaged(self.file, None, format!("{more} more places are not JSON"));
        }
    }

    /// Takes in the records in `value`; gives why it holds none, if it holds none.
    fn take(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Array(items) => {
                let taken: Vec<Result<(), String>> = items.iter().map(|item| self.take(item)).collect();
                // An empty list is no fault: a file without events.
                taken.into_iter().find(Result::is_err).unwrap_or(Ok(()))
            }
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => self.take(&inner),
                _ => Err("a text that holds no record".to_owned()),
            },
            Value::Object(_) => {
                // What a wrapper holds is the record itself; what stands beside it may be a part of the record, taken out.
                let mut inside = INSIDE.iter().filter_map(|place| member(value, place));
                if inside.any(|inner| self.take(inner).is_ok()) {
                    return Ok(());
                }
                let otherwise = ocsf::record(value).or_else(|| row::record_of_row(value));
                let lacks = value.get(row::LACKS).and_then(Value::as_str).map(str::to_owned);
                if let Some(lacks) = lacks
                    .or_else(|| row::lacks_of_table(value))
                    .filter(|_| otherwise.is_some())
                {
                    self.taker.lacks(&lacks);
                }
                let record = otherwise.as_ref().unwrap_or(value);
                self.taker.record(record).map_err(|error| error.to_string())
            }
            _ => Err("a value that is no record".to_owned()),
        }
    }
}

impl<T: Taker> Sink for Reading<'_, T> {
    fn value(&mut self, offset: u64, value: &Value, guessed: bool) -> bool {
        match self.take(value) {
            Ok(()) => true,
            // Behind a break, parts of records are met that aren't records; the break itself was told.
            Err(_) if guessed => false,
            Err(why) => {
                let place = self.places.borrow().place(offset);
                let (.., count) = self.strange.get_or_insert((place, why, 0));
                *count += 1;
                false
            }
        }
    }

    fn broken(&mut self, offset: u64, what: String) {
        self.breaks += 1;
        if self.breaks <= NAMED {
            let place = self.places.borrow().place(offset);
            self.taker.damaged(self.file, Some(place), what);
        }
    }
}
