//! Names that nobody bears yet: what may be done to whoever is made later is asked of these.
//!
//! A policy tells those that are still to be made apart by its patterns alone. So there is one name without a path, one with, and one for each pattern that
//! a policy in force has on such a thing; but for what the organization lets nobody make.

use super::Standing;
use crate::account::{Account, User};
use crate::ids::{Arn, PrincipalArn};
use crate::policy::{Glob, Listed, Outcome, Parts, PolicyKind, ResourcePattern, Token};
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of things that an intruder makes for himself, and the call that makes each.
const MADE_BY: [(&str, &str); 5] = [
    ("user", "iam:CreateUser"),
    ("role", "iam:CreateRole"),
    ("group", "iam:CreateGroup"),
    ("policy", "iam:CreatePolicy"),
    ("mfa", "iam:CreateVirtualMFADevice"),
];

/// The kind that `any` is a pattern for, such as `arn:aws:iam::123456789012:user/*`, with the call that makes one.
fn kind(any: &str) -> Option<(&'static str, &'static str)> {
    MADE_BY
        .into_iter()
        .find(|(kind, _)| any.contains(":iam::") && any.ends_with(&format!(":{kind}/*")))
}

/// Two of them that nobody has, whatever policies say: without a path and with one. None where `any` is no pattern for a kind of things.
pub fn anybody_new(any: &str) -> Vec<String> {
    let names = ["oust-any", "oust/any/oust-any"];
    let Some((front, _)) = kind(any).and_then(|_| any.rsplit_once('*')) else {
        return Vec::new();
    };
    names.map(|name| format!("{front}{name}")).into()
}

impl Standing<'_> {
    /// Those that could be made and that a policy might tell apart when `action` is asked on them: of the kind that `any` is a pattern for, none where it is
    /// none.
    pub fn newcomers(&self, action: &str, any: &str) -> BTreeSet<String> {
        let Some((kind, made_by)) = kind(any) else {
            return BTreeSet::new();
        };
        let lower = action.to_ascii_lowercase();
        let documents = self.policies.all().map(|placed| &placed.document);
        let statements = documents.flat_map(|document| &document.statements);
        let patterns = statements
            .filter(|statement| statement.is_about(&lower))
            .flat_map(|statement| match &statement.resources {
                Some(Listed::These(patterns) | Listed::AllBut(patterns)) => patterns.as_slice(),
                None => &[],
            });
        let named: BTreeSet<String> = patterns.filter_map(|pattern| self.fitting(pattern, kind)).collect();
        let mut new: BTreeSet<String> = anybody_new(any).into_iter().collect();
        let nobody = nobody();
        let anybody = Standing::of_user(self.account, &nobody);
        // What nobody may make, no intruder makes.
        let is_forbidden = |arn: &String| match anybody.decide_whatever_else(made_by, arn) {
            Outcome::ExplicitDeny(by) => by.source.kind == PolicyKind::ServiceControl,
            _ => false,
        };
        new.extend(named.into_iter().filter(|arn| !is_forbidden(arn)));
        new
    }

    /// A free name of that kind which fits the pattern.
    fn fitting(&self, pattern: &ResourcePattern, kind: &str) -> Option<String> {
        let parts = pattern.parts_in(&self.context)?;
        let [.., last] = &parts;
        let account = self.account;
        let front = format!("arn:{}:iam::{}:", account.partition, account.id);
        // A wildcard may stand for the kind too, or for the end of it.
        let whole = format!("{kind}/x");
        let short = whole.trim_end_matches('x');
        let beginnings = std::iter::once("x").chain([kind, short, &whole].into_iter().flat_map(ends));
        let each = beginnings.map(|beginning| format!("{front}{}", filled(last, beginning)));
        let mut fits = each.filter(|arn| is_one(arn, &format!("{front}{kind}/")) && matches(&parts, arn));
        fits.next()
            .filter(|arn| arn.parse().is_ok_and(|arn| is_free(account, &arn)))
    }
}

/// A text and what is left of it without its first letters.
fn ends(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().filter_map(move |(at, _)| text.get(at..))
}

/// A text that the glob matches, with `beginning` for its first `*`.
fn filled(glob: &Glob, beginning: &str) -> String {
    let mut beginning = Some(beginning);
    let mut text = String::new();
    for token in glob.tokens() {
        match token {
            Token::Any => text.push_str(beginning.take().unwrap_or("x")),
            Token::One => text.push('x'),
            Token::Literal(c) => text.push(*c),
        }
    }
    text
}

/// Whether a thing of the kind may be called so.
fn is_one(arn: &str, front: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    arn.strip_prefix(front)
        .is_some_and(|name| name.split('/').all(|part| !part.is_empty()) && name.chars().all(is_letter))
}

fn matches(parts: &Parts, arn: &str) -> bool {
    parts
        .iter()
        .zip(arn.splitn(6, ':'))
        .all(|(glob, part)| glob.matches(part))
}

/// Whether nobody is called so, under whatever path, and others than AWS may give the name.
fn is_free(account: &Account, arn: &Arn) -> bool {
    let of_aws = ["role/aws-reserved/", "role/aws-service-role/"];
    if of_aws.iter().any(|path| arn.resource().starts_with(path)) {
        return false;
    }
    match PrincipalArn::of(arn) {
        Some(PrincipalArn::User(name)) => account.user_called(&name).is_none(),
        Some(PrincipalArn::Role(name)) => account.role_called(&name).is_none(),
        _ if arn.resource().starts_with("group/") => account.group_called(arn.name()).is_none(),
        _ => !account.policies.contains_key(arn),
    }
}

/// Somebody in the account of whom no policy speaks.
fn nobody() -> User {
    User {
        name: "oust-anybody".to_owned(),
        path: "/".to_owned(),
        id: String::new(),
        created: Moment::from_millis(0),
        tags: BTreeMap::new(),
        inline: BTreeMap::new(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: None,
    }
}
