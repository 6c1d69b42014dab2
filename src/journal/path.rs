//! How many calls had to wait for one another: what containment is counted in.

use super::{Entry, Event};
use crate::mount::ApiCall;
use crate::time::Moment;

/// The longest chain of calls of which each began after the one before had been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CriticalPath {
    /// Calls in the chain.
    pub round_trips: usize,
    /// Calls in the chain up to the first answered one that changed something, itself included; `None` where none did.
    pub to_first_change: Option<usize>,
}

/// The critical path of the calls since `since`.
pub fn critical_path(calls: &[ApiCall], since: Moment) -> CriticalPath {
    let mut answered: Vec<(Moment, Moment, bool)> = calls
        .iter()
        .filter(|call| call.at >= since)
        .filter_map(|call| Some((call.at.plus_millis(call.millis?), call.at, changes(&call.operation))))
        .collect();
    answered.sort();
    let mut path = CriticalPath {
        round_trips: 0,
        to_first_change: None,
    };
    let mut free = since;
    for (end, at, changes) in answered {
        if path.round_trips == 0 || at >= free {
            path.round_trips += 1;
            free = end;
        }
        if changes && path.to_first_change.is_none() {
            path.to_first_change = Some(path.round_trips);
        }
    }
    path
}

/// The critical path of the cuts of a journal: from where each wave began to its last read-back before anybody waits. What is read and traced between
/// the waves, and the waiting, are not in it.
pub fn path_of_cuts(entries: &[Entry], calls: &[ApiCall]) -> CriticalPath {
    let mut whole = CriticalPath {
        round_trips: 0,
        to_first_change: None,
    };
    for (from, to) in waves(entries) {
        let within: Vec<ApiCall> = calls.iter().filter(|call| call.at <= to).cloned().collect();
        let path = critical_path(&within, from);
        let first = path.to_first_change.map(|first| whole.round_trips + first);
        whole.to_first_change = whole.to_first_change.or(first);
        whole.round_trips += path.round_trips;
    }
    whole
}

/// From the beginning of each wave to its last read-back before the first wait.
fn waves(entries: &[Entry]) -> Vec<(Moment, Moment)> {
    let mut waves: Vec<(Moment, Moment)> = Vec::new();
    let mut waiting = true;
    for entry in entries {
        match &entry.event {
            Event::Opened { .. } | Event::Widened { .. } | Event::Resumed { .. } => {
                waves.push((entry.at, entry.at));
                waiting = false;
            }
            Event::Verified { .. } | Event::AlreadySo { .. } if !waiting => {
                if let Some((_, to)) = waves.last_mut() {
                    *to = entry.at;
                }
            }
            Event::Held { .. } | Event::Contested { .. } => waiting = true,
            _ => {}
        }
    }
    waves
}

fn changes(operation: &str) -> bool {
    let reads = ["Get", "List", "Describe", "Lookup", "Simulate"];
    !reads.iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at: i64, millis: i64, operation: &str) -> ApiCall {
        ApiCall {
            at: Moment::from_millis(at),
            service: "IAM".to_owned(),
            operation: operation.to_owned(),
            millis: Some(millis),
            status: Some(200),
        }
    }

    #[test]
    fn what_goes_out_together_counts_once() {
        let calls = [
            call(0, 50, "GetAccessKeyLastUsed"),
            call(60, 50, "PutUserPolicy"),
            call(60, 55, "UpdateAccessKey"),
            call(61, 40, "PutRolePolicy"),
            call(120, 50, "GetUserPolicy"),
        ];
        let path = critical_path(&calls, Moment::from_millis(0));
        assert_eq!(
            path,
            CriticalPath {
                round_trips: 3,
                to_first_change: Some(2)
            }
        );
        assert_eq!(critical_path(&calls, Moment::from_millis(50)).to_first_change, Some(1));
    }
}
