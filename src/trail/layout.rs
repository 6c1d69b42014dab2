//! What a path in CloudTrail's own layout tells: `[prefix/]AWSLogs/[o-ORGID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE`.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>

use crate::time::Moment;

/// What a path tells, as far as it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The account that recorded.
    pub(super) account: Option<&'a str>,
    /// The Region.
    pub(super) region: Option<&'a str>,
    /// The first and the last second of the day, month or year that the path names.
    pub(super) days: Option<(Moment, Moment)>,
}

impl<'a> Place<'a> {
    /// Reads `path`, of a file or of a folder.
    pub(super) fn of(path: &'a str) -> Self {
        let mut parts = path
            .split(['/', '\\'])
            .skip_while(|part| *part != "AWSLogs")
            .skip(1)
            .peekable();
        if parts.peek().is_some_and(|part| part.starts_with("o-")) {
            parts.next();
        }
        let is_account = |part: &&str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
        let Some(account) = parts.next().filter(is_account) else {
            return Place::default();
        };
        let region = match parts.next() {
            Some("CloudTrail") => parts.next().filter(|part| !part.is_empty()),
            _ => None,
        };
        let mut numbers = parts.map_while(|part| part.parse::<u32>().ok());
        let days = region.and_then(|_| days(numbers.next()?, numbers.next(), numbers.next()));
        Place {
            account: Some(account),
            region,
            days,
        }
    }
}

fn days(year: u32, month: Option<u32>, day: Option<u32>) -> Option<(Moment, Moment)> {
    let first: Moment = format!("{year:04}-{:02}-{:02}T00:00:00Z", month.unwrap_or(1), day.unwrap_or(1))
        .parse()
        .ok()?;
    let next = match (month, day) {
        (Some(_), Some(_)) => first.plus_seconds(86_400),
        (Some(12), None) | (None, _) => format!("{:04}-01-01T00:00:00Z", year + 1).parse().ok()?,
        (Some(month), None) => format!("{year:04}-{:02}-01T00:00:00Z", month + 1).parse().ok()?,
    };
    Some((first, next.plus_seconds(-1)))
}
