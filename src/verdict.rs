//! What a credential can still do in an account: allowed, denied (by which statement), unknown; and why.
//!
//! [`Standing`] is a credential as policies see it: its principal, its fixed condition keys, the policies in force for it. The twin
//! authorizes with it, and the verdict asks it about everything, so the two cannot disagree.

mod classes;
mod examples;
mod gather;
mod left;
mod limits;
mod memory;
mod newcomers;
mod prove;
mod resources;
mod standing;
mod values;

pub use left::{Left, left};
pub use limits::{needs_no_permission, session_forbids};
pub use memory::Memory;
pub use newcomers::anybody_new;
pub use standing::{Dead, Standing, root_principal};

use crate::account::{Account, Session};
use crate::catalogue::{Level, catalogue};
use crate::ids::AccessKeyId;
use crate::policy::{Effect, Gap, Outcome, PolicyKind, StatementRef};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What a credential can still do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is refused before any policy is asked.
    Dead(Dead),
    /// Every action on every resource is denied whatever else a request brings, by these statements together.
    DeniedEverything(Vec<StatementRef>),
    /// Nothing is left: no policy allows anything that another doesn't deny, and all policies that could were read.
    NothingAllowed,
    /// Something is still allowed.
    Allowed {
        /// `service:Action` of an example.
        action: String,
        /// Its resource.
        resource: String,
        /// The statement that allows it; `None` for the root user.
        by: Option<StatementRef>,
    },
    /// It cannot be said, for these reasons.
    Unknown(Vec<Gap>),
}

impl Verdict {
    /// Whether the credential is proven useless. Unknown never is.
    pub fn is_contained(&self) -> bool {
        matches!(
            self,
            Verdict::Dead(_) | Verdict::DeniedEverything(_) | Verdict::NothingAllowed
        )
    }

    /// The verdict in one word, for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Dead(_) => "dead",
            Verdict::DeniedEverything(_) => "denied",
            Verdict::NothingAllowed => "powerless",
            Verdict::Allowed { .. } => "ALIVE",
            Verdict::Unknown(_) => "UNKNOWN",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Dead(dead) => write!(f, "dead: {dead}"),
            Verdict::DeniedEverything(by) => {
                let by: Vec<String> = by.iter().map(ToString::to_string).collect();
                write!(f, "denied everything by {}", by.join(" and "))
            }
            Verdict::NothingAllowed => f.write_str("nothing is left that policies allow it"),
            Verdict::Allowed { action, resource, by } => {
                write!(f, "still allowed, for example {action} on {resource}")?;
                match by {
                    Some(by) => write!(f, " (by {by})"),
                    None => f.write_str(" (root needs no policy)"),
                }
            }
            Verdict::Unknown(gaps) => {
                let gaps: BTreeSet<String> = gaps.iter().map(Gap::to_string).collect();
                let gaps: Vec<String> = gaps.into_iter().collect();
                write!(f, "unknown: {}", gaps.join("; "))
            }
        }
    }
}

/// The verdict on the credential `key`, a long-term key of `account` or one of `sessions`, at `now`.
pub fn verdict(account: &Account, sessions: &[Session], key: &AccessKeyId, now: Moment) -> Verdict {
    Memory::default().verdict(account, sessions, key, now)
}

impl Memory {
    /// The verdict on the credential `key`, kept for the next time; [`Memory::look_at`] the account first.
    pub fn verdict(&mut self, account: &Account, sessions: &[Session], key: &AccessKeyId, now: Moment) -> Verdict {
        match Standing::of(account, sessions, key, now) {
            Err(Dead::NoSuchKey) if !account.credentials_were_read() => {
                Verdict::Unknown(vec![Gap::Unread("the credentials of every user".to_owned())])
            }
            Err(dead) => Verdict::Dead(dead),
            Ok(standing) => self.with_its_tokens(account, key, &standing, now),
        }
    }

    /// The verdict on a credential and, where an active key is contained, on what it can mint: GetSessionToken needs no permission, so a
    /// deny that spares sessions ends nothing.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>
    fn with_its_tokens(
        &mut self,
        account: &Account,
        key: &AccessKeyId,
        standing: &Standing<'_>,
        now: Moment,
    ) -> Verdict {
        let own = self.judge(key.as_str(), standing);
        let holder = account.owner_of_key(key).filter(|_| standing.session.is_none());
        let Some((user, _)) = holder.filter(|_| own.is_contained()) else {
            return own;
        };
        let token = token_of(user, key, now);
        let minted = match Standing::of(account, std::slice::from_ref(&token), key, token.issued) {
            Ok(standing) => self.judge(&format!("a token of {key}"), &standing),
            Err(dead) => Verdict::Dead(dead),
        };
        if minted.is_contained() { own } else { minted }
    }

    /// The verdict on a long-term key that is known to be nobody's but `owner`'s: when that user's credentials were read, or the user
    /// is gone, a key that isn't found there is dead, whatever else was not read.
    pub fn verdict_on_key_of(&mut self, account: &Account, owner: &str, key: &AccessKeyId, now: Moment) -> Verdict {
        let user = account.users.get(owner);
        let read = user.is_none_or(crate::account::User::access_keys_were_read);
        match Standing::of(account, &[], key, now) {
            Err(Dead::NoSuchKey) if !read => {
                Verdict::Unknown(vec![Gap::Unread(format!("the credentials of user `{owner}`"))])
            }
            Err(dead) => Verdict::Dead(dead),
            Ok(standing) => self.with_its_tokens(account, key, &standing, now),
        }
    }
}

/// The session that GetSessionToken gives for an active key, without MFA and behind the cut of every revocation.
fn token_of(user: &crate::account::User, key: &AccessKeyId, now: Moment) -> Session {
    let issued = now.plus_seconds(3600);
    Session {
        key: key.clone(),
        holder: crate::account::Holder::User {
            name: user.name.clone(),
            id: user.id.clone(),
        },
        kind: crate::account::SessionKind::GetSessionToken,
        issued,
        expires: issued.plus_seconds(3600),
        mfa: Some(false),
        policy: None,
        policy_arns: Vec::new(),
        source_identity: None,
        tags: Default::default(),
        is_untold: false,
        minted_by: Some(key.clone()),
    }
}

/// The verdict on whatever somebody signs in with as the user: a key, a session, the console, with MFA or without, whenever it was issued.
pub fn of_sign_in(account: &Account, user: &crate::account::User) -> Verdict {
    let mut standing = Standing::of_user(account, user);
    for free in [
        "aws:TokenIssueTime",
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
    ] {
        standing.context.unset(free);
    }
    judge(&standing)
}

/// The verdict on whatever session the role may issue: who asks for it chooses its name, its tags and its source identity, and when.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
pub fn of_fresh_role(account: &Account, role: &crate::account::Role) -> Verdict {
    let mut standing = Standing::of_fresh_role(account, role, Moment::from_millis(0));
    let context = &mut standing.context;
    context.set_untold("aws:TokenIssueTime");
    context.unset("aws:userid");
    // Tags of the session stand before those of the role.
    context.unset("aws:PrincipalTag/");
    role.tags
        .keys()
        .for_each(|key| context.unset(&format!("aws:PrincipalTag/{key}")));
    judge(&standing)
}

/// The verdict on a standing: a single deny of everything first, because that is what containment writes; then requests that an
/// intruder would make; then the proof over all requests.
fn judge(standing: &Standing<'_>) -> Verdict {
    if let Some(statement) = denies_everything(standing) {
        return Verdict::DeniedEverything(vec![statement]);
    }
    if let Some((action, resource, by)) = first_allowed(standing) {
        return Verdict::Allowed { action, resource, by };
    }
    let mut doubts = match prove::Prover::new(standing).anything() {
        prove::Finding::Found { action, resource, by } => return Verdict::Allowed { action, resource, by },
        prove::Finding::Unknown(gaps) => gaps,
        prove::Finding::Nothing => Vec::new(),
    };
    if let Some(denied) = prove::denied_by_denies_alone(standing) {
        return Verdict::DeniedEverything(denied);
    }
    doubts.extend(standing.policies.gaps.iter().cloned());
    if standing.account.resources.is_none() {
        doubts.push(Gap::Unread(
            "resource-based policies that may name this principal".to_owned(),
        ));
    }
    if doubts.is_empty() {
        Verdict::NothingAllowed
    } else {
        Verdict::Unknown(doubts)
    }
}

/// An action, a resource that it is allowed on, and the statement that allows it; `None` for the root user.
type Example = (String, String, Option<StatementRef>);

/// The widest of what an intruder would try first that is allowed whatever the free keys are: to change who may do what comes before
/// to write, to write before to read.
fn first_allowed(standing: &Standing<'_>) -> Option<Example> {
    if standing.principal.kind == crate::policy::PrincipalKind::Root {
        let action = "iam:CreateAccessKey";
        if let Outcome::Allowed(by) = standing.decide_whatever_else(action, "*") {
            return Some((action.to_owned(), "*".to_owned(), by));
        }
    }
    let mut widest: Option<(Level, Example)> = None;
    for (action, resource) in requests(standing) {
        let forbidden = standing.session.and_then(|session| session_forbids(session, &action));
        let level = catalogue().level_of(&action);
        let narrower = widest.as_ref().is_some_and(|(known, _)| level <= *known);
        let given_away = needs_no_permission(&action) || limits::has_no_effect(&action);
        if narrower || forbidden.is_some() || given_away || !examples::can_be_asked(&action, &resource) {
            continue;
        }
        if let Outcome::Allowed(by) = standing.decide_whatever_else(&action, &resource) {
            widest = Some((level, (action, resource, by)));
        }
    }
    widest.map(|(_, found)| found)
}

/// The statement in force that denies every action on every resource, whatever else a request brings.
fn denies_everything(standing: &Standing<'_>) -> Option<StatementRef> {
    let has_boundary = standing.policies.boundary.is_some();
    let linked = standing.principal.is_service_linked();
    standing.policies.all().find_map(|placed| {
        let kind = placed.source.kind;
        // Resource control policies bear on some services only, and organizations' policies on no service-linked role.
        if kind == PolicyKind::ResourceControl || (kind == PolicyKind::ServiceControl && linked) {
            return None;
        }
        let statements = placed.document.statements.iter().enumerate();
        let mut denying = statements.filter(|(_, statement)| {
            statement
                .denies_caller(kind, &standing.principal, has_boundary)
                .is_true()
                && statement.denies_everything(&standing.context).is_true()
        });
        denying.next().map(|(n, _)| placed.statement(n))
    })
}

/// Requests that some allow in force may cover: of its own policies, of resources, and of trust policies.
fn requests(standing: &Standing<'_>) -> Vec<(String, String)> {
    let own = standing
        .policies
        .identity
        .iter()
        .chain(standing.policies.session.iter().flatten());
    let statements: Vec<&crate::policy::Statement> = own.flat_map(|placed| &placed.document.statements).collect();
    let on_resources = standing
        .account
        .resources
        .iter()
        .flat_map(|resources| resources.values());
    let documents: Vec<std::sync::Arc<crate::policy::Document>> = on_resources
        .filter_map(|resource| resource.policy.as_ref()?.parse().ok())
        .collect();
    let statements = statements
        .into_iter()
        .chain(documents.iter().flat_map(|document| &document.statements));
    let allowing = statements.filter(|statement| statement.effect == Effect::Allow);
    let examples = allowing.flat_map(|statement| examples::of(statement, standing.account));
    let roles = standing.account.roles.values().take(examples::MOST_EXAMPLES);
    let roles = roles.map(|role| ("sts:AssumeRole".to_owned(), standing.account.role_arn(role).to_string()));
    examples.chain(roles).collect()
}

/// A policy that allows everything: what somebody can give himself who may write his own policies.
pub(crate) fn everything() -> Option<crate::policy::Placed> {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let text = crate::policy::PolicyText::new(text);
    gather::place(
        PolicyKind::Identity,
        "a policy of the holder's own writing".to_owned(),
        &text,
    )
    .ok()
}

/// Somebody whose verdict two states of an account differ in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Altered {
    /// The user or role.
    pub arn: String,
    /// In the earlier state.
    pub before: Verdict,
    /// In the later one; `None` where there is no such user or role any more.
    pub after: Option<Verdict>,
}

/// Who can do otherwise in `after` than in `before`: every user by an active key, every role by a session of `now`. Only those whose
/// policies in force differ are judged.
pub fn altered(before: &Account, after: &Account, now: Moment) -> Vec<Altered> {
    let mut earlier = Memory::default();
    earlier.look_at(before);
    let mut later = Memory::default();
    later.look_at(after);
    let same_surroundings = earlier.surroundings_are_those_of(&later);
    let mut altered = Vec::new();
    let mut compare = |arn: String, one: Standing<'_>, two: Option<Standing<'_>>| {
        let untouched = two.as_ref().is_some_and(|two| {
            same_surroundings && one.principal == two.principal && memory::are_the_same(&one.policies, &two.policies)
        });
        if untouched {
            return;
        }
        let before = judge(&one);
        let after = two.as_ref().map(judge);
        if after.as_ref() != Some(&before) {
            altered.push(Altered { arn, before, after });
        }
    };
    for user in before.users.values() {
        let then = after.users.get(&user.name).map(|user| Standing::of_user(after, user));
        compare(before.user_arn(user).to_string(), Standing::of_user(before, user), then);
    }
    for role in before.roles.values() {
        let then = after
            .roles
            .get(&role.name)
            .map(|role| Standing::of_fresh_role(after, role, now));
        compare(
            before.role_arn(role).to_string(),
            Standing::of_fresh_role(before, role, now),
            then,
        );
    }
    altered
}

#[cfg(test)]
mod tests;
