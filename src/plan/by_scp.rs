//! The step that attaches the service control policy: where it is attached, or why there is none.

use super::NotTouched;
use super::make::Making;
use super::quarantine::quarantine;
use crate::account::{Guards, Organization};
use crate::action::service_control::{free, probe, quarantine_name};
use crate::action::{Member, Permission, Setting};
use crate::playbook::PlaybookStep;
use std::collections::BTreeMap;

/// Service control policies on one root, unit or account: the smaller of what the two editions of the page say (5; 10). A place more does no
/// harm, and one that isn't there would make the step fail.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_ATTACHED: usize = 5;

/// Where the policy is attached, and why there.
struct Place<'a> {
    target: &'a str,
    held: &'a BTreeMap<String, crate::policy::PolicyText>,
    why: Option<String>,
}

impl Making<'_> {
    /// Adds the step where there are rights for it; a note where there are none.
    pub(super) fn deny_by_scp(&mut self, from: &PlaybookStep, margin_seconds: u32) {
        if let Err(why) = self.attach(from, margin_seconds) {
            self.not_touched.push(NotTouched {
                what: "a service control policy over the account, which nobody in it could take away".to_owned(),
                why,
            });
        }
    }

    fn attach(&mut self, from: &PlaybookStep, margin_seconds: u32) -> Result<(), String> {
        let facts = self.facts;
        let (guards, organization) = over(facts.account.guards.as_ref(), facts.account.organization.as_ref())?;
        let responder = organization
            .responder
            .as_ref()
            .ok_or("no rights in Organizations: it is not known who signs")?;
        let known = facts.account.principal_arn(&responder.in_account);
        if known.as_ref() != Some(&responder.in_account) {
            return Err(format!(
                "you sign as {}, which is no user or role of the account: no policy could spare you",
                responder.in_account
            ));
        }
        let cut = self.now.plus_seconds(i64::from(margin_seconds));
        let nobody = || "the family has no user and no role in this account that it could deny".to_owned();
        let origin = facts.lineage.roots().next().ok_or_else(nobody)?;
        let name = quarantine_name(&facts.account.id, &origin.key);
        let quarantine = quarantine(facts, &name, responder, cut).ok_or_else(nobody)?;
        let probed = probe(facts.account, &name, cut);
        let place = place(guards, organization, &name)?;
        let before = place
            .held
            .get(&name)
            .cloned()
            .map_or(Setting::Absent, Setting::Document);
        let fact = [place.why, Some(quarantine.about)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        let member = Member::ServiceControlPolicy {
            name,
            target: place.target.to_owned(),
        };
        self.change(
            from,
            member,
            before,
            Setting::Document(quarantine.document),
            Some(fact.join("; ")),
        );
        // What is read back is that it is attached; that it denies is seen by a call of the responder's own.
        if let Some(step) = self.steps.last_mut() {
            let tried = [probed.to_string(), free(probed.as_str())];
            step.permissions.extend(tried.map(|resource| Permission {
                action: "iam:GetPolicy".to_owned(),
                resource,
            }));
        }
        Ok(())
    }
}

/// The organization, where its policies bind the account and can be attached.
fn over<'a>(
    guards: Option<&'a Guards>,
    organization: Option<&'a Organization>,
) -> Result<(&'a Guards, &'a Organization), String> {
    let Some(guards) = guards else {
        return Err("no rights in Organizations: who signs could not read it; --organizations-profile names somebody who can, of the management account or of a delegated administrator".to_owned());
    };
    if guards.management_account {
        return Err("this is the management account: SCPs do not apply to it".to_owned());
    }
    let organization = organization.ok_or("the account is in no organization")?;
    if !organization.scps_enabled {
        return Err(format!(
            "service control policies are not enabled in organization {}: enabling them concerns every account in it, and is left to you",
            organization.id
        ));
    }
    Ok((guards, organization))
}

/// The account itself; where its places are taken, the nearest unit above with one left: the policy binds no other account there.
fn place<'a>(guards: &'a Guards, organization: &'a Organization, name: &str) -> Result<Place<'a>, String> {
    let levels = || organization.targets.iter().zip(&guards.scps).rev();
    // One that is attached already, at whatever level, is the one that is changed.
    let mut standing = levels().filter(|(_, held)| held.contains_key(name));
    let mut free = levels().filter(|(_, held)| held.len() < MOST_ATTACHED);
    let (target, held) = standing.next().or_else(|| free.next()).ok_or_else(|| {
        format!("all {MOST_ATTACHED} places for service control policies are taken at the account and at every level above it: detach one that matters less")
    })?;
    let at_account = organization.targets.last() == Some(target);
    let why = (!at_account).then(|| {
        format!("the account's {MOST_ATTACHED} places are taken, so it is attached to {target} above it; it names this account alone and binds no other there")
    });
    Ok(Place { target, held, why })
}
