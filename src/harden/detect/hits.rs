//! What a rule found, record by record: the records themselves are let go.

use super::Hit;
use super::fact::Fact;
use crate::harden::caller::Caller;
use crate::harden::fitted::Fitted;
use crate::harden::matching::Members;
use crate::harden::rule::Rule;
use crate::time::Moment;
use std::collections::BTreeSet;

/// A hit that grows by records, which come in the order of their times.
#[derive(Debug)]
pub(super) struct Growing {
    pub(super) hit: Hit,
    pub(super) count: usize,
    /// What the first record was a call of, and the last of the members by which it is joined.
    pub(super) call: Box<str>,
    pub(super) on: Box<str>,
}

impl Growing {
    /// So many events of a hit are named.
    pub(super) const NAMED: usize = 20;

    fn of(rule: &Rule<'static>, fact: &Fact) -> Growing {
        Growing {
            hit: Hit {
                rule: rule.id.into(),
                title: rule.title.into(),
                row: rule.row,
                level: rule.level,
                first: fact.at,
                last: fact.at,
                key: String::new(),
                who: String::new(),
                what: String::new(),
                addresses: BTreeSet::new(),
                more_addresses: 0,
                events: Vec::new(),
            },
            count: 0,
            call: fact.call().into(),
            on: fact.joined().next_back().unwrap_or_default().into(),
        }
    }

    /// Adds a record to what may have begun.
    pub(super) fn add(growing: &mut Option<Growing>, rule: &Rule<'static>, fact: &Fact) {
        let one = growing.get_or_insert_with(|| Growing::of(rule, fact));
        one.count += 1;
        one.hit.last = fact.at;
        one.hit.key = fact.key().to_owned();
        one.hit.who = fact.who().to_owned();
        one.hit.addresses.insert(fact.address().to_owned());
        if one.hit.events.len() < Self::NAMED {
            one.hit.events.push(fact.id().to_owned());
        }
    }

    /// The hit of all these records.
    pub(super) fn whole<'f>(rule: &Rule<'static>, facts: impl IntoIterator<Item = &'f Fact>) -> Option<Growing> {
        let mut growing = None;
        facts
            .into_iter()
            .for_each(|fact| Growing::add(&mut growing, rule, fact));
        growing
    }

    pub(super) fn told(self, what: String) -> Hit {
        Hit { what, ..self.hit }
    }
}

impl Hit {
    /// Of a caller and no record.
    pub(super) fn of_caller(rule: &Rule<'static>, caller: &Caller, first: Moment, last: Moment) -> Hit {
        let text = |field: &str| caller.text(field).unwrap_or_default().into_owned();
        Hit {
            rule: rule.id.into(),
            title: rule.title.into(),
            row: rule.row,
            level: rule.level,
            first,
            last,
            key: text("userIdentity.accessKeyId"),
            who: text("userIdentity.arn"),
            what: String::new(),
            addresses: BTreeSet::new(),
            more_addresses: 0,
            events: Vec::new(),
        }
    }

    /// Of a caller, by a rule that is fitted to the account.
    pub(super) fn of_fitted(rule: &Fitted, caller: &Caller, first: Moment, last: Moment) -> Hit {
        let text = |field: &str| caller.text(field).unwrap_or_default().into_owned();
        Hit {
            rule: rule.written.id.clone().into(),
            title: rule.written.title.clone().into(),
            row: rule.written.row,
            level: rule.written.level,
            first,
            last,
            key: text("userIdentity.accessKeyId"),
            who: text("userIdentity.arn"),
            what: "used from a place that is new".to_owned(),
            addresses: BTreeSet::new(),
            more_addresses: 0,
            events: Vec::new(),
        }
    }

    /// Widens it by another sighting.
    pub(super) fn widen(&mut self, first: Moment, last: Moment, address: &str) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
        if !self.addresses.contains(address) {
            self.addresses.insert(address.to_owned());
        }
    }
}
