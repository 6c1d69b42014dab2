//! From `--since`, `--until`, `--regions` and `--accounts` to the part of a trail that is wanted.

use super::args::Sources;
use super::exit::{Exit, Failure};
use crate::time::Moment;
use crate::trail::Window;

const DAY_SECONDS: i64 = 86_400;

/// The window that the arguments name, as seen from `now`.
pub fn window(sources: &Sources, now: Moment) -> Result<Window, Failure> {
    let since = sources
        .since
        .as_deref()
        .map(|text| moment("--since", text, now))
        .transpose()?;
    let until = sources
        .until
        .as_deref()
        .map(|text| moment("--until", text, now))
        .transpose()?;
    let since = since.map(|(at, _)| at);
    // A day that is named as an end is meant with all its hours.
    let until = until.map(|(at, is_day)| if is_day { at.plus_seconds(DAY_SECONDS - 1) } else { at });
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        let message = format!("--since {since} lies behind --until {until}; nothing was asked");
        return Err(Failure::new(Exit::Usage, "window.empty", message));
    }
    for region in &sources.regions {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(plain) {
            return Err(garbled(format!(
                "`{region}` is not the name of a Region, such as eu-west-1"
            )));
        }
    }
    let accounts = sources.accounts.iter().map(|text| text.parse());
    let accounts: Result<_, crate::ids::IdError> = accounts.collect();
    Ok(Window {
        since,
        until,
        regions: sources.regions.iter().cloned().collect(),
        accounts: accounts.map_err(|error| garbled(error.to_string()))?,
    })
}

/// How far back LookupEvents reaches, in seconds: what lies before is known by no source that every account has.
const REACH_SECONDS: i64 = 90 * DAY_SECONDS;

/// What a window leaves out that could hold a part of the family: each is a reason not to say "contained".
pub fn left_out(window: &Window, now: Moment) -> Vec<String> {
    let mut left_out = Vec::new();
    if let Some(since) = window.since.filter(|since| *since > now.plus_seconds(-REACH_SECONDS)) {
        left_out.push(format!(
            "only calls from {since} on were looked at, as --since says: what was minted before is not known"
        ));
    }
    if let Some(until) = window.until.filter(|until| *until < now) {
        left_out.push(format!(
            "only calls up to {until} were looked at, as --until says: what was minted later is not known"
        ));
    }
    if !window.regions.is_empty() {
        let named: Vec<&str> = window.regions.iter().map(String::as_str).collect();
        left_out.push(format!(
            "only {} was looked in, as --regions says: sessions minted through other Regions are not known",
            named.join(", ")
        ));
    }
    if !window.accounts.is_empty() {
        let named: Vec<&str> = window.accounts.iter().map(|account| account.as_str()).collect();
        left_out.push(format!(
            "only what {} recorded was looked at, as --accounts says: what the family did in other accounts is not known",
            named.join(", ")
        ));
    }
    left_out
}

fn garbled(what: String) -> Failure {
    Failure::new(Exit::Usage, "window.garbled", format!("{what}; nothing was asked"))
}

/// A moment, and whether it was given as a day.
pub fn moment(flag: &str, text: &str, now: Moment) -> Result<(Moment, bool), Failure> {
    let text = text.trim();
    if let Some(ago) = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
        return Ok((now.plus_seconds(-i64::from(ago) * DAY_SECONDS), false));
    }
    if let Some(ago) = text.strip_suffix('h').and_then(|hours| hours.parse::<u32>().ok()) {
        return Ok((now.plus_seconds(-i64::from(ago) * 3600), false));
    }
    if let Ok(day) = format!("{text}T00:00:00Z").parse() {
        return Ok((day, true));
    }
    match text.parse() {
        Ok(at) => Ok((at, false)),
        Err(_) => Err(garbled(format!(
            "{flag} `{text}` is no time: give 2026-11-01, 2026-11-01T08:00:00Z, or so long ago, such as 36h or 30d"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn of(since: &str, until: &str) -> Result<(String, String), &'static str> {
        let sources = Sources {
            since: Some(since.to_owned()),
            until: Some(until.to_owned()),
            ..Sources::default()
        };
        let window = window(&sources, "2026-11-24T12:00:00Z".parse().unwrap()).map_err(|failure| failure.code)?;
        Ok((window.since.unwrap().to_string(), window.until.unwrap().to_string()))
    }

    #[test]
    fn times_are_taken_in_every_form_and_a_day_counts_to_its_end() {
        let told = |since: &str, until: &str| (since.to_owned(), until.to_owned());
        assert_eq!(
            of("2026-11-01", "2026-11-02"),
            Ok(told("2026-11-01T00:00:00Z", "2026-11-02T23:59:59Z"))
        );
        assert_eq!(
            of("36h", "0h"),
            Ok(told("2026-11-23T00:00:00Z", "2026-11-24T12:00:00Z"))
        );
        assert_eq!(
            of("2d", "2026-11-24T08:00:00Z"),
            Ok(told("2026-11-22T12:00:00Z", "2026-11-24T08:00:00Z"))
        );
        assert_eq!(of("2026-11-02", "2026-11-01"), Err("window.empty"));
        for odd in ["", "yesterday", "d", "-3d", "2026-13-01", "99999999999d"] {
            assert_eq!(of(odd, "0h"), Err("window.garbled"), "{odd}");
        }
    }
}
