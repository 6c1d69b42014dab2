//! What a measure does to the day of legitimate use, and to the incident: both are asked again of the account with it.

use super::given::given;
use super::let_in;
use super::measure::Measure;
use super::networks::Networks;
use super::replay::{Went, action, replay};
use super::usage::Call;
use crate::account::Account;
use crate::ids::{AccessKeyId, AccountId};
use crate::lineage::Lineage;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What was seen: the account as it was, the intruder's calls, everybody else's.
#[derive(Debug)]
pub struct Past<'a> {
    /// The account as it was.
    pub account: &'a Account,
    /// The family.
    pub lineage: &'a Lineage,
    /// Calls in order of time, and whose they are.
    calls: Vec<(Cow<'a, Call>, By)>,
    /// What became of them without any measure.
    before: Vec<Went>,
    /// Accounts of the intruder's own, which are none of the organization's.
    outside: BTreeSet<AccountId>,
    /// The networks that they tell.
    networks: Networks,
    /// The family's labels.
    labels: HashMap<&'a AccessKeyId, &'a str>,
}

/// Whose a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Others,
    Intruder,
    /// Nobody made it: what a credential that was kept in reserve was kept for.
    Reserve,
}

/// What a measure does to what was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Proof {
    /// Legitimate calls that go through as before.
    pub untouched: u64,
    /// Legitimate calls that would be refused, each kind in words.
    pub broken: Vec<String>,
    /// Legitimate calls of whom and what the measure is about that could be asked again: what it was tried on.
    pub tried: u64,
    /// Such calls of which nothing can be said, with the measure or without.
    pub untried: u64,
    /// Legitimate calls that go through now, and of which it can't be said whether they would.
    pub doubtful: u64,
    /// Legitimate calls of which nothing can be said, with the measure or without.
    pub untold: u64,
    /// Why of both.
    pub why_untold: BTreeSet<String>,
    /// The first call of the intruder that is stopped.
    pub stops_at: Option<String>,
    /// Calls of the intruder that are stopped, of all that could be asked again.
    pub stopped: u64,
    /// Calls of the intruder that could be asked again.
    pub asked: u64,
    /// Credentials that would never have been given, or could have done nothing that they did.
    pub cut: Vec<String>,
    /// Credentials that would have worked on.
    pub left: Vec<String>,
}

impl Proof {
    /// Whether the measure surely breaks nothing that went through without it. Where calls were seen that it is about, and none of them could be
    /// asked again, that isn't known.
    pub fn spares_everybody(&self) -> bool {
        let is_tried = self.tried > 0 || self.untried == 0;
        self.broken.is_empty() && self.doubtful == 0 && is_tried
    }
}

impl<'a> Past<'a> {
    /// What was seen, in these networks. Calls in `legitimate` by keys of the family are left out.
    pub fn of(
        account: &'a Account,
        lineage: &'a Lineage,
        legitimate: &'a [Call],
        intruder: &'a [Call],
        networks: Networks,
    ) -> Self {
        let mut calls: Vec<(Cow<'a, Call>, By)> = legitimate
            .iter()
            .map(|call| (Cow::Borrowed(call), By::Others))
            .collect();
        calls.extend(intruder.iter().map(|call| (Cow::Borrowed(call), By::Intruder)));
        calls.sort_by(|(one, _), (two, _)| (one.event.at, &one.event.id).cmp(&(two.event.at, &two.event.id)));
        calls.dedup_by(|(one, _), (two, _)| one.event.id == two.event.id);
        let reserve = reserve(lineage, intruder);
        calls.extend(reserve.into_iter().map(|call| (Cow::Owned(call), By::Reserve)));
        let all: Vec<&Call> = calls.iter().map(|(call, _)| &**call).collect();
        let outside = let_in::accounts(intruder);
        let before = replay(account, account, &all, &outside, &networks);
        let members = lineage.credentials.iter();
        Past {
            account,
            lineage,
            calls,
            before,
            outside,
            networks,
            labels: members.map(|member| (&member.key, member.label.as_str())).collect(),
        }
    }

    /// Everybody else's calls.
    pub fn legitimate(&self) -> impl Iterator<Item = &Call> + Clone {
        self.calls
            .iter()
            .filter(|(_, by)| *by == By::Others)
            .map(|(call, _)| &**call)
    }

    /// What `measures` do together.
    pub fn with(&self, measures: &[&Measure]) -> Proof {
        let mut account = self.account.clone();
        measures.iter().for_each(|measure| measure.put(&mut account));
        let bears = self.bears(measures);
        let all = self.calls.iter().zip(&bears).filter(|(_, bears)| **bears);
        let all: Vec<&Call> = all.map(|((call, _), _)| &**call).collect();
        let mut asked = replay(&account, self.account, &all, &self.outside, &self.networks).into_iter();
        // What the measures don't bear on goes as before.
        let after = self.before.iter().zip(&bears).map(|(before, bears)| match bears {
            true => asked.next().unwrap_or_else(|| before.clone()),
            false => before.clone(),
        });
        let after: Vec<Went> = after.collect();
        let mut proof = Proof::default();
        // Whether a credential did anything that still works.
        let mut worked: HashMap<&AccessKeyId, bool> = HashMap::new();
        for ((((call, by), before), after), bears) in self.calls.iter().zip(&self.before).zip(&after).zip(&bears) {
            if *by != By::Others {
                if *before == Went::Through {
                    let is_stopped = matches!(after, Went::Stopped(_));
                    if let Some(key) = &call.event.identity.key {
                        *worked.entry(key).or_default() |= !is_stopped;
                    }
                    if *by == By::Intruder {
                        self.intruder(&mut proof, call, is_stopped);
                    }
                }
                continue;
            }
            match before {
                _ if !bears => {}
                Went::Through => proof.tried += call.count,
                _ => proof.untried += call.count,
            }
            match (before, after) {
                (Went::Through, Went::Through) => proof.untouched += call.count,
                (Went::Through, Went::Stopped(why)) => {
                    let times = if call.count == 1 {
                        String::new()
                    } else {
                        format!(" ({} times)", call.count)
                    };
                    proof.broken.push(format!("{}{times}: {why}", self.told(call)));
                }
                (Went::Through, Went::Unknown(why)) => {
                    proof.doubtful += call.count;
                    proof.why_untold.insert(why.clone());
                }
                (Went::Unknown(why), _) => {
                    proof.untold += call.count;
                    proof.why_untold.insert(why.clone());
                }
                (Went::Stopped(why), _) => {
                    proof.untold += call.count;
                    let why = format!("it went through, and as the account is known it would not: {why}");
                    proof.why_untold.insert(why);
                }
            }
        }
        for member in &self.lineage.credentials {
            match worked.get(&member.key) {
                Some(true) => proof.left.push(member.label.clone()),
                Some(false) => proof.cut.push(member.label.clone()),
                None => {}
            }
        }
        proof
    }

    /// Which calls measures can change: by whom they are about, for the role that they are about, and by sessions that such calls gave.
    fn bears(&self, measures: &[&Measure]) -> Vec<bool> {
        let mut touched: HashSet<AccessKeyId> = HashSet::new();
        let each = self.calls.iter().map(|(call, _)| {
            let key = call.event.identity.key.as_ref();
            let bears = measures
                .iter()
                .any(|measure| measure.bears_on(&call.event, &self.account.id))
                || key.is_some_and(|key| touched.contains(key));
            touched.extend(given(&call.event).filter(|_| bears));
            bears
        });
        each.collect()
    }

    fn intruder(&self, proof: &mut Proof, call: &Call, is_stopped: bool) {
        proof.asked += 1;
        if is_stopped {
            proof.stopped += 1;
            if proof.stops_at.is_none() {
                proof.stops_at = Some(self.told(call));
            }
        }
    }

    fn told(&self, call: &Call) -> String {
        let event = &call.event;
        let label = event.identity.key.as_ref().and_then(|key| self.labels.get(key));
        let who = match (label, &event.identity.arn) {
            (Some(label), _) => (*label).to_owned(),
            (None, Some(arn)) => arn.to_string(),
            (None, None) => match &event.identity.account {
                Some(account) => format!("account {account}"),
                None => "somebody".to_owned(),
            },
        };
        let what = action(event).unwrap_or_else(|| format!("{}:{}", event.service(), event.name));
        let on = event.asked("/roleArn").or_else(|| event.resources.last().cloned());
        let on = on.map(|on| format!(" on {on}")).unwrap_or_default();
        format!("{what}{on} by {who} at {}", event.at.whole_second())
    }
}

/// For each credential of the family that did nothing that went through: the roles that the family took, asked for with it. That is what
/// such a credential is kept for.
fn reserve(lineage: &Lineage, intruder: &[Call]) -> Vec<Call> {
    let takes: BTreeMap<String, &Call> = intruder
        .iter()
        .filter(|call| call.event.name == "AssumeRole")
        .filter_map(|call| Some((call.event.asked("/roleArn")?, call)))
        .collect();
    let busy: HashSet<&AccessKeyId> = intruder
        .iter()
        .filter_map(|call| call.event.identity.key.as_ref())
        .collect();
    let members = lineage.credentials.iter();
    let idle = members.filter(|member| member.minted.is_some() && !busy.contains(&member.key));
    let mut calls = Vec::new();
    for member in idle {
        for call in takes.values() {
            let mut call = (*call).clone();
            let minted = member.minted.as_ref();
            call.event.id = format!("{} by {}", call.event.id, member.label);
            call.event.at = minted.map_or(call.event.at, |mint| mint.at.plus_seconds(60));
            call.event.source_ip = minted.and_then(|mint| mint.source_ip.clone());
            call.event.identity.key = Some(member.key.clone());
            call.event.response = serde_json::Value::Null;
            calls.push(call);
        }
    }
    calls
}
