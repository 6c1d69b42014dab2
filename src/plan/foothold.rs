//! What lets the holder of a family come back without any of its credentials: what the family left behind, and doors that are open to all.
//!
//! Every credential of a family may be dead and the intruder still in: by a password that he set, a role that trusts his own account, code that he
//! left running. So nothing is called contained while such a thing may be open. What only widens what somebody may do is none.
//! Sources: the page of each call in the IAM API reference; <https://hackingthe.cloud/aws/post_exploitation/iam_persistence/>.

use super::left_behind::{Kind, kind};
use super::unjudged::unjudged;
use super::untold::untold;
use crate::account::{Account, Credentials, KeyStatus, Role, User};
use crate::lineage::{Lineage, Made};
use crate::policy::{Context, Effect, Listed, Named, Statement, Truth};
use crate::time::Moment;
use crate::verdict::{Verdict, of_fresh_role, of_sign_in};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// One thing that was left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foothold {
    /// The call that left it, and on what.
    pub what: String,
    /// When.
    pub at: Moment,
    /// Whether it lets anybody in.
    pub state: State,
}

/// Whether a thing that was left behind lets anybody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It doesn't any more, or never did.
    Closed(String),
    /// It does.
    Open(String),
    /// What was read doesn't tell.
    Unknown(String),
}

impl State {
    /// Why, in words.
    pub fn why(&self) -> &str {
        match self {
            State::Closed(why) | State::Open(why) | State::Unknown(why) => why,
        }
    }

    /// Whether it surely lets nobody in.
    pub fn is_closed(&self) -> bool {
        matches!(self, State::Closed(_))
    }
}

impl fmt::Display for Foothold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, why) = match &self.state {
            State::Closed(why) => ("closed", why),
            State::Open(why) => ("OPEN", why),
            State::Unknown(why) => ("UNKNOWN", why),
        };
        write!(f, "{} at {}: {word}: {why}", self.what, self.at)
    }
}

/// How far ahead new sessions are issued that are judged: behind the cut of every revocation, whose margin is 15 minutes at most.
pub(super) const BEHIND_EVERY_CUT_SECONDS: i64 = 3600;

/// Everything that the family left behind and that may let somebody in, as `account` is at `now`; the open and the unknown first.
pub fn footholds(lineage: &Lineage, account: &Account, now: Moment) -> Vec<Foothold> {
    // A session that is issued now may lie before the cut of a revocation, which is some seconds ahead.
    let later = now.plus_seconds(BEHIND_EVERY_CUT_SECONDS);
    let look = Look {
        lineage,
        account,
        later,
    };
    let mut found: Vec<Foothold> = Vec::new();
    for made in &lineage.made {
        let what = format!("{} {}", made.call, made.what).trim().to_owned();
        // The last time counts: what was done before was done over again.
        found.retain(|known| known.what != what);
        found.extend(look.at(made).map(|state| Foothold {
            what,
            at: made.at,
            state,
        }));
    }
    found.extend(look.doors());
    found.extend(unjudged(lineage));
    found.extend(untold(lineage, account, now));
    found.sort_by_key(|one| match one.state {
        State::Open(_) => 0,
        State::Unknown(_) => 1,
        State::Closed(_) => 2,
    });
    found
}

/// Users whom the family made credentials for in ways that no access key tells of: their credentials must be read to judge.
pub fn users_with_footholds(lineage: &Lineage) -> BTreeSet<String> {
    let of_users = lineage
        .made
        .iter()
        .filter(|made| kind(made).is_some_and(Kind::is_of_a_user));
    let names = of_users.filter_map(|made| Some((named(made)?, made.at)));
    // Under the old name, too: another may have taken it.
    names
        .flat_map(|(name, at)| [name].into_iter().chain(lineage.now_called(name, at)))
        .map(str::to_owned)
        .collect()
}

/// Users, other than `but`, whose password the family set.
pub(super) fn passwords_set(lineage: &Lineage, but: &BTreeSet<&str>) -> BTreeSet<String> {
    let of_password = |made: &&Made| kind(made) == Some(Kind::Password);
    let set = lineage.made.iter().filter(of_password);
    let set = set
        .filter_map(|made| Some(lineage.now_called(named(made)?, made.at)))
        .flatten();
    set.filter(|user| !but.contains(user)).map(str::to_owned).collect()
}

/// Service-specific credentials that the family made or reset, with the user of each.
pub(super) fn service_credentials_made(lineage: &Lineage) -> Vec<(&str, &str)> {
    let made = lineage
        .made
        .iter()
        .filter(|made| kind(made) == Some(Kind::ServiceCredential));
    let pairs = made.filter_map(|made| {
        let id = made.what.split(' ').find(|word| word.starts_with("ACCA"))?;
        Some(lineage.now_called(named(made)?, made.at).map(|name| (name, id)))
    });
    let pairs: BTreeSet<(&str, &str)> = pairs.flatten().collect();
    pairs.into_iter().collect()
}

/// The user or role that a call was about.
fn named(made: &Made) -> Option<&str> {
    made.what.split(' ').next().filter(|name| !name.is_empty())
}

struct Look<'a> {
    lineage: &'a Lineage,
    account: &'a Account,
    /// When new sessions are issued that are judged.
    later: Moment,
}

impl Look<'_> {
    fn at(&self, made: &Made) -> Option<State> {
        Some(match kind(made)? {
            Kind::Trust => self.role(named(made)),
            Kind::SamlProvider => self.provider("saml-provider/"),
            Kind::OidcProvider => self.provider("oidc-provider/"),
            Kind::RolesAnywhere => self.anywhere(),
            Kind::Elsewhere(why) => State::Unknown(format!("{why}: look at it by hand")),
            of_a_user => self.user(of_a_user, made),
        })
    }

    fn user(&self, kind: Kind, made: &Made) -> State {
        // Who changes his own password names no user.
        let Some(name) = named(made).or_else(|| self.lineage.user()) else {
            return State::Unknown("the record doesn't tell which user it is about".to_owned());
        };
        let [name, or] = self.lineage.now_called(name, made.at);
        let name = if self.account.users.contains_key(name) {
            name
        } else {
            or
        };
        let Some(user) = self.account.users.get(name) else {
            return State::Closed(format!("there is no user `{name}` any more"));
        };
        let Some(held) = &user.credentials else {
            return State::Unknown(format!("the credentials of user `{name}` were not read"));
        };
        match opens(kind, made, held, self.lineage) {
            None => State::Closed("it is not there any more, or cannot be used".to_owned()),
            Some(way) => self.unless_powerless(user, way),
        }
    }

    /// A way in as somebody who may do nothing is none.
    fn unless_powerless(&self, user: &User, way: String) -> State {
        match of_sign_in(self.account, user) {
            contained if contained.is_contained() => State::Closed(format!("user `{}`: {contained}", user.name)),
            Verdict::Unknown(_) => State::Unknown(format!("{way}; what user `{}` may do is not known", user.name)),
            _ => State::Open(way),
        }
    }

    fn role(&self, name: Option<&str>) -> State {
        let Some(name) = name else {
            return State::Unknown("the record doesn't tell which role it is about".to_owned());
        };
        let Some(role) = self.account.roles.get(name) else {
            return State::Closed(format!("there is no role `{name}` any more"));
        };
        let Some(strangers) = strangers(role, self.account) else {
            return State::Unknown(format!("the trust policy of role `{name}` is not understood"));
        };
        if strangers.is_empty() {
            return State::Closed("only principals of this account and AWS's services may assume the role".to_owned());
        }
        let strangers: Vec<String> = strangers.into_iter().collect();
        let way = format!("role `{name}` may be assumed by {}", strangers.join(", "));
        match of_fresh_role(self.account, role, self.later) {
            contained if contained.is_contained() => State::Closed(format!("{way}, and a new session is {contained}")),
            _ => State::Open(way),
        }
    }

    /// Roles that anybody in any account may assume, whoever made them so: who had the family's credentials knows their names. Under a
    /// condition on what a caller brings it is a question only for roles that the family assumed.
    fn doors(&self) -> Vec<Foothold> {
        let reached = self.lineage.roles(&self.account.id);
        let of_role = |role: &Role| {
            let document = role.trust.parse().ok()?;
            let open = document
                .statements
                .iter()
                .filter(|statement| is_for_everybody(statement));
            let truth = Truth::any(open.map(|statement| statement.conditions_hold(&Context::open())));
            let way = format!("anybody in any AWS account may assume role `{}`", role.name);
            let state = match truth {
                Truth::False => return None,
                Truth::Unknown(_) if !reached.contains(&role.name) => return None,
                Truth::Unknown(gaps) => {
                    let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
                    State::Unknown(format!("{way} who meets its conditions ({})", gaps.join("; ")))
                }
                Truth::True => State::Open(way),
            };
            let fresh = of_fresh_role(self.account, role, self.later);
            (!fresh.is_contained()).then(|| Foothold {
                what: format!("trust policy of role `{}`", role.name),
                at: role.created,
                state,
            })
        };
        self.account.roles.values().filter_map(of_role).collect()
    }

    fn provider(&self, kind: &str) -> State {
        let trusting = self.account.roles.values().filter(|role| {
            let strangers = strangers(role, self.account);
            strangers.is_none_or(|strangers| strangers.iter().any(|one| one.contains(kind)))
        });
        self.trusted(
            trusting.map(|role| role.name.as_str()).collect(),
            "an identity provider",
        )
    }

    fn anywhere(&self) -> State {
        let trusting = self.account.roles.values().filter(|role| {
            let document = role.trust.parse();
            document.map_or(true, |document| {
                let named = document
                    .statements
                    .iter()
                    .filter_map(|statement| statement.principal.as_ref());
                named.into_iter().any(|listed| match listed {
                    Listed::These(named) => named.contains(&Named::Service("rolesanywhere.amazonaws.com".to_owned())),
                    Listed::AllBut(_) => true,
                })
            })
        });
        self.trusted(trusting.map(|role| role.name.as_str()).collect(), "IAM Roles Anywhere")
    }

    fn trusted(&self, roles: Vec<&str>, whom: &str) -> State {
        if roles.is_empty() {
            return State::Closed(format!("no role trusts {whom}"));
        }
        let shown: Vec<&str> = roles.iter().take(5).copied().collect();
        State::Unknown(format!(
            "{} roles trust {whom} ({}, ...): look at it by hand",
            roles.len(),
            shown.join(", ")
        ))
    }
}

/// By what somebody can sign in or sign as the user because of the call; `None` where it isn't there any more.
fn opens(kind: Kind, made: &Made, held: &Credentials, lineage: &Lineage) -> Option<String> {
    let unread = |what: &str| held.unread.contains(what);
    let password = || {
        let there = held.login_profile.is_some() || unread("login_profile");
        there.then(|| "whoever knows the password signs in to the console".to_owned())
    };
    let service = |id: Option<&str>| {
        let mut active = held
            .service_specific
            .iter()
            .filter(|one| one.status == KeyStatus::Active);
        let there = active.any(|one| id.is_none_or(|id| one.id == id)) || unread("service_specific");
        there.then(|| "a service-specific credential is active".to_owned())
    };
    let ssh = || {
        let mut since = held
            .ssh_public_keys
            .iter()
            .filter(|one| one.status == KeyStatus::Active);
        let there = since.any(|one| one.uploaded >= made.at.plus_seconds(-60)) || unread("ssh_public_keys");
        there.then(|| "an SSH key that was uploaded then is active".to_owned())
    };
    let certificate = || {
        let mut since = held
            .signing_certificates
            .iter()
            .filter(|one| one.status == KeyStatus::Active);
        let there = since.any(|one| one.uploaded >= made.at.plus_seconds(-60)) || unread("signing_certificates");
        there.then(|| "a signing certificate that was uploaded then is active".to_owned())
    };
    let other_key = || {
        let mut active = held.access_keys.iter().filter(|key| key.status == KeyStatus::Active);
        let there = active.any(|key| lineage.member(&key.id).is_none()) || unread("access_keys");
        there.then(|| "an access key that is none of the family is active".to_owned())
    };
    match kind {
        Kind::Password => password(),
        Kind::ServiceCredential => service(made.what.split(' ').find(|word| word.starts_with("ACCA"))),
        Kind::SshKey => ssh(),
        Kind::Certificate => certificate(),
        Kind::Key => other_key(),
        _ => password()
            .or_else(|| service(None))
            .or_else(ssh)
            .or_else(certificate)
            .or_else(other_key),
    }
}

fn is_for_everybody(statement: &Statement) -> bool {
    let named = match &statement.principal {
        Some(Listed::These(named)) => named.contains(&Named::Everybody),
        _ => false,
    };
    named && statement.effect == Effect::Allow && statement.is_about("sts:assumerole")
}

/// Who of other accounts or of identity providers may assume the role; `None` when its trust policy is not understood.
fn strangers(role: &Role, account: &Account) -> Option<BTreeSet<String>> {
    let document = role.trust.parse().ok()?;
    let mut strangers = BTreeSet::new();
    for statement in document
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
    {
        let Some(Listed::These(named)) = &statement.principal else {
            return None;
        };
        strangers.extend(named.iter().filter_map(|one| match one {
            Named::Everybody => Some("everybody".to_owned()),
            Named::Aws(text) if is_own(text, account) => None,
            Named::Aws(text) => Some(format!("`{text}`")),
            Named::Federated(provider) => Some(format!("users of `{provider}`")),
            Named::Service(_) | Named::CanonicalUser(_) => None,
        }));
    }
    Some(strangers)
}

/// Whether a principal is of the account; what stands in place of a deleted one names nobody, wherever it was.
fn is_own(text: &str, account: &Account) -> bool {
    let of_account = text.split(':').nth(4).is_some_and(|of| of == account.id.as_str());
    text == account.id.as_str() || of_account || text.starts_with("AIDA") || text.starts_with("AROA")
}
