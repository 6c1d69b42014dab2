//! Names as IAM tells them apart: not by their case. Who asks for `ALICE` gets `alice`, and the trail keeps what was asked for; so wherever a name of the trail
//! meets one of the account, it is looked for here.
//!
//! "Names are not distinguished by case. For example, you cannot create resources named both "MyResource" and "myresource"":
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>

use super::{Account, Group, Role, User};
use std::collections::BTreeMap;

/// Whether both are the name of one thing.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// What is called so, in this case or another.
pub fn called<'a, T>(entities: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    entities.get(name).or_else(|| {
        let mut alike = entities.iter().filter(|(known, _)| is_same_name(known, name));
        alike.next().map(|(_, entity)| entity)
    })
}

impl Account {
    /// The user whom somebody called so.
    pub fn user_called(&self, name: &str) -> Option<&User> {
        called(&self.users, name)
    }

    /// The group that somebody called so.
    pub fn group_called(&self, name: &str) -> Option<&Group> {
        called(&self.groups, name)
    }

    /// The role that somebody called so.
    pub fn role_called(&self, name: &str) -> Option<&Role> {
        called(&self.roles, name)
    }
}
