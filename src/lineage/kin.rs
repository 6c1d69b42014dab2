//! Who carries the permissions of the same users and roles as a family.

use super::Credential;
use crate::account::Holder;
use crate::ids::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// The unique ID of one of a name, and its account.
type Bearer<'a> = (&'a str, Option<&'a AccountId>);

/// The users and roles whose permissions a family carries: there may be a thousand members, and many more calls of others to look up here.
pub(super) struct Kin<'a> {
    /// By unique ID.
    ids: BTreeSet<(Rank, &'a str)>,
    /// By name, with the unique ID and the account.
    names: BTreeMap<(Rank, &'a str), BTreeSet<Bearer<'a>>>,
}

impl<'a> Kin<'a> {
    /// Those of these credentials.
    pub(super) fn of(credentials: &'a [Credential]) -> Self {
        let mut kin = Kin {
            ids: BTreeSet::new(),
            names: BTreeMap::new(),
        };
        for member in credentials {
            let Some(holder) = &member.holder else { continue };
            let (rank, name, id) = ranked(holder);
            if !id.is_empty() {
                kin.ids.insert((rank, id));
            }
            let of_name = kin.names.entry((rank, name)).or_default();
            of_name.insert((id, member.account.as_ref()));
        }
        kin
    }

    /// Whether it is the user or role of one of them: by unique ID where both are known, else by name and account.
    pub(super) fn hold(&self, holder: &Holder, account: Option<&AccountId>) -> bool {
        let (rank, name, id) = ranked(holder);
        let apart = |of: &Option<&AccountId>| matches!((*of, account), (Some(one), Some(two)) if one != two);
        let mut of_name = self.names.get(&(rank, name)).into_iter().flatten();
        !id.is_empty() && self.ids.contains(&(rank, id))
            || of_name.any(|(known, of)| (known.is_empty() || id.is_empty()) && !apart(of))
    }
}

/// What a holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Root,
    User,
    Role,
}

/// What a holder is, its name and its unique ID. A federated user carries the permissions of its user.
fn ranked(holder: &Holder) -> (Rank, &str, &str) {
    match holder {
        Holder::Root => (Rank::Root, "", ""),
        Holder::User { name, id } => (Rank::User, name, id),
        Holder::FederatedUser { user, user_id, .. } => (Rank::User, user, user_id),
        Holder::Role { name, id, .. } => (Rank::Role, name, id),
    }
}
