//! The second of two passes: what can matter for a family is read again, in full.

use super::facts::{Gave, Who, number};
use super::read::{Bytes, bytes_of};
use super::scan::{self, Scratch};
use super::shape::{Reading, Taker};
use super::survey::{Table, Total, lock};
use super::{Damage, Event, EventError, Evidence, Window};
use crate::ids::{AccessKeyId, KeyKind};
use rapidhash::fast::RandomState;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Mutex;

/// Numbers of names. Each record that is read again is looked up among them.
type Numbers = HashSet<u64, RandomState>;

/// Who gave which keys to whom, by number.
type Edges = HashMap<u64, Vec<u64>, RandomState>;

/// What can matter: every key that may be of a family, going by key IDs alone; the users and roles of those keys; and the sources that
/// speak of them. More than the families themselves, never less: who is of a family is decided from the events.
pub(super) struct Closure {
    keys: Numbers,
    /// Unique IDs and names of users and roles.
    kin: Numbers,
    shared: Numbers,
    sources: Numbers,
}

impl Closure {
    pub(super) fn of(asked: &[AccessKeyId], tables: &[&Table]) -> Self {
        let edges: Vec<&Gave> = tables
            .iter()
            .flat_map(|table| &table.gave)
            .map(|(gave, _)| gave)
            .collect();
        let keys = keys(asked, &edges, tables);
        let mut closure = Closure {
            kin: Numbers::default(),
            shared: Numbers::default(),
            sources: Numbers::default(),
            keys,
        };
        // Key IDs of sessions recur: whoever calls with the ID of a member, but in another role than all its mints name, is no kin.
        let of_family = edges.iter().filter(|gave| closure.keys.contains(&gave.new.key));
        let role = |gave: &Gave| if gave.names_role { gave.new.id } else { 0 };
        let roles = holders(of_family.copied(), role);
        let is_own = |who: &&Who| {
            let roles = roles.get(&who.key);
            who.id == 0 || roles.is_none() || may_be_of(roles, who)
        };
        let callers = tables.iter().flat_map(|table| &table.callers).filter(is_own);
        let known = callers.chain(edges.iter().map(|gave| &gave.new));
        for who in known.filter(|who| closure.keys.contains(&who.key)) {
            closure
                .kin
                .extend([who.id, who.name].into_iter().filter(|number| *number != 0));
        }
        let of_family = |gave: &&&Gave| closure.keys.contains(&gave.new.key) || closure.keys.contains(&gave.by);
        closure.shared = edges.iter().filter(of_family).map(|gave| gave.shared).collect();
        closure.shared.remove(&0);
        for table in tables {
            closure.gather_sources(table);
        }
        closure
    }

    fn gather_sources(&mut self, table: &Table) {
        let matters: Vec<bool> = table.callers.iter().map(|who| self.calls(*who)).collect();
        let mut from = 0;
        for (name, to) in &table.sources {
            let callers = table.called.get(from..*to).unwrap_or_default();
            from = *to;
            if callers
                .iter()
                .any(|place| matters.get(*place as usize).copied().unwrap_or(true))
            {
                self.sources.insert(*name);
            }
        }
        let given = table
            .gave
            .iter()
            .filter(|(gave, _)| self.gives(gave))
            .map(|(_, name)| *name);
        let given: Vec<u64> = given.collect();
        self.sources.extend(given);
    }

    /// Whether a call by `who` can matter.
    pub(super) fn calls(&self, who: Who) -> bool {
        self.keys.contains(&who.key) || self.kin.contains(&who.id) || self.kin.contains(&who.name)
    }

    /// Whether it can matter that this key was given.
    pub(super) fn gives(&self, gave: &Gave) -> bool {
        self.calls(gave.new) || self.keys.contains(&gave.by) || self.shared.contains(&gave.shared)
    }

    fn matters(&self, event: &Event) -> bool {
        let who = Who::called(&event.identity);
        self.calls(who) || Gave::of(event, who).is_some_and(|gave| self.gives(&gave))
    }
}

/// Whose each key is that these calls gave, by unique ID; a zero where that isn't told.
fn holders<'a>(edges: impl Iterator<Item = &'a Gave>, of: impl Fn(&Gave) -> u64) -> Edges {
    let mut holders = Edges::default();
    for gave in edges {
        holders.entry(gave.new.key).or_default().push(of(gave));
    }
    holders
}

/// Whether a key with these holders may be this caller's.
fn may_be_of(holders: Option<&Vec<u64>>, who: &Who) -> bool {
    holders.is_some_and(|holders| holders.contains(&0) || holders.contains(&who.id))
}

/// The keys of the families, by key ID alone: back from the asked keys to their origins, then forward to everything that they gave.
fn keys(asked: &[AccessKeyId], edges: &[&Gave], tables: &[&Table]) -> Numbers {
    let mut by_shared: HashMap<u64, Vec<&Gave>, RandomState> = HashMap::default();
    for gave in edges.iter().filter(|gave| gave.shared != 0) {
        by_shared.entry(gave.shared).or_default().push(gave);
    }
    let mut given_by = Edges::default();
    let mut came_from = Edges::default();
    for gave in edges {
        // The record of the one account names the key that asked, the other's the key that was given, or both do.
        let others = by_shared.get(&gave.shared).into_iter().flatten();
        let askers = others.map(|other| other.by).chain([gave.by]);
        for by in askers.filter(|by| *by != 0 && gave.new.key != 0) {
            given_by.entry(by).or_default().push(gave.new.key);
            if !gave.is_long_term {
                came_from.entry(gave.new.key).or_default().push(by);
            }
        }
    }
    let is_origin = |key: &AccessKeyId| key.kind() == KeyKind::LongTerm;
    let mut keys: Numbers = asked.iter().map(|key| number(key.as_str())).collect();
    let temporary = asked
        .iter()
        .filter(|key| !is_origin(key))
        .map(|key| number(key.as_str()));
    keys.extend(reach(temporary.collect(), &came_from));
    let callers = || tables.iter().flat_map(|table| &table.callers);
    // What gives a caller its own key back gives none.
    let others = edges.iter().filter(|gave| gave.by != gave.new.key);
    let given = holders(others.copied(), |gave| gave.new.id);
    let is_unminted = |who: &&Who| !may_be_of(given.get(&who.key), who);
    // Where a record leaves the asker's key out, everybody with the same rights may be it; and a session that no mint gave a key for is of the one that
    // bears the same.
    loop {
        let sessions = Sessions::of(callers().filter(|who| keys.contains(&who.key)).filter(is_unminted));
        let may_be = callers().filter(|who| who.id != 0 && keys.contains(&who.id) || sessions.hold(who));
        let more = may_be.map(|who| who.key).filter(|key| *key != 0 && !keys.contains(key));
        let more: Vec<u64> = more.collect();
        if more.is_empty() {
            break;
        }
        keys.extend(reach(more, &came_from));
    }
    let mut keys = reach(keys.into_iter().collect(), &given_by);
    // Whom a member let in without a key that is told may be in every session of that user or role, and its own session goes on under keys that no mint
    // gave.
    loop {
        let entered = edges
            .iter()
            .filter(|gave| gave.is_entrance() && keys.contains(&gave.by))
            .flat_map(|gave| [gave.new.id, gave.new.name]);
        let entered: Numbers = entered.filter(|number| *number != 0).collect();
        let theirs = || callers().filter(|who| keys.contains(&who.key));
        let sessions = Sessions::of(theirs());
        // Where a record leaves the key out, whoever carries the same rights may have asked.
        let ids: Numbers = theirs().map(|who| who.id).filter(|id| *id != 0).collect();
        let given = ids.iter().filter_map(|id| given_by.get(id)).flatten().copied();
        let is_more = |who: &Who| {
            entered.contains(&who.id) || entered.contains(&who.name) || is_unminted(&who) && sessions.hold(who)
        };
        let more: Vec<u64> = callers()
            .filter(|who| is_more(who))
            .map(|who| who.key)
            .chain(given)
            .filter(|key| *key != 0 && !keys.contains(key))
            .collect();
        if more.is_empty() {
            return keys;
        }
        keys.extend(reach(more, &given_by));
    }
}

/// How far moments of issue of one session may lie apart, in seconds. In real trails they are equal.
const SLACK_SECONDS: u32 = 5;

/// Sessions by what their calls bear: whose they are and when they were issued, and the sign-in that they began with.
struct Sessions {
    issued: HashSet<(u64, u32), RandomState>,
    sign_ins: HashSet<u32, RandomState>,
}

impl Sessions {
    fn of<'a>(callers: impl Iterator<Item = &'a Who>) -> Self {
        let mut sessions = Sessions {
            issued: HashSet::default(),
            sign_ins: HashSet::default(),
        };
        for who in callers {
            if who.since != 0 {
                sessions.issued.insert((who.principal(), who.since));
            }
            if who.sign_in != 0 {
                sessions.sign_ins.insert(who.sign_in);
            }
        }
        sessions
    }

    /// Whether this may be one of them under another key.
    fn hold(&self, who: &Who) -> bool {
        let from = who.since.saturating_sub(SLACK_SECONDS).max(1);
        let mut moments = from..=who.since.saturating_add(SLACK_SECONDS);
        who.sign_in != 0 && self.sign_ins.contains(&who.sign_in)
            || who.since != 0 && moments.any(|since| self.issued.contains(&(who.principal(), since)))
    }
}

/// Everything that can be reached from `from`, itself included.
fn reach(from: Vec<u64>, edges: &Edges) -> Numbers {
    let mut found: Numbers = from.iter().copied().collect();
    let mut next = from;
    while let Some(key) = next.pop() {
        for other in edges.get(&key).into_iter().flatten() {
            if found.insert(*other) {
                next.push(*other);
            }
        }
    }
    found
}

/// Keys that may be of the families that were asked for: of whichever of them the evidence turns out to speak, everything was read.
#[derive(Debug, Clone, Default)]
pub struct Followed(Numbers);

impl Followed {
    /// Whether the key was among them.
    pub fn has(&self, key: &AccessKeyId) -> bool {
        self.0.contains(&number(key.as_str()))
    }
}

/// The second pass. As the first it may be fed from any number of threads at once.
pub struct Harvest {
    closure: Closure,
    window: Window,
    scratch: Mutex<Vec<Scratch>>,
    total: Mutex<Total>,
}

impl Harvest {
    pub(super) fn of(closure: Closure, window: Window, total: Total, scratches: Vec<Scratch>) -> Self {
        Harvest {
            closure,
            window,
            scratch: Mutex::new(scratches),
            total: Mutex::new(total),
        }
    }

    /// Whether the source called `name` holds anything that can matter.
    pub fn wants(&self, name: &str) -> bool {
        self.closure.sources.contains(&number(name))
    }

    /// Which keys the second pass follows.
    pub fn followed(&self) -> Followed {
        Followed(self.closure.keys.clone())
    }

    /// What counts.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Remembers a source that could not be read again.
    pub fn damaged(&self, name: &str, what: impl Into<String>) {
        lock(&self.total).evidence.damaged(name, None, what);
    }

    /// How many sources are wanted.
    pub fn wanted(&self) -> usize {
        self.closure.sources.len()
    }

    /// Reads a source that [`Harvest::wants`] again.
    pub fn feed(&self, name: &str, stream: impl Read) {
        let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
        let mut kept = Kept {
            closure: &self.closure,
            window: &self.window,
            total: &self.total,
            events: Vec::new(),
            damage: Vec::new(),
        };
        match bytes_of(stream, &mut scratch) {
            Bytes::Stream(rest) => Reading::read(name, rest, &mut kept),
            Bytes::Whole => {
                if scan::harvest(&mut scratch, &self.closure, &mut kept).is_err() {
                    kept.events.clear();
                    kept.damage.clear();
                    Reading::read(name, scratch.text(), &mut kept);
                }
            }
        }
        kept.hand_over();
        lock(&self.scratch).push(scratch);
    }

    /// The evidence: every event that can matter, and the coverage of everything that was read.
    pub fn finish(self) -> Evidence {
        let mut total = self
            .total
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut total.fold).finish(&mut total.evidence);
        let (distinct, exact) = total.distinct.count();
        total.evidence.covers(total.records, distinct, exact, &total.seen);
        total.evidence
    }
}

/// What matters in one source.
pub(super) struct Kept<'a> {
    closure: &'a Closure,
    window: &'a Window,
    total: &'a Mutex<Total>,
    events: Vec<Event>,
    damage: Vec<Damage>,
}

/// So many events of one source are held: it may be of any size.
const HELD: usize = 1_024;

impl Kept<'_> {
    /// Hands over what was gathered so far. What is read again afterwards is a copy.
    fn hand_over(&mut self) {
        let mut total = lock(self.total);
        for event in self.events.drain(..) {
            if let Some(event) = total.fold.take(event) {
                total.evidence.keep(event);
            }
        }
        for damage in self.damage.drain(..) {
            total.evidence.damaged(&damage.file, damage.offset, damage.what);
        }
    }

    /// Takes in an event that matters, if it counts.
    pub(super) fn take(&mut self, event: Event) {
        if self.window.admits(&event) && self.closure.matters(&event) {
            self.events.push(event);
        }
        if self.events.len() >= HELD {
            self.hand_over();
        }
    }
}

impl Taker for Kept<'_> {
    fn record(&mut self, record: &Value) -> Result<(), EventError> {
        self.take(Event::parse(record)?);
        Ok(())
    }

    // Mostly the first pass told it, and the same place is told once. But it trusts what a checksum vouches for.
    fn damaged(&mut self, file: &str, offset: Option<u64>, what: String) {
        self.damage.push(Damage {
            file: file.to_owned(),
            offset,
            what,
        });
    }
}
