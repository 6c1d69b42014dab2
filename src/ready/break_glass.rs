//! A way in when the responder's own is lost: another administrator who does not hang on him, and root with MFA.

use super::check::few;
use super::others::{is_granted, others};
use super::{Check, Facts, State};
use crate::account::{Account, Credentials, KeyStatus, Role};
use crate::ids::{Arn, PrincipalArn};
use crate::policy::Outcome;
use crate::time::Moment;
use crate::verdict::Standing;
use std::collections::HashMap;

/// What an administrator must be able to do in the responder's place.
const CALLS: [(&str, &str); 5] = [
    ("iam:PutUserPolicy", "user"),
    ("iam:DeleteUserPolicy", "user"),
    ("iam:UpdateAccessKey", "user"),
    ("iam:PutRolePolicy", "role"),
    ("iam:DeleteRolePolicy", "role"),
];

/// Users and roles other than the responder who may do everything that counts, surely (`Ready`) or perhaps: by their policies alone.
pub fn administrators(account: &Account, responder: &Arn, now: Moment) -> Vec<(Arn, State)> {
    among(account, &others(account, responder, now))
}

/// Those among some.
fn among(account: &Account, all: &[(Arn, Standing<'_>)]) -> Vec<(Arn, State)> {
    let able = |standing: &Standing<'_>| {
        let each = CALLS.map(|(call, kind)| {
            if !is_granted(standing, call) {
                return State::NotReady;
            }
            let any = Arn::iam(&account.partition, &account.id, kind, "/", "oust-any");
            match standing.decide_whatever_else(call, any.as_str()) {
                Outcome::Allowed(_) => State::Ready,
                Outcome::Unknown(_) => State::Unknown,
                Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => State::NotReady,
            }
        });
        State::worst(each)
    };
    let each = all.iter().map(|(arn, standing)| (arn, able(standing)));
    each.filter(|(_, state)| *state != State::NotReady)
        .map(|(arn, state)| (arn.clone(), state))
        .collect()
}

/// Roles behind one another that are followed: whoever comes in by more is not counted on.
const LONGEST_CHAIN: usize = 3;

/// Ways in without the responder.
struct Ways<'a> {
    account: &'a Account,
    others: Vec<(Arn, Standing<'a>)>,
    /// Those that were looked for: many roles can be assumed by the same others.
    known: HashMap<(Arn, usize), (State, String)>,
}

impl Ways<'_> {
    /// Whether somebody can come in as a principal, by no more than so many `roles` behind one another.
    fn way_in(&mut self, arn: &Arn, roles: usize) -> (State, String) {
        let place = (arn.clone(), roles);
        if let Some(known) = self.known.get(&place) {
            return known.clone();
        }
        let found = self.looked_for(arn, roles);
        self.known.insert(place, found.clone());
        found
    }

    fn looked_for(&mut self, arn: &Arn, roles: usize) -> (State, String) {
        let account = self.account;
        match PrincipalArn::of(arn) {
            Some(PrincipalArn::User(name)) => {
                match account.users.get(&name).and_then(|user| user.credentials.as_ref()) {
                    Some(held) => of_user(held),
                    None => (State::Unknown, "what it signs in with was not read".to_owned()),
                }
            }
            Some(PrincipalArn::Role(name)) => match account.roles.get(&name) {
                Some(role) if roles > 0 => self.of_role(role, roles - 1),
                Some(_) => (
                    State::Unknown,
                    "by a longer chain of roles than was looked at".to_owned(),
                ),
                None => (State::Unknown, "it was not read".to_owned()),
            },
            _ => (State::Unknown, "it is no user or role".to_owned()),
        }
    }

    /// Whoever takes the role must come in by himself, too.
    fn of_role(&mut self, role: &Role, roles: usize) -> (State, String) {
        let account = self.account;
        if role.path.starts_with("/aws-reserved/sso.amazonaws.com/") {
            return (
                State::Unknown,
                "through Identity Center, where it is not known who is assigned".to_owned(),
            );
        }
        let arn = account.role_arn(role);
        let mut best = (
            State::NotReady,
            "nobody but the responder can come in and assume it".to_owned(),
        );
        for n in 0..self.others.len() {
            let Some((who, standing)) = self.others.get(n).filter(|(who, _)| *who != arn) else {
                continue;
            };
            let (may, how) = match standing.decide_whatever_else("sts:AssumeRole", arn.as_str()) {
                Outcome::Allowed(_) => (State::Ready, "may assume it"),
                Outcome::Unknown(_) => (State::Unknown, "may perhaps assume it"),
                Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => continue,
            };
            let who = who.clone();
            let (open, by) = self.way_in(&who, roles);
            let found = (may.max(open), format!("`{}` {how} ({by})", who.resource()));
            if found.0 < best.0 {
                best = found;
            }
            if best.0 == State::Ready {
                break;
            }
        }
        if best.0 == State::NotReady && is_trusted_elsewhere(role.trust.as_str(), account) {
            return (
                State::Unknown,
                "from outside of the account, which is not known here".to_owned(),
            );
        }
        best
    }
}

/// Whether a trust policy's text lets in somebody who is none of the account's.
fn is_trusted_elsewhere(text: &str, account: &Account) -> bool {
    let mut marks = ["\"Federated\"", ":oidc-provider/", ":saml-provider/"].iter();
    marks.any(|mark| text.contains(mark)) || names_other_account(text, account)
}

fn of_user(held: &Credentials) -> (State, String) {
    let key = held.access_keys.iter().any(|key| key.status == KeyStatus::Active);
    match (&held.login_profile, held.mfa_devices.is_empty()) {
        (Some(_), false) => (State::Ready, "a password with MFA".to_owned()),
        (Some(_), true) => (
            State::Unknown,
            "a password without MFA, which others may guess or have".to_owned(),
        ),
        (None, _) if key => (State::Ready, "an access key".to_owned()),
        (None, _) if !held.unread.is_empty() => (State::Unknown, "what it signs in with was not read".to_owned()),
        (None, _) => (State::NotReady, "neither a password nor an active key".to_owned()),
    }
}

/// Whether a trust policy's text holds the ARN of a principal of another account.
fn names_other_account(text: &str, account: &Account) -> bool {
    let pieces = text.split('"').filter_map(|piece| piece.parse::<Arn>().ok());
    let mut owners = pieces
        .filter(|arn| arn.service() == "iam" || arn.service() == "sts")
        .filter_map(|arn| arn.account());
    owners.any(|owner| owner != account.id)
}

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    vec![administrator(facts), root(facts.account)]
}

fn administrator(facts: Facts<'_>) -> Check {
    let id = "break_glass.administrator";
    let fix = "keep one role or user with AdministratorAccess that does not hang on the responder's identity, with MFA, sealed, and watched by a rule for its use";
    let mut ways = Ways {
        account: facts.account,
        others: others(facts.account, facts.responder, facts.now),
        known: HashMap::new(),
    };
    let each: Vec<(State, String)> = among(facts.account, &ways.others)
        .into_iter()
        .map(|(arn, able)| {
            let (open, how) = ways.way_in(&arn, LONGEST_CHAIN);
            (able.max(open), format!("`{}`: {how}", arn.resource()))
        })
        .collect();
    let best = each.iter().map(|(state, _)| *state).min().unwrap_or(State::NotReady);
    let found: Vec<String> = each
        .iter()
        .filter(|(state, _)| *state == best)
        .map(|(_, how)| how.clone())
        .collect();
    let (state, found) = match (best, found.is_empty()) {
        (_, true) => (best, "no other principal may do what the responder may".to_owned()),
        (State::Ready, _) => match facts.account.guards {
            Some(_) => (best, format!("without the responder: {}", few(&found))),
            None => (
                State::Unknown,
                format!(
                    "without the responder, unless an SCP that was not read denies it: {}",
                    few(&found)
                ),
            ),
        },
        (State::Unknown, _) => (best, format!("perhaps: {}", few(&found))),
        (State::NotReady, _) => (
            best,
            format!("nobody can come in as another administrator: {}", few(&found)),
        ),
    };
    Check::new(id, state, found, fix)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html>
fn root(account: &Account) -> Check {
    let id = "break_glass.root";
    let fix = "give root MFA and no access key; where the organization keeps root's credentials, see that its management account can call AssumeRoot";
    match account.root {
        None => Check::new(
            id,
            State::Unknown,
            "what root holds was not read",
            "allow the responder iam:GetAccountSummary",
        ),
        Some(root) if root.access_keys > 0 => Check::new(
            id,
            State::NotReady,
            "root has an access key, which no policy limits",
            fix,
        ),
        Some(root) if !root.mfa => Check::new(id, State::NotReady, "root has no MFA, or no credentials at all", fix),
        Some(_) => Check::new(id, State::Ready, "root has MFA and no access key", ""),
    }
}
