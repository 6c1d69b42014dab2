//! What can matter for the families that are asked for, from the facts of the first pass.

use super::Event;
use super::facts::{Gave, Who};
use super::growth::{self, Growth, Seeds};
use super::pages::{Page, Pages};
use rapidhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::io;

/// Numbers of names. Each record that is read again is looked up among them.
pub(super) type Numbers = HashSet<u64, RandomState>;

/// Whose keys are, by unique ID; a zero where that isn't told.
type Holders = HashMap<u64, Numbers, RandomState>;

/// What can matter: every key that may be of a family, going by key IDs alone; the users and roles of those keys; and the sources that
/// speak of them. More than the families themselves, never less: who is of a family is decided from the events.
#[derive(Default)]
pub(super) struct Closure {
    grown: Growth,
    /// Unique IDs and names of users and roles.
    kin: Numbers,
    shared: Numbers,
    sources: Numbers,
}

impl Closure {
    /// What can matter for the families that grow from `seeds`.
    ///
    /// # Errors
    /// A page can't be read.
    pub(super) fn of(seeds: &Seeds, pages: &mut Pages) -> io::Result<Self> {
        let mut closure = Closure {
            grown: growth::grown(seeds, pages)?,
            ..Closure::default()
        };
        // Key IDs of sessions recur: whoever calls with the ID of a member, but in another role than all its mints name, is no kin.
        let mut roles = Holders::default();
        pages.each(|some| {
            for gave in edges(some).filter(|gave| closure.grown.keys.contains(&gave.new.key)) {
                let role = if gave.names_role { gave.new.id } else { 0 };
                roles.entry(gave.new.key).or_default().insert(role);
            }
        })?;
        pages.each(|some| closure.gather_kin(some, &roles))?;
        pages.each(|some| some.iter().for_each(|page| closure.gather_sources(page)))?;
        Ok(closure)
    }

    /// Nothing but what is asked for, where no more can be known.
    pub(super) fn of_seeds(seeds: &Seeds) -> Self {
        Closure {
            grown: seeds.grown(),
            ..Closure::default()
        }
    }

    fn gather_kin(&mut self, pages: &[&Page], roles: &Holders) {
        let is_own = |who: &&Who| {
            let roles = roles.get(&who.key);
            who.id == 0 || roles.is_none_or(|roles| roles.contains(&0) || roles.contains(&who.id))
        };
        let known = callers(pages).filter(is_own).chain(edges(pages).map(|gave| &gave.new));
        for who in known.filter(|who| self.grown.keys.contains(&who.key)) {
            self.kin
                .extend([who.id, who.name].into_iter().filter(|number| *number != 0));
        }
        let of_family = |gave: &&Gave| self.grown.keys.contains(&gave.new.key) || self.grown.keys.contains(&gave.by);
        let shared = edges(pages).filter(of_family).map(|gave| gave.shared);
        self.shared.extend(shared.filter(|shared| *shared != 0));
    }

    fn gather_sources(&mut self, page: &Page) {
        let matters: Vec<bool> = page.callers.iter().map(|who| self.calls(*who)).collect();
        let mut from = 0;
        for (name, to) in &page.sources {
            let callers = page.called.get(from..*to).unwrap_or_default();
            from = *to;
            if callers
                .iter()
                .any(|place| matters.get(*place as usize).copied().unwrap_or(true))
            {
                self.sources.insert(*name);
            }
        }
        let given = page
            .gave
            .iter()
            .filter(|(gave, _)| self.gives(gave))
            .map(|(_, name)| *name);
        let given: Vec<u64> = given.collect();
        self.sources.extend(given);
    }

    /// Which keys, users and sign-ins may be of a family.
    pub(super) fn grown(&self) -> &Growth {
        &self.grown
    }

    /// Whether a call by `who` can matter.
    pub(super) fn calls(&self, who: Who) -> bool {
        self.grown.keys.contains(&who.key) || self.kin.contains(&who.id) || self.kin.contains(&who.name)
    }

    /// Whether it can matter that this key was given.
    pub(super) fn gives(&self, gave: &Gave) -> bool {
        self.calls(gave.new) || self.grown.keys.contains(&gave.by) || self.shared.contains(&gave.shared)
    }

    /// Whether an event can matter.
    pub(super) fn matters(&self, event: &Event) -> bool {
        let who = Who::called(&event.identity);
        self.calls(who) || Gave::of(event, who).is_some_and(|gave| self.gives(&gave))
    }

    /// Whether the source of this number holds anything that can matter.
    pub(super) fn wants(&self, name: u64) -> bool {
        self.sources.contains(&name)
    }

    /// How many sources do.
    pub(super) fn wanted(&self) -> usize {
        self.sources.len()
    }
}

/// The keys that some pages say were given.
pub(super) fn edges<'a>(pages: &'a [&Page]) -> impl Iterator<Item = &'a Gave> + Clone {
    pages.iter().flat_map(|page| &page.gave).map(|(gave, _)| gave)
}

/// Who called in some pages.
pub(super) fn callers<'a>(pages: &'a [&Page]) -> impl Iterator<Item = &'a Who> + Clone {
    pages.iter().flat_map(|page| &page.callers)
}
