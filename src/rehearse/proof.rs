//! The proof: what every credential of the family can do before, after each step, and at the end; and which innocents are hit.

use crate::account::{Account, Session};
use crate::ids::{AccessKeyId, StepId};
use crate::journal::Judgement;
use crate::lineage::{Credential, Kind, Lineage};
use crate::plan::Plan;
use crate::time::Moment;
use crate::twin::Twin;
use crate::verdict::{Verdict, verdict, verdict_on_key_of};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One credential through the steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its label.
    pub label: String,
    /// Its key.
    pub key: AccessKeyId,
    /// Before the first step.
    pub before: Verdict,
    /// After each step.
    pub after: Vec<(StepId, Verdict)>,
    /// At the end.
    pub end: Verdict,
}

/// An innocent whose verdict differs at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The user or role.
    pub arn: String,
    /// Before.
    pub before: Verdict,
    /// At the end.
    pub end: Verdict,
}

/// The proof of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// Every credential: those that no step ends first.
    pub rows: Vec<Row>,
    /// Innocents whom the plan did not name and who are hit all the same.
    pub hits: Vec<Hit>,
}

/// The verdict on one member of a family.
pub fn judge_one(account: &Account, sessions: &[Session], member: &Credential, now: Moment) -> Verdict {
    match (&member.kind, member.user()) {
        (Kind::LongTerm, Some(owner)) => verdict_on_key_of(account, owner, &member.key, now),
        // What can't be told to the account as a session isn't looked up in it: that it isn't found there would not mean that it is dead.
        (kind, _) if *kind != Kind::LongTerm && member.session().is_none() => {
            Verdict::Unknown(vec![crate::policy::Gap::Unread(format!(
                "what a {} may do",
                member.kind.describe()
            ))])
        }
        _ => match &member.account {
            // A session in another account hangs on that account's policies, of which nothing is known here.
            Some(of) if *of != account.id => Verdict::Unknown(vec![crate::policy::Gap::Unread(format!(
                "account {of}, whose role it is a session of"
            ))]),
            _ => verdict(account, sessions, &member.key, now),
        },
    }
}

/// The verdicts on every member of a family.
pub fn judge(account: &Account, lineage: &Lineage, now: Moment) -> Vec<Judgement> {
    let sessions = lineage.sessions();
    let members = lineage.credentials.iter().map(|member| Judgement {
        label: member.label.clone(),
        key: member.key.clone(),
        verdict: judge_one(account, &sessions, member, now),
    });
    members.collect()
}

impl Proof {
    pub(super) fn begin(plan: &Plan, twin: &Twin) -> Self {
        let rows = judge(&twin.account(), &plan.lineage, twin.now())
            .into_iter()
            .map(|judged| Row {
                label: judged.label,
                key: judged.key,
                end: judged.verdict.clone(),
                before: judged.verdict,
                after: Vec::new(),
            });
        Proof {
            rows: rows.collect(),
            hits: Vec::new(),
        }
    }

    pub(super) fn after(&mut self, step: &StepId, verdicts: &[Judgement]) {
        for (row, judged) in self.rows.iter_mut().zip(verdicts) {
            row.after.push((step.clone(), judged.verdict.clone()));
            row.end = judged.verdict.clone();
        }
    }

    pub(super) fn finish(
        &mut self,
        before: &BTreeMap<String, Verdict>,
        end: &BTreeMap<String, Verdict>,
        named: &BTreeSet<String>,
    ) {
        let innocents = before.iter().filter(|(arn, _)| !named.contains(*arn));
        let hits = innocents.filter_map(|(arn, before)| {
            let end = end.get(arn).cloned().unwrap_or(Verdict::NothingAllowed);
            (end != *before).then(|| Hit {
                arn: arn.clone(),
                before: before.clone(),
                end,
            })
        });
        self.hits = hits.collect();
        // What no step ends is said first.
        self.rows.sort_by_key(|row| row.end.is_contained());
    }
}
