//! Signing certificates, SSH public keys and service-specific credentials.

use super::access_keys::held;
use super::page::page;
use super::users::name_or_own;
use super::{on_all, on_user, reads, user, writes};
use crate::account::{KeyStatus, ServiceSpecificCredential, SigningCertificate, SshPublicKey};
use crate::twin::{Call, Fault, Node, Operation, Params};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("UploadSigningCertificate", on_user, upload_certificate),
    reads("ListSigningCertificates", on_user, list_certificates),
    writes("UpdateSigningCertificate", on_user, update_certificate),
    writes("DeleteSigningCertificate", on_user, delete_certificate),
    writes("UploadSSHPublicKey", on_user, upload_ssh),
    reads("GetSSHPublicKey", on_user, get_ssh),
    reads("ListSSHPublicKeys", on_user, list_ssh),
    writes("UpdateSSHPublicKey", on_user, update_ssh),
    writes("DeleteSSHPublicKey", on_user, delete_ssh),
    writes("CreateServiceSpecificCredential", on_user, create_specific),
    reads("ListServiceSpecificCredentials", on_all, list_specific),
    writes("UpdateServiceSpecificCredential", on_user, update_specific),
    writes("ResetServiceSpecificCredential", on_user, reset_specific),
    writes("DeleteServiceSpecificCredential", on_user, delete_specific),
];

fn status_sent(params: &Params) -> Result<KeyStatus, Fault> {
    let text = params.need("Status")?;
    KeyStatus::from_aws(text).ok_or_else(|| Fault::validation(format!("`{text}` is not a status.")))
}

fn certificate_node(user: &str, held: &SigningCertificate) -> Node {
    Node::Struct(vec![
        ("UserName", user.into()),
        ("CertificateId", held.id.clone().into()),
        ("CertificateBody", held.body.clone().into()),
        ("Status", held.status.as_str().into()),
        ("UploadDate", held.uploaded.into()),
    ])
}

fn upload_certificate(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = user(call.account, name_or_own(call)?)?.name.clone();
    let made = SigningCertificate {
        id: call.issue.unique_id("ASCA", &call.account.id),
        body: call.params.need("CertificateBody")?.to_owned(),
        status: KeyStatus::Active,
        uploaded: call.now.whole_second(),
    };
    let certificates = &mut held(call, &name)?.signing_certificates;
    if certificates.len() >= 2 {
        return Err(Fault::limit_exceeded(
            "Cannot exceed quota for SigningCertificatesPerUser: 2",
        ));
    }
    certificates.push(made.clone());
    Ok(Node::Struct(vec![("Certificate", certificate_node(&name, &made))]))
}

fn list_certificates(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    let certificates = found.credentials.iter().flat_map(|held| &held.signing_certificates);
    page(
        call.params,
        "Certificates",
        certificates.map(|held| certificate_node(&found.name, held)).collect(),
    )
}

fn no_certificate(id: &str) -> Fault {
    Fault::no_such_entity(format!("The Certificate with id {id} cannot be found."))
}

fn update_certificate(call: &mut Call<'_>) -> Result<Node, Fault> {
    let (id, status) = (call.params.need("CertificateId")?, status_sent(call.params)?);
    let name = name_or_own(call)?.to_owned();
    let mut certificates = held(call, &name)?.signing_certificates.iter_mut();
    certificates
        .find(|held| held.id == id)
        .ok_or_else(|| no_certificate(id))?
        .status = status;
    Ok(Node::empty())
}

fn delete_certificate(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("CertificateId")?;
    let name = name_or_own(call)?.to_owned();
    let certificates = &mut held(call, &name)?.signing_certificates;
    let place = certificates
        .iter()
        .position(|held| held.id == id)
        .ok_or_else(|| no_certificate(id))?;
    certificates.remove(place);
    Ok(Node::empty())
}

fn ssh_node(user: &str, held: &SshPublicKey, body: bool) -> Node {
    let mut members = vec![
        ("UserName", user.into()),
        ("SSHPublicKeyId", held.id.clone().into()),
        ("Status", held.status.as_str().into()),
        ("UploadDate", held.uploaded.into()),
    ];
    if body {
        members.push(("Fingerprint", "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00".into()));
        members.push(("SSHPublicKeyBody", held.body.clone().unwrap_or_default().into()));
    }
    Node::Struct(members)
}

fn upload_ssh(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = user(call.account, name_or_own(call)?)?.name.clone();
    let made = SshPublicKey {
        id: call.issue.unique_id("APKA", &call.account.id),
        status: KeyStatus::Active,
        uploaded: call.now.whole_second(),
        body: Some(call.params.need("SSHPublicKeyBody")?.to_owned()),
    };
    let keys = &mut held(call, &name)?.ssh_public_keys;
    if keys.len() >= 5 {
        return Err(Fault::limit_exceeded("Cannot exceed quota for SSHPublicKeysPerUser: 5"));
    }
    keys.push(made.clone());
    Ok(Node::Struct(vec![("SSHPublicKey", ssh_node(&name, &made, true))]))
}

fn no_ssh(id: &str) -> Fault {
    Fault::no_such_entity(format!("The Public Key with id {id} cannot be found."))
}

fn get_ssh(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("SSHPublicKeyId")?;
    let found = user(call.account, call.params.need("UserName")?)?;
    let mut keys = found.credentials.iter().flat_map(|held| &held.ssh_public_keys);
    let key = keys.find(|key| key.id == id).ok_or_else(|| no_ssh(id))?;
    Ok(Node::Struct(vec![("SSHPublicKey", ssh_node(&found.name, key, true))]))
}

fn list_ssh(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    let keys = found.credentials.iter().flat_map(|held| &held.ssh_public_keys);
    page(
        call.params,
        "SSHPublicKeys",
        keys.map(|key| ssh_node(&found.name, key, false)).collect(),
    )
}

fn update_ssh(call: &mut Call<'_>) -> Result<Node, Fault> {
    let (id, status) = (call.params.need("SSHPublicKeyId")?, status_sent(call.params)?);
    let name = name_or_own(call)?.to_owned();
    let mut keys = held(call, &name)?.ssh_public_keys.iter_mut();
    keys.find(|key| key.id == id).ok_or_else(|| no_ssh(id))?.status = status;
    Ok(Node::empty())
}

fn delete_ssh(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("SSHPublicKeyId")?;
    let name = name_or_own(call)?.to_owned();
    let keys = &mut held(call, &name)?.ssh_public_keys;
    let place = keys.iter().position(|key| key.id == id).ok_or_else(|| no_ssh(id))?;
    keys.remove(place);
    Ok(Node::empty())
}

fn specific_node(user: &str, held: &ServiceSpecificCredential) -> Vec<(&'static str, Node)> {
    let mut members = vec![
        ("UserName", user.into()),
        ("Status", held.status.as_str().into()),
        ("CreateDate", held.created.into()),
        ("ServiceSpecificCredentialId", held.id.clone().into()),
        ("ServiceName", held.service.clone().into()),
    ];
    if let Some(name) = &held.service_user_name {
        members.push(("ServiceUserName", name.clone().into()));
    }
    members
}

fn create_specific(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    let name = found.name.clone();
    let service = call.params.need("ServiceName")?.to_owned();
    let known = [
        "codecommit.amazonaws.com",
        "cassandra.amazonaws.com",
        "bedrock.amazonaws.com",
    ];
    if !known.contains(&service.as_str()) {
        return Err(Fault::new(
            404,
            "NotSupportedService",
            format!("No such service {service} is supported for Service Specific Credentials"),
        ));
    }
    let made = ServiceSpecificCredential {
        id: call.issue.unique_id("ACCA", &call.account.id),
        service: service.clone(),
        service_user_name: Some(format!("{name}-at-{}", call.account.id)),
        status: KeyStatus::Active,
        created: call.now.whole_second(),
    };
    let credentials = &mut held(call, &name)?.service_specific;
    if credentials.iter().filter(|held| held.service == service).count() >= 2 {
        return Err(Fault::limit_exceeded(
            "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2",
        ));
    }
    credentials.push(made.clone());
    Ok(Node::Struct(vec![(
        "ServiceSpecificCredential",
        Node::Struct(specific_node(&name, &made)),
    )]))
}

fn list_specific(call: &mut Call<'_>) -> Result<Node, Fault> {
    let service = call.params.get("ServiceName");
    let everybody = call.params.get("AllUsers") == Some("true");
    let users: Vec<_> = match everybody {
        true => call.account.users.values().collect(),
        false => vec![user(call.account, name_or_own(call)?)?],
    };
    let credentials = users.into_iter().flat_map(|user| {
        let held = user.credentials.iter().flat_map(|held| &held.service_specific);
        held.map(move |held| (user, held))
    });
    let wanted = credentials.filter(|(_, held)| service.is_none_or(|service| held.service == service));
    page(
        call.params,
        "ServiceSpecificCredentials",
        wanted
            .map(|(user, held)| Node::Struct(specific_node(&user.name, held)))
            .collect(),
    )
}

fn no_specific(id: &str) -> Fault {
    Fault::no_such_entity(format!("No such credential {id} exists"))
}

fn update_specific(call: &mut Call<'_>) -> Result<Node, Fault> {
    let (id, status) = (
        call.params.need("ServiceSpecificCredentialId")?,
        status_sent(call.params)?,
    );
    let name = name_or_own(call)?.to_owned();
    let mut credentials = held(call, &name)?.service_specific.iter_mut();
    credentials
        .find(|held| held.id == id)
        .ok_or_else(|| no_specific(id))?
        .status = status;
    Ok(Node::empty())
}

fn reset_specific(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("ServiceSpecificCredentialId")?;
    let name = name_or_own(call)?.to_owned();
    let mut credentials = held(call, &name)?.service_specific.iter();
    let found = credentials
        .find(|held| held.id == id)
        .ok_or_else(|| no_specific(id))?
        .clone();
    Ok(Node::Struct(vec![(
        "ServiceSpecificCredential",
        Node::Struct(specific_node(&name, &found)),
    )]))
}

fn delete_specific(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("ServiceSpecificCredentialId")?;
    let name = name_or_own(call)?.to_owned();
    let credentials = &mut held(call, &name)?.service_specific;
    let place = credentials
        .iter()
        .position(|held| held.id == id)
        .ok_or_else(|| no_specific(id))?;
    credentials.remove(place);
    Ok(Node::empty())
}
