//! Why a step treats somebody of whom it is not sure that they are of the family: a record leaves the key out of who asked, and several sessions bear what it
//! tells. Each of them is treated, and a person must know that before saying yes.

use super::Step;
use crate::action::{Action, Member};
use crate::ids::AccessKeyId;
use crate::lineage::{Credential, Lineage, Mint};
use std::collections::BTreeSet;

/// The members that are surely of the family of the asked keys: by mints that name who asked, back and forth.
fn sure(lineage: &Lineage) -> BTreeSet<&AccessKeyId> {
    let mut sure: BTreeSet<&AccessKeyId> = lineage.asked.iter().collect();
    loop {
        let before = sure.len();
        for member in &lineage.credentials {
            let Some(mint) = &member.minted else { continue };
            if sure.contains(&member.key) && mint.or_by.is_empty() {
                sure.insert(&mint.by);
            }
            // Whichever of them asked, it was one of the family.
            if sure.contains(&mint.by) && mint.or_by.iter().all(|other| sure.contains(other)) {
                sure.insert(&member.key);
            }
        }
        if sure.len() == before {
            return sure;
        }
    }
}

/// What each step must tell of it. Of a user or role that a sure member carries the rights of nothing is in doubt.
pub(super) fn mark(steps: &mut [Step], lineage: &Lineage) {
    let sure = sure(lineage);
    let is_unsure = |member: &&Credential| !sure.contains(&member.key);
    if !lineage.credentials.iter().any(|member| is_unsure(&member)) {
        return;
    }
    for step in steps {
        let treated = |member: &&Credential| match &step.action {
            Action::Change { change } => match &change.member {
                Member::ServiceControlPolicy { .. } => is_unsure(member),
                Member::AccessKey { key, .. } if lineage.member(key).is_some() => member.key == *key,
                other => is_of(member, other.owner()),
            },
            Action::RevokeOlderSessions { issuer, .. } => is_of(member, issuer.member().owner()),
            _ => false,
        };
        let treated: Vec<&Credential> = lineage.credentials.iter().filter(treated).collect();
        if treated.iter().all(is_unsure) {
            let each: BTreeSet<String> = treated.iter().flat_map(|member| doubts(lineage, member)).collect();
            step.ambiguous = each.into_iter().collect();
        }
    }
}

fn is_of(member: &Credential, owner: Option<&str>) -> bool {
    owner.is_some_and(|owner| member.user() == Some(owner) || member.role() == Some(owner))
}

/// The mints that make a member unsure: its own or one that it comes from; of an origin those that it may have asked for, or what it minted may have.
fn doubts(lineage: &Lineage, member: &Credential) -> Vec<String> {
    let mut seen: BTreeSet<&AccessKeyId> = BTreeSet::new();
    let mut at = Some(member);
    while let Some(one) = at.filter(|one| seen.insert(&one.key)) {
        let Some(mint) = &one.minted else { break };
        if !mint.or_by.is_empty() {
            return vec![said(lineage, one, mint)];
        }
        at = lineage.member(&mint.by);
    }
    let ambiguous = |one: &Credential| {
        let mint = one.minted.as_ref().filter(|mint| !mint.or_by.is_empty())?;
        let mut askers = std::iter::once(&mint.by).chain(&mint.or_by);
        let is_by = askers.any(|key| seen.contains(key) || comes_of(lineage, key, &seen));
        is_by.then(|| said(lineage, one, mint))
    };
    lineage.credentials.iter().filter_map(ambiguous).collect()
}

/// Whether a credential was minted from one of these.
fn comes_of(lineage: &Lineage, key: &AccessKeyId, of: &BTreeSet<&AccessKeyId>) -> bool {
    let mut seen: BTreeSet<&AccessKeyId> = BTreeSet::new();
    let mut at = lineage.member(key);
    while let Some(one) = at.filter(|one| seen.insert(&one.key)) {
        if of.contains(&one.key) {
            return true;
        }
        at = one.minted.as_ref().and_then(|mint| lineage.member(&mint.by));
    }
    false
}

fn said(lineage: &Lineage, one: &Credential, mint: &Mint) -> String {
    let named = |key: &AccessKeyId| match lineage.member(key) {
        Some(member) => format!("{} {key}", member.label),
        None => format!("{key}, which is not of the family"),
    };
    let others: Vec<String> = mint.or_by.iter().map(named).collect();
    format!(
        "ambiguous: {} {} was given by {} at {} to {} or to {}; nothing in the records tells which of these sessions asked",
        one.label,
        one.key,
        mint.call,
        mint.at,
        named(&mint.by),
        others.join(" or to ")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::account::Account;
    use crate::action::Setting;
    use crate::action::revoke::Issuer;
    use crate::lineage::trace;
    use crate::trail::Evidence;
    use serde_json::{Value, json};

    fn record(id: &str, name: &str, who: Value, gives: Option<&str>) -> Value {
        json!({"eventID": id, "eventTime": "2026-03-24T09:10:00Z", "eventSource": "sts.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "userIdentity": who, "responseElements": gives.map(|key| json!({"credentials": {"accessKeyId": key}, "assumedRoleUser":
                {"assumedRoleId": "AROAR:s", "arn": "arn:aws:sts::123456789012:assumed-role/R/s"}}))})
    }

    fn user(key: Option<&str>) -> Value {
        json!({"type": "IAMUser", "principalId": "AIDAU", "arn": "arn:aws:iam::123456789012:user/u", "accountId": "123456789012", "userName": "u",
            "accessKeyId": key, "sessionContext": {"attributes": {"creationDate": "2026-03-24T09:00:00Z", "mfaAuthenticated": "false"}}})
    }

    /// Two sessions of a user, of one second; one of them took a role, and the record leaves its key out.
    fn steps(asked: &str) -> Vec<Vec<String>> {
        let records = [
            record("1", "GetCallerIdentity", user(Some("ASIAONEAAAAAAAAAAAAA")), None),
            record("2", "GetCallerIdentity", user(Some("ASIATWOAAAAAAAAAAAAA")), None),
            record("3", "AssumeRole", user(None), Some("ASIAROLEAAAAAAAAAAAA")),
        ];
        let mut evidence = Evidence::default();
        records.iter().for_each(|record| evidence.add_record(record).unwrap());
        let lineage = trace(&evidence, &[asked.parse().unwrap()]);
        let account = Account::empty("123456789012".parse().unwrap());
        let issuers = [Issuer::User("u".to_owned()), Issuer::Role("R".to_owned())].into_iter();
        let mut steps: Vec<Step> = issuers
            .map(|issuer| {
                let action = Action::RevokeOlderSessions {
                    issuer,
                    margin_seconds: 0,
                };
                Step::new("1".parse().unwrap(), action, &Setting::Absent, "", &account)
            })
            .collect();
        mark(&mut steps, &lineage);
        steps.into_iter().map(|step| step.ambiguous).collect()
    }

    #[test]
    fn a_step_says_that_it_treats_whoever_may_have_asked() {
        // Asked for what was given: each of the user's sessions may have asked.
        let marked = steps("ASIAROLEAAAAAAAAAAAA");
        assert!(marked[1].is_empty(), "{marked:?}");
        assert_eq!(marked[0].len(), 1, "{marked:?}");
        for part in [
            "ambiguous: ",
            "ASIAROLEAAAAAAAAAAAA was given",
            "ASIAONEAAAAAAAAAAAAA",
            "ASIATWOAAAAAAAAAAAAA",
        ] {
            assert!(marked[0][0].contains(part), "{part}: {marked:?}");
        }
        // Asked for one of the sessions: the role is not surely of it.
        let marked = steps("ASIAONEAAAAAAAAAAAAA");
        assert!(marked[0].is_empty() && marked[1].len() == 1, "{marked:?}");
        assert!(
            marked[1][0].contains("ASIATWOAAAAAAAAAAAAA, which is not of the family"),
            "{marked:?}"
        );
    }
}
