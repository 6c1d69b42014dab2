//! The rules over a trail: "did any of this happen before we noticed?"

mod alone;
mod fact;
mod followed;
mod groups;
mod hits;
mod joined;
mod kept;
mod loops;
mod packed;
mod pairs;
mod parts;
mod rings;
mod runs;
mod sighting;
mod sights;
mod spots;
mod stay;

use super::fitted::Fitted;
use super::glimpse::Glimpse;
use super::matching::Members;
use super::rule::{Level, Row};
use crate::time::Moment;
use crate::trail::{Glance, Sieve};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use alone::Sizes;
use fact::{Fact, facts};
use followed::{Followed, Told};
use groups::Groups;
pub use kept::{Counted, MOST_HITS};
use loops::{Back, Hop, Steps, hops};
use parts::{Named, bit, parts};
pub use runs::{Aside, MakeAside};
use runs::{Runs, merged};
use sights::Sights;
use spots::{Of, Spots};
use stay::Stay;

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
    /// From where; a hundred of them.
    pub addresses: BTreeSet<String>,
    /// How many more addresses there are.
    #[serde(skip_serializing_if = "is_none")]
    pub more_addresses: usize,
    /// `eventID`s, where single records tell it; the first twenty.
    pub events: Vec<String>,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

/// Looks at every record; several can work side by side and are brought together at the end.
#[derive(Debug)]
pub struct Detector {
    spots: Spots,
    facts: Vec<Fact>,
    followed: Followed,
    hops: Vec<Hop>,
    steps: Steps,
    records: u64,
    /// About how many bytes all of this takes beside the spots, and how many it may with them before it is laid aside.
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
            spots: Spots::default(),
            facts: Vec::new(),
            followed: Followed::default(),
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
    fn keep(&mut self, fact: Fact) {
        self.size += fact.size();
        self.size += usize::from(self.steps.add(&fact)) * place::<(u64, u64)>();
        for hop in hops(&fact) {
            self.size += 2 * size_of::<Hop>();
            self.hops.push(hop);
        }
        self.facts.push(fact);
    }

    /// Looks into a record's text; says whether that tells everything.
    fn look(&mut self, glance: &Glance<'_>, of: Of, parts: Option<(u64, &'static Named)>, told: Told) -> bool {
        let caller = self.spots.caller(of);
        let Some(glimpse) = caller.and_then(|caller| Glimpse::of(glance, caller)) else {
            // What isn't as CloudTrail writes it is read in full.
            return false;
        };
        if let Told::New(number) = told {
            self.size += self.followed.add(&glimpse, glance.at, number);
        }
        let Some((may, named)) = parts else { return true };
        let matched: Vec<Fact> = facts(&named.parts, |n| may & bit(n) != 0, &glimpse, glance.at).collect();
        matched.into_iter().for_each(|fact| self.keep(fact));
        true
    }

    /// Lays everything aside where it has grown too large.
    fn turn(&mut self) {
        if self.size + self.spots.size > self.room && !self.laid.is_crowded() {
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
        facts.extend(std::mem::take(&mut self.followed).into_facts());
        (facts, std::mem::take(&mut self.spots).into_stays())
    }

    /// What was found of steps, to be gone through: where something was laid aside, the rest is too.
    fn hops(&mut self) -> Runs<Hop> {
        let hops = std::mem::take(&mut self.hops);
        match self.laid.is_held() {
            true => self.laid.hops.hold(hops),
            false => self.laid.hops.lay(hops),
        }
        std::mem::replace(
            &mut self.laid.hops,
            Runs::with(|| Err(io::ErrorKind::Unsupported.into())),
        )
    }

    /// The same of everything else.
    fn finished(mut self) -> Laid {
        if !self.laid.is_held() {
            self.lay();
            return self.laid;
        }
        let (facts, stays) = self.taken();
        self.laid.facts.hold(facts);
        self.laid.stays.hold(stays);
        self.laid
    }
}

/// Lets go what can't count, where all of it is in memory: else there may be more of it than is known.
fn let_alone_go(detectors: &mut [Detector], back: &Back) {
    if !detectors.iter().all(|one| one.laid.facts.is_empty()) {
        return;
    }
    for one in &mut *detectors {
        one.facts.extend(std::mem::take(&mut one.followed).into_facts());
    }
    let sizes = Sizes::of(detectors.iter().flat_map(|one| &one.facts));
    for one in detectors {
        one.facts.retain(|fact| sizes.may_count(fact, back));
    }
}

/// Everything of all, worked on side by side.
fn all_finished(detectors: Vec<Detector>) -> Vec<Laid> {
    std::thread::scope(|scope| {
        let each = detectors.into_iter().map(|one| scope.spawn(|| one.finished()));
        let working: Vec<_> = each.collect();
        let done = working.into_iter().map(|one| one.join());
        done.map(|done| done.unwrap_or_else(|trouble| std::panic::resume_unwind(trouble)))
            .collect()
    })
}

impl Sieve for Detector {
    fn glance(&mut self, glance: &Glance<'_>) -> bool {
        self.records += 1;
        let of = self.spots.see(glance);
        let parts = parts(glance.name)
            .map(|named| (self.spots.may(of, named), named))
            .filter(|(may, named)| *may != 0 && !(named.are_done && Glimpse::is_refused(glance)));
        let told = match of.is_followed {
            true => self.followed.again(glance),
            false => Told::Known,
        };
        let is_read = match (&parts, told) {
            (None, Told::Known) => false,
            (parts, told) => !self.look(glance, of, parts.as_ref().copied(), told),
        };
        self.turn();
        is_read
    }

    fn record(&mut self, record: &Value) {
        let name = record.text("eventName").unwrap_or_default();
        let Some(at) = record.text("eventTime").and_then(|text| text.parse().ok()) else {
            return;
        };
        if let Some(named) = parts(name.as_bytes()) {
            facts(&named.parts, |_| true, record, at).for_each(|fact| self.keep(fact));
        }
        self.size += self.followed.add(record, at, None);
        self.turn();
    }
}

/// What several detectors found together.
#[derive(Debug, Clone, PartialEq)]
pub struct Detections {
    /// The gravest first; of each rule the first by time.
    pub hits: Vec<Hit>,
    /// The rules that have more hits than those.
    pub counted: Vec<Counted>,
    /// How many records they saw.
    pub records: u64,
    /// Whether there was no room to lay anything aside, so that memory had no bound.
    pub is_crowded: bool,
}

/// What several detectors found together. Of `fitted` those count that caller and address tell.
///
/// # Errors
/// What was laid aside can't be read again.
pub fn found(mut detectors: Vec<Detector>, fitted: &[&Fitted]) -> io::Result<Detections> {
    let records = detectors.iter().map(|one| one.records).sum();
    let mut steps = Steps::default();
    let mut all_hops = Vec::new();
    for one in &mut detectors {
        steps.extend(std::mem::take(&mut one.steps));
        all_hops.push(one.hops());
    }
    let mut is_crowded = all_hops.iter().any(Runs::is_crowded);
    merged(all_hops, |hop| steps.hop(&hop))?;
    let back = steps.back();
    drop(steps);
    let_alone_go(&mut detectors, &back);
    let (mut all_facts, mut all_stays) = (Vec::new(), Vec::new());
    for laid in all_finished(detectors) {
        is_crowded |= laid.is_crowded();
        all_facts.push(laid.facts);
        all_stays.push(laid.stays);
    }
    let mut groups = Groups::with(back);
    merged(all_facts, |fact| groups.take(fact))?;
    let (hits, earlier) = groups.finish();
    let fitted: Vec<&Fitted> = fitted.iter().copied().filter(|rule| rule.is_of_places()).collect();
    let mut sights = Sights::after(hits, earlier, &fitted);
    merged(all_stays, |stay| sights.take(stay))?;
    let (hits, counted) = sights.finish().finish();
    Ok(Detections {
        hits,
        counted,
        records,
        is_crowded,
    })
}
