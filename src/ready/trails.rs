//! Tracing: is every call recorded, in every enabled Region, and can the responder ask?

use super::check::few;
use super::{Check, Facts, State, permissions};
use crate::account::{Recorded, Trail};
use std::collections::BTreeSet;

/// Services whose calls may be left out of the management events without a loss to tracing: what is too much for many, and mints nothing.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html>
const NOT_MISSED: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let mut checks = vec![regions(facts), history(facts), trail(facts)];
    checks.extend(table(facts));
    checks
}

fn regions(facts: Facts<'_>) -> Check {
    let id = "trace.regions";
    let trails = facts.trails;
    if facts.twin {
        let found = "a twin knows the Regions that every account has, not which others are enabled";
        return Check::new(id, State::Unknown, found, "ask the account itself");
    }
    let count = trails.regions.len();
    match &trails.doubt {
        None => Check::new(id, State::Ready, format!("{count} Regions are enabled"), ""),
        Some(doubt) => Check::new(
            id,
            State::Unknown,
            doubt,
            "ask for all Regions; allow the responder account:ListRegions",
        ),
    }
}

fn history(facts: Facts<'_>) -> Check {
    let id = "trace.event_history";
    let fix = "allow the responder cloudtrail:LookupEvents in every enabled Region; a policy that denies Regions must spare it";
    let trails = facts.trails;
    if facts.signs {
        let state = State::worst(trails.unanswered.values().map(|error| facts.meaning(error)));
        let found = match trails.unanswered.len() {
            0 => format!("LookupEvents answered in {} Regions", trails.regions.len()),
            refused => format!(
                "LookupEvents did not answer in {refused} of {} Regions",
                trails.regions.len()
            ),
        };
        let each = trails
            .unanswered
            .iter()
            .map(|(region, error)| format!("{region}: {error}"));
        return Check::new(id, state, found, fix).with(each);
    }
    // Another asked: of the responder the policies are asked.
    let each = trails.regions.iter().map(|region| {
        let (state, why) = permissions::in_region(facts, "cloudtrail:LookupEvents", region);
        (state, format!("{region}: {why}"))
    });
    let each: Vec<(State, String)> = each.collect();
    let state = State::worst(each.iter().map(|(state, _)| *state));
    let surely = each.iter().filter(|(state, _)| *state == State::Ready).count();
    let found = format!(
        "the responder's policies surely allow LookupEvents in {surely} of {} Regions",
        trails.regions.len()
    );
    let open = each.into_iter().filter(|(state, _)| *state != State::Ready);
    Check::new(id, state, found, fix).with(open.map(|(_, why)| why))
}

/// What a trail tells of the calls of a Region.
#[derive(Debug, Clone, Copy)]
struct Covers {
    reads: State,
    writes: State,
}

fn covers(trail: &Trail, region: &str) -> Covers {
    let nothing = Covers {
        reads: State::NotReady,
        writes: State::NotReady,
    };
    let here = trail.multi_region || trail.home_region == region;
    // What IAM and the global endpoint of STS tell is in the Region of the control plane, for trails that ask for it.
    let global = trail.multi_region || trail.global_service_events;
    if !here || trail.logging == Some(false) || trail.delivery_error.is_some() || !global {
        return nothing;
    }
    let Some(parts) = &trail.management else {
        return Covers {
            reads: State::Unknown,
            writes: State::Unknown,
        };
    };
    let known = |is_so: bool| match (is_so, trail.logging) {
        (true, Some(true)) => State::Ready,
        (true, _) => State::Unknown,
        (false, _) => State::NotReady,
    };
    let whole = || parts.iter().filter(|part| is_whole(part));
    Covers {
        reads: known(whole().any(|part| part.reads)),
        writes: known(whole().any(|part| part.writes)),
    }
}

fn is_whole(part: &Recorded) -> bool {
    part.narrowed_by.is_empty() && part.excluded.iter().all(|source| NOT_MISSED.contains(&source.as_str()))
}

fn trail(facts: Facts<'_>) -> Check {
    let id = "trace.trail";
    let told = facts
        .trails
        .unread
        .iter()
        .map(|unread| format!("{}: {}", unread.what, unread.error));
    let Some(trails) = &facts.trails.trails else {
        let fix = match facts.twin {
            true => "ask the account itself, or tell `trails` in the snapshot",
            false => {
                "allow the responder cloudtrail:DescribeTrails, GetTrailStatus and GetEventSelectors, so that it can be told"
            }
        };
        let reasons: BTreeSet<String> = facts
            .trails
            .unread
            .iter()
            .map(|unread| unread.error.to_string())
            .collect();
        return Check::new(id, State::Unknown, "which trails record the account is not known", fix).with(reasons);
    };
    let best = |pick: fn(&Covers) -> State, region: &str| {
        let each = trails.iter().map(|trail| pick(&covers(trail, region)));
        each.min().unwrap_or(State::NotReady)
    };
    let mut details: Vec<String> = told.collect();
    let mut states = Vec::new();
    for (pick, what, why) in [
        (
            (|covers| covers.reads) as fn(&Covers) -> State,
            "reads",
            "AssumeRole is one: without it no role session can be traced",
        ),
        (|covers| covers.writes, "writes", "they mint keys and change policies"),
    ] {
        for wanted in [State::NotReady, State::Unknown] {
            let regions = facts
                .trails
                .regions
                .iter()
                .filter(|region| best(pick, region) == wanted);
            let regions: Vec<String> = regions.cloned().collect();
            if regions.is_empty() {
                continue;
            }
            states.push(wanted);
            let verb = if wanted == State::Unknown {
                "it is not known whether a trail"
            } else {
                "no trail"
            };
            details.push(format!(
                "{verb} records management events that are {what} in {}: {why}",
                few(&regions)
            ));
        }
    }
    details.extend(trails.iter().flat_map(troubles));
    let state = State::worst(states);
    let found = match (state, trails.len()) {
        (_, 0) => "the account has no trail: its calls are kept for 90 days and no longer".to_owned(),
        (State::Ready, count) => {
            format!(
                "{count} trails record reads and writes in {} Regions",
                facts.trails.regions.len()
            )
        }
        (_, count) => format!("{count} trails do not surely record everything that tracing needs"),
    };
    let fix = "make one multi-Region trail of management events, read and write, and see that it is logging: `aws cloudtrail create-trail \
               --is-multi-region-trail --enable-log-file-validation`, then `start-logging`";
    Check::new(id, state, found, fix).with(details)
}

fn troubles(trail: &Trail) -> Vec<String> {
    let name = trail.arn.name();
    let mut found = Vec::new();
    if trail.logging == Some(false) {
        found.push(format!("trail `{name}` is stopped"));
    }
    found.extend(
        trail
            .delivery_error
            .iter()
            .map(|why| format!("trail `{name}` delivers no files: {why}")),
    );
    for part in trail.management.iter().flatten().filter(|part| !is_whole(part)) {
        let without: Vec<String> = part.excluded.iter().chain(&part.narrowed_by).cloned().collect();
        found.push(format!("trail `{name}` leaves events out by {}", few(&without)));
    }
    if !trail.validated {
        found.push(format!(
            "trail `{name}` writes no digests: a file that was changed or deleted would not show"
        ));
    }
    found
}

/// A table, where one was named: whether it is there is asked, whether it can be queried is decided by policies, because a query writes its result.
fn table(facts: Facts<'_>) -> Option<Check> {
    let (name, asked) = facts.table?;
    let id = "trace.athena";
    let fix = "check the names of workgroup and table; allow the responder athena:StartQueryExecution, GetQueryExecution, GetQueryResults, \
               GetTableMetadata and GetWorkGroup, glue:GetTable and GetPartitions, and the buckets of trail and results";
    if let Err(error) = asked {
        let found = format!("table {name}: {error}");
        let there = match facts.signs && error.trouble != crate::mount::Trouble::NotImplemented {
            true => State::NotReady,
            false => State::Unknown,
        };
        return Some(Check::new(id, there.max(facts.meaning(error)), found, fix));
    }
    let calls = [
        "athena:StartQueryExecution",
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
    ];
    let each = calls.map(|call| {
        let (state, why) = permissions::on(facts, call, "*");
        (state, format!("{call}: {why}"))
    });
    let state = State::worst(each.iter().map(|(state, _)| *state));
    let open = each
        .into_iter()
        .filter(|(state, _)| *state != State::Ready)
        .map(|(_, why)| why);
    let found = format!("table {name} and its workgroup answer; no query was made, because it would write its result");
    Some(Check::new(id, state, found, fix).with(open))
}
