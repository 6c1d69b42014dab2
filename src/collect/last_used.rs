//! When keys were last used.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>

use super::collected::{Collected, Unread, moment};
use crate::account::{KeyStatus, LastUsed};
use crate::ids::AccessKeyId;
use crate::mount::{AwsError, Clients, Trouble};
use crate::time::Moment;

/// Asks of every active key that was read when it was last used: one call for each. Who may not ask for one may for none.
pub async fn last_used(clients: &Clients, collected: &mut Collected) {
    let Collected { account, unread, .. } = collected;
    let held = account.users.values_mut().flat_map(|user| user.credentials.iter_mut());
    let keys = held.flat_map(|held| held.access_keys.iter_mut());
    for key in keys.filter(|key| key.status == KeyStatus::Active) {
        match of_key(clients, &key.id, key.created).await {
            Ok(used) => key.last_used = Some(used),
            Err(error) => {
                let is_refused = error.trouble == Trouble::AccessDenied;
                let what = match is_refused {
                    true => "when keys were last used".to_owned(),
                    false => format!("when key {} was last used", key.id),
                };
                unread.push(Unread { what, error });
                if is_refused {
                    return;
                }
            }
        }
    }
}

async fn of_key(clients: &Clients, key: &AccessKeyId, created: Moment) -> Result<LastUsed, AwsError> {
    let found = clients.iam.get_access_key_last_used().access_key_id(key.as_str());
    let found = found.send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetAccessKeyLastUsed", error))?;
    let used = found.access_key_last_used();
    Ok(
        used.map_or(LastUsed::never(created), |used| match used.last_used_date() {
            Some(at) => LastUsed {
                at: moment(at),
                service: used.service_name().to_owned(),
                region: used.region().to_owned(),
            },
            None => LastUsed::never(created),
        }),
    )
}
