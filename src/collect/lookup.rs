//! The trail through LookupEvents, in every enabled Region at once: what a key did, and who minted it, recursing to the fixpoint.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use super::region::Asker;
use super::regions::regions;
use super::search::Search;
use crate::ids::AccessKeyId;
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::{Evidence, Window};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinSet;

/// What the trail told, and what it could not be asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The events.
    pub evidence: Evidence,
    /// Why a part of the family may not be known: each is a reason not to say "contained".
    pub gaps: Vec<String>,
    /// Keys that were asked about: those that were given, and those that they led to.
    pub asked: BTreeSet<AccessKeyId>,
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
    pub fn merge(&mut self, other: Found) {
        self.evidence.merge(other.evidence);
        other.gaps.into_iter().for_each(|gap| self.gap(gap));
        self.asked.extend(other.asked);
    }
}

/// What a look-up by key leaves out. It is said once, however many Regions are asked and however often.
const KEYLESS: &str = "LookupEvents finds a call by the key that its record names: one whose record leaves the caller's key out is found only by a key \
                       that it gave, or by the name of somebody whom the family let in";

/// How far the lookups are.
fn asked_so_far(regions: usize, keys: usize, events: u64) -> String {
    let s = |is_one: bool| if is_one { "" } else { "s" };
    format!(
        "LookupEvents in {regions} Region{}: {keys} key{} so far, {events} event{}",
        s(regions == 1),
        s(keys == 1),
        s(events == 1)
    )
}

/// Looks up everything that bears on the family of `keys` within `window`: their own events, the mints they came from, and the same for all
/// that they minted. Of keys that are `known` already where they come from is not asked again. `tell` is told how far it is.
///
/// # Errors
/// No Region answered at all. One that fails beside others that answer is a gap.
pub async fn trail(
    clients: &Clients,
    keys: &[AccessKeyId],
    known: &[AccessKeyId],
    window: &Window,
    tell: &dyn Fn(&str),
) -> Result<Found, AwsError> {
    let mut search = Search::default();
    keys.iter().for_each(|key| search.add(key, true, None));
    known.iter().for_each(|key| search.add(key, false, None));
    to_the_end(clients, search, window, tell).await
}

/// Looks up what was called under the `names` of those whom the family let in, since then: their sign-ins, which no record names a key of, and what they
/// did with the keys that they got.
///
/// # Errors
/// As [`trail`].
pub async fn sign_ins(
    clients: &Clients,
    names: &BTreeMap<String, Moment>,
    window: &Window,
    tell: &dyn Fn(&str),
) -> Result<Found, AwsError> {
    let mut search = Search::default();
    names.iter().for_each(|(name, since)| search.add_name(name, *since));
    let mut found = to_the_end(clients, search, window, tell).await?;
    if !names.is_empty() {
        let names: Vec<&str> = names.keys().map(String::as_str).collect();
        found.evidence.note(format!(
            "LookupEvents was asked for calls under the names {} too",
            names.join(", ")
        ));
    }
    Ok(found)
}

/// Looks up the sessions of these `roles`, by ARN, that were given since the family opened them: whoever asks from outside is in no record of a key.
///
/// # Errors
/// As [`trail`].
pub async fn comings(
    clients: &Clients,
    roles: &BTreeMap<String, Moment>,
    window: &Window,
    tell: &dyn Fn(&str),
) -> Result<Found, AwsError> {
    let mut search = Search::default();
    roles.iter().for_each(|(role, since)| search.add_role(role, *since));
    let mut found = to_the_end(clients, search, window, tell).await?;
    for role in roles.keys() {
        found.evidence.note(format!(
            "LookupEvents was asked for sessions of {role}, which the family opened, too"
        ));
    }
    Ok(found)
}

async fn to_the_end(
    clients: &Clients,
    mut search: Search,
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
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(questions) = search.next() {
        tell(&asked_so_far(askers.len(), search.len(), found.evidence.len()));
        let mut asking = JoinSet::new();
        let mut ended = Vec::new();
        let mut unheard: BTreeSet<String> = askers.iter().map(|asker| asker.region().to_owned()).collect();
        for mut asker in askers.drain(..) {
            let questions = questions.clone();
            asking.spawn(async move {
                let mut records = Vec::new();
                let end = asker.ask(&questions, &mut records).await;
                (asker, records, end)
            });
            if !clients.side_by_side() {
                ended.extend(asking.join_next().await);
            }
        }
        let mut first_error = None;
        while let Some(done) = asking.join_next().await {
            ended.push(done);
        }
        for done in ended {
            let Ok((asker, records, end)) = done else { continue };
            unheard.remove(asker.region());
            records
                .iter()
                .for_each(|record| search.take("LookupEvents", record, &mut found.evidence));
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
    found.asked = search.into_asked();
    covered(&regions.names, &mut found);
    for asker in &askers {
        let asked = found.asked.iter().cloned();
        found.evidence.looked_up(asker.region(), asked);
    }
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
    found.evidence.note(KEYLESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whom a look-up by key can't see is said with the coverage, and once.
    #[test]
    fn that_calls_without_a_key_are_not_found_is_said_once() {
        let mut found = Found::default();
        covered(&BTreeSet::from(["us-east-1".to_owned()]), &mut found);
        covered(&BTreeSet::from(["eu-west-1".to_owned()]), &mut found);
        let said = |note: &&String| note.contains("leaves the caller's key out");
        assert_eq!(found.evidence.notes.iter().filter(said).count(), 1);
    }

    #[test]
    fn one_is_told_as_one() {
        assert_eq!(asked_so_far(1, 1, 1), "LookupEvents in 1 Region: 1 key so far, 1 event");
        assert_eq!(
            asked_so_far(17, 0, 2),
            "LookupEvents in 17 Regions: 0 keys so far, 2 events"
        );
    }
}
