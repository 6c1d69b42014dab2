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

/// Whether both unique IDs may be of one thing: one that isn't known may be any.
fn may_be_same_id(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
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

    /// The user who was called `name` and had the unique ID `id` then: whoever is made under the name of one who was deleted is somebody else, and who was
    /// renamed is the same. Where either ID isn't known the name alone tells.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
    pub fn user_who_was(&self, name: &str, id: &str) -> Option<&User> {
        let mut users = self.users.values();
        let known = users.find(|user| !id.is_empty() && user.id == id);
        known.or_else(|| self.users.get(name).filter(|user| may_be_same_id(&user.id, id)))
    }

    /// The role that was called `name` and had the unique ID `id` then. A role keeps its name.
    pub fn role_that_was(&self, name: &str, id: &str) -> Option<&Role> {
        self.roles.get(name).filter(|role| may_be_same_id(&role.id, id))
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
