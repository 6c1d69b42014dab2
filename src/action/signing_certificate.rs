//! A user's X.509 signing certificate.

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};

pub(super) async fn read(clients: &Clients, user: &str, id: &str) -> Result<Setting, AwsError> {
    let mut pages = clients
        .iam
        .list_signing_certificates()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(found) = pages.next().await {
        let found = found.map_err(|error| AwsError::of("iam:ListSigningCertificates", error))?;
        if found.certificate_id() == id {
            return Ok(Setting::Body(found.certificate_body().to_owned()));
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write(clients: &Clients, user: &str, id: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .delete_signing_certificate()
            .user_name(user)
            .certificate_id(id)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteSigningCertificate", error)),
        Setting::Body(body) => clients
            .iam
            .upload_signing_certificate()
            .user_name(user)
            .certificate_body(body)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:UploadSigningCertificate", error)),
        _ => Err(no_such_change("iam:UploadSigningCertificate")),
    }
}
