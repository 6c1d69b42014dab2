//! Where a family comes from somebody who is not of it: whoever got its first session may get another.

use super::Lineage;
use std::collections::BTreeSet;

impl Lineage {
    /// Why an end of every session that is issued by now is not the end: an origin is a session of a role, and what it was asked for with (another account, an
    /// identity provider's token, an instance, a key that the evidence doesn't name) is nothing that a plan on this family takes away. A user's
    /// session is no such origin, since the user himself is denied.
    pub fn beyond(&self) -> Vec<String> {
        let sessions = self.roots().filter(|root| !root.kind.is_permanent());
        let each = sessions.filter_map(|root| {
            let role = root.role()?;
            let how = match &root.provenance {
                Some(how) => format!("it came by {how}"),
                None => "the evidence doesn't tell who asked for it".to_owned(),
            };
            Some(format!(
                "{} is a session of role `{role}`, and {how}: whoever can ask so may get another, behind every revocation, until that way is shut too",
                root.key
            ))
        });
        each.collect()
    }

    /// Users whose session the family came in with, while the key or password that it was asked for with is not known: whoever has that comes in again
    /// once the user may act.
    pub fn users_of_unknown_secrets(&self) -> BTreeSet<&str> {
        let sessions = self.roots().filter(|root| !root.kind.is_permanent());
        sessions.filter_map(|root| root.user()).collect()
    }
}
