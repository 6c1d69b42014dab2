//! From the steps of a playbook to the steps of a plan.

use super::foothold::{passwords_set, service_credentials_made};
use super::left_behind::ids;
use super::{FORMAT, Facts, NotTouched, Plan, Step, ambiguous, basis, outlook, reading};
use crate::account::{Holder, KeyStatus, User};
use crate::action::revoke::Issuer;
use crate::action::{Action, Change, Member, Setting};
use crate::ids::{AccessKeyId, Arn};
use crate::lineage::{Lineage, Made};
use crate::playbook::{End, Playbook, PlaybookStep, Verb, Which};
use crate::time::Moment;
use std::collections::BTreeSet;

/// Makes the plan that goes as far as `end`.
pub fn plan(playbook: &Playbook, end: End, facts: Facts<'_>, now: Moment) -> Plan {
    let mut making = Making {
        facts,
        end,
        now,
        steps: Vec::new(),
        not_touched: Vec::new(),
        denies: BTreeSet::new(),
        deny_attached: BTreeSet::new(),
    };
    for step in playbook.steps_up_to(end) {
        making.step(step);
    }
    making.leave_alone();
    ambiguous::mark(&mut making.steps, facts.lineage);
    Plan {
        oust_plan: FORMAT,
        playbook: playbook.name.clone(),
        end,
        made_at: now,
        keys: facts.lineage.asked.clone(),
        steps: making.steps,
        not_touched: making.not_touched,
        lineage: facts.lineage.clone(),
        bystanders: facts.bystanders.to_vec(),
        outlook: outlook(facts.lineage, facts.account, now),
        basis: basis(facts.account, facts.lineage),
    }
}

/// Whose sessions must be revoked because of the members with these keys: roles, and nobody twice.
pub fn revocations(lineage: &Lineage, keys: &[AccessKeyId]) -> Vec<Issuer> {
    let members = lineage.credentials.iter().filter(|member| keys.contains(&member.key));
    let roles: BTreeSet<&str> = members.filter_map(|member| member.role()).collect();
    roles.into_iter().map(|role| Issuer::Role(role.to_owned())).collect()
}

/// Whether the call made a key active that is treated as one of the family.
fn is_of_a_member(made: &Made, lineage: &Lineage) -> bool {
    let is_one = |word: &str| word.parse().is_ok_and(|key| lineage.member(&key).is_some());
    made.is_of_iam() && made.call == "UpdateAccessKey" && ids(made).any(is_one)
}

pub(super) struct Making<'a> {
    pub(super) facts: Facts<'a>,
    end: End,
    pub(super) now: Moment,
    pub(super) steps: Vec<Step>,
    pub(super) not_touched: Vec<NotTouched>,
    /// Inline policies that this plan puts on compromised users: user and policy.
    pub(super) denies: BTreeSet<(String, String)>,
    /// Users that this plan attaches `AWSDenyAll` to.
    pub(super) deny_attached: BTreeSet<String>,
}

impl Making<'_> {
    fn add(&mut self, from: &PlaybookStep, action: Action, before: &Setting, fact: Option<String>) {
        let Ok(id) = (self.steps.len() + 1).to_string().parse() else {
            return;
        };
        let mut step = Step::new(id, action, before, &from.why, self.facts.account);
        step.required = from.required;
        step.fact = fact;
        step.hits = self.hits(&step);
        self.steps.push(step);
    }

    pub(super) fn change(
        &mut self,
        from: &PlaybookStep,
        member: Member,
        before: Setting,
        to: Setting,
        fact: Option<String>,
    ) {
        let change = Change { member, to };
        self.add(from, Action::Change { change }, &before, fact);
    }

    /// Who is hit besides the intruder.
    fn hits(&self, step: &Step) -> Vec<String> {
        match &step.action {
            Action::RevokeOlderSessions { issuer, .. } => self.facts.others_of(issuer),
            Action::Change { change } => match (&change.member, &change.to) {
                (Member::UserPolicy { user, .. }, Setting::Document(_))
                | (Member::Attachment { user, .. }, Setting::Present)
                | (Member::User { user }, Setting::Absent) => self.facts.others_of(&Issuer::User(user.clone())),
                (Member::ServiceControlPolicy { .. }, Setting::Document(_)) => {
                    let users = self
                        .facts
                        .users()
                        .into_iter()
                        .map(|user| Issuer::User(user.name.clone()));
                    let issuers = users.chain(self.facts.issuers());
                    issuers.flat_map(|issuer| self.facts.others_of(&issuer)).collect()
                }
                (Member::RoleAttachment { role, .. }, Setting::Present) => {
                    self.facts.others_of(&Issuer::Role(role.clone()))
                }
                (Member::AccessKey { user, key }, _) => {
                    let others = self.facts.others_of(&Issuer::User(user.clone()));
                    others
                        .into_iter()
                        .filter(|other| other.contains(key.as_str()))
                        .collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn step(&mut self, from: &PlaybookStep) {
        match &from.verb {
            Verb::Evidence => {
                self.add(from, Action::Evidence, &Setting::Absent, None);
                let part = basis(self.facts.account, self.facts.lineage);
                let names = (part.users.into_keys().collect(), part.roles.into_keys().collect());
                if let Some(step) = self.steps.last_mut() {
                    step.permissions = reading::evidence(self.facts.account, &names.0, &names.1);
                }
            }
            Verb::Hold { seconds } => {
                if self.steps.iter().any(|step| step.action.changes()) {
                    self.add(from, Action::Hold { seconds: *seconds }, &Setting::Absent, None);
                }
            }
            Verb::Sweep { margin_seconds } => {
                let action = Action::Sweep {
                    margin_seconds: *margin_seconds,
                };
                self.add(from, action, &Setting::Absent, None);
            }
            Verb::DenyByScp { margin_seconds } => self.deny_by_scp(from, *margin_seconds),
            Verb::DeactivateAccessKeys(which) => self.deactivate(from, *which),
            Verb::DeleteMintedCredentials => self.delete_minted(from),
            Verb::DenyMade { policy_name } => self.deny_made(from, policy_name),
            Verb::DeleteMade => self.delete_made(from),
            Verb::RevokeOlderSessions { margin_seconds } => self.revoke(from, *margin_seconds),
            _ => {
                for user in self.facts.users() {
                    self.on_user(from, user);
                }
            }
        }
    }

    fn deactivate(&mut self, from: &PlaybookStep, which: Which) {
        let lineage = self.facts.lineage;
        let facts = self.facts;
        let wanted: Vec<(String, AccessKeyId)> = match which {
            Which::Compromised => {
                let roots = lineage.roots();
                roots
                    .filter_map(|root| Some((facts.user_of(root)?.name.clone(), root.key.clone())))
                    .collect()
            }
            Which::Minted => {
                let minted = self.facts.minted_keys();
                minted
                    .into_iter()
                    .map(|(user, key)| (user.to_owned(), key.clone()))
                    .collect()
            }
            Which::All => {
                let mut keys = Vec::new();
                for user in facts.users() {
                    let held = user.credentials.iter().flat_map(|held| &held.access_keys);
                    keys.extend(held.map(|key| (user.name.clone(), key.id.clone())));
                }
                keys
            }
        };
        for (user, key) in wanted {
            // A key that its user doesn't list is deleted; where the list could not be read, it is taken for active.
            let read = self
                .facts
                .account
                .users
                .get(&user)
                .is_none_or(User::access_keys_were_read);
            let held = self.facts.account.owner_of_key(&key).map(|(_, held)| held.status);
            let status = match held {
                Some(status) => status,
                None if read => continue,
                None => KeyStatus::Active,
            };
            let planned = self.steps.iter().any(|step| match &step.action {
                Action::Change { change } => {
                    matches!(&change.member, Member::AccessKey { key: known, .. } if *known == key)
                }
                _ => false,
            });
            if planned || status != KeyStatus::Active {
                continue;
            }
            let label = lineage
                .member(&key)
                .map(|member| format!("{} is {} of the family", member.key, member.label));
            let fact = label.or_else(|| Some(format!("{key} is another key of the same user")));
            let member = Member::AccessKey { user, key };
            self.change(
                from,
                member,
                Setting::Status(status),
                Setting::Status(KeyStatus::Inactive),
                fact,
            );
        }
    }

    /// Passwords and service-specific credentials that the family set or made for others than the compromised user, whom the deny covers.
    fn delete_minted(&mut self, from: &PlaybookStep) {
        let account = self.facts.account;
        let own: BTreeSet<&str> = self.facts.users().into_iter().map(|user| user.name.as_str()).collect();
        for user in passwords_set(self.facts.lineage, account, &own) {
            let held = account.users.get(&user).and_then(|user| user.credentials.as_ref());
            if held.is_some_and(|held| held.login_profile.is_some()) {
                let fact = Some(format!("the family set the password of user `{user}`"));
                let member = Member::LoginProfile { user };
                self.change(from, member, Setting::Present, Setting::Absent, fact);
            }
        }
        for (user, id) in service_credentials_made(self.facts.lineage, account) {
            let held = account.users.get(user).and_then(|user| user.credentials.as_ref());
            let there = held.and_then(|held| held.service_specific.iter().find(|one| one.id == id));
            if let Some(there) = there.filter(|_| !own.contains(user)) {
                let fact = Some(format!("the family made it, for {}", there.service));
                let member = Member::ServiceSpecificCredential {
                    user: user.to_owned(),
                    id: id.to_owned(),
                };
                self.change(from, member, Setting::Status(there.status), Setting::Absent, fact);
            }
        }
    }

    fn revoke(&mut self, from: &PlaybookStep, margin_seconds: u32) {
        for issuer in self.facts.issuers() {
            let members = self.facts.members_of(&issuer);
            let named: Vec<String> = members
                .iter()
                .map(|member| match &member.minted {
                    Some(minted) => format!("{} was issued at {}", member.label, minted.at),
                    None => format!("{} was seen", member.label),
                })
                .collect();
            let named = match &issuer {
                Issuer::Role(name) if self.facts.opened().iter().any(|role| role.name == *name) => {
                    let opened = "the family said who may assume it: whoever came in by that, and who else has a session, is not in the evidence";
                    named.into_iter().chain([opened.to_owned()]).collect()
                }
                _ => named,
            };
            let fact = (!named.is_empty()).then(|| named.join("; "));
            if self.revoke_otherwise(from, &issuer) {
                continue;
            }
            self.add(
                from,
                Action::RevokeOlderSessions { issuer, margin_seconds },
                &Setting::Absent,
                fact,
            );
        }
    }

    /// Whether a step deletes the password or the service-specific credential that a call of the family was about.
    fn deletes(&self, what: &str) -> bool {
        let mut words = what.split(' ');
        let user = words.next().unwrap_or_default();
        self.steps.iter().any(|step| match &step.action {
            Action::Change { change } if change.to == Setting::Absent => match &change.member {
                Member::LoginProfile { user: of } => of == user && words.clone().next().is_none(),
                Member::ServiceSpecificCredential { id, .. } => words.clone().any(|word| word == id),
                _ => false,
            },
            _ => false,
        })
    }

    /// Whether the plan's service control policy denies a principal something.
    fn guards(&self, arn: &Arn) -> bool {
        let quoted = format!("\"{arn}\"");
        self.steps.iter().any(|step| match &step.action {
            Action::Change { change } => match (&change.member, &change.to) {
                (Member::ServiceControlPolicy { .. }, Setting::Document(text)) => text.as_str().contains(&quoted),
                _ => false,
            },
            _ => false,
        })
    }

    /// What bears on the incident and is not touched, each with the reason.
    fn leave_alone(&mut self) {
        let account = self.facts.account;
        for member in &self.facts.lineage.credentials {
            let Some(Holder::Role { name: role, id, .. }) = &member.holder else {
                continue;
            };
            let what = format!("{} ({}), a session of role `{role}`", member.label, member.key);
            let foreign = member.account.as_ref().filter(|of| **of != account.id);
            let why = match (foreign, account.role_that_was(role, id)) {
                (Some(of), _) => Some(format!(
                    "the role is in account {of}: only that account can end its sessions"
                )),
                (None, None) => Some("that role is not in the account any more: its sessions ended with it".to_owned()),
                (None, Some(role)) => role
                    .unmodifiable()
                    .map(|why| match self.guards(&account.role_arn(role)) {
                        true => format!("{why}; the service control policy of this plan denies its older sessions"),
                        false => why.to_owned(),
                    }),
            };
            self.not_touched.extend(why.map(|why| NotTouched { what, why }));
        }
        for made in &self.facts.lineage.made {
            if made.call != "CreateAccessKey" && !self.deletes(&made.what) && !is_of_a_member(made, self.facts.lineage)
            {
                self.not_touched.push(NotTouched {
                    what: format!("{} {} at {}, by {}", made.call, made.what, made.at, made.by),
                    why: "the family did this and it outlives the family: look at it by hand".to_owned(),
                });
            }
        }
        for user in self.facts.users().into_iter().filter(|_| self.end < End::Delete) {
            for policy in user
                .attached
                .iter()
                .filter(|policy| crate::account::is_quarantine(policy))
            {
                self.not_touched.push(NotTouched {
                    what: format!("`{}` on user `{}`", policy.name(), user.name),
                    why:
                        "AWS put it there: a sign that the key is public. AWS says to keep it until its case is closed"
                            .to_owned(),
                });
            }
        }
    }
}
