//! Steps on the compromised user: denies, credentials, grants, and the user itself.

use super::Step;
use super::make::Making;
use crate::account::{KeyStatus, User, deny_all_arn, is_quarantine};
use crate::action::revoke::Issuer;
use crate::action::{Action, DENY_ALL, Member, Setting};
use crate::playbook::{PlaybookStep, Verb};
use crate::policy::PolicyText;

/// The sum of a user's inline policies, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) const USER_INLINE_QUOTA: usize = 2048;

/// Managed policies attached to one user.
pub(super) const USER_ATTACHED_QUOTA: usize = 10;

impl Making<'_> {
    pub(super) fn on_user(&mut self, from: &PlaybookStep, user: &User) {
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
                    let before = uploaded(held.status, held.body);
                    self.change(from, member, before, Setting::Absent, None);
                }
            }
            Verb::DeleteSshPublicKeys => {
                for held in held.ssh_public_keys {
                    let before = held.body.map_or(Setting::Present, |body| uploaded(held.status, body));
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
                    .filter(|(policy, _)| !self.denies.contains(&(name.clone(), (*policy).clone())))
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
                    if self.deletes_member(&member) {
                        continue;
                    }
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
                if user.boundary.is_some() || self.bounds(&name) {
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
            | Verb::DenyByScp { .. }
            | Verb::Hold { .. }
            | Verb::Sweep { .. }
            | Verb::DeleteMintedCredentials
            | Verb::DenyMade { .. }
            | Verb::DeleteMade
            | Verb::DeactivateAccessKeys(_)
            | Verb::RevokeOlderSessions { .. } => {}
        }
    }

    /// Whether this plan puts a boundary on the user.
    fn bounds(&self, name: &str) -> bool {
        let boundary = |step: &Step| matches!(&step.action, Action::Change { change } if matches!(&change.member, Member::Boundary { user } if user == name));
        self.steps.iter().any(boundary)
    }

    /// Inline where it fits; else `AWSDenyAll` attached: an intruder may have filled the quota on purpose.
    pub(super) fn deny(&mut self, from: &PlaybookStep, user: &User, policy_name: &str) {
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
            self.denies.insert((user.name.clone(), policy_name.to_owned()));
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
                self.deny_attached.insert(user.name.clone());
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
            let quarantine = is_quarantine(policy);
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
        if self.deny_attached.contains(&user.name)
            && let Some(policy) = deny_all_arn(&self.facts.account.partition)
        {
            let member = Member::Attachment {
                user: user.name.clone(),
                policy,
            };
            self.change(from, member, Setting::Present, Setting::Absent, None);
        }
        let denies = self.denies.clone().into_iter().filter(|(of, _)| *of == user.name);
        for (_, name) in denies {
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
}

/// Something that was uploaded, as it is.
fn uploaded(status: KeyStatus, body: String) -> Setting {
    match status {
        KeyStatus::Active => Setting::Body(body),
        KeyStatus::Inactive | KeyStatus::Expired => Setting::Dormant(body),
    }
}
