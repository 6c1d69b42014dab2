//! What the name of a folder tells about what is in it.

/// The parts of a folder's path behind `AWSLogs/` and the organization's folder.
fn inside(folder: &str) -> Option<Vec<&str>> {
    let mut parts = folder
        .split('/')
        .skip_while(|part| *part != "AWSLogs")
        .skip(1)
        .peekable();
    parts.peek()?;
    if parts.peek().is_some_and(|part| part.starts_with("o-")) {
        parts.next();
    }
    Some(parts.filter(|part| !part.is_empty()).collect())
}

/// Whether the folder may hold records of calls: beside `CloudTrail` an account's folder has those of digests, Insights, Config, flow logs, ...
pub(super) fn may_hold_calls(folder: &str) -> bool {
    inside(folder).is_none_or(|parts| parts.get(1).is_none_or(|service| *service == "CloudTrail"))
}

/// Whether the folder is one of a Region in CloudTrail's layout: below it the days follow in the order of their names.
pub(super) fn is_of_region(folder: &str) -> bool {
    folder.ends_with('/') && inside(folder).is_some_and(|parts| parts.len() == 3 && parts.get(1) == Some(&"CloudTrail"))
}
