//! Who in the account takes off all the same what an SCP keeps on: by what that policy excepts, with MFA, as somebody whom it spares, or as the
//! responder.

use super::check::few;
use super::others::{MOST_TRIED, is_granted, let_in, others};
use super::{Facts, State};
use crate::account::{User, aws_managed};
use crate::ids::{Arn, PrincipalArn};
use crate::policy::{Context, Listed, Outcome, PolicyText, ResourcePattern, StatementRef};
use crate::reach::Reach;
use crate::time::Moment;
use crate::verdict::{Standing, root_principal};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const DETACH: &str = "iam:DetachUserPolicy";
const REWRITING: [&str; 3] = [
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicyVersion",
];
const TAGS: &str = "aws:PrincipalTag/";

/// Who takes a quarantine off, but for the responder.
#[derive(Default)]
pub(super) struct Takers {
    /// Who may, at once.
    sure: BTreeSet<Arn>,
    /// Who can become one of these, one whom the SCP spares, or the responder.
    others: BTreeSet<Arn>,
    /// Who can do either, if conditions hold that nobody can know now.
    perhaps: BTreeSet<Arn>,
    /// Whom the trust policy of the responder's role names: they are meant to become it.
    let_in: BTreeSet<Arn>,
}

impl Takers {
    /// Whether there are none.
    pub(super) fn state(&self) -> State {
        match (self.sure.is_empty() && self.others.is_empty(), self.perhaps.is_empty()) {
            (false, _) => State::NotReady,
            (true, false) => State::Unknown,
            (true, true) => State::Ready,
        }
    }

    /// Who they are, in words.
    pub(super) fn told(&self) -> Vec<String> {
        let each = [
            ("take it off at once, or with MFA", &self.sure),
            (
                "take it off by becoming one whom the SCP spares, the responder among them",
                &self.others,
            ),
            (
                "take it off perhaps, if conditions hold that nobody can know now",
                &self.perhaps,
            ),
            ("become the responder, as its trust policy names them", &self.let_in),
        ];
        let there = each.into_iter().filter(|(_, arns)| !arns.is_empty());
        there
            .map(|(what, arns)| format!("{what} ({}): {}", arns.len(), few(&named(arns))))
            .collect()
    }

    pub(super) fn join(&mut self, more: Takers) {
        self.sure.extend(more.sure);
        self.others.extend(more.others);
        self.perhaps.extend(more.perhaps);
        self.let_in.extend(more.let_in);
    }
}

/// Users and roles as the table names them.
pub(super) fn named(arns: &BTreeSet<Arn>) -> Vec<String> {
    arns.iter().map(|arn| format!("`{}`", arn.resource())).collect()
}

/// The context of a call about a managed policy.
pub(super) fn about(standing: &Standing<'_>, policy: &Arn) -> Context {
    let mut context = standing.context.clone();
    context.set("iam:PolicyARN", policy.as_str());
    context
}

/// Calls that rewrite a quarantine: nobody rewrites AWS's.
pub(super) fn rewriting(policy: &Arn) -> &'static [&'static str] {
    if aws_managed(policy).is_some() { &[] } else { &REWRITING }
}

/// Somebody in the account who may everything that its organization lets anybody.
pub(super) fn administrator(now: Moment) -> User {
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    User {
        name: "oust-administrator".to_owned(),
        path: "/".to_owned(),
        id: String::new(),
        created: now,
        tags: BTreeMap::new(),
        inline: [("Everything".to_owned(), PolicyText::new(everything))].into(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: None,
    }
}

/// Everybody who may be asked for, and the users whom a quarantine may be on.
pub(super) struct Everybody<'a> {
    facts: Facts<'a>,
    /// What policies let somebody do whom nothing but the organization limits.
    unlimited: Standing<'a>,
    /// Users and roles as they are, and root.
    all: Vec<(Arn, Standing<'a>)>,
    /// Users and roles that could be made.
    new: Vec<(Arn, Standing<'a>)>,
    users: Vec<String>,
    /// Whether an SCP looks at the caller's tags.
    by_tags: bool,
}

impl<'a> Everybody<'a> {
    pub(super) fn of(facts: Facts<'a>, reach: &Reach<'a>) -> Self {
        let account = facts.account;
        let unlimited = Standing::of_user(account, &administrator(facts.now));
        let scps = account.guards.iter().flat_map(|guards| &guards.scps).flatten();
        let texts: Vec<String> = scps.map(|(_, text)| text.as_str().to_ascii_lowercase()).collect();
        let mut all = others(account, facts.responder, facts.now);
        for (arn, standing) in &mut all {
            let role = account
                .roles
                .get(arn.name())
                .filter(|_| arn.resource().starts_with("role/"));
            let id = role
                .map(|role| role.id.to_ascii_lowercase())
                .filter(|id| !id.is_empty());
            // Whoever takes a role names its session, which is a part of this key.
            if id.is_some_and(|id| texts.iter().any(|text| text.contains(&id))) {
                standing.context.unset("aws:userid");
            }
        }
        let root = root(&unlimited);
        if root.0 != *facts.responder {
            all.push(root);
        }
        Everybody {
            facts,
            unlimited,
            all,
            new: reach.newcomers(),
            users: account
                .users
                .values()
                .map(|user| account.user_arn(user).to_string())
                .collect(),
            by_tags: texts.iter().any(|text| text.contains("aws:principaltag/")),
        }
    }

    /// Who takes a quarantine off, but for the responder.
    pub(super) fn takers(&self, policy: &Arn, reach: &mut Reach<'_>) -> Takers {
        let mut takers = Takers {
            let_in: let_in(self.facts.account, self.facts.responder),
            ..Takers::default()
        };
        let mut spared = [State::NotReady, State::Unknown].map(|state| (state, BTreeSet::new()));
        let mut spare = |arn: &Arn, state: State| {
            for (_, arns) in spared.iter_mut().filter(|(one, _)| *one == state) {
                arns.insert(arn.clone());
            }
        };
        for (arn, standing) in &self.all {
            match self.takes_off(arn, standing, policy) {
                State::NotReady => drop(takers.sure.insert(arn.clone())),
                State::Unknown => drop(takers.perhaps.insert(arn.clone())),
                State::Ready => {}
            }
            spare(arn, self.takes_off(arn, &self.without_limits(standing), policy));
        }
        for (arn, standing) in &self.new {
            spare(arn, self.taken_off(&self.without_limits(standing), policy));
        }
        let him = BTreeSet::from([self.facts.responder.clone()]);
        let become_him = reach.who_becomes(&him, false).into_iter();
        let mut ways: Vec<(Arn, bool)> = become_him.filter(|(arn, _)| !takers.let_in.contains(arn)).collect();
        ways.extend(reach.who_becomes(&takers.sure, false));
        let [surely, perhaps] = &spared;
        ways.extend(reach.who_empowers(&surely.1));
        let unsure = reach.who_becomes(&takers.perhaps, false).into_iter();
        let unsure = unsure.chain(reach.who_empowers(&perhaps.1));
        ways.extend(unsure.map(|(arn, _)| (arn, false)));
        for (arn, surely) in ways {
            if arn == *self.facts.responder || arn.resource().starts_with("role/aws-service-role/") {
                continue;
            }
            let of = if surely {
                &mut takers.others
            } else {
                &mut takers.perhaps
            };
            of.insert(arn);
        }
        takers.others.retain(|arn| !takers.sure.contains(arn));
        takers
            .perhaps
            .retain(|arn| !takers.sure.contains(arn) && !takers.others.contains(arn));
        takers
    }

    /// The same principal with every policy, and without what limits it but for the organization.
    fn without_limits(&self, standing: &Standing<'a>) -> Standing<'a> {
        Standing {
            policies: self.unlimited.policies.clone(),
            ..standing.clone()
        }
    }

    /// Whether a principal may take the quarantine off a user, tagged as it is or as others can tag it.
    fn takes_off(&self, arn: &Arn, standing: &Standing<'a>, policy: &Arn) -> State {
        let as_it_is = self.taken_off(standing, policy);
        if as_it_is != State::Ready || !self.by_tags || !self.is_taggable(arn) {
            return as_it_is;
        }
        let mut tagged = standing.clone();
        let tags = tagged.context.entries().map(|(key, _)| key.to_owned());
        let tags: Vec<String> = tags.filter(|key| key.starts_with(&TAGS.to_ascii_lowercase())).collect();
        tagged.context.unset(TAGS);
        tags.iter().for_each(|key| tagged.context.unset(key));
        self.taken_off(&tagged, policy).min(State::Unknown)
    }

    fn taken_off(&self, standing: &Standing<'_>, policy: &Arn) -> State {
        let context = about(standing, policy);
        let own = [policy.to_string()];
        let rewritten = rewriting(policy).iter().map(|call| may(standing, call, &own, &context));
        State::worst(rewritten.chain([may(standing, DETACH, &self.users, &context)]))
    }

    /// Whether somebody may tag it, or pass tags to a session of it.
    fn is_taggable(&self, arn: &Arn) -> bool {
        let call = match PrincipalArn::of(arn) {
            Some(PrincipalArn::User(_)) => "iam:TagUser",
            Some(PrincipalArn::Role(name)) => {
                let trust = self.facts.account.roles.get(&name).map(|role| role.trust.as_str());
                let passed = ["sts:TagSession", "sts:*", "\"*\""];
                if trust.is_some_and(|text| passed.iter().any(|one| text.contains(one))) {
                    return true;
                }
                "iam:TagRole"
            }
            _ => return false,
        };
        self.all.iter().any(|(_, standing)| {
            let outcome = || standing.decide_given(call, arn.as_str(), &standing.context);
            is_granted(standing, call) && matches!(outcome(), Outcome::Allowed(_) | Outcome::Unknown(_))
        })
    }
}

/// The root user, whom policies of the organization alone limit.
fn root<'a>(like: &Standing<'a>) -> (Arn, Standing<'a>) {
    let principal = root_principal(like.account);
    let mut context = Context::open();
    principal.put_keys(&mut context);
    for absent in [TAGS, "aws:AssumedRoot"] {
        context.set_absent(absent);
    }
    if let Some(organization) = &like.account.organization {
        context.set("aws:PrincipalOrgID", organization.id.as_str());
    }
    let arn = principal.arn.clone();
    let standing = Standing {
        principal,
        context,
        ..like.clone()
    };
    (arn, standing)
}

/// What a principal may do on one of several things, without MFA or with it: surely (`NotReady`), perhaps, or not.
fn may(standing: &Standing<'_>, action: &str, on: &[String], context: &Context) -> State {
    if !is_granted(standing, action) {
        return State::Ready;
    }
    let mut perhaps = false;
    for resource in on.iter().take(MOST_TRIED) {
        match standing.decide_given(action, resource, context) {
            Outcome::Allowed(_) => return State::NotReady,
            Outcome::ExplicitDeny(by) if is_everywhere(standing, &by) => return State::Ready,
            Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => {}
            Outcome::Unknown(_) => {
                let each = [without_mfa(context), with_mfa(context)];
                let outcomes = each.map(|given| standing.decide_given(action, resource, &given));
                if outcomes.iter().any(Outcome::is_allowed) {
                    return State::NotReady;
                }
                perhaps |= outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unknown(_)));
            }
        }
    }
    if perhaps { State::Unknown } else { State::Ready }
}

/// Whether a statement of an SCP is about every resource: what it denies on one it denies on all.
fn is_everywhere(standing: &Standing<'_>, by: &StatementRef) -> bool {
    let levels = standing.policies.service_control.iter().flatten();
    let statements = levels
        .filter(|placed| placed.source == by.source)
        .filter_map(|placed| placed.document.statements.get(by.number.checked_sub(1)?));
    let mut everywhere = statements.map(|statement| match &statement.resources {
        Some(Listed::These(patterns)) => patterns.iter().any(ResourcePattern::is_everything),
        _ => false,
    });
    // Two policies of one name, at two levels, are not told apart.
    everywhere.next() == Some(true) && everywhere.all(|one| one)
}

fn without_mfa(context: &Context) -> Context {
    let mut context = context.clone();
    context.set_absent("aws:MultiFactorAuthPresent");
    context.set_absent("aws:MultiFactorAuthAge");
    context
}

/// Of a moment ago: whoever has rights in IAM can give himself a device.
fn with_mfa(context: &Context) -> Context {
    let mut context = context.clone();
    context.set("aws:MultiFactorAuthPresent", "true");
    context.set("aws:MultiFactorAuthAge", "0");
    context.unset("aws:TokenIssueTime");
    context
}
