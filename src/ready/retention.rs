//! How far back the trail reaches: LookupEvents knows 90 days, the files as long as the bucket keeps them.

use super::{Check, Facts, State};
use crate::collect::Kept;

/// How long the files should be kept, in days: intruders are found after months. <https://www.pcisecuritystandards.org/> asks for a year (10.5.1).
const WANTED_DAYS: i64 = 365;

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let id = "trace.retention";
    let fix = format!(
        "keep the files of the trail for {WANTED_DAYS} days at least, and allow the responder s3:ListBucket, s3:GetObject and s3:GetLifecycleConfiguration on \
         their bucket, and kms:Decrypt where they are encrypted"
    );
    // Any one of several buckets will do.
    let best = facts
        .kept
        .iter()
        .map(|kept| (state(facts, kept), kept))
        .min_by_key(|(state, _)| *state);
    let Some((state, kept)) = best else {
        let found = "no bucket of a trail is known: events older than 90 days can perhaps not be had";
        let state = match &facts.trails.trails {
            Some(_) => State::NotReady,
            None => State::Unknown,
        };
        return vec![Check::new(id, state, found, fix)];
    };
    let found = match &kept.days {
        Ok(None) => format!("nothing deletes the files in s3://{}", kept.bucket),
        Ok(Some(days)) => format!("the files in s3://{} are deleted after {days} days", kept.bucket),
        Err(_) => format!("how long the files in s3://{} are kept is not known", kept.bucket),
    };
    vec![Check::new(id, state, found, fix).with(facts.kept.iter().flat_map(troubles))]
}

fn state(facts: Facts<'_>, kept: &Kept) -> State {
    let listed = match &kept.listed {
        Ok(true) if facts.signs => State::Ready,
        // Another could list it: that says nothing of the responder.
        Ok(true) => State::Unknown,
        Ok(false) => State::NotReady,
        Err(error) => facts.meaning(error),
    };
    let opened = match &kept.opened {
        Some(Err(error)) => facts.meaning(error),
        _ => State::Ready,
    };
    let days = match &kept.days {
        Ok(None) => State::Ready,
        Ok(Some(days)) if *days >= WANTED_DAYS => State::Ready,
        Ok(Some(_)) => State::NotReady,
        Err(_) => State::Unknown,
    };
    State::worst([listed, opened, days])
}

fn troubles(kept: &Kept) -> Vec<String> {
    let place = format!("s3://{}/{}", kept.bucket, kept.prefix);
    let mut found = Vec::new();
    match &kept.listed {
        Ok(true) => {}
        Ok(false) => found.push(format!("{place} holds no file")),
        Err(error) => found.push(format!("{place}: {error}")),
    }
    if let Some(Err(error)) = &kept.opened {
        found.push(format!("{place}: {error}"));
    }
    if let Err(error) = &kept.days {
        found.push(format!("s3://{}: {error}", kept.bucket));
    }
    found
}
