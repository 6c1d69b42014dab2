//! Records that can't be found, because there are too few that they would count with: nearly all of an archive's, and to put them in order costs more than
//! all that was done before.

use super::fact::Fact;
use super::loops::Back;
use crate::harden::caller::is_at_a_glance;
use crate::harden::rule::Shape;
use crate::harden::rules::RULES;

/// About how many records there are of each group: never fewer than there are, and more where groups share a place.
pub(super) struct Sizes(Vec<u8>);

impl Sizes {
    pub(super) fn of<'f>(facts: impl Iterator<Item = &'f Fact> + Clone) -> Self {
        let places = (2 * facts.clone().count()).next_power_of_two().max(1 << 10);
        let mut sizes = Sizes(vec![0; places]);
        for fact in facts {
            let place = sizes.place(fact, fact.part);
            if let Some(size) = sizes.0.get_mut(place) {
                *size = size.saturating_add(1);
            }
        }
        sizes
    }

    fn place(&self, fact: &Fact, part: u8) -> usize {
        let rule = u64::from(fact.rule) << 8 | u64::from(part);
        let mixed = (fact.group ^ rule.rotate_right(16)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize & (self.0.len() - 1)
    }

    fn size(&self, fact: &Fact, part: u8) -> u8 {
        self.0.get(self.place(fact, part)).copied().unwrap_or(u8::MAX)
    }

    /// Whether a record may count with others; `back` are the roles that can lie on a ring.
    pub(super) fn may_count(&self, fact: &Fact, back: &Back) -> bool {
        let Some(rule) = RULES.get(usize::from(fact.rule)) else {
            return false;
        };
        let are_many = |least: usize| usize::from(self.size(fact, fact.part)) >= least.min(usize::from(u8::MAX));
        match rule.shape {
            Shape::One(_) => true,
            Shape::Count { at_least, .. } | Shape::Several { at_least, .. } => are_many(at_least),
            Shape::Ring { .. } => back.may_lead(fact),
            // The later ones are callers, who are none of these records.
            Shape::Then { then, .. } if is_at_a_glance(then) => true,
            Shape::Then { .. } => self.size(fact, 0) > 0 && self.size(fact, 1) > 0,
        }
    }
}
