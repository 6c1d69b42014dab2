//! Users who were renamed or deleted by whomever: a name that is gone may be borne by nobody, or its user may bear another.

use super::lookup::Found;
use super::region::Asker;
use crate::lineage::Renamed;
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::{Event, Window};

/// Where each partition records what is called in IAM, which is of no Region.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
const IAM_IS_IN: [(&str, &str); 2] = [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")];

/// Looks up who was renamed or deleted since then, by whomever.
///
/// # Errors
/// LookupEvents did not answer.
pub async fn renamings(clients: &Clients, partition: &str, since: Moment) -> Result<Vec<Renamed>, AwsError> {
    let records = records(clients, partition, since, &["UpdateUser", "DeleteUser"]).await?;
    let renamed = records.iter().filter_map(|record| {
        let event = Event::parse(record).ok()?;
        // A user may be given another path alone.
        let (from, to) = match event.renamed() {
            Some((from, to)) => (from, Some(to)),
            None if event.error.is_none() && event.name == "DeleteUser" => (event.asked("/userName")?, None),
            None => return None,
        };
        Some(Renamed { at: event.at, from, to })
    });
    Ok(renamed.collect())
}

/// The records of renamings since then, as evidence of who signs in under which name.
///
/// # Errors
/// LookupEvents did not answer.
pub async fn renaming_records(clients: &Clients, partition: &str, since: Moment) -> Result<Found, AwsError> {
    let mut found = Found::default();
    for record in records(clients, partition, since, &["UpdateUser"]).await? {
        let event = Event::parse(&record);
        if event.is_ok_and(|event| event.renamed().is_some())
            && let Err(error) = found.evidence.add_sought(&record)
        {
            found.evidence.damaged("LookupEvents", None, error.to_string());
        }
    }
    Ok(found)
}

/// What LookupEvents has of these calls in IAM since then.
async fn records(
    clients: &Clients,
    partition: &str,
    since: Moment,
    calls: &[&str],
) -> Result<Vec<serde_json::Value>, AwsError> {
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
