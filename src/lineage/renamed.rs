//! Names change: a user who is renamed keeps his ID, his keys, his password and his sessions.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>

use super::Lineage;
use crate::account::{Account, Holder, User, is_same_name};
use crate::ids::{AccessKeyId, AccountId};
use crate::time::Moment;

impl Lineage {
    /// What the user may be called by now who was called `name` at `since`, as far as the family itself renamed him: the trail tells whole seconds, so what
    /// was renamed in the very second may be another who bore the name.
    pub fn now_called<'a>(&'a self, name: &'a str, since: Moment) -> [&'a str; 2] {
        let later = since.whole_second().plus_seconds(1);
        [self.renamed(name, later), self.renamed(name, since.whole_second())]
    }

    fn renamed<'a>(&'a self, name: &'a str, since: Moment) -> &'a str {
        let mut renamings: Vec<(Moment, &str, &str)> = self
            .made
            .iter()
            .filter(|made| made.is_of_iam() && made.call == "UpdateUser" && made.at >= since)
            .filter_map(|made| {
                let (old, new) = made.what.split_once(' ')?;
                Some((made.at, old, new.split(' ').next()?))
            })
            .collect();
        renamings.sort_unstable();
        renamings.into_iter().fold(
            name,
            |name, (_, old, new)| if is_same_name(old, name) { new } else { name },
        )
    }

    /// Says who holds a long-term key by now; `None` where that cannot be told, so that nothing is known of what it can do.
    pub fn is_held_by(&mut self, key: &AccessKeyId, holder: Option<&User>, account: &AccountId) {
        for member in self.credentials.iter_mut().filter(|member| member.key == *key) {
            member.holder = holder.map(|user| Holder::User {
                name: user.name.clone(),
                id: user.id.clone(),
            });
            member.account.get_or_insert_with(|| account.clone());
        }
    }

    /// Calls every user by the name that he has in `account`, where his ID is known.
    pub fn follow_names(&mut self, account: &Account) {
        let now_called = |name: &mut String, id: &str| {
            let is_he = |user: &User| !id.is_empty() && user.id == id;
            if !account.users.get(name.as_str()).is_some_and(is_he)
                && let Some(user) = account.users.values().find(|user| is_he(user))
            {
                name.clone_from(&user.name);
            }
        };
        for member in &mut self.credentials {
            match &mut member.holder {
                Some(Holder::User { name, id }) => now_called(name, id),
                Some(Holder::FederatedUser { user, user_id, .. }) => now_called(user, user_id),
                _ => {}
            }
        }
    }
}
