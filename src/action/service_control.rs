//! A service control policy over the account, with its content: it is there when it is attached.
//!
//! Nobody in the account can take it away, which is why it comes first where there are rights for it. AWS says nothing of how long it takes
//! to be in force, so [`effect`] looks for it: the policy denies everybody one call that nobody needs, and whoever is refused that call has
//! seen it work. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>

use super::{Setting, no_such_change};
use crate::account::Account;
use crate::ids::{AccessKeyId, AccountId, Arn};
use crate::mount::{AwsError, Clients, Trouble};
use crate::policy::{Listed, PolicyText};
use crate::time::Moment;
use aws_sdk_organizations::types::PolicyType;

/// What the names of all policies begin with that quarantine an account.
const PREFIX: &str = "OustQuarantine-";

/// The `Sid` of the statement whose effect can be seen.
pub const PROBE: &str = "Probe";

/// The name of the policy that quarantines the compromised principals of an account; one for each incident, so that none replaces another's.
pub fn quarantine_name(account: &AccountId, origin: &AccessKeyId) -> String {
    format!("{PREFIX}{account}-{origin}")
}

/// Whether a policy of that name is such a quarantine.
pub fn is_quarantine_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// What the quarantine called `name` denies everybody, so that its effect can be seen: `iam:GetPolicy` on a managed policy that isn't there.
/// It hangs on the `cut` in it, so that what an earlier edition denies is not taken for the effect of a later one.
pub fn probe(account: &Account, name: &str, cut: Moment) -> Arn {
    let of_cut = format!("{name}-{}", cut.seconds());
    Arn::iam(&account.partition, &account.id, "policy", "/", &of_cut)
}

/// The name beside the probe that the quarantine doesn't deny.
pub fn free(probe: &str) -> String {
    format!("{probe}-free")
}

/// Whether an attached policy was seen to deny.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A call was refused by it.
    Seen,
    /// The call that it denies still went through to the thing that isn't there.
    NotYet,
    /// It could not be seen, for this reason.
    Unknown(String),
}

/// Looks whether the quarantine with this document is in force, by the call that it denies everybody. The same call on another name must go
/// through: else something else refuses it, and nothing was seen.
pub async fn effect(clients: &Clients, document: &PolicyText) -> Effect {
    let Some(arn) = probed(document) else {
        return Effect::Unknown("it denies no call that could be tried".to_owned());
    };
    match asked(clients, &arn).await {
        Err(error) if error.trouble == Trouble::NoSuchEntity => return Effect::NotYet,
        Err(error) if is_refused_by_scp(&error) => {}
        Err(error) => return Effect::Unknown(error.to_string()),
        Ok(()) => return Effect::Unknown(format!("there is a policy `{arn}`, which should not be")),
    }
    match asked(clients, &free(&arn)).await {
        Err(error) if error.trouble == Trouble::NoSuchEntity => Effect::Seen,
        Err(error) => Effect::Unknown(format!("what it denies is refused anyway: {error}")),
        Ok(()) => Effect::Seen,
    }
}

async fn asked(clients: &Clients, arn: &str) -> Result<(), AwsError> {
    let found = clients.iam.get_policy().policy_arn(arn).send().await;
    found.map(drop).map_err(|error| AwsError::of("iam:GetPolicy", error))
}

/// Some services name the policy too, and some don't yet, so that the name isn't asked for.
/// <https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns>
fn is_refused_by_scp(error: &AwsError) -> bool {
    error.trouble == Trouble::AccessDenied && error.message.contains("explicit deny in a service control policy")
}

/// What the statement of the probe denies.
fn probed(document: &PolicyText) -> Option<String> {
    let parsed = document.parse().ok()?;
    let statement = parsed.statements.iter().find(|one| one.sid.as_deref() == Some(PROBE))?;
    match &statement.resources {
        Some(Listed::These(resources)) => Some(resources.first()?.as_str().to_owned()),
        _ => None,
    }
}

/// The policy's ID where it is attached to `target`.
async fn attached(clients: &Clients, name: &str, target: &str) -> Result<Option<String>, AwsError> {
    let mut pages = clients
        .organizations()
        .list_policies_for_target()
        .target_id(target)
        .filter(PolicyType::ServiceControlPolicy)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::of("organizations:ListPoliciesForTarget", error))?;
        if let Some(held) = page.policies().iter().find(|held| held.name() == Some(name)) {
            return Ok(held.id().map(str::to_owned));
        }
    }
    Ok(None)
}

pub(super) async fn read(clients: &Clients, name: &str, target: &str) -> Result<Setting, AwsError> {
    let Some(id) = attached(clients, name, target).await? else {
        return Ok(Setting::Absent);
    };
    let whole = clients.organizations().describe_policy().policy_id(id).send().await;
    let whole = whole.map_err(|error| AwsError::of("organizations:DescribePolicy", error))?;
    let text = whole.policy().and_then(|policy| policy.content()).unwrap_or_default();
    Ok(Setting::Document(PolicyText::new(text)))
}

pub(super) async fn write(clients: &Clients, name: &str, target: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Document(document) => put(clients, name, target, document.as_str()).await,
        Setting::Absent => remove(clients, name, target).await,
        _ => Err(no_such_change("organizations:AttachPolicy")),
    }
}

/// Creates the policy, or takes the one that is there already from a run that broke off, and attaches it.
async fn put(clients: &Clients, name: &str, target: &str, content: &str) -> Result<(), AwsError> {
    let created = clients
        .organizations()
        .create_policy()
        .name(name)
        .description("oust: puts an intruder out; to be removed when the incident is over")
        .r#type(PolicyType::ServiceControlPolicy)
        .content(content)
        .send()
        .await
        .map_err(|error| AwsError::of("organizations:CreatePolicy", error));
    let (id, fresh) = match created {
        Ok(created) => (
            created
                .policy()
                .and_then(|policy| policy.policy_summary()?.id().map(str::to_owned)),
            true,
        ),
        Err(error) if error.code.as_deref() == Some("DuplicatePolicyException") => {
            (Some(update(clients, name, content).await?), false)
        }
        Err(error) => return Err(error),
    };
    let id = id.ok_or_else(|| AwsError {
        operation: "organizations:CreatePolicy".to_owned(),
        trouble: Trouble::Rubbish,
        code: None,
        message: "the answer has no policy ID".to_owned(),
    })?;
    let attached = clients
        .organizations()
        .attach_policy()
        .policy_id(&id)
        .target_id(target)
        .send()
        .await
        .map_err(|error| AwsError::of("organizations:AttachPolicy", error));
    match attached {
        Err(error) if error.code.as_deref() == Some("DuplicatePolicyAttachmentException") => Ok(()),
        Err(error) => {
            // A policy that is attached nowhere denies nothing: it isn't left lying about. Where the answer is in doubt, it is.
            if fresh && !error.trouble.leaves_doubt() {
                drop(clients.organizations().delete_policy().policy_id(&id).send().await);
            }
            Err(error)
        }
        Ok(_) => Ok(()),
    }
}

/// Gives the policy of that name, wherever it is attached, this content.
async fn update(clients: &Clients, name: &str, content: &str) -> Result<String, AwsError> {
    let mut pages = clients
        .organizations()
        .list_policies()
        .filter(PolicyType::ServiceControlPolicy)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::of("organizations:ListPolicies", error))?;
        let Some(held) = page.policies().iter().find(|held| held.name() == Some(name)) else {
            continue;
        };
        let id = held.id().unwrap_or_default().to_owned();
        let updated = clients
            .organizations()
            .update_policy()
            .policy_id(&id)
            .content(content)
            .send()
            .await;
        return match updated.map_err(|error| AwsError::of("organizations:UpdatePolicy", error)) {
            Ok(_) => Ok(id),
            Err(error) => Err(error),
        };
    }
    Err(AwsError {
        operation: "organizations:ListPolicies".to_owned(),
        trouble: Trouble::Refused,
        code: None,
        message: format!("a policy `{name}` is there already, and is no service control policy"),
    })
}

/// Detaches the policy, and deletes it where that was its last attachment.
async fn remove(clients: &Clients, name: &str, target: &str) -> Result<(), AwsError> {
    let Some(id) = attached(clients, name, target).await? else {
        return Ok(());
    };
    let client = clients.organizations();
    let detached = client.detach_policy().policy_id(&id).target_id(target).send().await;
    detached.map_err(|error| AwsError::of("organizations:DetachPolicy", error))?;
    let deleted = client.delete_policy().policy_id(&id).send().await;
    match deleted.map_err(|error| AwsError::of("organizations:DeletePolicy", error)) {
        Err(error) if error.code.as_deref() == Some("PolicyInUseException") => Ok(()),
        other => other.map(drop),
    }
}
