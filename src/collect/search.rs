//! Which keys were met, and what is still to be asked about them, until nothing is new.

use crate::ids::{AccessKeyId, KeyKind};
use crate::lineage::mint_of;
use crate::time::Moment;
use crate::trail::{Event, Evidence};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// What a key did: events that it signed. With the moment of its mint, where that was met.
    CallsOf(AccessKeyId, Option<Moment>),
    /// Who minted it.
    MintOf(AccessKeyId),
    /// What was called under this name since that moment: how somebody whom the family let in signed in, and under which keys he went on.
    CallsAs(String, Moment),
    /// What was called on this resource, since that moment where there is one: which sessions of a role that the family opened were given, by its ARN, and who
    /// else said who may assume it, by its name.
    CallsOn(String, Option<Moment>),
}

/// A search from key to key.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Keys to ask about next, whether where they come from is wanted, and when they were minted.
    next: BTreeMap<AccessKeyId, (bool, Option<Moment>)>,
    /// Keys whose calls were asked for.
    called: BTreeSet<AccessKeyId>,
    /// Keys whose mint was asked for.
    traced: BTreeSet<AccessKeyId>,
    /// Keys whose mint was met: who asked for it is known then.
    minted: BTreeSet<AccessKeyId>,
    /// Names to ask about next.
    names: BTreeMap<String, Moment>,
    /// Resources to ask about next.
    resources: BTreeMap<String, Option<Moment>>,
}

impl Search {
    /// How many keys were asked about.
    pub(super) fn len(&self) -> usize {
        self.called.len()
    }

    /// The keys that were asked about.
    pub(super) fn into_asked(self) -> BTreeSet<AccessKeyId> {
        self.called
    }

    /// Adds a name under which somebody called whom the family let in at that moment. What his keys did is another search's to ask: which of
    /// them are of the family, the lineage says.
    pub(super) fn add_name(&mut self, name: &str, since: Moment) {
        self.names.insert(name.to_owned(), since);
    }

    /// Adds a role that the family opened to somebody, by ARN, whose sessions since that moment count. Whose they are, the lineage says.
    pub(super) fn add_role(&mut self, arn: &str, since: Moment) {
        self.resources.insert(arn.to_owned(), Some(since));
        let name = arn.rsplit('/').next().unwrap_or(arn);
        self.resources.insert(name.to_owned(), None);
    }

    /// Adds a key; with `back`, where it comes from is wanted too. A long-term key is its own origin.
    pub(super) fn add(&mut self, key: &AccessKeyId, back: bool, minted: Option<Moment>) {
        let back = back && key.kind() == KeyKind::Temporary && !self.traced.contains(key) && !self.minted.contains(key);
        if back || !self.called.contains(key) {
            let wanted = self.next.entry(key.clone()).or_insert((false, minted));
            wanted.0 |= back;
            wanted.1 = wanted.1.into_iter().chain(minted).min();
        }
    }

    /// Takes a record of `source` into the evidence, and the keys that it leads to from those that were asked about.
    pub(super) fn take(&mut self, source: &str, record: &Value, evidence: &mut Evidence) {
        if let Some(event) = Event::parse(record).ok()
            && let Some(minted) = mint_of(&event)
            && (self.called.contains(&minted.mint.by) || self.traced.contains(&minted.key))
        {
            self.minted.insert(minted.key.clone());
            self.add(&minted.key, false, Some(event.at));
            self.add(&minted.mint.by, true, None);
        }
        if let Err(error) = evidence.add_sought(record) {
            evidence.damaged(source, None, error.to_string());
        }
    }

    /// The next questions, each asked only once; `None` at the fixpoint.
    pub(super) fn next(&mut self) -> Option<Vec<Question>> {
        let mut questions = Vec::new();
        for (key, (back, minted)) in std::mem::take(&mut self.next) {
            if back && !self.minted.contains(&key) && self.traced.insert(key.clone()) {
                questions.push(Question::MintOf(key.clone()));
            }
            if self.called.insert(key.clone()) {
                questions.push(Question::CallsOf(key, minted));
            }
        }
        let names = std::mem::take(&mut self.names).into_iter();
        questions.extend(names.map(|(name, since)| Question::CallsAs(name, since)));
        let resources = std::mem::take(&mut self.resources).into_iter();
        questions.extend(resources.map(|(resource, since)| Question::CallsOn(resource, since)));
        (!questions.is_empty()).then_some(questions)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    fn mint(id: &str, by: &AccessKeyId, gives: &AccessKeyId) -> Value {
        json!({"eventID": id, "eventTime": "2026-03-24T09:04:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "userIdentity": {"type": "IAMUser", "accessKeyId": by}, "responseElements": {"credentials": {"accessKeyId": gives}}})
    }

    /// A chain whose mints come back with every question about either key: each is asked once, and the search ends.
    #[test]
    fn each_question_is_asked_once_and_the_search_ends() {
        let key = |text: &str| -> AccessKeyId { format!("{text:A<20}").parse().unwrap() };
        let chain = [key("AKIAQ"), key("ASIAQ"), key("ASIAR"), key("ASIAS")];
        let all: Vec<Value> = chain
            .windows(2)
            .enumerate()
            .map(|(n, pair)| mint(&format!("e{n}"), &pair[0], &pair[1]))
            .collect();
        for (place, asked) in chain.iter().enumerate() {
            let (mut search, mut evidence, mut questions) = (Search::default(), Evidence::default(), Vec::new());
            search.add(asked, true, None);
            while let Some(next) = search.next() {
                for question in next {
                    let (Question::CallsOf(key, _) | Question::MintOf(key)) = &question else {
                        panic!("{question:?}")
                    };
                    let bears = |record: &&Value| record.to_string().contains(key.as_str());
                    all.iter()
                        .filter(bears)
                        .for_each(|record| search.take("x", record, &mut evidence));
                    assert!(!questions.contains(&question), "{question:?}");
                    questions.push(question);
                }
            }
            assert_eq!((search.len(), evidence.len()), (4, 3), "{asked}");
            // Back from the asked key to the long-term one, and never for a key whose mint was met.
            let traced = questions
                .iter()
                .filter(|question| matches!(question, Question::MintOf(_)));
            assert_eq!(traced.count(), place, "{questions:?}");
        }
    }
}
