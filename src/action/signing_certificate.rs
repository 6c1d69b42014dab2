//! A user's X.509 signing certificate.

use super::{Setting, body, no_such_change};
use crate::mount::{AwsError, Clients};
use aws_sdk_iam::types::{SigningCertificate, StatusType};

/// The certificate that `id` names, by its ID or by its body.
async fn find(clients: &Clients, user: &str, id: &str) -> Result<Option<SigningCertificate>, AwsError> {
    let mut pages = clients
        .iam
        .list_signing_certificates()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(found) = pages.next().await {
        let found = found.map_err(|error| AwsError::of("iam:ListSigningCertificates", error))?;
        if body::names(id, found.certificate_id(), found.certificate_body()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

pub(super) async fn read(clients: &Clients, user: &str, id: &str) -> Result<Setting, AwsError> {
    let found = find(clients, user, id).await?;
    Ok(found.map_or(Setting::Absent, |found| {
        body::setting(found.certificate_body(), *found.status() == StatusType::Active)
    }))
}

pub(super) async fn write(clients: &Clients, user: &str, id: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => {
            let id = match body::by_body(id) {
                true => match find(clients, user, id).await? {
                    Some(found) => found.certificate_id().to_owned(),
                    None => return Ok(()),
                },
                false => id.to_owned(),
            };
            let request = clients
                .iam
                .delete_signing_certificate()
                .user_name(user)
                .certificate_id(id);
            let sent = request.send().await;
            sent.map(drop)
                .map_err(|error| AwsError::of("iam:DeleteSigningCertificate", error))
        }
        Setting::Body(body) => upload(clients, user, body).await.map(drop),
        Setting::Dormant(body) => {
            let id = upload(clients, user, body).await?;
            let request = clients
                .iam
                .update_signing_certificate()
                .user_name(user)
                .certificate_id(id);
            let sent = request.status(StatusType::Inactive).send().await;
            sent.map(drop)
                .map_err(|error| AwsError::of("iam:UpdateSigningCertificate", error))
        }
        _ => Err(no_such_change("iam:UploadSigningCertificate")),
    }
}

/// Uploads it, and gives its ID.
async fn upload(clients: &Clients, user: &str, body: &str) -> Result<String, AwsError> {
    let request = clients
        .iam
        .upload_signing_certificate()
        .user_name(user)
        .certificate_body(body);
    let made = request.send().await;
    let made = made.map_err(|error| AwsError::of("iam:UploadSigningCertificate", error))?;
    let id = made.certificate().map(|made| made.certificate_id().to_owned());
    Ok(id.unwrap_or_default())
}
