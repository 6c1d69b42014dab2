//! Calls of IAM by their names, whoever made them.

use super::region::Asker;
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::{Event, Window};
use serde_json::Value;

/// Where each partition records what is called in IAM, which is of no Region.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
const IAM_IS_IN: [(&str, &str); 2] = [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")];

/// What LookupEvents has of these calls since then, those that were refused among them.
///
/// # Errors
/// LookupEvents did not answer.
pub async fn iam_calls(
    clients: &Clients,
    partition: &str,
    since: Moment,
    calls: &[&str],
) -> Result<Vec<Event>, AwsError> {
    let records = records(clients, partition, since, calls).await?;
    // What isn't understood tells nothing of who called.
    Ok(records.iter().filter_map(|record| Event::parse(record).ok()).collect())
}

/// The same as records.
pub(super) async fn records(
    clients: &Clients,
    partition: &str,
    since: Moment,
    calls: &[&str],
) -> Result<Vec<Value>, AwsError> {
    let elsewhere = IAM_IS_IN.iter().find(|(of, _)| *of == partition);
    let window = Window {
        since: Some(since),
        ..Window::default()
    };
    let mut asker = Asker::new(clients, elsewhere.map_or("us-east-1", |(_, region)| region), &window);
    let mut records = Vec::new();
    for call in calls {
        asker.ask_calls(call, &mut records).await?;
    }
    Ok(records)
}
