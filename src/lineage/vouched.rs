//! What a person knows to be rightly made: a key did its owner's work before it was stolen, and the trail doesn't tell the two apart.

use super::{Lineage, Made};
use crate::ids::PrincipalArn;
use crate::time::Moment;

impl Lineage {
    /// Takes it that these users and roles were rightly made, though a credential of the family made them: they are neither denied nor deleted for it. What
    /// was done to them afterwards, keys and trust among it, is judged as ever, and so is who was made anew under the name behind `until`, when the person
    /// spoke. Gives what is passed over, in words.
    pub fn vouch(&mut self, innocent: &[PrincipalArn], until: Moment) -> Vec<String> {
        let is_vouched = |made: &Made| made.at <= until && makes(made).is_some_and(|who| innocent.contains(&who));
        let told = self.made.iter().filter(|made| is_vouched(made));
        let told = told.map(|made| format!("{} {}, by {} at {}", made.call, made.what, made.by, made.at));
        let told = told.collect();
        self.made.retain(|made| !is_vouched(made));
        told
    }

    /// Whether a credential of the family made this user or role, as far as the evidence tells.
    pub fn has_made(&self, who: &PrincipalArn) -> bool {
        self.made.iter().any(|made| makes(made).as_ref() == Some(who))
    }
}

/// The user or role that a call made.
fn makes(made: &Made) -> Option<PrincipalArn> {
    let name = made.what.split(' ').next().filter(|name| !name.is_empty())?.to_owned();
    match made.call.as_str() {
        "CreateUser" if made.is_of_iam() => Some(PrincipalArn::User(name)),
        "CreateRole" if made.is_of_iam() => Some(PrincipalArn::Role(name)),
        _ => None,
    }
}
