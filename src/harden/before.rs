//! A time compared with constants: how the texts of all times before it begin. That is all that a rule of one record can compare.

use crate::time::Moment;

/// No session of a role lives longer, in hours.
const LONGEST_HOURS: i64 = 12;

/// How the texts of all seconds begin until `cut`, with it, from which on a session of a role may still live: a time compared with constants.
pub(super) fn until(cut: Moment) -> Vec<String> {
    let text = |at: Moment| at.whole_second().to_string();
    // 2026-11-02T08: the hours before that of the cut.
    let hours = (1..=LONGEST_HOURS).rev().map(|back| cut.plus_seconds(-3_600 * back));
    let hour = |at: Moment| text(at).get(..14).unwrap_or_default().to_owned();
    let mut fronts: Vec<String> = hours.map(hour).collect();
    let whole = text(cut);
    // Then, of its minutes and its seconds, what begins like the cut and goes on with less.
    for at in [14, 15, 17, 18] {
        let (Some(front), Some(digit)) = (whole.get(..at), whole.get(at..at + 1)) else {
            continue;
        };
        let less = ('0'..='9').filter(|less| digit.chars().any(|digit| *less < digit));
        fronts.extend(less.map(|less| format!("{front}{less}")));
    }
    fronts.push(whole);
    fronts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::until;
    use crate::time::Moment;

    /// Every second of the half day before the cut is told, and none after it.
    #[test]
    fn a_time_is_compared_by_how_its_text_begins() {
        for cut in ["2026-11-02T08:00:00Z", "2026-11-02T23:59:59Z", "2026-03-01T10:37:46Z"] {
            let cut: Moment = cut.parse().unwrap();
            let fronts = until(cut);
            for back in -90_000..43_200 {
                let text = cut.plus_seconds(-back).whole_second().to_string();
                let is_told = fronts.iter().any(|front| text.starts_with(front));
                assert_eq!(is_told, back >= 0, "{text} until {}", cut.whole_second());
            }
        }
    }
}
