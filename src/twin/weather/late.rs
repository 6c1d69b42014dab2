//! The account as authentication and authorization see it: the changes that have not yet reached them are kept, each with its time.

use super::Weather;
use super::member::{Change, apply, changes};
use crate::account::Account;
use crate::time::Moment;
use std::borrow::Cow;

/// What one call changed and when it takes effect: all of it together.
#[derive(Debug, Clone)]
struct Pending {
    due: Moment,
    changes: Vec<Change>,
}

/// What is under way. Nothing of it is kept when everything has arrived.
#[derive(Debug, Clone, Default)]
pub(in crate::twin) struct Late {
    /// The account without the changes that are under way; `None` where there are none.
    behind: Option<Account>,
    /// Soonest first; what is due at the same moment in the order in which it was done.
    pending: Vec<Pending>,
}

impl Late {
    /// The account in force after the last [`Late::settle`].
    pub(in crate::twin) fn in_force<'a>(&'a self, account: &'a Account) -> &'a Account {
        self.behind.as_ref().unwrap_or(account)
    }

    /// The account in force at `now`.
    pub(in crate::twin) fn effective<'a>(&'a self, account: &'a Account, now: Moment) -> Cow<'a, Account> {
        let Some(behind) = &self.behind else {
            return Cow::Borrowed(account);
        };
        let due = self.pending.iter().take_while(|pending| pending.due <= now);
        if due.clone().next().is_none() {
            return Cow::Borrowed(behind);
        }
        if due.clone().count() == self.pending.len() {
            return Cow::Borrowed(account);
        }
        let mut effective = behind.clone();
        due.flat_map(|pending| &pending.changes)
            .for_each(|change| apply(&mut effective, change));
        Cow::Owned(effective)
    }

    /// Whether everything has arrived, as far as it was settled.
    pub(in crate::twin) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The same, for handlers that ask what is in force and change nothing.
    pub(in crate::twin) fn in_force_mut<'a>(&'a mut self, account: &'a mut Account) -> &'a mut Account {
        self.behind.as_mut().unwrap_or(account)
    }

    /// Lets everything take effect that is due at `now`, and forgets it.
    pub(in crate::twin) fn settle(&mut self, account: &Account, now: Moment) {
        let Some(behind) = &mut self.behind else { return };
        let due = self.pending.partition_point(|pending| pending.due <= now);
        for pending in self.pending.drain(..due) {
            pending.changes.iter().for_each(|change| apply(behind, change));
        }
        if self.pending.is_empty() {
            self.behind = None;
            return;
        }
        follow(behind, account);
    }

    /// Takes down what a call changed at `now`, from `before` to `after`, with the lag that is drawn for it.
    pub(in crate::twin) fn note(&mut self, before: Account, after: &Account, now: Moment, weather: &mut Weather) {
        let changes = changes(&before, after);
        // A role that is made brings its trust policy along: it is the role that is late.
        let birth = changes.iter().find(|change| change.is_birth_or_end());
        let Some(named) = birth.or(changes.last()) else {
            return;
        };
        let delay = weather.delay(named.kind());
        let mut due = now.plus_millis(delay);
        // What is done later to the same thing never takes effect before what was done first.
        for pending in &self.pending {
            if pending
                .changes
                .iter()
                .any(|earlier| changes.iter().any(|change| change.waits_for(earlier)))
            {
                due = due.max(pending.due);
            }
        }
        follow(self.behind.get_or_insert(before), after);
        let place = self.pending.partition_point(|pending| pending.due <= due);
        self.pending.insert(place, Pending { due, changes });
    }

    /// When the last of what is under way takes effect, as far as it was settled.
    pub(in crate::twin) fn last(&self) -> Option<Moment> {
        self.pending.last().map(|pending| pending.due)
    }

    /// The account in force once everything has arrived, by applying it change by change.
    #[cfg(test)]
    pub(in crate::twin) fn applied(&self, account: &Account) -> Account {
        let mut all = self.in_force(account).clone();
        self.pending
            .iter()
            .flat_map(|pending| &pending.changes)
            .for_each(|change| apply(&mut all, change));
        all
    }
}

/// What is never late: S3, which is consistent at once (<https://aws.amazon.com/s3/consistency/>), and what no decision asks.
fn follow(behind: &mut Account, account: &Account) {
    if behind.resources != account.resources {
        behind.resources.clone_from(&account.resources);
    }
    if behind.unassigned_mfa != account.unassigned_mfa {
        behind.unassigned_mfa.clone_from(&account.unassigned_mfa);
    }
    behind.root = account.root;
}
