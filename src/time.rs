//! The only clock, and the forms in which AWS writes a moment.
//!
//! Everything that needs the time gets a [`Clock`]: the [`SystemClock`] in the live world, a [`ManualClock`] in
//! the twin's, so that a rehearsal can be repeated to the byte. No other file asks the system for the time.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment in UTC, to the millisecond. IAM itself writes whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

/// A text that is no moment in any form that AWS uses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time that AWS writes, such as 2026-03-24T10:15:00Z")]
pub struct MomentError(pub String);

impl Moment {
    /// The moment `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Moment(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same moment without its part of a second, as AWS writes most times.
    pub const fn whole_second(self) -> Self {
        Moment(self.seconds() * 1000)
    }

    /// `seconds` later (earlier when negative).
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Moment(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// `millis` later.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Moment(self.0.saturating_add(millis))
    }

    fn civil(self) -> DateTime {
        jiff::Timestamp::from_millisecond(self.0)
            .map(|stamp| Offset::UTC.to_datetime(stamp))
            .unwrap_or(DateTime::MAX)
    }

    /// `10:15:00`, for tables within one day.
    pub fn clock_face(self) -> String {
        let at = self.civil();
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    }

    /// `20260324T101500Z`, the form of signatures and file names.
    pub fn basic(self) -> String {
        let at = self.civil();
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }

    /// `Tue, 24 Mar 2026 10:15:00 GMT`, the form of HTTP's `Date` header.
    pub fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let at = self.civil();
        let day = DAYS[usize::from(at.weekday().to_monday_zero_offset().unsigned_abs())];
        let month = MONTHS[usize::from(at.month().unsigned_abs()) - 1];
        format!(
            "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
            at.day(),
            at.year(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }

    /// `Mar 24, 2026, 10:15:00 AM`, the form of expirations in CloudTrail's STS records.
    pub fn cloudtrail_expiration(self) -> String {
        let at = self.civil();
        let month = MONTHS[usize::from(at.month().unsigned_abs()) - 1];
        let (half, hour) = match at.hour() {
            0 => ("AM", 12),
            hour @ 1..=11 => ("AM", hour),
            12 => ("PM", 12),
            hour => ("PM", hour - 12),
        };
        format!(
            "{month} {}, {}, {hour}:{:02}:{:02} {half}",
            at.day(),
            at.year(),
            at.minute(),
            at.second()
        )
    }
}

impl fmt::Display for Moment {
    /// `2026-03-24T10:15:00Z`; with milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        let mut text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        );
        let millis = self.0.rem_euclid(1000);
        if millis != 0 {
            text.push_str(&format!(".{millis:03}"));
        }
        text.push('Z');
        f.pad(&text)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = MomentError;
    fn try_from(text: String) -> Result<Self, MomentError> {
        text.parse()
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    /// Reads every form met in CloudTrail and in policies: ISO 8601 with or without separators, a bare
    /// date, the JDK's `Mar 24, 2026, 10:15:00 AM` with or without the second comma and with any white
    /// space (newer JDKs write U+202F), and seconds since the epoch. Always UTC unless an offset is written.
    fn from_str(text: &str) -> Result<Self, MomentError> {
        iso(text)
            .or_else(|| jdk(text))
            .or_else(|| {
                text.parse::<i64>()
                    .ok()
                    .filter(|s| s.abs() < 253_402_300_800)
                    .map(|s| Moment(s * 1000))
            })
            .ok_or_else(|| MomentError(text.to_owned()))
    }
}

/// `2026-03-24T10:15:00Z`, the form of nearly all times, read without going through every other form.
fn usual(text: &str) -> Option<Moment> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    if [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16], bytes[19]] != *b"--T::Z" {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?;
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| {
            digits
                .iter()
                .fold(0i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
        })
    };
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    // A leap second is left to the other forms, which refuse or round it.
    let civil = DateTime::new(
        number(0, 4)?,
        small(5)?,
        small(8)?,
        small(11)?,
        small(14)?,
        small(17)?,
        0,
    )
    .ok()?;
    let stamp = Offset::UTC.to_timestamp(civil).ok()?;
    Some(Moment(stamp.as_millisecond()))
}

fn iso(text: &str) -> Option<Moment> {
    if let Some(moment) = usual(text) {
        return Some(moment);
    }
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Some(Moment(stamp.as_millisecond()));
    }
    // Without an offset: W3C's short forms, which policies may use. An all-digit text is an epoch, not a year.
    let padded = match text.len() {
        4 if text.bytes().all(|b| b.is_ascii_digit()) => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    if padded.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let civil: DateTime = padded.parse().ok()?;
    Offset::UTC
        .to_timestamp(civil)
        .ok()
        .map(|stamp| Moment(stamp.as_millisecond()))
}

fn jdk(text: &str) -> Option<Moment> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .collect();
    let [month, day, year, clock, half] = words.as_slice() else {
        return None;
    };
    let month = match month.get(..3)? {
        "Jan" => 1,
        "Feb" => 2,
        "Mar" => 3,
        "Apr" => 4,
        "May" => 5,
        "Jun" => 6,
        "Jul" => 7,
        "Aug" => 8,
        "Sep" => 9,
        "Oct" => 10,
        "Nov" => 11,
        "Dec" => 12,
        _ => return None,
    };
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let hour = match (half.to_ascii_uppercase().as_str(), hour) {
        ("AM", 12) => 0,
        ("AM", hour) => hour,
        ("PM", 12) => 12,
        ("PM", hour) => hour.checked_add(12)?,
        _ => return None,
    };
    let civil = DateTime::new(year.parse().ok()?, month, day.parse().ok()?, hour, minute, second, 0).ok()?;
    Offset::UTC
        .to_timestamp(civil)
        .ok()
        .map(|stamp| Moment(stamp.as_millisecond()))
}

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Moment;

    /// Lets `seconds` pass: sleeps in the live world, jumps in the twin's.
    fn wait(&self, seconds: u64) {
        self.wait_millis(seconds.saturating_mul(1000));
    }

    /// Lets `millis` milliseconds pass, in the same way.
    fn wait_millis(&self, millis: u64);
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(jiff::Timestamp::now().as_millisecond())
    }

    fn wait_millis(&self, millis: u64) {
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }
}

/// A clock that goes with the runtime's timers. Where their time is paused it stands still while anything is computed and jumps from one timer to the
/// next, so that a fight of minutes is over in no time, and comes out alike every time.
#[derive(Debug, Clone, Copy)]
pub struct TimerClock {
    start: Moment,
    from: tokio::time::Instant,
}

impl TimerClock {
    /// A clock that shows `start` now. Must be called inside of the runtime whose timers it goes by.
    pub fn starting_at(start: Moment) -> Self {
        TimerClock {
            start,
            from: tokio::time::Instant::now(),
        }
    }
}

impl Clock for TimerClock {
    fn now(&self) -> Moment {
        let millis = self.from.elapsed().as_millis();
        self.start.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Nothing passes for whoever does not wait on a timer.
    fn wait_millis(&self, _: u64) {}
}

/// How long something takes on this machine, whatever the world's clock says: for what is shown while one waits, never for what is decided.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// A watch that runs from now on.
    pub fn started() -> Self {
        Stopwatch(std::time::Instant::now())
    }

    /// Seconds since then.
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// A clock that moves only when told to. Clones share the same hands.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: Moment) -> Self {
        ManualClock(Arc::new(AtomicI64::new(start.millis())))
    }

    /// Moves the hands on by `millis` milliseconds.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves the hands on to `moment`, never back.
    pub fn advance_to(&self, moment: Moment) {
        self.0.fetch_max(moment.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }

    fn wait_millis(&self, millis: u64) {
        self.advance_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests;
