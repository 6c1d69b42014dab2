//! Lengths of time as people write them: `50ms`, `4s`, `2m`, and a range of them: `3s..5s`.

use super::WeatherError;
use std::str::FromStr;

/// A range of milliseconds that one is drawn from, every one as likely as the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    shortest: i64,
    longest: i64,
}

/// How far a single length is off in both directions, as its share: `4s` is 3 to 5 seconds.
const JITTER_SHARE: i64 = 4;

impl Span {
    /// From `shortest` to `longest` milliseconds, both included.
    pub fn between(shortest: i64, longest: i64) -> Self {
        Span {
            shortest: shortest.min(longest),
            longest: shortest.max(longest),
        }
    }

    /// Around `millis`, a quarter more or less.
    pub fn around(millis: i64) -> Self {
        Span::between(millis - millis / JITTER_SHARE, millis + millis / JITTER_SHARE)
    }

    /// The longest that can be drawn, in milliseconds.
    pub fn longest(self) -> i64 {
        self.longest
    }

    /// The length that `noise` draws, in milliseconds.
    pub(super) fn at(self, noise: u64) -> i64 {
        let width = u64::try_from(self.longest.saturating_sub(self.shortest))
            .unwrap_or(0)
            .saturating_add(1);
        self.shortest.saturating_add(i64::try_from(noise % width).unwrap_or(0))
    }
}

impl FromStr for Span {
    type Err = WeatherError;

    /// `4s` is around four seconds, `3s..5s` anything between.
    fn from_str(text: &str) -> Result<Self, WeatherError> {
        match text.split_once("..") {
            None => Ok(Span::around(millis(text)?)),
            Some((from, to)) => {
                let (from, to) = (millis(from)?, millis(to)?);
                if from > to {
                    return Err(WeatherError(format!(
                        "`{text}` ends before it begins: write the shorter time first"
                    )));
                }
                Ok(Span::between(from, to))
            }
        }
    }
}

/// One length of time: `50ms`, `-20m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(i64);

impl Length {
    /// In milliseconds.
    pub fn millis(self) -> i64 {
        self.0
    }
}

impl FromStr for Length {
    type Err = WeatherError;

    fn from_str(text: &str) -> Result<Self, WeatherError> {
        Ok(Length(match text.strip_prefix('-') {
            Some(rest) => -millis(rest)?,
            None => millis(text)?,
        }))
    }
}

/// The longest that is understood: a day.
const LONGEST_MILLIS: i64 = 86_400_000;

/// A length of time in milliseconds.
///
/// # Errors
/// It is none.
fn millis(text: &str) -> Result<i64, WeatherError> {
    let wrong = || {
        WeatherError(format!(
            "`{text}` is no length of time: write a number and its unit, such as 50ms, 4s or 2m, a day at most"
        ))
    };
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" => 60_000.0,
        _ => return Err(wrong()),
    };
    if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wrong());
    }
    let millis = number.parse::<f64>().map_err(|_| wrong())? * unit;
    if !(0.0..=LONGEST_MILLIS as f64).contains(&millis) {
        return Err(wrong());
    }
    Ok(millis.round() as i64)
}
