//! Users who were renamed or deleted by whomever: a name that is gone may be borne by nobody, or its user may bear another.

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
    let elsewhere = IAM_IS_IN.iter().find(|(of, _)| *of == partition);
    let window = Window {
        since: Some(since),
        ..Window::default()
    };
    let mut asker = Asker::new(clients, elsewhere.map_or("us-east-1", |(_, region)| region), &window);
    let mut records = Vec::new();
    for call in ["UpdateUser", "DeleteUser"] {
        asker.ask_calls(call, &mut records).await?;
    }
    let renamed = records.iter().filter_map(|record| {
        let event = Event::parse(record).ok()?;
        let (from, to) = (event.asked("/userName")?, event.asked("/newUserName"));
        // A user may be given another path alone.
        let is_meant = event.error.is_none() && (to.is_some() || event.name == "DeleteUser");
        is_meant.then_some(Renamed { at: event.at, from, to })
    });
    Ok(renamed.collect())
}
