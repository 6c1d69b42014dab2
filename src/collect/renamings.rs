//! Users who were renamed or deleted by whomever: a name that is gone may be borne by nobody, or its user may bear another.

use super::iam_calls::records;
use super::lookup::Found;
use crate::lineage::Renamed;
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::Event;

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
