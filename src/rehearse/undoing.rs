//! Which denies an undoing may take away: it is rehearsed without them, and what every credential of the family could do then is the answer.

use super::{Rehearsed, Row, rehearse};
use crate::account::{Account, is_same_name};
use crate::action::revoke::Issuer;
use crate::collect::Caller;
use crate::execute::ExecuteError;
use crate::ids::{AccessKeyId, StepId};
use crate::journal::{Entry, Finish};
use crate::plan::{Foothold, Plan, footholds};
use crate::time::Moment;
use crate::undo::{Care, Denies, Undoing, undo};
use std::collections::BTreeSet;

/// What an undoing is made of.
#[derive(Debug, Clone, Copy)]
pub struct ToUndo<'a> {
    /// The journal.
    pub entries: &'a [Entry],
    /// The plan that was carried out, with the family as it is known now.
    pub plan: &'a Plan,
    /// The account as it stands.
    pub account: &'a Account,
    /// Who undoes.
    pub caller: &'a Caller,
    /// With which key, where it is known.
    pub signing_key: Option<&'a AccessKeyId>,
    /// When, by a clock that may be behind AWS's but not ahead: no session is called expired too early.
    pub now: Moment,
    /// The steps that were named, and are the only ones to be undone; all without.
    pub named: &'a BTreeSet<StepId>,
    /// Why nothing can be said of the family as it is now, if that is so: all denies stay then, and who is let in.
    pub doubt: Option<&'a str>,
}

impl ToUndo<'_> {
    /// The undoing that takes away no deny which a credential of the family waits behind, with its rehearsal.
    ///
    /// # Errors
    /// The twin could not be read.
    pub async fn rehearsed(self) -> Result<(Undoing, Rehearsed), ExecuteError> {
        let mut denies = Denies {
            all: self
                .doubt
                .map(|doubt| format!("it is a deny, and who is alive cannot be said: {doubt}")),
            ..Denies::default()
        };
        loop {
            let care = Care {
                lineage: &self.plan.lineage,
                denies: denies.clone(),
                doubt: self.doubt,
                named: self.named.clone(),
            };
            let undoing = undo(self.entries, self.account, &self.plan.basis, &care, self.named);
            let plan = Plan {
                steps: undoing.steps.clone(),
                ..self.plan.clone()
            };
            let rehearsed = rehearse(plan, self.account, self.caller, self.signing_key, self.now).await?;
            let more = *rehearsed.finish() == Finish::Completed && undoing.lifts_denies(self.named);
            if !more || !self.keep_more(&mut denies, &rehearsed) {
                return Ok((undoing, rehearsed));
            }
        }
    }

    /// Keeps the denies on whomever a living credential belongs to. Whether that is more than before.
    fn keep_more(self, denies: &mut Denies, rehearsed: &Rehearsed) -> bool {
        let mut more = false;
        for row in rehearsed.proof().rows.iter().filter(|row| !row.end.is_contained()) {
            let why = format!(
                "it is a deny, and without it {} ({}) could do something again: {}",
                row.label, row.key, row.end
            );
            match self.holder(row) {
                Some(holder) => more |= denies.of.insert(holder, why).is_none(),
                None => more |= denies.all.replace(why).is_none(),
            }
        }
        for foothold in self.opened(rehearsed) {
            let why = format!("it is a deny, and without it a way back would be open again: {foothold}");
            let holders = self.holders(&foothold);
            if holders.is_empty() {
                more |= denies.all.replace(why).is_none();
                continue;
            }
            for holder in holders {
                more |= denies.of.insert(holder, why.clone()).is_none();
            }
        }
        more
    }

    /// The ways back that the undoing opens: they were closed before it, or not as open.
    pub fn opened(self, rehearsed: &Rehearsed) -> Vec<Foothold> {
        let before = footholds(&self.plan.lineage, self.account, self.now);
        let as_before = |end: &Foothold| before.iter().any(|one| one.what == end.what && one.state == end.state);
        let end = rehearsed.proof().footholds.iter();
        let open = end.filter(|end| !end.state.is_closed() && !as_before(end));
        open.cloned().collect()
    }

    /// Whose policies bind whoever comes in by the foothold. A name may be a user's and a role's: both then.
    fn holders(self, foothold: &Foothold) -> Vec<Issuer> {
        let lineage = &self.plan.lineage;
        let of_it = lineage.made.iter().filter(|made| {
            let what = format!("{} {}", made.call, made.what);
            what.trim() == foothold.what
        });
        // Who changes his own password names no user.
        let names = of_it.filter_map(|made| made.what.split_whitespace().next().or(lineage.user()));
        let names: BTreeSet<&str> = names.collect();
        let users = names.iter().filter_map(|name| self.account.user_called(name));
        let is_named = |role: &str| names.iter().any(|name| is_same_name(name, role));
        let roles = self.account.roles.keys();
        let roles = roles.filter(|role| is_named(role) || foothold.what == format!("trust policy of role `{role}`"));
        let users = users.map(|user| Issuer::User(user.name.clone()));
        users.chain(roles.cloned().map(Issuer::Role)).collect()
    }

    /// Whose policies bind the credential.
    fn holder(self, row: &Row) -> Option<Issuer> {
        let member = self.plan.lineage.member(&row.key)?;
        let role = member.role().map(|role| Issuer::Role(role.to_owned()));
        role.or_else(|| member.user().map(|user| Issuer::User(user.to_owned())))
    }
}

impl Rehearsed {
    /// Credentials that are useless before the first step and not at the end.
    pub fn revived(&self) -> Vec<&Row> {
        let rows = self.proof().rows.iter();
        rows.filter(|row| row.before.is_contained() && !row.end.is_contained())
            .collect()
    }
}
