//! The keys of families, from who gave which: back from the asked keys to their origins, then forward to everything that they gave.
//!
//! Pages are gone through one after the other until none adds anything. What holds across them only grows, so that their order makes no difference.

mod links;
mod sessions;

use super::apart::{ADDRESS_SECONDS, ISSUE_SECONDS, LOGIN_SECONDS};
use super::closure::{Numbers, callers, edges};
use super::facts::{Gave, NO_SESSION, Who, number, role_called, sign_in, user};
use super::pages::{Page, Pages};
use crate::ids::AccessKeyId;
use links::{Given, Links};
use sessions::Sessions;
use std::io;

/// Where families are begun from.
#[derive(Debug, Clone, Default)]
pub(super) struct Seeds {
    /// Keys that are asked for.
    pub(super) keys: Vec<AccessKeyId>,
    /// Users and roles that other evidence says somebody of the family was let in as, by name.
    pub(super) names: Vec<String>,
    /// Sign-ins that other evidence says the family bears.
    pub(super) sign_ins: Vec<String>,
}

impl Seeds {
    /// What is known before the first page.
    pub(super) fn grown(&self) -> Growth {
        let names = self.names.iter().flat_map(|name| [user(Some(name)), role_called(name)]);
        Growth {
            keys: self.keys.iter().map(|key| number(key.as_str())).collect(),
            entered: names.collect(),
            sessions: Sessions {
                sign_ins: self.sign_ins.iter().map(|text| sign_in(text)).collect(),
                ..Sessions::default()
            },
            ..Growth::default()
        }
    }
}

/// What may be of the families that grow from `seeds`.
///
/// # Errors
/// A page can't be read.
pub(super) fn grown(seeds: &Seeds, pages: &mut Pages) -> io::Result<Growth> {
    let mut back = seeds.grown();
    until_stable(pages, &mut back, Growth::back)?;
    let mut forward = Growth {
        keys: back.keys,
        ..seeds.grown()
    };
    until_stable(pages, &mut forward, Growth::forward)?;
    Ok(forward)
}

fn until_stable(pages: &mut Pages, growth: &mut Growth, grow: impl Fn(&mut Growth, &[&Page])) -> io::Result<()> {
    loop {
        let before = growth.size();
        pages.each(|some| grow(growth, some))?;
        // What is in memory together is grown until nothing comes of it.
        if pages.are_at_hand() || growth.size() == before {
            return Ok(());
        }
    }
}

/// What is known of the families so far. Among the keys are, where a record leaves out the key that asked, who asked by unique ID; and what the records of one
/// call in several accounts share.
#[derive(Debug, Clone, Default)]
pub(super) struct Growth {
    pub(super) keys: Numbers,
    sessions: Sessions,
    /// Users and roles that somebody of the family was let in as.
    entered: Numbers,
    /// Whose keys they are, by name.
    names: Numbers,
    /// Who switched to one of their sessions, by name.
    switched: Numbers,
    /// The sessions that their keys were given for.
    minted: Sessions,
    /// The sessions that one of them switched to.
    switched_to: Sessions,
    /// Those of their sessions that were given in the console: somebody may have signed in by one a while later.
    addressed: Sessions,
    /// Keys that anybody made a long-term key with, and of these those of their users and roles: a service makes them with keys that nobody held.
    making: Numbers,
    lent: Numbers,
    /// Users and roles, of other accounts too, that may have asked for one of the keys; and those that the keys are of. All by unique ID.
    abroad: Numbers,
    ids: Numbers,
}

impl Growth {
    /// Whether nobody new could be found by this name.
    pub(super) fn has_entered(&self, name: &str) -> bool {
        [user(Some(name)), role_called(name)]
            .iter()
            .any(|number| self.entered.contains(number))
    }

    /// Whether nobody new could be found by this sign-in.
    pub(super) fn has_sign_in(&self, text: &str) -> bool {
        self.sessions.sign_ins.contains(&sign_in(text))
    }

    fn size(&self) -> usize {
        let sessions = [&self.sessions, &self.minted, &self.switched_to, &self.addressed].map(Sessions::size);
        let numbers = [
            &self.keys,
            &self.entered,
            &self.names,
            &self.switched,
            &self.making,
            &self.lent,
            &self.abroad,
            &self.ids,
        ];
        sessions.iter().chain(&numbers.map(Numbers::len)).sum()
    }

    /// Adds the keys that gave those that are known, whoever may have.
    fn back(&mut self, pages: &[&Page]) {
        // A long-term key is its own origin.
        let gave = edges(pages).filter(|gave| !gave.is_long_term);
        let asked = gave.map(|gave| (gave.new.key, gave.by_key(), gave.shared));
        let answered = edges(pages).map(|gave| (gave.shared, gave.by_key(), 0));
        let came_from = Links::of(asked.chain(answered));
        let given = Given::of(pages);
        loop {
            came_from.follow(&mut self.keys);
            let before = self.size();
            // Where a record leaves the asker's key out, whoever has a session of the same moment may be it; a session that no mint gave a key for is of the
            // one that is issued like it; and whoever bears a sign-in may be of it, whatever else gave the key.
            for who in callers(pages).filter(|who| self.keys.contains(&who.key)) {
                self.sessions.add(who, given.lack(who));
            }
            let keys = &self.keys;
            let is_known =
                |gave: &&Gave| !gave.is_long_term && keys.contains(&gave.new.key) || keys.contains(&gave.shared);
            let known = edges(pages).filter(is_known);
            known.clone().for_each(|gave| self.sessions.add_asker(gave));
            // Another account's session is told by its unique ID alone.
            self.abroad.extend(known.filter_map(Gave::asked_abroad));
            let theirs = edges(pages).filter(|gave| self.abroad.contains(&gave.new.id));
            let theirs: Vec<u64> = theirs.map(|gave| gave.new.key).collect();
            self.take(theirs);
            // A mint whose key never called tells a session all the same.
            self.sessions.add_keyless(pages);
            // A key that never called is a user's by name alone, as the record of its making has it.
            let askers = callers(pages).filter(|who| who.key == 0 && who.since == 0 && who.name != 0);
            let askers = askers.filter(|who| self.sessions.issued.contains(&(who.principal(), NO_SESSION)));
            let named: Vec<(u64, u32)> = askers.map(|who| (who.name, NO_SESSION)).collect();
            self.sessions.issued.extend(named);
            let may_be = |who: &&Who| self.sessions.hold(who, true) || self.sessions.hold_user(who);
            let known = callers(pages).chain(edges(pages).map(|gave| &gave.new));
            let more = known.filter(may_be).map(|who| who.key);
            // Who switched to one of the sessions is known by name, also where a mint of it is known; one that never called may have.
            let own = edges(pages).filter(|gave| self.keys.contains(&gave.new.key));
            own.for_each(|gave| self.minted.add(&gave.new, true));
            let is_one = |who: &Who| self.sessions.hold(who, true) || self.minted.hold(who, true);
            let switches = edges(pages).filter(|gave| gave.is_switch && is_one(&gave.new));
            let by_name = switches.filter_map(Gave::switched).filter(|name| *name != 0);
            self.switched.extend(by_name);
            let known = callers(pages).chain(edges(pages).map(|gave| &gave.new));
            let switchers = known.filter(|who| self.switched.contains(&who.name)).map(|who| who.key);
            let more = more.chain(switchers);
            // What was made one of the console may bear the moment of the session that asked.
            let keeps = |gave: &Gave| gave.is_of_console && self.sessions.hold_asker(gave);
            let gave = edges(pages).filter(|gave| keeps(gave) || self.sessions.come_of(gave));
            let more: Vec<u64> = more.chain(gave.map(|gave| gave.new.key)).collect();
            // Where no key was given for the console, it is the session's that asked.
            let asked = edges(pages).filter(|gave| gave.new.key == 0 && gave.shared == 0 && !gave.is_switch);
            let asked: Vec<Gave> = asked
                .filter(|gave| self.sessions.go_on_from(&gave.new))
                .copied()
                .collect();
            asked.iter().for_each(|gave| self.sessions.add_asker(gave));
            self.take(more.into_iter().chain(asked.iter().map(Gave::by_key)).collect());
            if self.size() == before {
                return;
            }
        }
    }

    /// Adds the keys that were given by those that are known.
    fn forward(&mut self, pages: &[&Page]) {
        let given_by = Links::of(edges(pages).flat_map(|gave| {
            let by_others = (gave.shared, gave.new.key, 0);
            [(gave.by_key(), gave.new.key, gave.shared), by_others]
        }));
        let given = Given::of(pages);
        let long_term = || edges(pages).filter(|gave| gave.is_long_term && gave.by_key() != 0);
        self.making.extend(long_term().map(|gave| gave.by_key()));
        loop {
            let before = self.size();
            given_by.follow(&mut self.keys);
            // Whom a member let in without a key that is told may be in every session of that user or role, and its own session goes on under keys that
            // no mint gave, whether that which one gave ever called or not.
            let known = callers(pages).chain(edges(pages).map(|gave| &gave.new));
            let theirs = known.filter(|who| self.keys.contains(&who.key));
            theirs.clone().for_each(|who| self.sessions.add(who, true));
            self.names.extend(theirs.map(|who| who.name).filter(|name| *name != 0));
            // A user with a long-term key of theirs; and one by name, whose record leaves out with which he called.
            let is_user = |who: &&Who| match who.key {
                0 => self.names.contains(&who.name),
                key => self.keys.contains(&key) && who.principal() != 0,
            };
            let untold = callers(pages).filter(|who| who.since == 0).filter(is_user);
            let untold: Vec<(u64, u32)> = untold.map(|who| (who.principal(), NO_SESSION)).collect();
            self.sessions.issued.extend(untold);
            // What comes back from another account names whose session asked, by unique ID alone.
            let known = callers(pages).chain(edges(pages).map(|gave| &gave.new));
            let ids = known.filter(|who| self.keys.contains(&who.key) && who.id != 0);
            let ids: Vec<u64> = ids.map(|who| who.id).collect();
            self.ids.extend(ids);
            let back = edges(pages).filter(|gave| gave.asked_abroad().is_some_and(|by| self.ids.contains(&by)));
            self.take(back.map(|gave| gave.new.key).collect());
            // What a service made on behalf of one of them lasts, and bears a key that no mint gave.
            let lent = callers(pages).filter(|who| self.making.contains(&who.key) && self.names.contains(&who.name));
            self.lent.extend(lent.map(|who| who.key));
            let lasting = long_term().filter(|gave| self.lent.contains(&gave.by_key()));
            self.take(lasting.map(|gave| gave.new.key).collect());
            // What was made one of the console may bear the moment of the session that asked.
            let keeps = |gave: &&Gave| gave.is_of_console && self.keys.contains(&gave.new.key);
            edges(pages).filter(keeps).for_each(|gave| {
                self.sessions.add_asker(gave);
                self.addressed.add(&gave.new, true);
            });
            // What one of them switched to is a session of its own, whichever of the user's or role's sessions it was.
            let is_switched = |gave: &&Gave| gave.switched().is_some_and(|by| self.names.contains(&by));
            let switches = edges(pages).filter(is_switched).map(|gave| &gave.new);
            switches.for_each(|who| {
                self.sessions.add(who, true);
                self.switched_to.add(who, true);
            });
            // What the console was given for it, whose record may leave out who asked.
            let minted = edges(pages).filter(|gave| self.switched_to.hold(&gave.new, true));
            let minted: Vec<u64> = minted.map(|gave| gave.new.key).collect();
            self.take(minted);
            self.sessions.add_keyless(pages);
            // Where the record leaves the key out, whoever has a session of the same moment may have asked.
            let is_by = |gave: &Gave| self.keys.contains(&gave.by_key()) || self.sessions.hold_asker(gave);
            let let_in = edges(pages).filter(|gave| gave.is_entrance() && is_by(gave));
            let entered = let_in.flat_map(|gave| [gave.new.id, gave.new.name]);
            self.entered.extend(entered.filter(|number| *number != 0));
            let is_entered = |who: &Who| self.entered.contains(&who.id) || self.entered.contains(&who.name);
            let (earlier, later) = (
                ADDRESS_SECONDS + ISSUE_SECONDS + LOGIN_SECONDS,
                ISSUE_SECONDS + LOGIN_SECONDS,
            );
            let is_one = |who: &&Who| {
                let is_lone = given.lack(who);
                let has_signed_in = is_lone && self.addressed.is_issued(who, earlier, later);
                is_entered(who) || has_signed_in || self.sessions.hold(who, is_lone)
            };
            let more = callers(pages).filter(is_one).map(|who| who.key);
            // Whoever came in by a role that a member opened may never have called.
            let given = edges(pages).filter(|gave| self.sessions.hold_asker(gave) || is_entered(&gave.new));
            self.take(more.chain(given.flat_map(|gave| [gave.new.key, gave.shared])).collect());
            if self.size() == before {
                return;
            }
        }
    }

    fn take(&mut self, more: Vec<u64>) {
        self.keys.extend(more.into_iter().filter(|key| *key != 0));
    }
}

#[cfg(test)]
mod tests;
