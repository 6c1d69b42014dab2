//! Moments of few hours: the records of a file hardly tell of others.

use crate::time::Moment;

/// An hour as it is written, and when it began.
#[derive(Debug, Default)]
struct Hour {
    text: [u8; 14],
    begin: Option<Moment>,
}

/// The last hours: one and the one after it have their own places.
#[derive(Debug, Default)]
pub(super) struct Hours([Hour; 2]);

impl Hours {
    /// The moment that a text such as `2026-11-10T03:04:05Z` tells; `None` where it is written otherwise.
    #[inline]
    pub(super) fn moment(&mut self, text: &[u8]) -> Option<Moment> {
        let (hour, rest) = text.split_first_chunk::<14>()?;
        let [m, minute, b':', s, second, b'Z'] = *rest else {
            return None;
        };
        let number = |tens: u8, ones: u8| {
            let is_one = (b'0'..b'6').contains(&tens) && ones.is_ascii_digit();
            is_one.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        };
        let seconds = number(m, minute)? * 60 + number(s, second)?;
        let known = self.0.get_mut(usize::from(hour[12] % 2))?;
        if known.begin.is_none() || known.text != *hour {
            let moment: Moment = std::str::from_utf8(text).ok()?.parse().ok()?;
            (known.text, known.begin) = (*hour, Some(moment.plus_seconds(-seconds)));
        }
        known.begin.map(|begin| begin.plus_seconds(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_as_they_are_parsed() {
        let mut hours = Hours::default();
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
            assert_eq!(hours.moment(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for odd in [
            "2026-11-10T03:60:05Z",
            "2026-11-10T03:04:60Z",
            "2026-11-10T03:04:05",
            "2026-11-10T03:0x:05Z",
        ] {
            assert_eq!(hours.moment(odd.as_bytes()), None, "{odd}");
        }
    }
}
