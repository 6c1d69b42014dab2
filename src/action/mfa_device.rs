//! An MFA device: its assignment to a user, and a virtual device itself.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html>

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};
use aws_sdk_iam::types::AssignmentStatusType;

pub(super) async fn read(clients: &Clients, user: &str, serial: &str) -> Result<Setting, AwsError> {
    let mut pages = clients
        .iam
        .list_mfa_devices()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(device) = pages.next().await {
        let device = device.map_err(|error| AwsError::of("iam:ListMFADevices", error))?;
        if device.serial_number() == serial {
            return Ok(Setting::Present);
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write(clients: &Clients, user: &str, serial: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .deactivate_mfa_device()
            .user_name(user)
            .serial_number(serial)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeactivateMFADevice", error)),
        _ => Err(no_such_change("iam:EnableMFADevice")),
    }
}

pub(super) async fn read_virtual(clients: &Clients, serial: &str) -> Result<Setting, AwsError> {
    let request = clients
        .iam
        .list_virtual_mfa_devices()
        .assignment_status(AssignmentStatusType::Any);
    let mut pages = request.into_paginator().items().send();
    while let Some(device) = pages.next().await {
        let device = device.map_err(|error| AwsError::of("iam:ListVirtualMFADevices", error))?;
        if device.serial_number() == serial {
            return Ok(Setting::Present);
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write_virtual(clients: &Clients, serial: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .delete_virtual_mfa_device()
            .serial_number(serial)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteVirtualMFADevice", error)),
        _ => Err(no_such_change("iam:CreateVirtualMFADevice")),
    }
}
