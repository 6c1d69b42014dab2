//! Everything that a user can sign in or sign with, kind by kind.

use super::collected::{Unread, moment};
use crate::account::{
    AccessKey, Credentials, KeyStatus, LoginProfile, MfaDevice, ServiceSpecificCredential, SigningCertificate,
    SshPublicKey,
};
use crate::mount::{AwsError, Clients, Trouble};
use crate::time::Moment;
use aws_sdk_iam::types::EncodingType;

/// Everything that the user can sign in or sign with. A part that could not be read is named, and the others are there.
pub async fn credentials(clients: &Clients, user: &str, unread: &mut Vec<Unread>) -> Credentials {
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

fn status(text: &str) -> KeyStatus {
    // A status that this program does not know is not taken for a dead one.
    KeyStatus::from_aws(text).unwrap_or(KeyStatus::Active)
}
