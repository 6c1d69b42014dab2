//! What a person knows to be rightly made: a key did its owner's work before it was stolen, and the trail doesn't tell the two apart.

use super::{Lineage, Made};
use crate::ids::PrincipalArn;
use crate::time::Moment;
use std::collections::BTreeSet;

impl Lineage {
    /// Takes it that these users and roles were rightly made, though a credential of the family made them: they are neither denied nor deleted for it, and keep
    /// what it granted them, since without it they don't work. What else was done to them afterwards, keys and trust among it, is judged as ever, and so is
    /// who was made anew under the name behind `until`, when the person spoke. Gives what is passed over, in words.
    pub fn vouch(&mut self, innocent: &[PrincipalArn], until: Moment) -> Vec<String> {
        let rightly: Vec<&PrincipalArn> = innocent.iter().filter(|who| self.has_made(who)).collect();
        let granted = |made: &Made| made.at <= until && grants(made).is_some_and(|who| rightly.contains(&&who));
        let policies = self.made.iter().filter(|made| granted(made)).filter_map(attached);
        let policies: BTreeSet<String> = policies.map(str::to_owned).collect();
        let is_vouched = |made: &Made| {
            let is_made = makes(made).is_some_and(|who| innocent.contains(&who));
            let is_theirs = made.is_of_iam() && made.call == "CreatePolicy" && policies.contains(policy(&made.what));
            granted(made) || made.at <= until && (is_made || is_theirs)
        };
        let told = self.made.iter().filter(|made| is_vouched(made));
        let told = told.map(|made| format!("{} {}, by {} at {}", made.call, made.what, made.by, made.at));
        let told = told.collect();
        let kept: Vec<Made> = self.made.iter().filter(|made| !is_vouched(made)).cloned().collect();
        self.made = kept;
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

/// The user or role that a call granted something to by a policy or a group.
fn grants(made: &Made) -> Option<PrincipalArn> {
    let name = made.what.split(' ').next().filter(|name| !name.is_empty())?.to_owned();
    match made.call.as_str() {
        _ if !made.is_of_iam() => None,
        "PutUserPolicy" | "AttachUserPolicy" | "AddUserToGroup" => Some(PrincipalArn::User(name)),
        "PutRolePolicy" | "AttachRolePolicy" => Some(PrincipalArn::Role(name)),
        _ => None,
    }
}

/// The managed policy that a call attached, by name.
fn attached(made: &Made) -> Option<&str> {
    let is_one = matches!(made.call.as_str(), "AttachUserPolicy" | "AttachRolePolicy");
    made.what
        .split(' ')
        .find(|word| word.contains(":policy/"))
        .filter(|_| is_one)
        .map(policy)
}

/// The name of a managed policy that stands in such words.
fn policy(what: &str) -> &str {
    let word = what.split(' ').next().unwrap_or_default();
    word.rsplit('/').next().unwrap_or(word)
}
