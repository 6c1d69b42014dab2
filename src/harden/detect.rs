//! The rules over a trail: "did any of this happen before we noticed?"

mod fact;
mod groups;
mod hits;
mod joined;
mod loops;
mod packed;
mod runs;
mod sighting;
mod sights;
mod stay;

use super::caller::{At, Caller, is_at_a_glance, may_be};
use super::fitted::Fitted;
use super::glimpse::Glimpse;
use super::matching::{Members, is_one_of};
use super::rule::{Level, Records, Row, Shape};
use super::rules::RULES;
use crate::time::Moment;
use crate::trail::{Glance, Sieve};
use rapidhash::fast::RandomState;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::LazyLock;

use fact::{Fact, facts, may_be_unnamed, parts, unnamed};
use groups::Groups;
use loops::{Hop, Steps, hops};
pub use runs::{Aside, MakeAside};
use runs::{Runs, merged};
use sighting::{HOUR_SECONDS, Sighting};
use sights::Sights;
use stay::{Place, Stay};

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The rule.
    pub rule: Cow<'static, str>,
    /// What it finds.
    pub title: Cow<'static, str>,
    /// The row that it is of.
    pub row: Row,
    /// How much it means.
    pub level: Level,
    /// When first.
    pub first: Moment,
    /// When last.
    pub last: Moment,
    /// The credential.
    pub key: String,
    /// Whose it is, as the records tell.
    pub who: String,
    /// What was done.
    pub what: String,
    /// From where.
    pub addresses: BTreeSet<String>,
    /// `eventID`s, where single records tell it; the first twenty.
    pub events: Vec<String>,
}

/// When a caller was seen from an address in one hour.
type Sightings = HashMap<(u64, u64, i64), Sighting, RandomState>;

/// By what they have in common, the first and the last of facts that calls of any name tell.
type Followed = HashMap<u64, (Fact, Fact), RandomState>;

/// What callers look like that come after something: of those each second counts.
static LATER: LazyLock<Vec<Records<'static>>> = LazyLock::new(|| {
    let later = RULES.iter().filter_map(|rule| match rule.shape {
        Shape::Then { then, .. } if is_at_a_glance(then) => Some(then),
        _ => None,
    });
    later.collect()
});

/// Looks at every record; several can work side by side and are brought together at the end.
#[derive(Debug)]
pub struct Detector {
    callers: HashMap<u64, Option<Caller>, RandomState>,
    addresses: HashMap<u64, Box<str>, RandomState>,
    sightings: Sightings,
    facts: Vec<Fact>,
    followed: Followed,
    hops: Vec<Hop>,
    steps: Steps,
    records: u64,
    /// About how many bytes all of this takes, and how many it may before it is laid aside.
    size: usize,
    room: usize,
    laid: Laid,
}

/// What was laid aside, and at the end all.
#[derive(Debug)]
struct Laid {
    facts: Runs<Fact>,
    stays: Runs<Stay>,
    hops: Runs<Hop>,
}

impl Laid {
    fn is_crowded(&self) -> bool {
        self.facts.is_crowded() || self.stays.is_crowded() || self.hops.is_crowded()
    }

    fn is_held(&self) -> bool {
        self.facts.are_held() && self.stays.are_held() && self.hops.are_held()
    }
}

/// About how many bytes the place of something in a table takes, which is half empty at times, with what the allocator adds.
const fn place<T>() -> usize {
    2 * size_of::<T>() + 16
}

/// Holds everything in memory.
impl Default for Detector {
    fn default() -> Self {
        Detector::laying(usize::MAX, || Err(io::ErrorKind::Unsupported.into()))
    }
}

impl Detector {
    /// One that holds about `room` bytes, and lays aside what is more.
    pub fn laying(room: usize, aside: MakeAside) -> Self {
        Detector {
            callers: HashMap::default(),
            addresses: HashMap::default(),
            sightings: HashMap::default(),
            facts: Vec::new(),
            followed: HashMap::default(),
            hops: Vec::new(),
            steps: Steps::default(),
            records: 0,
            size: 0,
            room,
            laid: Laid {
                facts: Runs::with(aside),
                stays: Runs::with(aside),
                hops: Runs::with(aside),
            },
        }
    }

    /// Keeps what a record is to rules.
    fn keep(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.size += fact.size();
            self.size += usize::from(self.steps.add(&fact)) * place::<(u64, u64)>();
            self.size += 2 * size_of::<Hop>();
            self.hops.extend(hops(&fact));
            self.facts.push(fact);
        }
    }

    /// Lays everything aside where it has grown too large.
    fn turn(&mut self) {
        if self.size > self.room && !self.laid.is_crowded() {
            self.lay();
        }
    }

    fn lay(&mut self) {
        let (facts, stays) = self.taken();
        self.laid.facts.lay(facts);
        self.laid.stays.lay(stays);
        self.laid.hops.lay(std::mem::take(&mut self.hops));
    }

    /// What it holds, which it holds no more.
    fn taken(&mut self) -> (Vec<Fact>, Vec<Stay>) {
        self.size = 0;
        let mut facts = std::mem::take(&mut self.facts);
        let followed = std::mem::take(&mut self.followed).into_values();
        facts.extend(followed.flat_map(<[Fact; 2]>::from));
        let mut callers = std::mem::take(&mut self.callers);
        let addresses = std::mem::take(&mut self.addresses);
        let mut sightings: Vec<_> = std::mem::take(&mut self.sightings).into_iter().collect();
        sightings.sort_unstable_by_key(|(place, _)| *place);
        let mut stays = Vec::new();
        let mut sightings = sightings.into_iter().peekable();
        while let Some(((who, ..), _)) = sightings.peek() {
            let who = *who;
            let mut places: Vec<Place> = Vec::new();
            let mut last = None;
            while let Some(((_, at, hour), seen)) = sightings.next_if(|((caller, ..), _)| *caller == who) {
                if last != Some(at) {
                    places.push(Place {
                        address: addresses.get(&at).cloned().unwrap_or_default(),
                        hours: Vec::new(),
                    });
                    last = Some(at);
                }
                if let Some(place) = places.last_mut() {
                    place.hours.push((hour, seen));
                }
            }
            if let Some(caller) = callers.remove(&who).flatten() {
                stays.push(Stay::of(caller, places));
            }
        }
        (facts, stays)
    }

    /// Everything, to be gone through: where something was laid aside, the rest is too.
    fn finished(mut self) -> Laid {
        if !self.laid.is_held() {
            self.lay();
            return self.laid;
        }
        let (facts, stays) = self.taken();
        self.laid.facts.hold(facts);
        self.laid.stays.hold(stays);
        self.laid.hops.hold(self.hops);
        self.laid
    }
}

impl Sieve for Detector {
    fn glance(&mut self, glance: &Glance<'_>) -> bool {
        self.records += 1;
        let address = rapidhash::v3::rapidhash_v3(glance.address.as_bytes());
        let hour = glance.at.seconds().div_euclid(HOUR_SECONDS);
        let is_followed = match self.sightings.entry((glance.caller, address, hour)) {
            Entry::Occupied(mut seen) => {
                self.size += seen.get_mut().add(glance.at);
                seen.get().is_followed
            }
            Entry::Vacant(free) => {
                let caller = self.callers.entry(glance.caller).or_insert_with(|| {
                    let caller = Caller::of(glance.identity);
                    let length = caller.as_ref().map_or(0, Caller::length);
                    self.size += place::<(u64, Option<Caller>)>() + length;
                    caller
                });
                match caller {
                    Some(caller) => {
                        let is_counted = LATER.iter().any(|then| is_one_of(then, caller));
                        let seen = free.insert(Sighting::at(glance.at, is_counted));
                        self.size += place::<((u64, u64, i64), Sighting)>();
                        let at = At(caller, glance.address);
                        seen.is_followed = unnamed().iter().any(|(.., records)| may_be(records, &at));
                        self.addresses.entry(address).or_insert_with(|| {
                            self.size += place::<(u64, Box<str>)>() + glance.address.len();
                            glance.address.into()
                        });
                        seen.is_followed
                    }
                    None => false,
                }
            }
        };
        let is_followed = is_followed && may_be_unnamed(glance.text);
        let parts = parts(glance.name).unwrap_or_default();
        if parts.is_empty() && !is_followed {
            self.turn();
            return false;
        }
        let caller = self.callers.get(&glance.caller).and_then(Option::as_ref);
        let told = caller.and_then(|caller| Glimpse::of(glance, caller)).map(|glimpse| {
            let followed = if is_followed {
                facts(unnamed(), &glimpse)
            } else {
                Vec::new()
            };
            (facts(parts, &glimpse), followed)
        });
        // Whoever called without a key, and what isn't as CloudTrail writes it, is read in full.
        let is_read = told.is_none();
        if let Some((facts, followed)) = told {
            self.keep(facts);
            self.size += follow(&mut self.followed, followed);
        }
        self.turn();
        is_read
    }

    fn record(&mut self, record: &Value) {
        let name = record.text("eventName").unwrap_or_default();
        if let Some(parts) = parts(&name) {
            self.keep(facts(parts, record));
        }
        self.size += follow(&mut self.followed, facts(unnamed(), record));
        self.turn();
    }
}

/// Keeps of facts that tell the same again the first and the last: of a machine at work there are as many as it makes calls. Gives how many
/// bytes more they take.
fn follow(followed: &mut Followed, facts: impl IntoIterator<Item = Fact>) -> usize {
    let mut size = 0;
    for fact in facts {
        match followed.entry(fact.likeness()) {
            Entry::Vacant(free) => {
                size += 2 * fact.size() + place::<u64>();
                free.insert((fact.clone(), fact));
            }
            Entry::Occupied(mut kept) => {
                let (first, last) = kept.get_mut();
                let when = |fact: &Fact| (fact.at, fact.id.clone());
                if when(&fact) < when(first) {
                    *first = fact;
                } else if when(&fact) > when(last) {
                    *last = fact;
                }
            }
        }
    }
    size
}

/// What several detectors found together.
#[derive(Debug, Clone, PartialEq)]
pub struct Detections {
    /// The gravest first.
    pub hits: Vec<Hit>,
    /// How many records they saw.
    pub records: u64,
    /// Whether there was no room to lay anything aside, so that memory had no bound.
    pub is_crowded: bool,
}

/// What several detectors found together. Of `fitted` those count that caller and address tell.
///
/// # Errors
/// What was laid aside can't be read again.
pub fn found(detectors: Vec<Detector>, fitted: &[&Fitted]) -> io::Result<Detections> {
    let records = detectors.iter().map(|one| one.records).sum();
    let mut steps = Steps::default();
    let (mut all_facts, mut all_stays, mut all_hops) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_crowded = false;
    for mut one in detectors {
        steps.extend(std::mem::take(&mut one.steps));
        let laid = one.finished();
        is_crowded |= laid.is_crowded();
        all_facts.push(laid.facts);
        all_stays.push(laid.stays);
        all_hops.push(laid.hops);
    }
    merged(all_hops, |hop| steps.hop(&hop))?;
    let mut groups = Groups::with(steps.back());
    drop(steps);
    merged(all_facts, |fact| groups.take(fact))?;
    let (mut hits, earlier) = groups.finish();
    let fitted: Vec<&Fitted> = fitted.iter().copied().filter(|rule| rule.is_of_places()).collect();
    let mut sights = Sights::after(earlier, &fitted);
    merged(all_stays, |stay| sights.take(&stay))?;
    hits.extend(sights.finish());
    // The order of files makes no difference.
    hits.sort_by(|one, two| {
        let by = |hit: &Hit| (Reverse(hit.level), hit.rule.clone(), hit.first);
        let rest = |hit: &Hit| (hit.key.clone(), hit.events.clone(), hit.what.clone());
        by(one).cmp(&by(two)).then_with(|| rest(one).cmp(&rest(two)))
    });
    Ok(Detections {
        hits,
        records,
        is_crowded,
    })
}
