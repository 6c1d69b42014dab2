//! The account: one call for all principals and policies, and further calls for what it lacks.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use super::details;
use crate::account::{
    AccessKey, Account, Credentials, KeyStatus, LoginProfile, ManagedPolicy, MfaDevice, PolicyVersion, Root,
    ServiceSpecificCredential, SigningCertificate, SshPublicKey, aws_managed,
};
use crate::ids::Arn;
use crate::mount::{AwsError, Clients, Trouble};
use crate::policy::PolicyText;
use crate::time::Moment;
use aws_sdk_iam::types::{AssignmentStatusType, EncodingType};
use std::collections::BTreeSet;

/// How much is read beside the principals and policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The credentials of every user, the session duration of every role.
    Everything,
    /// Those of these alone.
    Around {
        /// Users.
        users: BTreeSet<String>,
        /// Roles.
        roles: BTreeSet<String>,
    },
}

impl Scope {
    fn user(&self, name: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Around { users, .. } => users.contains(name),
        }
    }

    fn role(&self, name: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Around { roles, .. } => roles.contains(name),
        }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What: "the MFA devices of user `ann`".
    pub what: String,
    /// Why.
    pub error: AwsError,
}

/// An account as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// The account.
    pub account: Account,
    /// What is missing in it.
    pub unread: Vec<Unread>,
    /// Where the other side answered otherwise than AWS would: gaps of a peer, not of the account.
    pub notes: Vec<String>,
}

/// Reads the account.
///
/// # Errors
/// The caller's own credentials do not work, or the account as a whole cannot be read.
pub async fn account(clients: &Clients, scope: Scope) -> Result<Collected, AwsError> {
    let caller = super::caller(clients).await?;
    let mut account = Account::empty(caller.account);
    account.partition = caller.arn.partition().to_owned();
    let mut collected = Collected {
        account,
        unread: Vec::new(),
        notes: Vec::new(),
    };
    details::read(clients, &mut collected).await?;
    let names: Vec<String> = collected
        .account
        .users
        .keys()
        .filter(|name| scope.user(name))
        .cloned()
        .collect();
    for name in names {
        let held = credentials(clients, &name, &mut collected.unread).await;
        if let Some(user) = collected.account.users.get_mut(&name) {
            user.credentials = Some(held);
        }
    }
    let names: Vec<String> = collected
        .account
        .roles
        .keys()
        .filter(|name| scope.role(name))
        .cloned()
        .collect();
    for name in names {
        durations(clients, &name, &mut collected).await;
    }
    missing_policies(clients, &mut collected).await;
    unassigned_devices(clients, &mut collected).await;
    root(clients, &mut collected).await;
    Ok(collected)
}

/// Notes a failure; what is not there is no failure.
fn noted<T>(unread: &mut Vec<Unread>, what: String, read: Result<T, AwsError>) -> Option<T> {
    read.map_err(|error| unread.push(Unread { what, error })).ok()
}

fn moment(time: &aws_sdk_iam::primitives::DateTime) -> Moment {
    Moment::from_millis(time.to_millis().unwrap_or_default())
}

fn status(text: &str) -> KeyStatus {
    // A status that this program does not know is not taken for a dead one.
    KeyStatus::from_aws(text).unwrap_or(KeyStatus::Active)
}

/// Everything that the user can sign in or sign with. A part that could not be read is named, and the others are there.
async fn credentials(clients: &Clients, user: &str, unread: &mut Vec<Unread>) -> Credentials {
    let mut held = Credentials::default();
    let mut part = |name: &str, what: &str, error: AwsError| {
        held.unread.insert(name.to_owned());
        unread.push(Unread {
            what: format!("the {what} of user `{user}`"),
            error,
        });
    };
    match access_keys(clients, user).await {
        Ok(keys) => held.access_keys = keys,
        Err(error) => part("access_keys", "access keys", error),
    }
    match mfa_devices(clients, user).await {
        Ok(devices) => held.mfa_devices = devices,
        Err(error) => part("mfa_devices", "MFA devices", error),
    }
    match certificates(clients, user).await {
        Ok(certificates) => held.signing_certificates = certificates,
        Err(error) => part("signing_certificates", "signing certificates", error),
    }
    match login_profile(clients, user).await {
        Ok(profile) => held.login_profile = profile,
        Err(error) => part("login_profile", "console password", error),
    }
    match ssh_keys(clients, user).await {
        Ok(keys) => held.ssh_public_keys = keys,
        Err(error) => part("ssh_public_keys", "SSH public keys", error),
    }
    match service_specific(clients, user).await {
        Ok(credentials) => held.service_specific = credentials,
        Err(error) => part("service_specific", "service-specific credentials", error),
    }
    held
}

async fn access_keys(clients: &Clients, user: &str) -> Result<Vec<AccessKey>, AwsError> {
    let pages = clients
        .iam
        .list_access_keys()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    let keys = pages
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(|error| AwsError::of("iam:ListAccessKeys", error))?;
    let keys = keys.into_iter().filter_map(|key| {
        Some(AccessKey {
            id: key.access_key_id()?.parse().ok()?,
            status: status(key.status()?.as_str()),
            created: key.create_date().map_or(Moment::from_millis(0), moment),
            last_used: None,
        })
    });
    Ok(keys.collect())
}

async fn mfa_devices(clients: &Clients, user: &str) -> Result<Vec<MfaDevice>, AwsError> {
    let pages = clients
        .iam
        .list_mfa_devices()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    let devices = pages
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(|error| AwsError::of("iam:ListMFADevices", error))?;
    let devices = devices.into_iter().map(|device| MfaDevice {
        serial: device.serial_number().to_owned(),
        enabled: moment(device.enable_date()),
    });
    Ok(devices.collect())
}

async fn certificates(clients: &Clients, user: &str) -> Result<Vec<SigningCertificate>, AwsError> {
    let pages = clients
        .iam
        .list_signing_certificates()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    let held = pages
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(|error| AwsError::of("iam:ListSigningCertificates", error))?;
    let held = held.into_iter().map(|held| SigningCertificate {
        id: held.certificate_id().to_owned(),
        body: held.certificate_body().to_owned(),
        status: status(held.status().as_str()),
        uploaded: held.upload_date().map_or(Moment::from_millis(0), moment),
    });
    Ok(held.collect())
}

async fn login_profile(clients: &Clients, user: &str) -> Result<Option<LoginProfile>, AwsError> {
    let found = clients.iam.get_login_profile().user_name(user).send().await;
    match found.map_err(|error| AwsError::of("iam:GetLoginProfile", error)) {
        Ok(found) => Ok(found.login_profile().map(|profile| LoginProfile {
            created: moment(profile.create_date()),
            password_reset_required: profile.password_reset_required(),
        })),
        Err(error) if error.trouble == Trouble::NoSuchEntity => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ssh_keys(clients: &Clients, user: &str) -> Result<Vec<SshPublicKey>, AwsError> {
    let pages = clients
        .iam
        .list_ssh_public_keys()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    let listed = pages
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(|error| AwsError::of("iam:ListSSHPublicKeys", error))?;
    let mut keys = Vec::new();
    for held in listed {
        let id = held.ssh_public_key_id();
        let whole = clients
            .iam
            .get_ssh_public_key()
            .user_name(user)
            .ssh_public_key_id(id)
            .encoding(EncodingType::Ssh)
            .send()
            .await;
        let whole = whole.map_err(|error| AwsError::of("iam:GetSSHPublicKey", error))?;
        keys.push(SshPublicKey {
            id: id.to_owned(),
            status: status(held.status().as_str()),
            uploaded: moment(held.upload_date()),
            body: whole.ssh_public_key().map(|key| key.ssh_public_key_body().to_owned()),
        });
    }
    Ok(keys)
}

async fn service_specific(clients: &Clients, user: &str) -> Result<Vec<ServiceSpecificCredential>, AwsError> {
    let mut held = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = clients
            .iam
            .list_service_specific_credentials()
            .user_name(user)
            .set_marker(marker)
            .send()
            .await;
        let page = page.map_err(|error| AwsError::of("iam:ListServiceSpecificCredentials", error))?;
        held.extend(page.service_specific_credentials().iter().map(|one| {
            ServiceSpecificCredential {
                id: one.service_specific_credential_id().to_owned(),
                service: one.service_name().to_owned(),
                service_user_name: Some(one.service_user_name())
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
                status: status(one.status().as_str()),
                created: moment(one.create_date()),
            }
        }));
        match page.marker() {
            Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
            _ => return Ok(held),
        }
    }
}

/// Only GetRole tells how long a role's sessions may be.
async fn durations(clients: &Clients, name: &str, collected: &mut Collected) {
    let found = clients
        .iam
        .get_role()
        .role_name(name)
        .send()
        .await
        .map_err(|error| AwsError::of("iam:GetRole", error));
    let found = noted(
        &mut collected.unread,
        format!("the session duration of role `{name}`"),
        found,
    );
    let seconds = found.and_then(|found| found.role()?.max_session_duration());
    if let Some(role) = collected.account.roles.get_mut(name) {
        role.max_session_seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    }
}

/// Policies that are used and that the details left out: AWS's own, on some peers.
async fn missing_policies(clients: &Clients, collected: &mut Collected) {
    let account = &collected.account;
    let users = account
        .users
        .values()
        .flat_map(|user| user.attached.iter().chain(&user.boundary));
    let groups = account.groups.values().flat_map(|group| &group.attached);
    let roles = account
        .roles
        .values()
        .flat_map(|role| role.attached.iter().chain(&role.boundary));
    let used: BTreeSet<Arn> = users.chain(groups).chain(roles).cloned().collect();
    let missing: Vec<Arn> = used
        .into_iter()
        .filter(|arn| !account.policies.contains_key(arn))
        .collect();
    for arn in missing {
        match managed_policy(clients, &arn).await {
            Ok(policy) => drop(collected.account.policies.insert(arn, policy)),
            Err(_) if aws_managed(&arn).is_some() => {
                collected.notes.push(format!(
                    "`{arn}` is in use and cannot be read; its published document is taken"
                ));
            }
            Err(error) => collected.unread.push(Unread {
                what: format!("managed policy `{arn}`"),
                error,
            }),
        }
    }
}

async fn managed_policy(clients: &Clients, arn: &Arn) -> Result<ManagedPolicy, AwsError> {
    let found = clients.iam.get_policy().policy_arn(arn.as_str()).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetPolicy", error))?;
    let policy = found.policy();
    let version = policy
        .and_then(|policy| policy.default_version_id())
        .unwrap_or("v1")
        .to_owned();
    let document = clients
        .iam
        .get_policy_version()
        .policy_arn(arn.as_str())
        .version_id(&version)
        .send()
        .await;
    let document = document.map_err(|error| AwsError::of("iam:GetPolicyVersion", error))?;
    let text = document
        .policy_version()
        .and_then(|version| version.document())
        .unwrap_or_default();
    let created = policy
        .and_then(|policy| policy.create_date())
        .map_or(Moment::from_millis(0), moment);
    let held = PolicyVersion {
        document: PolicyText::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy()),
        created,
    };
    Ok(ManagedPolicy {
        name: arn.name().to_owned(),
        path: policy.and_then(|policy| policy.path()).unwrap_or("/").to_owned(),
        id: policy
            .and_then(|policy| policy.policy_id())
            .unwrap_or_default()
            .to_owned(),
        created,
        default_version: version.clone(),
        versions: [(version, held)].into(),
    })
}

async fn unassigned_devices(clients: &Clients, collected: &mut Collected) {
    let request = clients
        .iam
        .list_virtual_mfa_devices()
        .assignment_status(AssignmentStatusType::Unassigned);
    let devices = request
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let devices = devices.map_err(|error| AwsError::of("iam:ListVirtualMFADevices", error));
    let devices = noted(
        &mut collected.unread,
        "MFA devices that are assigned to nobody".to_owned(),
        devices,
    );
    let serials = devices.into_iter().flatten().filter(|device| device.user().is_none());
    collected.account.unassigned_mfa = serials.map(|device| device.serial_number().to_owned()).collect();
}

async fn root(clients: &Clients, collected: &mut Collected) {
    let found = clients
        .iam
        .get_account_summary()
        .send()
        .await
        .map_err(|error| AwsError::of("iam:GetAccountSummary", error));
    let found = noted(&mut collected.unread, "what the root user holds".to_owned(), found);
    let number = |name: &str| -> Option<i32> {
        let map = found.as_ref()?.summary_map()?;
        map.iter()
            .find(|(key, _)| key.as_str() == name)
            .map(|(_, value)| *value)
    };
    if let (Some(keys), Some(mfa)) = (number("AccountAccessKeysPresent"), number("AccountMFAEnabled")) {
        collected.account.root = Some(Root {
            access_keys: u32::try_from(keys).unwrap_or_default(),
            mfa: mfa > 0,
        });
    }
}
