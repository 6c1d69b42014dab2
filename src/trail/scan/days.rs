//! Moments of few days: neither the records of a file nor the sessions that call in it tell of others.

use crate::time::Moment;

/// A day as it is written, and when it began.
#[derive(Debug, Default)]
struct Day {
    text: [u8; 11],
    begin: Option<Moment>,
}

/// The last days: four that follow each other have their own places.
#[derive(Debug, Default)]
pub(super) struct Days([Day; 4]);

impl Days {
    /// The moment that a text such as `2026-11-10T03:04:05Z` tells; `None` where it is written otherwise.
    #[inline]
    pub(super) fn moment(&mut self, text: &[u8]) -> Option<Moment> {
        let (day, rest) = text.split_first_chunk::<11>()?;
        let [h, hour, b':', m, minute, b':', s, second, b'Z'] = *rest else {
            return None;
        };
        let number = |tens: u8, ones: u8, end: i64| {
            let number = i64::from(tens.wrapping_sub(b'0')) * 10 + i64::from(ones.wrapping_sub(b'0'));
            (tens.is_ascii_digit() && ones.is_ascii_digit() && number < end).then_some(number)
        };
        let seconds = number(h, hour, 24)? * 3_600 + number(m, minute, 60)? * 60 + number(s, second, 60)?;
        let known = self.0.get_mut(usize::from(day[9] % 4))?;
        if known.begin.is_none() || known.text != *day {
            let moment: Moment = std::str::from_utf8(text).ok()?.parse().ok()?;
            (known.text, known.begin) = (*day, Some(moment.plus_seconds(-seconds)));
        }
        known.begin.map(|begin| begin.plus_seconds(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_as_they_are_parsed() {
        let mut days = Days::default();
        for text in [
            "2026-11-10T03:04:05Z",
            "2026-11-10T03:59:59Z",
            "2026-11-10T03:00:00Z",
            "2026-11-11T03:00:00Z",
            "2026-02-29T03:00:00Z",
            "2026-02-28T24:00:00Z",
            "2026-11-11 03:00:00Z",
            "2026-11-10T03:04:05Z",
        ] {
            assert_eq!(days.moment(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for odd in [
            "2026-11-10T24:00:05Z",
            "2026-11-10T03:60:05Z",
            "2026-11-10T03:04:60Z",
            "2026-11-10T03:04:05",
            "2026-11-10T03:0x:05Z",
        ] {
            assert_eq!(days.moment(odd.as_bytes()), None, "{odd}");
        }
    }
}
