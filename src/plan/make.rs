//! From the steps of a playbook to the steps of a plan.

use super::{FORMAT, Facts, NotTouched, Plan, Step, basis};
use crate::account::{KeyStatus, User, deny_all_arn};
use crate::action::revoke::Issuer;
use crate::action::{Action, Change, Member, Setting};
use crate::ids::AccessKeyId;
use crate::lineage::Lineage;
use crate::playbook::{End, Playbook, PlaybookStep, Verb, Which};
use crate::policy::PolicyText;
use crate::time::Moment;
use std::collections::BTreeSet;

/// Every action on everything, without a condition: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html>
const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// The sum of a user's inline policies, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const USER_INLINE_QUOTA: usize = 2048;

/// Managed policies attached to one user.
const USER_ATTACHED_QUOTA: usize = 10;

/// Makes the plan that goes as far as `end`.
pub fn plan(playbook: &Playbook, end: End, facts: Facts<'_>, now: Moment) -> Plan {
    let mut making = Making {
        facts,
        end,
        steps: Vec::new(),
        not_touched: Vec::new(),
        denies: BTreeSet::new(),
        deny_attached: false,
    };
    for step in playbook.steps_up_to(end) {
        making.step(step);
    }
    making.leave_alone();
    Plan {
        oust_plan: FORMAT,
        playbook: playbook.name.clone(),
        end,
        made_at: now,
        key: facts.lineage.asked.clone(),
        steps: making.steps,
        not_touched: making.not_touched,
        lineage: facts.lineage.clone(),
        bystanders: facts.bystanders.to_vec(),
        basis: basis(facts.account, facts.lineage),
    }
}

/// Whose sessions must be revoked because of the members with these keys: roles, and nobody twice.
pub fn revocations(lineage: &Lineage, keys: &[AccessKeyId]) -> Vec<Issuer> {
    let members = lineage.credentials.iter().filter(|member| keys.contains(&member.key));
    let roles: BTreeSet<&str> = members.filter_map(|member| member.role()).collect();
    roles.into_iter().map(|role| Issuer::Role(role.to_owned())).collect()
}

struct Making<'a> {
    facts: Facts<'a>,
    end: End,
    steps: Vec<Step>,
    not_touched: Vec<NotTouched>,
    /// Inline policies of the compromised user that this plan puts there.
    denies: BTreeSet<String>,
    /// Whether this plan attaches `AWSDenyAll`.
    deny_attached: bool,
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

    fn change(&mut self, from: &PlaybookStep, member: Member, before: Setting, to: Setting, fact: Option<String>) {
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
            Verb::Evidence => self.add(from, Action::Evidence, &Setting::Absent, None),
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
            Verb::DeactivateAccessKeys(which) => self.deactivate(from, *which),
            Verb::RevokeOlderSessions { margin_seconds } => self.revoke(from, *margin_seconds),
            _ => {
                if let Some(user) = self.facts.user() {
                    self.on_user(from, user);
                }
            }
        }
    }

    fn deactivate(&mut self, from: &PlaybookStep, which: Which) {
        let lineage = self.facts.lineage;
        let root = lineage.root().map(|root| &root.key);
        let user = self.facts.user();
        let own = user.map(|user| user.name.as_str());
        let wanted: Vec<(String, AccessKeyId)> = match which {
            Which::Compromised => own
                .zip(root)
                .map(|(user, key)| (user.to_owned(), key.clone()))
                .into_iter()
                .collect(),
            Which::Minted => {
                let minted = self.facts.minted_keys();
                minted
                    .into_iter()
                    .map(|(user, key)| (user.to_owned(), key.clone()))
                    .collect()
            }
            Which::All => {
                let held = user.and_then(|user| user.credentials.as_ref());
                let keys = held.into_iter().flat_map(|held| &held.access_keys);
                keys.filter_map(|key| Some((own?.to_owned(), key.id.clone()))).collect()
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
            let fact = (!named.is_empty()).then(|| named.join("; "));
            self.add(
                from,
                Action::RevokeOlderSessions { issuer, margin_seconds },
                &Setting::Absent,
                fact,
            );
        }
    }

    fn on_user(&mut self, from: &PlaybookStep, user: &User) {
        let name = user.name.clone();
        let held = user.credentials.clone().unwrap_or_default();
        match &from.verb {
            Verb::DenyUser { policy_name } => self.deny(from, user, policy_name),
            Verb::DenyUserByBoundary => {
                if let Some(deny) = deny_all_arn(&self.facts.account.partition) {
                    let before = user.boundary.clone().map_or(Setting::Absent, Setting::Policy);
                    self.change(
                        from,
                        Member::Boundary { user: name },
                        before,
                        Setting::Policy(deny),
                        None,
                    );
                }
            }
            Verb::DeleteLoginProfile => {
                if held.login_profile.is_some() {
                    self.change(
                        from,
                        Member::LoginProfile { user: name },
                        Setting::Present,
                        Setting::Absent,
                        None,
                    );
                }
            }
            Verb::DeactivateMfaDevices => {
                for device in &held.mfa_devices {
                    let serial = device.serial.clone();
                    let fact = Some(format!("enabled {}", device.enabled));
                    let member = Member::MfaDevice {
                        user: name.clone(),
                        serial: serial.clone(),
                    };
                    self.change(from, member, Setting::Present, Setting::Absent, fact);
                    if device.is_virtual() {
                        self.change(
                            from,
                            Member::VirtualMfaDevice { serial },
                            Setting::Present,
                            Setting::Absent,
                            None,
                        );
                    }
                }
            }
            Verb::DeleteSigningCertificates => {
                for held in held.signing_certificates {
                    let member = Member::SigningCertificate {
                        user: name.clone(),
                        id: held.id,
                    };
                    self.change(from, member, Setting::Body(held.body), Setting::Absent, None);
                }
            }
            Verb::DeleteSshPublicKeys => {
                for held in held.ssh_public_keys {
                    let before = held.body.map_or(Setting::Present, Setting::Body);
                    let member = Member::SshPublicKey {
                        user: name.clone(),
                        id: held.id,
                    };
                    self.change(from, member, before, Setting::Absent, None);
                }
            }
            Verb::DeleteServiceSpecificCredentials => {
                for held in held.service_specific {
                    let fact = Some(format!("for {}", held.service));
                    let member = Member::ServiceSpecificCredential {
                        user: name.clone(),
                        id: held.id,
                    };
                    self.change(from, member, Setting::Status(held.status), Setting::Absent, fact);
                }
            }
            Verb::DeleteInlinePolicies => {
                for (policy, text) in user
                    .inline
                    .iter()
                    .filter(|(policy, _)| !self.denies.contains(*policy))
                    .collect::<Vec<_>>()
                {
                    let member = Member::UserPolicy {
                        user: name.clone(),
                        name: policy.clone(),
                    };
                    self.change(from, member, Setting::Document(text.clone()), Setting::Absent, None);
                }
            }
            Verb::DetachManagedPolicies => self.detach(from, user, false),
            Verb::LeaveGroups => {
                for group in &user.groups {
                    let member = Member::GroupMembership {
                        user: name.clone(),
                        group: group.clone(),
                    };
                    self.change(from, member, Setting::Present, Setting::Absent, None);
                }
            }
            Verb::DeleteAccessKeys => {
                for key in held.access_keys {
                    let member = Member::AccessKey {
                        user: name.clone(),
                        key: key.id,
                    };
                    self.change(
                        from,
                        member,
                        Setting::Status(KeyStatus::Inactive),
                        Setting::Absent,
                        None,
                    );
                }
            }
            Verb::DeleteBoundary => {
                if user.boundary.is_some() || self.bounds() {
                    let before = deny_all_arn(&self.facts.account.partition).map_or(Setting::Present, Setting::Policy);
                    self.change(from, Member::Boundary { user: name }, before, Setting::Absent, None);
                }
            }
            Verb::DeleteDenies => self.remove_denies(from, user),
            Verb::DeleteUser => {
                let before = Setting::Identity {
                    path: user.path.clone(),
                    tags: user.tags.clone(),
                };
                self.change(from, Member::User { user: name }, before, Setting::Absent, None);
            }
            Verb::Evidence
            | Verb::Hold { .. }
            | Verb::Sweep { .. }
            | Verb::DeactivateAccessKeys(_)
            | Verb::RevokeOlderSessions { .. } => {}
        }
    }

    /// Whether this plan puts a boundary.
    fn bounds(&self) -> bool {
        let boundary = |step: &Step| matches!(&step.action, Action::Change { change } if matches!(change.member, Member::Boundary { .. }));
        self.steps.iter().any(boundary)
    }

    /// Inline where it fits; else `AWSDenyAll` attached: an intruder may have filled the quota on purpose.
    fn deny(&mut self, from: &PlaybookStep, user: &User, policy_name: &str) {
        let document = PolicyText::new(DENY_ALL);
        let others = user.inline.iter().filter(|(name, _)| *name != policy_name);
        let taken: usize = others.map(|(_, text)| text.counted_size()).sum();
        let tokens: Vec<&str> = self
            .facts
            .members_of(&Issuer::User(user.name.clone()))
            .into_iter()
            .filter(|member| member.minted.is_some())
            .map(|member| member.label.as_str())
            .collect();
        let fact = (!tokens.is_empty()).then(|| {
            format!(
                "carrying the user's rights and outliving the key: {}",
                tokens.join(", ")
            )
        });
        if taken + document.counted_size() <= USER_INLINE_QUOTA {
            let before = user
                .inline
                .get(policy_name)
                .cloned()
                .map_or(Setting::Absent, Setting::Document);
            self.denies.insert(policy_name.to_owned());
            let member = Member::UserPolicy {
                user: user.name.clone(),
                name: policy_name.to_owned(),
            };
            self.change(from, member, before, Setting::Document(document), fact);
            return;
        }
        let full =
            format!("the user's inline policies take {taken} of {USER_INLINE_QUOTA} characters: the deny does not fit");
        let deny = deny_all_arn(&self.facts.account.partition);
        match deny {
            Some(policy) if user.attached.len() < USER_ATTACHED_QUOTA => {
                self.deny_attached = true;
                let member = Member::Attachment {
                    user: user.name.clone(),
                    policy,
                };
                self.change(from, member, Setting::Absent, Setting::Present, Some(full));
            }
            Some(policy) => {
                let fact = format!(
                    "{full}, and all {USER_ATTACHED_QUOTA} places for managed policies are taken: the boundary is left"
                );
                let before = user.boundary.clone().map_or(Setting::Absent, Setting::Policy);
                self.change(
                    from,
                    Member::Boundary {
                        user: user.name.clone(),
                    },
                    before,
                    Setting::Policy(policy),
                    Some(fact),
                );
            }
            None => {}
        }
    }

    /// Managed policies: with `denies`, those that deny (AWS's quarantine and our own); else all others.
    fn detach(&mut self, from: &PlaybookStep, user: &User, denies: bool) {
        for policy in &user.attached {
            let quarantine = crate::account::is_quarantine(policy);
            let deny_all = deny_all_arn(&self.facts.account.partition).as_ref() == Some(policy);
            if (quarantine || deny_all) == denies {
                let fact = quarantine.then(|| "AWS attached it to a key that was found in public; AWS says to keep it until its case is closed".to_owned());
                let member = Member::Attachment {
                    user: user.name.clone(),
                    policy: policy.clone(),
                };
                self.change(from, member, Setting::Present, Setting::Absent, fact);
            }
        }
    }

    fn remove_denies(&mut self, from: &PlaybookStep, user: &User) {
        self.detach(from, user, true);
        if self.deny_attached
            && let Some(policy) = deny_all_arn(&self.facts.account.partition)
        {
            let member = Member::Attachment {
                user: user.name.clone(),
                policy,
            };
            self.change(from, member, Setting::Present, Setting::Absent, None);
        }
        for name in self.denies.clone() {
            let member = Member::UserPolicy {
                user: user.name.clone(),
                name,
            };
            self.change(
                from,
                member,
                Setting::Document(PolicyText::new(DENY_ALL)),
                Setting::Absent,
                None,
            );
        }
    }

    /// What bears on the incident and is not touched, each with the reason.
    fn leave_alone(&mut self) {
        let account = self.facts.account;
        for member in &self.facts.lineage.credentials {
            let Some(role) = member.role() else {
                continue;
            };
            let what = format!("{} ({}), a session of role `{role}`", member.label, member.key);
            let foreign = member.account.as_ref().filter(|of| **of != account.id);
            let why = match (foreign, account.roles.get(role)) {
                (Some(of), _) => Some(format!(
                    "the role is in account {of}: only that account can end its sessions"
                )),
                (None, None) => Some("the role is not in the account any more: its sessions ended with it".to_owned()),
                (None, Some(role)) => role.unmodifiable().map(str::to_owned),
            };
            self.not_touched.extend(why.map(|why| NotTouched { what, why }));
        }
        for made in &self.facts.lineage.made {
            let here = matches!(made.call.as_str(), "CreateAccessKey");
            if !here {
                self.not_touched.push(NotTouched {
                    what: format!("{} {} at {}, by {}", made.call, made.what, made.at, made.by),
                    why: "the family did this and it outlives the family: look at it by hand".to_owned(),
                });
            }
        }
        if let Some(user) = self.facts.user().filter(|_| self.end < End::Delete) {
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
