//! Who called from where and when: nearly every record tells of a caller and an address that were met before.

use super::parts::{Named, unnamed};
use super::place;
use super::sighting::{HOUR_SECONDS, Sighting};
use super::stay::{Place, Stay};
use crate::harden::caller::{At, Caller, Forms, is_at_a_glance, may_be, may_call};
use crate::harden::matching::is_one_of;
use crate::harden::rule::{Records, Shape};
use crate::harden::rules::RULES;
use crate::time::Moment;
use crate::trail::Glance;
use rapidhash::fast::RandomState;
use rapidhash::v3::rapidhash_v3;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, LazyLock};

/// So many of the last spots are found without a table.
const NEAR: usize = 1_024;

/// What callers look like that come after something: of those each second counts.
static LATER: LazyLock<Vec<Records<'static>>> = LazyLock::new(|| {
    let later = RULES.iter().filter_map(|rule| match rule.shape {
        Shape::Then { then, .. } if is_at_a_glance(then) => Some(then),
        _ => None,
    });
    later.collect()
});

/// What is known of who calls.
#[derive(Debug)]
struct Known {
    /// Who that is; `None` where that is no JSON.
    caller: Option<Caller>,
    has_key: bool,
    /// Whether each second of theirs counts, and whether their records may be such as rules look for whatever the call.
    is_counted: bool,
    may_be_followed: bool,
    /// By names of calls, which parts their records may be of.
    may: Vec<(usize, u64)>,
    /// The last of their spots.
    last: Option<usize>,
}

impl Known {
    fn of(caller: Option<Caller>) -> Self {
        let has_key = caller.as_ref().is_some_and(Caller::has_key);
        let keyed = caller.as_ref().filter(|_| has_key);
        Known {
            has_key,
            is_counted: keyed.is_some_and(|caller| LATER.iter().any(|then| is_one_of(then, caller))),
            may_be_followed: keyed.is_some_and(|caller| unnamed().iter().any(|part| may_call(part.records, caller))),
            may: Vec::new(),
            last: None,
            caller,
        }
    }

    fn size(&self) -> usize {
        place::<(u64, Known)>() + self.caller.as_ref().map_or(0, Caller::length)
    }
}

/// A caller at an address.
#[derive(Debug)]
struct Spot {
    caller: usize,
    address: usize,
    /// When: in the hour that was told of last, and in the others, which are in order.
    now: (i64, Sighting),
    others: Vec<(i64, Sighting)>,
    /// Whether the caller's records from there may be such as rules look for whatever the call.
    is_followed: bool,
    /// The caller's spot before.
    before: Option<usize>,
}

/// Where a record is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of {
    caller: usize,
    pub(super) is_followed: bool,
}

/// What was met.
#[derive(Debug)]
pub(super) struct Spots {
    forms: Forms,
    callers: HashMap<u64, usize, RandomState>,
    known: Vec<Known>,
    addresses: HashMap<u64, usize, RandomState>,
    texts: Vec<Arc<str>>,
    spots: HashMap<u64, usize, RandomState>,
    all: Vec<Spot>,
    /// The last spots, by their numbers.
    near: Box<[(u64, usize)]>,
    /// About how many bytes all of it takes.
    pub(super) size: usize,
}

impl Default for Spots {
    fn default() -> Self {
        Spots {
            forms: Forms::default(),
            callers: HashMap::default(),
            known: Vec::new(),
            addresses: HashMap::default(),
            texts: Vec::new(),
            spots: HashMap::default(),
            all: Vec::new(),
            near: vec![(0, usize::MAX); NEAR].into_boxed_slice(),
            size: 0,
        }
    }
}

impl Spots {
    /// Sees a record's caller.
    #[inline]
    pub(super) fn see(&mut self, glance: &Glance<'_>) -> Of {
        let address = rapidhash_v3(glance.address);
        let number = number(glance.caller, address);
        let slot = (number >> 48) as usize % NEAR;
        if let Some((known, n)) = self.near.get(slot)
            && *known == number
            && let Some(spot) = self.all.get_mut(*n)
        {
            self.size += spot.add(glance.at);
            return spot.of();
        }
        let Some((n, of)) = self.find(glance, number, address) else {
            return self.who(glance);
        };
        if let Some(near) = self.near.get_mut(slot) {
            *near = (number, n);
        }
        of
    }

    /// Who calls, from wherever.
    fn who(&mut self, glance: &Glance<'_>) -> Of {
        let n = self.known.len();
        let caller = *self.callers.entry(glance.caller).or_insert(n);
        if caller == n {
            let known = Known::of(self.forms.caller(glance.identity));
            self.size += known.size();
            self.known.push(known);
        }
        Of {
            caller,
            is_followed: false,
        }
    }

    /// The spot of this number; `None` where nobody's key signed.
    fn find(&mut self, glance: &Glance<'_>, number: u64, address: u64) -> Option<(usize, Of)> {
        if let Some(n) = self.spots.get(&number) {
            let spot = self.all.get_mut(*n)?;
            self.size += spot.add(glance.at);
            return Some((*n, spot.of()));
        }
        let Of { caller, .. } = self.who(glance);
        let known = self.known.get_mut(caller).filter(|known| known.has_key)?;
        let at = At(known.caller.as_ref()?, Glance::text_of(glance.address));
        let is_followed = known.may_be_followed && unnamed().iter().any(|part| may_be(part.records, &at));
        let address = match self.addresses.entry(address) {
            Entry::Occupied(met) => *met.get(),
            Entry::Vacant(new) => {
                self.size += place::<(u64, Box<str>)>() + glance.address.len();
                self.texts.push(Glance::text_of(glance.address).into());
                *new.insert(self.texts.len() - 1)
            }
        };
        let n = self.all.len();
        self.spots.insert(number, n);
        self.size += place::<(u64, usize)>() + 2 * size_of::<Spot>();
        self.all.push(Spot {
            caller,
            address,
            now: (hour(glance.at), Sighting::at(glance.at, known.is_counted)),
            others: Vec::new(),
            is_followed,
            before: known.last.replace(n),
        });
        Some((n, Of { caller, is_followed }))
    }

    /// Who calls; `None` where that is no JSON.
    pub(super) fn caller(&self, of: Of) -> Option<&Caller> {
        self.known.get(of.caller)?.caller.as_ref()
    }

    /// Which parts that are about calls of this name a record of the caller may be of. Of whom nothing is known it may be of all.
    pub(super) fn may(&mut self, of: Of, named: &Named) -> u64 {
        let Some(known) = self.known.get_mut(of.caller) else {
            return u64::MAX;
        };
        if let Some((_, may)) = known.may.iter().find(|(n, _)| *n == named.n) {
            return *may;
        }
        let may = known.caller.as_ref().map_or(u64::MAX, |caller| named.may(caller));
        known.may.push((named.n, may));
        self.size += 2 * size_of::<(usize, u64)>();
        may
    }

    /// All of it, caller by caller.
    pub(super) fn into_stays(mut self) -> Vec<Stay> {
        let mut stays = Vec::with_capacity(self.known.len());
        let mut spots: Vec<usize> = Vec::new();
        for known in self.known {
            let Some(caller) = known.caller.filter(|_| known.has_key) else {
                continue;
            };
            spots.clear();
            spots.extend(std::iter::successors(known.last, |n| self.all.get(*n)?.before));
            let places = spots.iter().filter_map(|n| {
                let spot = self.all.get_mut(*n)?;
                let mut hours = std::mem::take(&mut spot.others);
                hours.push(spot.now.clone());
                let address = self.texts.get(spot.address)?.clone();
                Some(Place { address, hours })
            });
            stays.push(Stay::of(caller, places.collect()));
        }
        stays
    }
}

impl Spot {
    fn of(&self) -> Of {
        Of {
            caller: self.caller,
            is_followed: self.is_followed,
        }
    }

    /// Takes a sighting in, and gives how many bytes more it takes now.
    #[inline]
    fn add(&mut self, at: Moment) -> usize {
        let hour = hour(at);
        if self.now.0 == hour {
            return self.now.1.add(at);
        }
        let find = |others: &[(i64, Sighting)], hour| others.binary_search_by_key(&hour, |(hour, _)| *hour);
        let before = self.others.capacity();
        let (next, size) = match find(&self.others, hour) {
            Ok(place) => {
                let mut next = self.others.remove(place);
                let size = next.1.add(at);
                (next, size)
            }
            Err(_) => ((hour, self.now.1.anew(at)), 0),
        };
        let last = std::mem::replace(&mut self.now, next);
        let place = find(&self.others, last.0).unwrap_or_else(|place| place);
        self.others.insert(place, last);
        size + (self.others.capacity() - before) * size_of::<(i64, Sighting)>()
    }
}

/// The hour of a moment.
fn hour(at: Moment) -> i64 {
    at.seconds().div_euclid(HOUR_SECONDS)
}

/// A number for a caller at an address.
#[inline]
fn number(caller: u64, address: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |one: u64, other: u64| (one ^ other).wrapping_mul(ODD).rotate_left(29);
    mix(mix(caller, ODD), address).wrapping_mul(ODD)
}
