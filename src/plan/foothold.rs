//! What lets the holder of a family come back without any of its credentials: what the family left behind, and doors that are open to all.
//!
//! Every credential of a family may be dead and the intruder still in: by a password that he set, a role that trusts his own account, code that he
//! left running. So nothing is called contained while such a thing may be open. What only widens what somebody may do is none.
//! Sources: the page of each call in the IAM API reference; <https://hackingthe.cloud/aws/post_exploitation/iam_persistence/>.

use super::door::{self, strangers};
use super::left_behind::{Kind, ids, kind, named, user_named};
use super::provider;
use super::unjudged::unjudged;
use super::unresolved::unresolved;
use super::untold::untold;
use super::way_in::{opens, shut};
use crate::account::{Account, Role, User};
use crate::lineage::{Lineage, Made};
use crate::policy::{Context, Effect, Listed, Named, Statement, Truth};
use crate::time::Moment;
use crate::verdict::{Verdict, of_fresh_role, of_sign_in};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
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
    let look = Look { lineage, account, now };
    // The last time counts: what was done before was done over again, unless it was done to another who bore the name then.
    let same = |made: &'_ Made| {
        let whose = kind(made)
            .filter(|kind| kind.is_of_a_user())
            .map(|kind| look.whose(kind, made));
        (made.service.clone(), made.call.clone(), made.what.clone(), whose)
    };
    let numbered = || lineage.made.iter().enumerate();
    let last: BTreeMap<_, usize> = numbered().map(|(n, made)| (same(made), n)).collect();
    let mut found: Vec<Foothold> = Vec::new();
    for (_, made) in numbered().filter(|(n, made)| last.get(&same(made)) == Some(n)) {
        found.extend(look.at(made).map(|state| Foothold {
            what: format!("{} {}", made.call, made.what).trim().to_owned(),
            at: made.at,
            state,
        }));
    }
    found.extend(look.doors());
    found.extend(unjudged(lineage));
    found.extend(unresolved(lineage));
    found.extend(untold(lineage, account, now));
    found.sort_by_key(|one| rank(&one.state));
    found
}

/// The worst first.
fn rank(state: &State) -> u8 {
    match state {
        State::Open(_) => 0,
        State::Unknown(_) => 1,
        State::Closed(_) => 2,
    }
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

/// The names of users to whom the family gave something that no access key tells of, each with when, and whether it made the user itself then.
pub fn given_to(lineage: &Lineage) -> BTreeSet<(String, Moment, bool)> {
    let of_users = lineage.made.iter().filter_map(|made| {
        let kind = kind(made).filter(|kind| kind.is_of_a_user())?;
        let name = user_named(made, lineage)?;
        Some((name.to_owned(), made.at, kind == Kind::User))
    });
    of_users.collect()
}

/// Users, other than `but`, whose password the family set, as the account calls them.
pub(super) fn passwords_set(lineage: &Lineage, account: &Account, but: &BTreeSet<&str>) -> BTreeSet<String> {
    let of_password = |made: &&Made| kind(made) == Some(Kind::Password);
    let set = lineage.made.iter().filter(of_password);
    // Who was made later under the name of one who is gone has another password.
    let users = set.filter_map(|made| Some(lineage.who_was(named(made)?, made.at, false, account)));
    let users = users.flatten();
    let users = users.filter(|user| !but.contains(user.name.as_str()));
    users.map(|user| user.name.clone()).collect()
}

/// Service-specific credentials that the family made or reset, with the user of each as the account calls him.
pub(super) fn service_credentials_made<'a>(lineage: &'a Lineage, account: &'a Account) -> Vec<(&'a str, &'a str)> {
    let made = lineage
        .made
        .iter()
        .filter(|made| kind(made) == Some(Kind::ServiceCredential));
    let pairs = made.filter_map(|made| {
        let id = ids(made).find(|word| word.starts_with("ACCA"))?;
        let names = lineage.now_called(named(made)?, made.at);
        let users = names.into_iter().filter_map(|name| account.user_called(name));
        Some(users.map(move |user| (user.name.as_str(), id)))
    });
    let pairs: BTreeSet<(&str, &str)> = pairs.flatten().collect();
    pairs.into_iter().collect()
}

struct Look<'a> {
    lineage: &'a Lineage,
    account: &'a Account,
    now: Moment,
}

impl Look<'_> {
    fn at(&self, made: &Made) -> Option<State> {
        Some(match kind(made)? {
            Kind::Trust => self.role(named(made)),
            Kind::Elsewhere(why) => State::Unknown(format!("{why}: look at it by hand")),
            kind => match provider::judged(kind, self.lineage, self.account, self.now) {
                Some(state) => state,
                None => self.user(kind, made),
            },
        })
    }

    /// Who it may be by now that a call of this kind gave something, by unique ID; and whether he is known to be gone, where that is nobody.
    fn whose(&self, kind: Kind, made: &Made) -> (Vec<&str>, bool) {
        let Some(name) = user_named(made, self.lineage) else {
            return (Vec::new(), false);
        };
        let is_new = kind == Kind::User;
        let who = self.lineage.who_was(name, made.at, is_new, self.account);
        let who: Vec<&str> = who.into_iter().map(|user| user.id.as_str()).collect();
        let is_gone = who.is_empty() && self.is_gone(name, made.at, is_new);
        (who, is_gone)
    }

    /// That nobody bears the name proves nothing: he may have been renamed.
    fn is_gone(&self, name: &str, at: Moment, is_new: bool) -> bool {
        self.lineage.bearer(name, at, is_new).is_some() || self.lineage.is_deleted(name, at)
    }

    fn user(&self, kind: Kind, made: &Made) -> State {
        let Some(name) = user_named(made, self.lineage) else {
            return State::Unknown("the record doesn't tell which user it is about".to_owned());
        };
        let is_new = kind == Kind::User;
        let who = self.lineage.who_was(name, made.at, is_new, self.account);
        if who.is_empty() {
            return match self.is_gone(name, made.at, is_new) {
                true => State::Closed(format!("there is no user `{name}` any more")),
                false => State::Unknown(format!(
                    "nobody is called `{name}` by now who was so then, and the trail doesn't tell whether he was deleted or renamed"
                )),
            };
        }
        // Where it is open which of them it was, the worst counts.
        let states = who.into_iter().map(|user| self.held_by(kind, made, user));
        let worst = states.min_by_key(rank);
        worst.unwrap_or_else(|| State::Unknown("nobody was looked at".to_owned()))
    }

    fn held_by(&self, kind: Kind, made: &Made, user: &User) -> State {
        let Some(held) = &user.credentials else {
            return State::Unknown(format!("the credentials of user `{}` were not read", user.name));
        };
        match opens(kind, made, held, self.lineage) {
            None => State::Closed(shut(kind, made, user, held, self.lineage)),
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
        let Some(role) = self.account.role_called(name) else {
            return State::Closed(format!("there is no role `{name}` any more"));
        };
        let name = &role.name;
        let fresh = of_fresh_role(self.account, role);
        let Some(strangers) = strangers(role, self.account) else {
            return State::Unknown(format!("the trust policy of role `{name}` is not understood"));
        };
        let strangers: Vec<String> = strangers.into_iter().collect();
        let services: Vec<String> = door::services(role).into_iter().collect();
        if fresh.is_contained() {
            let way = match [strangers, services].concat() {
                none if none.is_empty() => return State::Closed(format!("any session of role `{name}` is {fresh}")),
                some => some.join(", "),
            };
            return State::Closed(format!(
                "role `{name}` may be assumed by {way}, and any session of it is {fresh}"
            ));
        }
        if !strangers.is_empty() {
            return State::Open(format!("role `{name}` may be assumed by {}", strangers.join(", ")));
        }
        if !services.is_empty() {
            return State::Unknown(format!(
                "role `{name}` may be assumed by {}: whom that lets in was not read, look at it by hand",
                services.join(", ")
            ));
        }
        match door::alive_until(self.lineage, role, self.now) {
            None => State::Closed(format!(
                "only principals of this account and services that run what it tells them may assume role `{name}`, and whoever came in by it before has \
                 no session that lives"
            )),
            Some(until) => State::Unknown(format!(
                "only principals of this account may assume role `{name}` now, but whoever came in by it before may have a session until {until}: its \
                 sessions are to be revoked"
            )),
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
            let fresh = of_fresh_role(self.account, role);
            (!fresh.is_contained()).then(|| Foothold {
                what: format!("trust policy of role `{}`", role.name),
                at: role.created,
                state,
            })
        };
        self.account.roles.values().filter_map(of_role).collect()
    }
}

fn is_for_everybody(statement: &Statement) -> bool {
    let named = match &statement.principal {
        Some(Listed::These(named)) => named.contains(&Named::Everybody),
        _ => false,
    };
    named && statement.effect == Effect::Allow && statement.is_about("sts:assumerole")
}
