//! The keys of families, from who gave which: back from the asked keys to their origins, then forward to everything that they gave.
//!
//! Pages are gone through one after the other until none adds anything. What holds across them only grows, so that their order makes no difference.

use super::apart::{ADDRESS_SECONDS, ISSUE_SECONDS, LOGIN_SECONDS};
use super::closure::{Numbers, callers, edges};
use super::facts::{Gave, NO_SESSION, Who, number, sign_in, user};
use super::pages::{Page, Pages};
use crate::ids::AccessKeyId;
use rapidhash::fast::RandomState;
use std::collections::{BTreeSet, HashSet};
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
        let names = self.names.iter().flat_map(|name| [user(Some(name)), number(name)]);
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
        self.entered.contains(&user(Some(name)))
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
            self.take(more.chain(gave.map(|gave| gave.new.key)).collect());
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
            let given = edges(pages).filter(|gave| self.sessions.hold_asker(gave));
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

/// Keys that some pages say were given, to whom and when; a zero where that isn't told. One that another page says of is taken for one that nobody gave: that makes a
/// family larger, never smaller.
struct Given(Vec<(u64, u64, u32)>);

impl Given {
    fn of(pages: &[&Page]) -> Self {
        // What gives a caller its own key back gives none.
        let others = edges(pages).filter(|gave| gave.by != gave.new.key);
        let mut given: Vec<_> = others.map(|gave| (gave.new.key, gave.new.id, gave.new.since)).collect();
        given.sort_unstable();
        Given(given)
    }

    /// Whether nothing gave this caller its key. Key IDs of sessions recur: what was given to it at another moment is another's.
    fn lack(&self, who: &Who) -> bool {
        let may_be = |holder| {
            let begin = self.0.partition_point(|given| *given < (who.key, holder, 0));
            let rest = self.0.get(begin..).unwrap_or_default().iter();
            let mut same = rest.take_while(|(key, to, _)| (*key, *to) == (who.key, holder));
            same.any(|(.., since)| *since == 0 || who.since == 0 || since.abs_diff(who.since) <= ISSUE_SECONDS)
        };
        !may_be(0) && !may_be(who.id)
    }
}

/// What leads to what, sorted.
struct Links(Vec<(u64, u64)>);

impl Links {
    /// Links from the first of each to the two others; zero is nothing.
    fn of(links: impl Iterator<Item = (u64, u64, u64)>) -> Self {
        let each = links.flat_map(|(from, to, also)| [(from, to), (from, also)]);
        let mut links: Vec<_> = each.filter(|(from, to)| *from != 0 && *to != 0).collect();
        links.sort_unstable();
        links.dedup();
        Links(links)
    }

    fn from(&self, from: u64) -> impl Iterator<Item = u64> {
        let begin = self.0.partition_point(|(other, _)| *other < from);
        let rest = self.0.get(begin..).unwrap_or_default();
        rest.iter()
            .take_while(move |(other, _)| *other == from)
            .map(|(_, to)| *to)
    }

    /// Adds everything that can be reached from what is known.
    fn follow(&self, known: &mut Numbers) {
        let first = self
            .0
            .iter()
            .filter(|(from, to)| known.contains(from) && !known.contains(to));
        let mut next: Vec<u64> = first.map(|(_, to)| *to).collect();
        known.extend(&next);
        while let Some(from) = next.pop() {
            for to in self.from(from) {
                if known.insert(to) {
                    next.push(to);
                }
            }
        }
    }
}

/// Sessions by what their calls bear: whose they are and when they were issued, and the sign-in that they began with.
#[derive(Debug, Clone, Default)]
struct Sessions {
    issued: BTreeSet<(u64, u32)>,
    sign_ins: HashSet<u32, RandomState>,
}

impl Sessions {
    /// Adds the session of a caller, by its moment of issue too with `by_moment`.
    fn add(&mut self, who: &Who, by_moment: bool) {
        if by_moment && who.since != 0 {
            self.issued.insert((who.principal(), who.since));
        }
        if who.sign_in != 0 {
            self.sign_ins.insert(who.sign_in);
        }
    }

    /// Adds the session that asked for a key, where the record leaves its own out.
    fn add_asker(&mut self, gave: &Gave) {
        if gave.by_since != 0 {
            self.issued.insert((gave.by, gave.by_since));
        }
    }

    /// Adds what calls bear of these sessions whose records leave the key out. One that bears their moment is of a session that is known; what is near to its
    /// own is no nearer to that.
    fn add_keyless(&mut self, pages: &[&Page]) {
        for who in callers(pages).filter(|who| who.key == 0) {
            let is_signed = self.hold(who, false);
            if is_signed || self.hold(who, true) {
                self.add(who, is_signed);
            }
        }
    }

    fn size(&self) -> usize {
        self.issued.len() + self.sign_ins.len()
    }

    /// Whether this may be one of them under another key, by its moment of issue too with `by_moment`.
    fn hold(&self, who: &Who, by_moment: bool) -> bool {
        who.sign_in != 0 && self.sign_ins.contains(&who.sign_in)
            || by_moment && self.is_issued(who, ISSUE_SECONDS, ISSUE_SECONDS)
    }

    /// Whether this is a long-term key of a user who asked for one of their keys in a record that leaves out with which.
    fn hold_user(&self, who: &Who) -> bool {
        who.since == 0 && who.key != 0 && self.issued.contains(&(who.principal(), NO_SESSION))
    }

    /// Whether one of them may have asked for this key, where the record leaves its own out.
    fn hold_asker(&self, gave: &Gave) -> bool {
        let near = gave.by_since.saturating_sub(ISSUE_SECONDS).max(1)..=gave.by_since.saturating_add(ISSUE_SECONDS);
        let mut issued = self.issued.range((gave.by, *near.start())..=(gave.by, *near.end()));
        gave.by_since != 0 && issued.next().is_some()
    }

    /// Whether one of them may go on from the session that this gave.
    fn come_of(&self, gave: &Gave) -> bool {
        // A session of the console is joined by its sign-in, too, which may lie by so much before or behind the moment that it bears.
        let (earlier, later) = match gave.is_of_console {
            true => (
                ISSUE_SECONDS + LOGIN_SECONDS,
                ADDRESS_SECONDS + ISSUE_SECONDS + LOGIN_SECONDS,
            ),
            false => (ISSUE_SECONDS, ISSUE_SECONDS),
        };
        gave.new.key != 0 && self.is_issued(&gave.new, earlier, later)
    }

    /// Whether one of them was issued to the same principal when this one was, or up to so many seconds earlier or later.
    fn is_issued(&self, who: &Who, earlier: u32, later: u32) -> bool {
        let from = (who.principal(), who.since.saturating_sub(earlier).max(1));
        let to = (who.principal(), who.since.saturating_add(later));
        who.since != 0 && self.issued.range(from..=to).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::trail::pages::Laid;
    use crate::trail::survey::Facts;
    use proptest::prelude::*;

    const ASKED: &str = "ASIAIOSFODNN7EXAMPLE";

    /// Few numbers, so that most meet; 1 stands for the key that is asked for, and 0 for nothing.
    fn number_of(small: u64) -> u64 {
        match small {
            0 => 0,
            1 => number(ASKED),
            small => small + 100,
        }
    }

    fn any_gave(with_sessions: bool) -> impl Strategy<Value = Gave> {
        let numbers = [0_u64..12, 0..12, 0..6, 0..4];
        let most = if with_sessions { 3_u32 } else { 1 };
        let kinds = [any::<bool>(), any::<bool>(), any::<bool>()];
        let sessions = [0..most, 0..most];
        (numbers, kinds, sessions).prop_map(move |([by, key, id, shared], kinds, [since, by_since])| {
            let [is_long_term, is_of_console, is_switch] = kinds;
            let new = Who {
                key: number_of(key),
                id: number_of(id).rotate_left(8),
                name: number_of(id).rotate_left(24),
                since: since * 100,
                ..Who::default()
            };
            let gave = Gave {
                by: number_of(by),
                new,
                shared: number_of(shared).rotate_left(16),
                is_long_term: is_long_term && by % 4 == 0,
                is_of_console: is_of_console && by % 3 == 0,
                ..Gave::default()
            };
            match by % 5 {
                // Somebody switched who is known by name; or the record leaves the key out.
                1 if with_sessions && is_switch => Gave {
                    by: !number_of(shared).rotate_left(24),
                    new: Who { key: 0, ..new },
                    is_switch,
                    ..Gave::default()
                },
                2 if by_since > 0 => Gave {
                    by: number_of(id).rotate_left(8),
                    by_since: by_since * 100,
                    ..gave
                },
                _ => gave,
            }
        })
    }

    fn any_who(with_sessions: bool) -> impl Strategy<Value = Who> {
        let most = if with_sessions { 3_u32 } else { 1 };
        (0_u64..12, 0_u64..6, 0..most, 0..most).prop_map(move |(key, id, sign_in, since)| Who {
            key: number_of(key),
            id: number_of(id).rotate_left(8),
            name: if with_sessions {
                number_of(id).rotate_left(24)
            } else {
                0
            },
            sign_in,
            since: since * 100,
        })
    }

    fn any_sources(with_sessions: bool) -> impl Strategy<Value = Vec<Facts>> {
        let callers = prop::collection::vec(any_who(with_sessions), 0..4);
        let gave = prop::collection::vec(any_gave(with_sessions), 0..3);
        let facts = (callers, gave).prop_map(|(callers, gave)| Facts {
            callers,
            gave,
            ..Facts::default()
        });
        prop::collection::vec(facts, 0..10)
    }

    /// What grows of sources that lie in one page, or in a page each that was laid aside.
    fn grown(sources: &[Facts], full: usize) -> Numbers {
        let (mut page, mut laid) = (Page::default(), Laid::with_room(full));
        for (n, facts) in sources.iter().enumerate() {
            page.add(&n.to_string(), facts);
            laid.turn(&mut page);
        }
        let seeds = Seeds {
            keys: vec![ASKED.parse().unwrap()],
            ..Seeds::default()
        };
        super::grown(&seeds, &mut Pages::of(vec![page], laid)).unwrap().keys
    }

    /// A busy role has sessions without end, and records without keys: only what is near to the family's in time is followed.
    #[test]
    fn of_a_busy_role_only_sessions_of_the_same_moment_are_followed() {
        let role = 700;
        let who = |key, since| Who {
            key,
            id: role,
            since,
            ..Who::default()
        };
        let keyless = |key, since| Gave {
            by: role,
            by_since: since,
            new: Who {
                id: 701,
                ..who(key, since + 60)
            },
            ..Gave::default()
        };
        let own = Gave {
            by: number(ASKED),
            new: who(1_000, 1_000),
            ..Gave::default()
        };
        let others = (1..50).map(|n| keyless(2_000 + n, 1_000 + 10 * n as u32));
        let facts = Facts {
            callers: (1..50).map(|n| who(3_000 + n, 1_000 + 10 * n as u32)).collect(),
            gave: others.chain([own, keyless(1_001, 1_004)]).collect(),
            ..Facts::default()
        };
        let expected: Numbers = [number(ASKED), 1_000, 1_001].into_iter().collect();
        assert_eq!(grown(std::slice::from_ref(&facts), usize::MAX), expected);
    }

    proptest! {
        #[test]
        fn pages_that_were_laid_aside_make_no_difference(sources in any_sources(false)) {
            prop_assert_eq!(grown(&sources, 1), grown(&sources, usize::MAX));
        }

        #[test]
        fn with_sessions_they_never_make_a_family_smaller(sources in any_sources(true)) {
            prop_assert!(grown(&sources, 1).is_superset(&grown(&sources, usize::MAX)));
        }
    }
}
