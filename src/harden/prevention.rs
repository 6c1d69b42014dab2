//! What would have stopped the incident: every finding about an account, with its proof.

use super::finding::Finding;
use super::fitted::{Fitted, again, revoked_again};
use super::measure::Measure;
use super::networks::Networks;
use super::places::TABLE;
use super::proof::{Past, Proof};
use super::replay::as_it_was;
use super::seen::Seen;
use super::theirs::Theirs;
use super::usage::{Call, SIGN_IN};
use super::{keys, let_in, ours, perimeter, places, trust};
use crate::account::Account;
use crate::action::revoke::{POLICY_NAME, cut_of};
use crate::ids::AccessKeyId;
use crate::lineage::{Credential, Lineage};
use crate::time::Moment;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prevention {
    /// What was found: what is ready and stops most comes first.
    pub findings: Vec<Finding>,
    /// What all ready measures do together.
    pub together: Proof,
    /// Trust policies that hold all that is ready about a role, where that is more than one: each of theirs takes the place of the others'.
    pub trusts: Vec<Measure>,
    /// Rules for the users of the incident, to be put there when they are contained.
    pub watch: Vec<Fitted>,
    /// How many are ready.
    pub ready: usize,
    /// Legitimate calls that were seen.
    pub legitimate: u64,
    /// When the first of them was made.
    pub since: Option<Moment>,
    /// When the last of them was made.
    pub until: Option<Moment>,
    /// Reasons why use may be larger than it was seen to be.
    pub gaps: Vec<String>,
}

impl Prevention {
    /// Lets the queries of the rules that are fitted to the account ask that table.
    pub fn ask(&mut self, table: &str) {
        let of_findings = self.findings.iter_mut();
        let of_findings = of_findings.filter_map(|finding| finding.fitted.as_deref_mut());
        of_findings.chain(&mut self.watch).for_each(|rule| rule.ask(table));
    }
}

/// How much of legitimate use was to be seen, and what of it wasn't.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Nothing is ready where legitimate use wasn't seen as early as that. Without it nothing is that rests on nobody's having come.
    pub seen_since: Option<Moment>,
    /// So many calls that give credentials, sign in, or make instances and VPC endpoints are told by caller and role alone: what they were asked for
    /// isn't known.
    pub left_out: u64,
}

/// What would have stopped the incident. `legitimate` are everybody else's calls, `intruder` the family's, both that succeeded.
/// The key of the `caller`, who asks, is in use.
pub fn prevention(
    account: &Account,
    lineage: &Lineage,
    legitimate: &[Call],
    intruder: &[Call],
    caller: Option<&AccessKeyId>,
    now: Moment,
    sample: Sample,
) -> Prevention {
    // A network that another account shares is told by its trail.
    let networks = Networks::of(legitimate.iter().chain(intruder).map(|call| &call.event));
    let legitimate = ours::of_account(&account.id, legitimate.to_vec());
    let (legitimate, let_in) = let_in::parted(without_theirs(&legitimate, intruder), intruder);
    let intruder: Vec<Call> = intruder.iter().cloned().chain(let_in).collect();
    let (legitimate, intruder) = (&legitimate, &intruder);
    let mut all = legitimate.clone();
    all.extend(intruder.iter().cloned());
    // What contains the incident takes room too.
    let held = account;
    let account = as_it_was(account, &all);
    let past = Past::of(&account, lineage, legitimate, intruder, networks.clone());
    let seen = Seen::of(past.legitimate(), networks);
    // A user of the same name in another account is somebody else.
    let ours = lineage
        .roots()
        .filter(|root| root.account.as_ref().is_none_or(|of| *of == account.id));
    let hit: BTreeSet<&str> = ours.filter_map(Credential::user).collect();
    let mut keys: Vec<AccessKeyId> = lineage.credentials.iter().map(|member| member.key.clone()).collect();
    keys.extend(caller.cloned());
    let loops = trust::Loops::of(&account, &seen, now);
    let silence = sample.seen_since.is_some();
    let mut findings = trust::findings(&account, &seen, &loops, silence);
    findings.extend(perimeter::findings(
        &account,
        &seen,
        &let_in::accounts(intruder),
        silence,
        now,
    ));
    let theirs = Theirs::of(legitimate, intruder, lineage);
    findings.extend(places::findings(&account, &seen, &hit, &theirs));
    findings.extend(keys::findings(&account, &seen, &keys, now));
    let thin = sample.seen_since.and_then(|wanted| thin(seen.span, wanted));
    let thin = thin.or((sample.left_out > 0).then(|| {
        format!(
            "{} calls that give credentials, sign in, or make instances and VPC endpoints were too many to keep: what they were asked for isn't known",
            sample.left_out
        )
    }));
    for finding in &mut findings {
        finding.doubt = finding
            .doubt
            .take()
            .or(thin.clone().filter(|_| finding.measure.is_some()));
        if let Some(measure) = &finding.measure {
            finding.proof = Some(past.with(&[measure]));
            finding.too_large = measure.too_large(held);
        }
    }
    findings.sort_by_key(order);
    // Each fits by itself: what stops less gives way where all don't fit together.
    let mut filled = held.clone();
    for finding in findings.iter_mut().filter(|finding| finding.is_ready()) {
        finding.too_large = finding
            .measure
            .as_ref()
            .and_then(|measure| measure.put_if_it_fits(&mut filled));
    }
    for trust in trust::together(&account, &seen, &loops, &ready_trusts(&findings)) {
        let Some(why) = trust.too_large(held) else { continue };
        let of_role = findings.iter_mut().filter(|finding| {
            let is_trust = |one: &Measure| matches!(one, Measure::Trust { .. }) && one.about() == trust.about();
            finding.is_ready() && finding.measure.as_ref().is_some_and(is_trust)
        });
        let later = of_role.skip(1);
        later.for_each(|finding| finding.too_large = Some(format!("together with what is ready before it {why}")));
    }
    findings.sort_by_key(order);
    let ready: Vec<&Finding> = findings.iter().filter(|finding| finding.is_ready()).collect();
    let trusts = trust::together(&account, &seen, &loops, &ready_trusts(&findings));
    let others = ready.iter().filter_map(|finding| finding.measure.as_ref());
    let others = others.filter(|measure| !matches!(measure, Measure::Trust { .. }));
    let measures: Vec<&Measure> = trusts.iter().chain(others).collect();
    let together = past.with(&measures);
    let about = |measure: &Measure| {
        let is_of = |finding: &&&Finding| match &finding.measure {
            Some(one @ Measure::Trust { .. }) => one.about() == measure.about(),
            _ => false,
        };
        ready.iter().filter(is_of).count()
    };
    let trusts: Vec<Measure> = trusts.iter().filter(|measure| about(measure) > 1).cloned().collect();
    // Before they are revoked, sessions of up to now are meant.
    let revoked = lineage.roles(&account.id).into_iter().filter_map(|name| {
        let role = held.roles.get(&name)?;
        let cut = role.inline.get(POLICY_NAME).and_then(cut_of).unwrap_or(now);
        Some(revoked_again(&name, account.role_arn(role).as_str(), cut, TABLE))
    });
    let watched = hit.iter().filter(|name| account.users.contains_key(**name));
    Prevention {
        watch: watched
            .flat_map(|name| again(name, &account.id, TABLE))
            .chain(revoked)
            .collect(),
        trusts,
        ready: ready.len(),
        together,
        legitimate: past.legitimate().map(|call| call.count).sum(),
        since: seen.span.map(|(since, _)| since),
        until: seen.span.map(|(_, until)| until),
        findings,
        gaps: Vec::new(),
    }
}

/// The kinds of findings that are ready with a trust policy, and their roles.
fn ready_trusts(findings: &[Finding]) -> BTreeSet<(&'static str, String)> {
    let ready = findings.iter().filter(|finding| finding.is_ready());
    let trusts = ready.filter_map(|finding| match &finding.measure {
        Some(Measure::Trust { role, .. }) => Some((finding.kind, role.clone())),
        _ => None,
    });
    trusts.collect()
}

/// What is ready and stops most comes first.
fn order(finding: &Finding) -> impl Ord + use<> {
    let stopped = finding
        .proof
        .as_ref()
        .map_or(0, |proof| proof.stopped + 100 * proof.cut.len() as u64);
    (
        Reverse(finding.is_ready()),
        // A rule on names stops nobody who knows it.
        finding.kind == "session-name-free",
        Reverse(stopped),
        finding.row,
        finding.kind,
        finding.title.clone(),
    )
}

/// Everybody else's calls without sign-ins from where only the intruder's calls come: no key in them tells that they are his.
fn without_theirs(legitimate: &[Call], intruder: &[Call]) -> Vec<Call> {
    let is_sign_in = |call: &&Call| call.event.name == SIGN_IN;
    let address = |call: &Call| call.event.source_ip.clone();
    let ours: HashSet<String> = legitimate
        .iter()
        .filter(|call| !is_sign_in(call))
        .filter_map(address)
        .collect();
    let theirs: HashSet<String> = intruder.iter().filter_map(address).collect();
    let is_theirs = |call: &&Call| address(call).is_some_and(|from| theirs.contains(&from) && !ours.contains(&from));
    let kept = legitimate.iter().filter(|call| !(is_sign_in(call) && is_theirs(call)));
    kept.cloned().collect()
}

/// Why the evidence is too thin, if it is: legitimate use is seen from when on?
fn thin(span: Option<(Moment, Moment)>, wanted: Moment) -> Option<String> {
    let since = match span {
        Some((since, _)) if since <= wanted => return None,
        Some((since, _)) => format!("not before {}", since.whole_second()),
        None => "not at all".to_owned(),
    };
    Some(format!(
        "legitimate use was to be seen since {}, and was seen {since}",
        wanted.whole_second()
    ))
}
