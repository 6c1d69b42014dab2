//! What calls of any name tell: of a machine at work there are as many as it makes calls, and nearly all tell the same again. Of those the first
//! and the last are kept, and a record that tells nothing new is known by few of its texts.

use super::fact::{Fact, facts};
use super::parts::{are_told_by, named_by_unnamed, unnamed};
use super::place;
use crate::harden::matching::Members;
use crate::time::Moment;
use crate::trail::Glance;
use memchr::memmem::Finder;
use rapidhash::fast::RandomState;
use rapidhash::v3::rapidhash_v3;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

/// How it is found what a record must name to be of a part that is about calls of any name; `None` where any record may be.
static WANTED: LazyLock<Option<Vec<Finder<'static>>>> = LazyLock::new(|| {
    let wanted = named_by_unnamed()?.into_iter();
    let finders = wanted.map(|name| Finder::new(&format!("\"{name}\"")).into_owned());
    Some(finders.collect())
});

/// Whether caller, address, service and what a record must name tell everything.
static ARE_TOLD: LazyLock<bool> =
    LazyLock::new(|| named_by_unnamed().is_some_and(|names| are_told_by(unnamed(), &names)));

/// Which record of those that tell the same.
#[derive(Debug, Clone)]
struct Which {
    at: Moment,
    id: String,
    call: String,
}

impl Which {
    fn of(at: Moment, id: &str, call: &str) -> Self {
        let (id, call) = (id.to_owned(), call.to_owned());
        Which { at, id, call }
    }

    fn when(&self) -> (Moment, &str) {
        (self.at, &self.id)
    }

    fn set(&mut self, at: Moment, id: &str, call: &str) {
        self.at = at;
        for (text, new) in [(&mut self.id, id), (&mut self.call, call)] {
            text.clear();
            text.push_str(new);
        }
    }
}

/// What was told again and again; and the first time and the last, where another record told it.
#[derive(Debug, Clone)]
struct Same {
    fact: Fact,
    first: Option<Which>,
    last: Option<Which>,
}

impl Same {
    fn of(fact: Fact) -> Self {
        Same {
            fact,
            first: None,
            last: None,
        }
    }

    fn add(&mut self, at: Moment, id: &str, call: &str) {
        let own = (self.fact.at, self.fact.id());
        let first = self.first.as_ref().map_or(own, Which::when);
        let last = self.last.as_ref().map_or(own, Which::when);
        let place = if (at, id) < first {
            &mut self.first
        } else if (at, id) > last {
            &mut self.last
        } else {
            return;
        };
        match place {
            Some(which) => which.set(at, id, call),
            None => *place = Some(Which::of(at, id, call)),
        }
    }

    /// Both, or the one that there is.
    fn both(self) -> impl Iterator<Item = Fact> {
        let Same { fact, first, last } = self;
        let again = |which: Which| fact.again(which.at, &which.id, &which.call);
        let is_between = first.is_some() && last.is_some();
        let others = [first.map(again), last.map(again)];
        let own = (!is_between).then_some(fact);
        others.into_iter().flatten().chain(own)
    }
}

/// What is known of a record that is followed.
pub(super) enum Told {
    /// It tells nothing that isn't taken in.
    Known,
    /// It is to be looked into, and then remembered by this number, if it has one.
    New(Option<u64>),
}

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Followed {
    told: HashMap<u64, Same, RandomState>,
    /// By the number of a record what it told.
    known: HashMap<u64, Vec<u64>, RandomState>,
}

impl Followed {
    /// Takes a record in that tells what another told.
    pub(super) fn again(&mut self, glance: &Glance<'_>) -> Told {
        let Some(wanted) = WANTED.as_ref().filter(|_| !glance.text.is_empty()) else {
            return Told::New(None);
        };
        let Some(at) = wanted.iter().filter_map(|one| one.find(glance.rest)).min() else {
            return Told::Known;
        };
        // CloudTrail writes it behind the ID. What stands before that has an end of its own in each record.
        let end = glance.rest.get(at..);
        let end = end.filter(|end| *ARE_TOLD && end.len() <= glance.behind.len());
        let Some(number) = end.map(|end| number(glance, end)) else {
            return Told::New(None);
        };
        let Some(told) = self.known.get(&number) else {
            return Told::New(Some(number));
        };
        let [id, call] = [glance.id, glance.name].map(Glance::text_of);
        for same in told {
            if let Some(same) = self.told.get_mut(same) {
                same.add(glance.at, id, call);
            }
        }
        Told::Known
    }

    /// Takes a record in that was looked into, and gives how many bytes more are taken.
    pub(super) fn add(&mut self, record: &impl Members, at: Moment, number: Option<u64>) -> usize {
        let mut size = 0;
        let mut told = Vec::new();
        for fact in facts(unnamed(), |_| true, record, at) {
            told.push(fact.likeness());
            size += self.fold(fact);
        }
        if let Some(number) = number {
            size += place::<(u64, Vec<u64>)>() + size_of_val(told.as_slice());
            self.known.insert(number, told);
        }
        size
    }

    /// Takes a fact in, by what it has in common with others that tell the same.
    pub(super) fn fold(&mut self, fact: Fact) -> usize {
        match self.told.entry(fact.likeness()) {
            Entry::Occupied(mut same) => {
                same.get_mut().add(fact.at, fact.id(), fact.call());
                0
            }
            Entry::Vacant(new) => {
                let size = 2 * fact.size() + place::<(u64, Same)>();
                new.insert(Same::of(fact));
                size
            }
        }
    }

    /// The first and the last of each.
    pub(super) fn into_facts(self) -> impl Iterator<Item = Fact> {
        self.told.into_values().flat_map(Same::both)
    }
}

/// A number for caller, address, service, and the end of a record from the first member on that it must name. How many brackets the end closes tells
/// how deep that stands, so that records with the same end say the same in it.
fn number(glance: &Glance<'_>, end: &[u8]) -> u64 {
    let mix = |hash: u64, text: &[u8]| hash.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ rapidhash_v3(text);
    [glance.address, glance.source, end]
        .into_iter()
        .fold(glance.caller, mix)
}
