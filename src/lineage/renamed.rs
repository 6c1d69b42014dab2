//! Names change: a user who is renamed keeps his ID, his keys, his password and his sessions.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>

use super::Lineage;
use crate::account::{Account, Holder, User, is_same_name};
use crate::ids::{AccessKeyId, AccountId};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Who bore a name when the family gave him something: what it gave is his, whatever he is called later, and whoever bears the name then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearer {
    /// The name that the record tells.
    pub name: String,
    /// When it was told so.
    pub at: Moment,
    /// He was made then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_new: bool,
    /// His unique ID.
    pub id: String,
    /// What he was called when the account was last read with him in it.
    pub now: String,
}

/// A user who was renamed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// When.
    pub at: Moment,
    /// What he was called before.
    pub from: String,
    /// What he was called then; `None` where he was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// By how much the time of a record and that of IAM may lie apart, in seconds.
const APART_SECONDS: i64 = 60;

impl Lineage {
    /// What the user may be called by now who was called `name` at `since`: as the account shows it where his ID is known, else as far as it is known who
    /// renamed whom. The trail tells whole seconds, so what was renamed in the very second may be another who bore the name.
    pub fn now_called<'a>(&'a self, name: &'a str, since: Moment) -> [&'a str; 2] {
        if let Some(bearer) = self.bearer(name, since, false) {
            return [&bearer.now, &bearer.now];
        }
        let later = since.whole_second().plus_seconds(1);
        [self.became(name, later).0, self.became(name, since.whole_second()).0]
    }

    /// Who bore the name at that moment, or was made under it then, where an account showed it.
    pub fn bearer(&self, name: &str, at: Moment, is_new: bool) -> Option<&Bearer> {
        let mut bearers = self.bearers.iter();
        bearers.find(|bearer| bearer.name == name && bearer.at == at && bearer.is_new == is_new)
    }

    /// Whether the user was deleted since who was called `name` then.
    pub fn is_deleted(&self, name: &str, since: Moment) -> bool {
        self.became(name, since.whole_second()).1
    }

    /// What the user was called last, and whether he was deleted.
    fn became<'a>(&'a self, name: &'a str, since: Moment) -> (&'a str, bool) {
        let by_family = self.made.iter().filter(|made| made.is_of_iam()).filter_map(|made| {
            let mut names = made.what.split(' ');
            match made.call.as_str() {
                "UpdateUser" => Some((made.at, names.next()?, Some(names.next()?))),
                "DeleteUser" => Some((made.at, names.next()?, None)),
                _ => None,
            }
        });
        let told = self.renamed.iter();
        let told = told.map(|one| (one.at, one.from.as_str(), one.to.as_deref()));
        let mut all: Vec<(Moment, &str, Option<&str>)> = by_family.chain(told).collect();
        all.retain(|(at, ..)| *at >= since);
        all.sort_unstable();
        // The family's own stand in both.
        all.dedup();
        let mut so_far = (name, false);
        for (_, old, new) in all {
            if !so_far.1 && is_same_name(so_far.0, old) {
                so_far = new.map_or((old, true), |new| (new, false));
            }
        }
        so_far
    }

    /// Takes down who it is in `account` that was called `name` at that moment, or was made then, and what he is called by now.
    pub fn take_down(&mut self, name: &str, at: Moment, is_new: bool, account: &Account) {
        if self.bearer(name, at, is_new).is_none()
            && let [user] = self.who_was(name, at, is_new, account).as_slice()
            && !user.id.is_empty()
        {
            self.bearers.push(Bearer {
                name: name.to_owned(),
                at,
                is_new,
                id: user.id.clone(),
                now: user.name.clone(),
            });
        }
        for bearer in &mut self.bearers {
            if let Some(user) = account.users.values().find(|user| user.id == bearer.id) {
                bearer.now.clone_from(&user.name);
            }
        }
    }

    /// Who it can be in `account` that was called `name` at that moment, or was made then: nobody where he is gone, several where the names of one second
    /// leave it open. Whoever was made later is another.
    pub fn who_was<'a>(&self, name: &str, at: Moment, is_new: bool, account: &'a Account) -> Vec<&'a User> {
        if let Some(known) = self.bearer(name, at, is_new) {
            return account.users.values().filter(|user| user.id == known.id).collect();
        }
        let [one, other] = self.now_called(name, at);
        let names = std::iter::once(one).chain((other != one).then_some(other));
        let called: Vec<&User> = names.filter_map(|name| account.user_called(name)).collect();
        let between = |from: Option<Moment>, to: Moment| {
            let mut users = called.clone();
            users.retain(|user| user.created <= to && from.is_none_or(|from| user.created >= from));
            users
        };
        let (earliest, latest) = (at.plus_seconds(-APART_SECONDS), at.plus_seconds(APART_SECONDS));
        if is_new {
            return between(Some(earliest), latest);
        }
        // A record may tell of a moment before the one that IAM tells of him.
        let before = between(None, at);
        if before.is_empty() {
            between(None, latest)
        } else {
            before
        }
    }

    pub(super) fn remember_names(&mut self, known: &Lineage) {
        for bearer in &known.bearers {
            let key = |one: &Bearer| (one.name.clone(), one.at, one.is_new);
            self.bearers.retain(|one| key(one) != key(bearer));
            self.bearers.push(bearer.clone());
        }
        let renamed = known.renamed.iter().filter(|one| !self.renamed.contains(one));
        let renamed: Vec<Renamed> = renamed.cloned().collect();
        self.renamed.extend(renamed);
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
