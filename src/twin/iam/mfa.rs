//! MFA devices. Any two codes enable one: the twin knows no seeds.

use super::access_keys::held;
use super::page::page;
use super::users::name_or_own;
use super::{checked_name, checked_path, on_all, on_user, reads, user, writes};
use crate::account::MfaDevice;
use crate::ids::Arn;
use crate::twin::{Call, Fault, Node, Operation};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreateVirtualMFADevice", on_all, create_virtual),
    writes("DeleteVirtualMFADevice", on_all, delete_virtual),
    reads("ListVirtualMFADevices", on_all, list_virtual),
    writes("EnableMFADevice", on_user, enable),
    writes("DeactivateMFADevice", on_user, deactivate),
    reads("ListMFADevices", on_user, list),
];

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const DEVICES_PER_USER: usize = 8;

fn create_virtual(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = checked_name(call.params, "VirtualMFADeviceName", 226)?;
    let path = checked_path(call.params)?;
    let serial = Arn::iam(&call.account.partition, &call.account.id, "mfa", &path, name).to_string();
    if call.account.unassigned_mfa.contains(&serial) || assigned(call, &serial).is_some() {
        return Err(Fault::already_exists(
            "MFADevice entity at the same path and name already exists.",
        ));
    }
    call.account.unassigned_mfa.insert(serial.clone());
    let device = Node::Struct(vec![("SerialNumber", serial.into())]);
    Ok(Node::Struct(vec![("VirtualMFADevice", device)]))
}

/// The user who has the device, with the time it was enabled.
fn assigned(call: &Call<'_>, serial: &str) -> Option<(String, crate::time::Moment)> {
    call.account.users.values().find_map(|user| {
        let devices = &user.credentials.as_ref()?.mfa_devices;
        let device = devices.iter().find(|device| device.serial == serial)?;
        Some((user.name.clone(), device.enabled))
    })
}

fn delete_virtual(call: &mut Call<'_>) -> Result<Node, Fault> {
    let serial = call.params.need("SerialNumber")?;
    if assigned(call, serial).is_some() {
        return Err(Fault::delete_conflict(
            "MFA VirtualDevice in use. Must deactivate first.",
        ));
    }
    if call.account.unassigned_mfa.remove(serial) {
        Ok(Node::empty())
    } else {
        Err(Fault::no_such_entity(format!(
            "VirtualMFADevice with serial number {serial} doesn't exist."
        )))
    }
}

fn list_virtual(call: &mut Call<'_>) -> Result<Node, Fault> {
    let wanted = call.params.get("AssignmentStatus").unwrap_or("Any");
    let mut devices = Vec::new();
    for user in call.account.users.values().filter(|_| wanted != "Unassigned") {
        let held = user
            .credentials
            .iter()
            .flat_map(|held| &held.mfa_devices)
            .filter(|device| device.is_virtual());
        for device in held {
            devices.push(Node::Struct(vec![
                ("SerialNumber", device.serial.clone().into()),
                ("User", super::users::node(call.account, user, false)),
                ("EnableDate", device.enabled.into()),
            ]));
        }
    }
    if wanted != "Assigned" {
        let free = call.account.unassigned_mfa.iter();
        devices.extend(free.map(|serial| Node::Struct(vec![("SerialNumber", serial.clone().into())])));
    }
    page(call.params, "VirtualMFADevices", devices)
}

fn enable(call: &mut Call<'_>) -> Result<Node, Fault> {
    let serial = call.params.need("SerialNumber")?.to_owned();
    for code in ["AuthenticationCode1", "AuthenticationCode2"] {
        let code = call.params.need(code)?;
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fault::new(
                403,
                "InvalidAuthenticationCode",
                "Authentication code for device is not valid.",
            ));
        }
    }
    let name = name_or_own(call)?.to_owned();
    let device = MfaDevice {
        serial: serial.clone(),
        enabled: call.now.whole_second(),
    };
    if assigned(call, &serial).is_some() {
        return Err(Fault::already_exists("MFA Device is already in use."));
    }
    if device.is_virtual() && !call.account.unassigned_mfa.contains(&serial) {
        return Err(Fault::no_such_entity(format!(
            "VirtualMFADevice with serial number {serial} doesn't exist."
        )));
    }
    let devices = &mut held(call, &name)?.mfa_devices;
    if devices.len() >= DEVICES_PER_USER {
        return Err(Fault::limit_exceeded("Cannot exceed quota for MFADevicesPerUser: 8"));
    }
    devices.push(device);
    call.account.unassigned_mfa.remove(&serial);
    Ok(Node::empty())
}

fn deactivate(call: &mut Call<'_>) -> Result<Node, Fault> {
    let serial = call.params.need("SerialNumber")?.to_owned();
    let name = name_or_own(call)?.to_owned();
    let devices = &mut held(call, &name)?.mfa_devices;
    let Some(place) = devices.iter().position(|device| device.serial == serial) else {
        return Err(Fault::no_such_entity(format!(
            "MFA Device {serial} is not associated with user {name}."
        )));
    };
    if devices.remove(place).is_virtual() {
        call.account.unassigned_mfa.insert(serial);
    }
    Ok(Node::empty())
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    let devices = found
        .credentials
        .iter()
        .flat_map(|held| &held.mfa_devices)
        .map(|device| {
            Node::Struct(vec![
                ("UserName", found.name.clone().into()),
                ("SerialNumber", device.serial.clone().into()),
                ("EnableDate", device.enabled.into()),
            ])
        });
    page(call.params, "MFADevices", devices.collect())
}
