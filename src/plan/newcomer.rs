//! Who is in the account now and was not there well before the first change.
//!
//! CloudTrail tells of a call within about 15 minutes; a list tells at once who is there. So somebody who appeared lately may be the intruder's although
//! the trail doesn't show it, be it that he was made a moment before the account was first looked at: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>.

use super::made_by;
use crate::account::{AccessKey, Account, User};
use crate::action::Member;
use crate::ids::AccessKeyId;
use crate::lineage::Lineage;
use crate::time::Moment;
use serde::Serialize;
use std::fmt;

/// How late CloudTrail may tell of a call, in seconds.
pub const DELIVERY_SECONDS: i64 = 15 * 60;

/// A key that was given so many seconds behind its user's making was given together with it.
const TOGETHER_SECONDS: i64 = 60;

/// Roles that AWS's services make for themselves; nobody else can assume or change them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
const OF_SERVICES: &str = "/aws-service-role/";

/// A user, role or key that appeared, and of which the trail doesn't show that the family made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newcomer {
    /// What: "user `x`".
    pub what: String,
    /// The same as a person names it: `user/x`, `role/x`, or the ID of a key.
    pub name: String,
    /// When it was made, as IAM tells.
    pub created: Moment,
}

impl Newcomer {
    /// Whether a trail that tells within so many seconds may not tell yet who made it, when it is asked then.
    pub fn may_be_untold(&self, asked_at: Moment, told_within: i64) -> bool {
        self.created.plus_seconds(told_within) > asked_at
    }
}

impl fmt::Display for Newcomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was made at {}", self.what, self.created)
    }
}

/// Who is in `now` and was not in `before`, the account before a case that `began` then, or was made so short a time before it that the trail may not
/// have told it to the plan. What `lineage` shows to be the family's making is left out, because it is told as left behind. A user or role that was made anew
/// under an old name is new.
pub fn newcomers(before: &Account, began: Moment, now: &Account, lineage: &Lineage) -> Vec<Newcomer> {
    let mut found = Vec::new();
    let mut note = |what: String, name: String, created: Moment, member: Member| {
        if made_by(lineage, &member).is_none() {
            found.push(Newcomer { what, name, created });
        }
    };
    let is_old = |created: Moment| created.plus_seconds(DELIVERY_SECONDS) < began;
    for user in now.users.values() {
        match before.users.get(&user.name) {
            Some(known) if known.id == user.id && is_old(user.created) => {
                for (key, created) in new_keys(known, user, &is_old) {
                    let what = format!("key {key} of user `{}`", user.name);
                    let user = user.name.clone();
                    note(what, key.to_string(), created, Member::AccessKey { user, key });
                }
            }
            _ => {
                let what = format!("user `{}`", user.name);
                let user_name = user.name.clone();
                let name = format!("user/{user_name}");
                note(what, name, user.created, Member::User { user: user_name });
                // What was given to him later may be somebody else's doing.
                let nobody = |_: Moment| false;
                let is_later = |created: Moment| created > user.created.plus_seconds(TOGETHER_SECONDS);
                let held = new_keys(user, user, &nobody).into_iter();
                for (key, created) in held.filter(|(_, created)| is_later(*created)) {
                    let what = format!("key {key} of user `{}`", user.name);
                    let user = user.name.clone();
                    note(what, key.to_string(), created, Member::AccessKey { user, key });
                }
            }
        }
    }
    for role in now.roles.values().filter(|role| !role.path.starts_with(OF_SERVICES)) {
        let known = before.roles.get(&role.name).is_some_and(|known| known.id == role.id);
        if !known || !is_old(role.created) {
            let what = format!("role `{}`", role.name);
            let name = role.name.clone();
            note(what, format!("role/{name}"), role.created, Member::Role { role: name });
        }
    }
    found
}

/// Keys of a user that was there before; where his keys were not read before, those alone that aren't old.
fn new_keys(before: &User, now: &User, is_old: &dyn Fn(Moment) -> bool) -> Vec<(AccessKeyId, Moment)> {
    let held = now.credentials.iter().flat_map(|held| &held.access_keys);
    let known = |key: &AccessKey| {
        let before = before.credentials.as_ref();
        before.is_none_or(|before| before.access_keys.iter().any(|known| known.id == key.id))
    };
    let new = held.filter(|key| !known(key) || !is_old(key.created));
    new.map(|key| (key.id.clone(), key.created)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::account::{Credentials, KeyStatus};
    use std::collections::{BTreeMap, BTreeSet};

    /// When the case of these tests began, and a moment shortly before.
    const BEGAN: Moment = Moment::from_millis(10_000_000);
    const LATE: i64 = 9_200_000;

    fn user(name: &str, id: &str, keys: &[&str]) -> User {
        let key = |key: &&str| crate::account::AccessKey {
            id: key.parse().unwrap(),
            status: KeyStatus::Active,
            created: Moment::from_millis(if key.contains("LATE") { LATE } else { 1000 }),
            last_used: None,
        };
        User {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: id.to_owned(),
            created: Moment::from_millis(if name == "late" { LATE } else { 5000 }),
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            groups: BTreeSet::new(),
            credentials: Some(Credentials {
                access_keys: keys.iter().map(key).collect(),
                ..Credentials::default()
            }),
        }
    }

    fn account(users: &[User]) -> Account {
        let mut account = Account::empty("123456789012".parse().unwrap());
        account.users = users.iter().map(|user| (user.name.clone(), user.clone())).collect();
        account
    }

    #[test]
    fn new_users_users_made_anew_and_new_keys_are_told_and_nobody_else() {
        let lineage = crate::lineage::trace(&crate::trail::Evidence::default(), &[]);
        let (old, new) = ("AKIARZPUZDIKAAAAAAAA", "AKIARZPUZDIKBBBBBBBB");
        let before = account(&[user("ann", "AIDA1", &[old]), user("bob", "AIDA2", &[])]);
        let now = account(&[
            user("ann", "AIDA1", &[old, new]),
            user("bob", "AIDA3", &[]),
            user("eve", "AIDA4", &[]),
        ]);
        let told: Vec<String> = newcomers(&before, BEGAN, &now, &lineage)
            .into_iter()
            .map(|one| one.what)
            .collect();
        assert_eq!(
            told,
            [
                format!("key {new} of user `ann`"),
                "user `bob`".to_owned(),
                "user `eve`".to_owned()
            ]
        );
        assert_eq!(newcomers(&now, BEGAN, &now, &lineage), []);
    }

    /// The trail that the plan was made on ended a moment before the account was read: somebody who was made in between is in both looks.
    #[test]
    fn whoever_was_made_shortly_before_the_case_began_is_new_although_the_first_look_shows_him() {
        let lineage = crate::lineage::trace(&crate::trail::Evidence::default(), &[]);
        let (old, late) = ("AKIARZPUZDIKAAAAAAAA", "AKIARZPUZDIKLATEAAAA");
        let both = account(&[user("ann", "AIDA1", &[old, late]), user("late", "AIDA2", &[])]);
        let told: Vec<String> = newcomers(&both, BEGAN, &both, &lineage)
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(told, [late, "user/late"]);
    }

    /// Somebody may be known to be innocent, or be long explained: a key that was given to him since is another matter.
    #[test]
    fn a_key_that_was_given_later_to_somebody_new_is_told_by_itself() {
        let lineage = crate::lineage::trace(&crate::trail::Evidence::default(), &[]);
        let (first, second) = ("AKIARZPUZDIKLATEAAAA", "AKIARZPUZDIKLATEBBBB");
        let mut late = user("late", "AIDA2", &[first, second]);
        late.credentials.as_mut().unwrap().access_keys[1].created = Moment::from_millis(LATE + 600_000);
        let now = account(&[late]);
        let told: Vec<String> = newcomers(&account(&[]), BEGAN, &now, &lineage)
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(told, ["user/late", second]);
    }

    #[test]
    fn whoever_made_something_longer_ago_than_the_trail_needs_is_known_by_it() {
        let one = Newcomer {
            what: "user `eve`".to_owned(),
            name: "user/eve".to_owned(),
            created: Moment::from_millis(0),
        };
        assert!(one.may_be_untold(Moment::from_millis(899_000), 900));
        assert!(!one.may_be_untold(Moment::from_millis(900_000), 900));
        assert!(!one.may_be_untold(Moment::from_millis(0), 0));
    }
}
