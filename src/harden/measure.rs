//! A measure: what is to be put where, ready to be put there.

use super::ours::is_of;
use crate::account::{Account, KeyStatus};
use crate::ids::{AccessKeyId, AccountId};
use crate::policy::PolicyText;
use crate::trail::Event;
use serde::Serialize;
use serde_json::Value;

/// What is to be put where.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "put", rename_all = "snake_case")]
pub enum Measure {
    /// A role's trust policy, in the place of the one that is there.
    Trust {
        /// The role.
        role: String,
        /// The document.
        document: Value,
    },
    /// An inline policy on a user.
    UserPolicy {
        /// The user.
        user: String,
        /// The policy's name.
        name: &'static str,
        /// The document.
        document: Value,
    },
    /// An inline policy on a role.
    RolePolicy {
        /// The role.
        role: String,
        /// The policy's name.
        name: &'static str,
        /// The document.
        document: Value,
    },
    /// A resource control policy over the account.
    ResourceControl {
        /// The account.
        account: AccountId,
        /// The document.
        document: Value,
    },
    /// A service control policy over the account.
    ServiceControl {
        /// The account.
        account: AccountId,
        /// The document.
        document: Value,
    },
    /// A role that compute takes in the place of a user's key, as a template of CloudFormation.
    RoleTemplate {
        /// The user.
        user: String,
        /// The template.
        document: Value,
    },
    /// A key that is deactivated.
    KeyInactive {
        /// Whose.
        user: String,
        /// The key.
        key: AccessKeyId,
    },
    /// A credential for one service that is deactivated.
    ServiceCredentialInactive {
        /// Whose.
        user: String,
        /// Its ID.
        id: String,
    },
    /// The longest session of a role.
    MaxSession {
        /// The role.
        role: String,
        /// In seconds.
        seconds: u32,
    },
}

/// The names of the organization's policies that are written.
const ONLY_OURS: &str = "OustOnlyOurs";
const NO_ROOT: &str = "OustNoRoot";

/// The calls, by who acts for the organization, that put a policy over an account.
fn in_organization(kind: &str, name: &str, account: &AccountId) -> String {
    format!(
        "aws organizations attach-policy --target-id {account} --policy-id $(aws organizations create-policy --type {kind} --name {name} --description {name} --content file://document.json --query Policy.PolicySummary.Id --output text)"
    )
}

impl Measure {
    /// Whom it is about: the user or role by name.
    pub fn about(&self) -> (&'static str, &str) {
        match self {
            Measure::UserPolicy { user, .. }
            | Measure::RoleTemplate { user, .. }
            | Measure::KeyInactive { user, .. }
            | Measure::ServiceCredentialInactive { user, .. } => ("user", user),
            Measure::Trust { role, .. } | Measure::RolePolicy { role, .. } | Measure::MaxSession { role, .. } => {
                ("role", role)
            }
            Measure::ResourceControl { account, .. } | Measure::ServiceControl { account, .. } => {
                ("account", account.as_str())
            }
        }
    }

    /// Whether a call is one that it can change in its `account`, whatever else is known of it.
    pub(super) fn bears_on(&self, event: &Event, account: &AccountId) -> bool {
        let who = &event.identity;
        match self {
            Measure::ResourceControl { .. } => event.service() == "sts" && event.name.starts_with("AssumeRole"),
            Measure::ServiceControl { .. } => who.kind.as_deref() == Some("Root") && is_of(who, account),
            _ => {
                let issuer = who.issuer.as_ref().and_then(|issuer| issuer.name.as_deref());
                let [user, issuer] =
                    [who.user_name.as_deref(), issuer].map(|name| name.filter(|_| is_of(who, account)));
                let role = event.asked("/roleArn");
                let is_here = |arn: &&str| arn.split(':').nth(4).is_none_or(|id| id == account.as_str());
                let role = role.as_deref().filter(is_here).and_then(|arn| arn.rsplit('/').next());
                let names = [user, issuer, role];
                names.contains(&Some(self.about().1))
            }
        }
    }

    /// The document, where it is one.
    pub fn document(&self) -> Option<&Value> {
        match self {
            Measure::Trust { document, .. }
            | Measure::UserPolicy { document, .. }
            | Measure::RoleTemplate { document, .. }
            | Measure::RolePolicy { document, .. }
            | Measure::ResourceControl { document, .. }
            | Measure::ServiceControl { document, .. } => Some(document),
            _ => None,
        }
    }

    /// The call that puts it there, as the AWS CLI writes it; `document.json` holds the document.
    pub fn call(&self) -> String {
        match self {
            Measure::Trust { role, .. } => {
                format!("aws iam update-assume-role-policy --role-name {role} --policy-document file://document.json")
            }
            Measure::UserPolicy { user, name, .. } => format!(
                "aws iam put-user-policy --user-name {user} --policy-name {name} --policy-document file://document.json"
            ),
            Measure::RolePolicy { role, name, .. } => format!(
                "aws iam put-role-policy --role-name {role} --policy-name {name} --policy-document file://document.json"
            ),
            Measure::ResourceControl { account, .. } => in_organization("RESOURCE_CONTROL_POLICY", ONLY_OURS, account),
            Measure::ServiceControl { account, .. } => in_organization("SERVICE_CONTROL_POLICY", NO_ROOT, account),
            Measure::RoleTemplate { user, .. } => {
                let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
                let name: String = user.chars().map(plain).collect();
                format!(
                    "aws cloudformation deploy --template-file document.json --stack-name role-for-{name} --capabilities CAPABILITY_IAM"
                )
            }
            Measure::KeyInactive { user, key } => {
                format!("aws iam update-access-key --user-name {user} --access-key-id {key} --status Inactive")
            }
            Measure::ServiceCredentialInactive { user, id } => format!(
                "aws iam update-service-specific-credential --user-name {user} --service-specific-credential-id {id} --status Inactive"
            ),
            Measure::MaxSession { role, seconds } => {
                format!("aws iam update-role --role-name {role} --max-session-duration {seconds}")
            }
        }
    }

    /// Puts it into an account.
    pub(super) fn put(&self, account: &mut Account) {
        let text = |document: &Value| PolicyText::new(document.to_string());
        match self {
            Measure::Trust { role, document } => {
                if let Some(role) = account.roles.get_mut(role) {
                    role.trust = text(document);
                }
            }
            Measure::UserPolicy { user, name, document } => {
                if let Some(user) = account.users.get_mut(user) {
                    user.inline.insert((*name).to_owned(), text(document));
                }
            }
            Measure::RolePolicy { role, name, document } => {
                if let Some(role) = account.roles.get_mut(role) {
                    role.inline.insert((*name).to_owned(), text(document));
                }
            }
            Measure::ResourceControl { document, .. } => {
                let guards = account.guards.as_mut();
                guards
                    .into_iter()
                    .for_each(|guards| drop(guards.rcps.insert(ONLY_OURS.to_owned(), text(document))));
            }
            Measure::ServiceControl { document, .. } => {
                let level = account.guards.as_mut().and_then(|guards| guards.scps.last_mut());
                level
                    .into_iter()
                    .for_each(|level| drop(level.insert(NO_ROOT.to_owned(), text(document))));
            }
            Measure::KeyInactive { user, key } => {
                let held = account.users.get_mut(user).and_then(|user| user.credentials.as_mut());
                let keys = held.into_iter().flat_map(|held| held.access_keys.iter_mut());
                keys.filter(|held| held.id == *key)
                    .for_each(|held| held.status = KeyStatus::Inactive);
            }
            // Nobody takes a new role until its compute is told to.
            Measure::RoleTemplate { .. } | Measure::ServiceCredentialInactive { .. } | Measure::MaxSession { .. } => {}
        }
    }

    /// Puts it into an account that others were put into, and gives why IAM would refuse it there, if it would; then it isn't put.
    pub(super) fn put_if_it_fits(&self, account: &mut Account) -> Option<String> {
        let refused = self.too_large(account);
        if refused.is_none() {
            self.put(account);
        }
        refused.map(|why| format!("together with what is ready before it {why}"))
    }

    /// Why IAM would refuse it, if it would: the characters of inline policies and trust policies, white space left out.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    pub(super) fn too_large(&self, account: &Account) -> Option<String> {
        let mut account = account.clone();
        self.put(&mut account);
        let size = |texts: &std::collections::BTreeMap<String, PolicyText>| {
            texts.values().map(PolicyText::counted_size).sum::<usize>()
        };
        let (size, most, of) = match self {
            Measure::Trust { role, .. } => (account.roles.get(role)?.trust.counted_size(), 2_048, "a trust policy"),
            Measure::UserPolicy { user, .. } => (
                size(&account.users.get(user)?.inline),
                2_048,
                "a user's inline policies",
            ),
            Measure::RolePolicy { role, .. } => (
                size(&account.roles.get(role)?.inline),
                10_240,
                "a role's inline policies",
            ),
            _ => return None,
        };
        (size > most).then(|| {
            format!(
                "{size} characters, and {of} may have {most}: attach it as a managed policy, or ask for a higher quota"
            )
        })
    }
}
