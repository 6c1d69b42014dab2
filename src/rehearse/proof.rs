//! The proof: what every credential of the family can do before, after each step, and at the end; and which innocents are hit.

use crate::account::{Account, Holder, KeyStatus, User};
use crate::ids::{AccessKeyId, StepId};
use crate::journal::Judgement;
use crate::lineage::{Credential, Kind, Lineage};
use crate::plan::{Foothold, Outlook, Plan, footholds, outlook};
use crate::policy::Gap;
use crate::time::Moment;
use crate::twin::Twin;
use crate::verdict::{Altered, Dead, Left, Memory, Verdict, altered, left, of_sign_in};
use serde::Serialize;

/// How far the time of a record and the time that IAM tells may lie apart, in seconds.
const CLOCKS_APART_SECONDS: i64 = 120;

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
    /// What is left at the end, by service, the widest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
}

/// The proof of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// Every credential: those that no step ends first.
    pub rows: Vec<Row>,
    /// Everybody else whose verdict differs at the end: users by an active key, roles by a new session.
    pub hits: Vec<Altered>,
    /// What the family left behind that may let its holder back in, at the end.
    pub footholds: Vec<Foothold>,
    /// What the holder of members that are still alive can become at the end.
    pub outlook: Outlook,
}

/// The verdict on one member of a family, which has these `sessions`.
pub fn judge_one(
    memory: &mut Memory,
    account: &Account,
    lineage: &Lineage,
    member: &Credential,
    now: Moment,
) -> Verdict {
    // Two sessions may have one key ID: each is judged by itself.
    let own = member.session();
    match (&member.kind, member.user()) {
        (Kind::ServiceSpecific, _) => service_credential(account, lineage, member),
        (Kind::LongTerm, Some(owner)) => memory.verdict_on_key_of(account, owner, &member.key, now),
        // What can't be told to the account as a session isn't looked up in it: that it isn't found there would not mean that it is dead.
        (kind, _) if *kind != Kind::LongTerm && own.is_none() => {
            unread(format!("what a {} may do", member.kind.describe()))
        }
        _ => match &member.account {
            // A session in another account hangs on that account's policies, of which nothing is known here.
            Some(of) if *of != account.id => unread(format!("account {of}, whose role it is a session of")),
            _ => memory.verdict(account, own.as_slice(), &member.key, now),
        },
    }
}

/// The verdict on a service-specific credential: it opens one service as its user, and signs nothing. It is looked for with every user, because users
/// can be renamed.
fn service_credential(account: &Account, lineage: &Lineage, member: &Credential) -> Verdict {
    let held = account.users.values().find_map(|user| {
        let mut held = user.credentials.iter().flat_map(|held| &held.service_specific);
        let held = held.find(|held| held.id == member.key.as_str())?;
        Some((user, held.status))
    });
    match held {
        Some((user, KeyStatus::Active)) => match of_sign_in(account, user) {
            contained if contained.is_contained() => contained,
            _ => unread(format!("what a {} may do", member.kind.describe())),
        },
        Some(_) => Verdict::Dead(Dead::Inactive),
        None if were_read(account, lineage, member) => Verdict::Dead(Dead::NoSuchKey),
        None => {
            let whose = member.user().map_or(String::new(), |user| format!(" of user `{user}`"));
            unread(format!("the service-specific credentials{whose}"))
        }
    }
}

/// Whether the service-specific credentials of the member's own user were read, so that one that isn't there doesn't exist. The record of its making
/// may tell that user's name alone: nobody counts who was made later, and nothing is proven by a name where the family renamed users.
fn were_read(account: &Account, lineage: &Lineage, member: &Credential) -> bool {
    let (id, name) = match &member.holder {
        Some(Holder::User { name, id }) => (id, name),
        _ => return false,
    };
    let made_later = |user: &User| {
        let minted = member.minted.as_ref();
        minted.is_none_or(|minted| user.created > minted.at.plus_seconds(CLOCKS_APART_SECONDS))
    };
    let renamed = lineage
        .made
        .iter()
        .any(|made| made.is_of_iam() && made.call == "UpdateUser");
    let is_own = |user: &&User| match id.as_str() {
        "" => !renamed && !made_later(user),
        id => user.id == id,
    };
    let held = account.users.get(name).filter(is_own);
    let held = held.and_then(|user| user.credentials.as_ref());
    held.is_some_and(|held| !held.unread.contains("service_specific"))
}

fn unread(what: String) -> Verdict {
    Verdict::Unknown(vec![Gap::Unread(what)])
}

/// The verdicts on every member of a family.
pub fn judge(account: &Account, lineage: &Lineage, now: Moment) -> Vec<Judgement> {
    judge_again(&mut Memory::default(), account, lineage, now)
}

/// The same, where only what has changed since the last time is judged.
pub fn judge_again(memory: &mut Memory, account: &Account, lineage: &Lineage, now: Moment) -> Vec<Judgement> {
    memory.look_at(account);
    let members = lineage.credentials.iter().map(|member| Judgement {
        label: member.label.clone(),
        key: member.key.clone(),
        verdict: judge_one(memory, account, lineage, member, now),
    });
    members.collect()
}

impl Proof {
    pub(super) fn begin(plan: &Plan, twin: &Twin, memory: &mut Memory) -> Self {
        let rows = judge_again(memory, &twin.account(), &plan.lineage, twin.now())
            .into_iter()
            .map(|judged| Row {
                label: judged.label,
                key: judged.key,
                end: judged.verdict.clone(),
                before: judged.verdict,
                after: Vec::new(),
                left: Vec::new(),
            });
        Proof {
            rows: rows.collect(),
            hits: Vec::new(),
            footholds: Vec::new(),
            outlook: Outlook::default(),
        }
    }

    pub(super) fn after(&mut self, step: &StepId, verdicts: &[Judgement]) {
        for (row, judged) in self.rows.iter_mut().zip(verdicts) {
            row.after.push((step.clone(), judged.verdict.clone()));
            row.end = judged.verdict.clone();
        }
    }

    /// The end: what is left to whom, who else is hit, what stays open. Compromised users are whom the plan is about; `later` lies
    /// behind every cut of the plan.
    pub(super) fn finish(&mut self, plan: &Plan, before: &Account, twin: &Twin, later: Moment) {
        let (account, now) = (twin.account(), twin.now());
        let own = plan.lineage.users();
        let own = own.into_iter().filter_map(|name| before.users.get(name));
        let own: Vec<String> = own.map(|user| before.user_arn(user).to_string()).collect();
        self.hits = altered(before, &account, later);
        self.hits.retain(|hit| !own.contains(&hit.arn));
        self.footholds = footholds(&plan.lineage, &account, now);
        if self.rows.iter().any(|row| !row.end.is_contained()) {
            self.outlook = outlook(&plan.lineage, &account, now);
        }
        let sessions = plan.lineage.sessions();
        for row in self
            .rows
            .iter_mut()
            .filter(|row| matches!(row.end, Verdict::Allowed { .. }))
        {
            row.left = left(&account, &sessions, &row.key, now);
        }
        // What no step ends is said first.
        self.rows.sort_by_key(|row| row.end.is_contained());
    }

    /// Whether every credential is proven useless and nothing that was left behind may let anybody in.
    pub fn contains(&self) -> bool {
        let dead = self.rows.iter().all(|row| row.end.is_contained());
        dead && self.footholds.iter().all(|foothold| foothold.state.is_closed())
    }
}
