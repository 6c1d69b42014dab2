//! The trail through LookupEvents, in every enabled Region at once: what a key did, and who minted it, recursing to the fixpoint.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use super::region::{Asker, Question};
use super::regions::regions;
use crate::ids::{AccessKeyId, KeyKind};
use crate::lineage::mint_of;
use crate::mount::{AwsError, Clients};
use crate::trail::{Event, Evidence, Window};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinSet;

/// What the trail told, and what it could not be asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The events.
    pub evidence: Evidence,
    /// Why a part of the family may not be known: each is a reason not to say "contained".
    pub gaps: Vec<String>,
}

impl Found {
    /// Adds a gap. It is told with the coverage too.
    pub fn gap(&mut self, gap: String) {
        self.evidence.note(gap.clone());
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Takes in everything of `other`.
    pub fn merge(&mut self, other: &Found) {
        self.evidence.merge(other.evidence.clone());
        other.gaps.iter().for_each(|gap| self.gap(gap.clone()));
    }
}

/// Looks up everything that bears on the family of `keys` within `window`: their own events, the mints they came from, and the same for all
/// that they minted. `tell` is told how far it is.
///
/// # Errors
/// No Region answered at all. One that fails beside others that answer is a gap.
pub async fn trail(
    clients: &Clients,
    keys: &[AccessKeyId],
    window: &Window,
    tell: &dyn Fn(&str),
) -> Result<Found, AwsError> {
    let regions = regions(clients, &window.regions).await;
    let mut found = Found::default();
    let mut askers: Vec<Asker> = regions
        .names
        .iter()
        .map(|name| Asker::new(clients, name, window))
        .collect();
    let mut search = Search::default();
    keys.iter().for_each(|key| search.add(key, true));
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(questions) = search.next() {
        tell(&format!(
            "LookupEvents in {} Regions: {} keys so far, {} events",
            askers.len(),
            search.known.len(),
            found.evidence.len()
        ));
        let mut asking = JoinSet::new();
        let mut unheard: BTreeSet<String> = askers.iter().map(|asker| asker.region().to_owned()).collect();
        for mut asker in askers.drain(..) {
            let questions = questions.clone();
            asking.spawn(async move {
                let mut records = Vec::new();
                let end = asker.ask(&questions, &mut records).await;
                (asker, records, end)
            });
        }
        let mut first_error = None;
        while let Some(done) = asking.join_next().await {
            let Ok((asker, records, end)) = done else { continue };
            unheard.remove(asker.region());
            records
                .iter()
                .for_each(|record| take(record, &mut found.evidence, &mut search));
            match end {
                Ok(()) => askers.push(asker),
                Err(error) => {
                    failed
                        .entry(error.to_string())
                        .or_default()
                        .push(asker.region().to_owned());
                    first_error.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first_error.filter(|_| askers.is_empty() && found.evidence.is_empty()) {
            return Err(error);
        }
        // A task that broke down is a Region that did not answer.
        if !unheard.is_empty() {
            failed
                .entry("the look-up broke down".to_owned())
                .or_default()
                .extend(unheard);
        }
        // The order in which Regions answer is nobody's: the next round asks them as the first did.
        askers.sort_by(|one, two| one.region().cmp(two.region()));
    }
    covered(&regions.names, &mut found);
    regions.doubt.into_iter().for_each(|doubt| found.gap(doubt));
    for (error, mut places) in failed {
        places.sort();
        found.gap(format!(
            "LookupEvents of {}: {error}: sessions minted through {} are not known",
            places.join(", "),
            if places.len() == 1 {
                "this Region"
            } else {
                "these Regions"
            }
        ));
    }
    Ok(found)
}

fn covered(names: &BTreeSet<String>, found: &mut Found) {
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    found.evidence.note(format!(
        "LookupEvents of {}: management events of the last 90 days of this account; reads of S3 objects and other data events are not in it; events \
         appear some minutes after the call",
        named.join(", ")
    ));
}

/// Takes in a record, and the keys that it leads to.
fn take(record: &Value, evidence: &mut Evidence, search: &mut Search) {
    if let Some(minted) = Event::parse(record).ok().as_ref().and_then(mint_of) {
        // Who minted what was minted here is known by this record.
        search.minted.insert(minted.key.clone());
        search.add(&minted.key, false);
        search.add(&minted.mint.by, true);
    }
    if let Err(error) = evidence.add_record(record) {
        evidence.damaged("LookupEvents", None, error.to_string());
    }
}

/// Which keys were met, and what is still to be asked about them.
#[derive(Debug, Default)]
struct Search {
    /// Keys that were asked about, or will be next.
    known: BTreeSet<AccessKeyId>,
    /// Keys whose mint was met.
    minted: BTreeSet<AccessKeyId>,
    /// Keys to ask about next, and whether where they come from is wanted.
    next: BTreeMap<AccessKeyId, bool>,
    /// Keys whose origin was asked for.
    traced: BTreeSet<AccessKeyId>,
}

impl Search {
    fn add(&mut self, key: &AccessKeyId, back: bool) {
        let back = back && key.kind() == KeyKind::Temporary && !self.traced.contains(key);
        let fresh = self.known.insert(key.clone());
        if fresh || back {
            let wanted = self.next.entry(key.clone()).or_insert(false);
            *wanted |= back;
        }
    }

    /// The next questions, each only once; `None` at the fixpoint.
    fn next(&mut self) -> Option<Vec<Question>> {
        let mut questions = Vec::new();
        for (key, back) in std::mem::take(&mut self.next) {
            if back && !self.minted.contains(&key) && self.traced.insert(key.clone()) {
                questions.push(Question::MintOf(key.clone()));
            }
            questions.push(Question::CallsOf(key));
        }
        (!questions.is_empty()).then_some(questions)
    }
}
