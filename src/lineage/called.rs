//! What users are called by and by, as records tell who renamed whom: a password is its user's under whatever name he signs in with it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>

use crate::account::is_same_name;
use crate::ids::AccountId;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// One renaming.
struct Renaming {
    at: Moment,
    from: String,
    to: String,
    account: Option<AccountId>,
}

/// Every renaming that succeeded, in order, by whomever.
pub(super) struct Renamings(Vec<Renaming>);

impl Renamings {
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let renamed = events.into_iter().filter_map(|event| {
            let (from, to) = event.renamed()?;
            Some(Renaming {
                at: event.at,
                from,
                to,
                account: event.identity.account.clone(),
            })
        });
        let mut all: Vec<Renaming> = renamed.collect();
        all.sort_by(|one, two| (one.at, &one.from).cmp(&(two.at, &two.from)));
        Renamings(all)
    }

    /// The names that he may have borne from then on who was called `name` at that moment, each with since when: his first, and those that he was given.
    pub(super) fn names(&self, name: &str, account: Option<&AccountId>, since: Moment) -> BTreeMap<String, Moment> {
        let mut names = BTreeMap::from([(name.to_owned(), since)]);
        for renaming in self.of_account(account, since) {
            if names.keys().any(|name| is_same_name(name, &renaming.from)) {
                names.entry(renaming.to.clone()).or_insert(renaming.at);
            }
        }
        names
    }

    /// Whether he who was called `name` at that moment may have been called `other` at the later one `then`. A record tells whole seconds: what was done in the
    /// second of either may be before or behind it.
    pub(super) fn may_be(
        &self,
        name: &str,
        account: Option<&AccountId>,
        since: Moment,
        other: &str,
        then: Moment,
    ) -> bool {
        let mut names = vec![name];
        let before = self
            .of_account(account, since)
            .filter(|one| one.at.seconds() <= then.seconds());
        for Renaming { at, from, to, .. } in before {
            if !names.iter().any(|name| is_same_name(name, from)) {
                continue;
            }
            if since.seconds() < at.seconds() && at.seconds() < then.seconds() {
                names.retain(|name| !is_same_name(name, from));
            }
            names.push(to);
        }
        names.iter().any(|name| is_same_name(name, other))
    }

    fn of_account<'r>(&'r self, account: Option<&'r AccountId>, since: Moment) -> impl Iterator<Item = &'r Renaming> {
        let is_apart = move |one: &&Renaming| matches!((&one.account, account), (Some(of), Some(here)) if of != here);
        let all = self.0.iter().filter(move |one| !is_apart(one));
        all.filter(move |one| one.at.seconds() >= since.seconds())
    }
}
