//! Sessions under whichever keys: what their calls bear tells them.

use crate::trail::apart::{ADDRESS_SECONDS, ISSUE_SECONDS, LOGIN_SECONDS};
use crate::trail::closure::callers;
use crate::trail::facts::{Gave, NO_SESSION, Who};
use crate::trail::pages::Page;
use rapidhash::fast::RandomState;
use std::collections::{BTreeSet, HashSet};

/// Sessions by what their calls bear: whose they are and when they were issued, and the sign-in that they began with.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    pub(super) issued: BTreeSet<(u64, u32)>,
    pub(super) sign_ins: HashSet<u32, RandomState>,
}

impl Sessions {
    /// Adds the session of a caller, by its moment of issue too with `by_moment`.
    pub(super) fn add(&mut self, who: &Who, by_moment: bool) {
        if by_moment && who.since != 0 {
            self.issued.insert((who.principal(), who.since));
        }
        if who.sign_in != 0 {
            self.sign_ins.insert(who.sign_in);
        }
    }

    /// Adds the session that asked for a key, where the record leaves its own out.
    pub(super) fn add_asker(&mut self, gave: &Gave) {
        if gave.by_since != 0 {
            self.issued.insert((gave.by, gave.by_since));
        }
    }

    /// Adds what calls bear of these sessions whose records leave the key out. One that bears their moment is of a session that is known; what is near to its
    /// own is no nearer to that.
    pub(super) fn add_keyless(&mut self, pages: &[&Page]) {
        for who in callers(pages).filter(|who| who.key == 0) {
            let is_signed = self.hold(who, false);
            if is_signed || self.hold(who, true) {
                self.add(who, is_signed);
            }
        }
    }

    pub(super) fn size(&self) -> usize {
        self.issued.len() + self.sign_ins.len()
    }

    /// Whether this may be one of them under another key, by its moment of issue too with `by_moment`.
    pub(super) fn hold(&self, who: &Who, by_moment: bool) -> bool {
        who.sign_in != 0 && self.sign_ins.contains(&who.sign_in)
            || by_moment && self.is_issued(who, ISSUE_SECONDS, ISSUE_SECONDS)
    }

    /// Whether this is a long-term key of a user who asked for one of their keys in a record that leaves out with which.
    pub(super) fn hold_user(&self, who: &Who) -> bool {
        who.since == 0 && who.key != 0 && self.issued.contains(&(who.principal(), NO_SESSION))
    }

    /// Whether one of them may have asked for this key, where the record leaves its own out.
    pub(super) fn hold_asker(&self, gave: &Gave) -> bool {
        let near = gave.by_since.saturating_sub(ISSUE_SECONDS).max(1)..=gave.by_since.saturating_add(ISSUE_SECONDS);
        let mut issued = self.issued.range((gave.by, *near.start())..=(gave.by, *near.end()));
        gave.by_since != 0 && issued.next().is_some()
    }

    /// Whether one of them may go on from the session that this gave.
    pub(super) fn come_of(&self, gave: &Gave) -> bool {
        let is_one = match gave.is_of_console {
            true => self.go_on_from(&gave.new),
            false => self.is_issued(&gave.new, ISSUE_SECONDS, ISSUE_SECONDS),
        };
        gave.new.key != 0 && is_one
    }

    /// Whether one of them may have been signed in by what was given for the console: it is joined by its sign-in, too, which may lie by so much before or
    /// behind the moment that it bears.
    pub(super) fn go_on_from(&self, who: &Who) -> bool {
        let (earlier, later) = (
            ISSUE_SECONDS + LOGIN_SECONDS,
            ADDRESS_SECONDS + ISSUE_SECONDS + LOGIN_SECONDS,
        );
        self.is_issued(who, earlier, later)
    }

    /// Whether one of them was issued to the same principal when this one was, or up to so many seconds earlier or later.
    pub(super) fn is_issued(&self, who: &Who, earlier: u32, later: u32) -> bool {
        let from = (who.principal(), who.since.saturating_sub(earlier).max(1));
        let to = (who.principal(), who.since.saturating_add(later));
        who.since != 0 && self.issued.range(from..=to).next().is_some()
    }
}
