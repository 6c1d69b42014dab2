//! Access keys: two at most for a user, whatever their status.

use super::page::page;
use super::users::name_or_own;
use super::{on_all, on_user, reads, user, user_mut, writes};
use crate::account::{AccessKey, Credentials, KeyStatus};
use crate::ids::AccessKeyId;
use crate::twin::{Call, Fault, Node, Operation};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreateAccessKey", on_user, create),
    reads("ListAccessKeys", on_user, list),
    writes("UpdateAccessKey", on_user, update),
    writes("DeleteAccessKey", on_user, delete),
    reads("GetAccessKeyLastUsed", on_all, last_used),
];

/// The user's credentials, to be changed.
pub(super) fn held<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut Credentials, Fault> {
    Ok(user_mut(call.account, name)?.credentials.get_or_insert_default())
}

/// The one call that a deleted key cannot make even where its end is not in force yet.
/// <https://www.offensai.com/blog/aws-iam-eventual-consistency-persistence>
fn signed_by_what_is_there(call: &Call<'_>) -> Result<(), Fault> {
    let caller = call.caller;
    let long_term = caller.session.is_none() && caller.user_name.is_some();
    if long_term && call.account.owner_of_key(&caller.key).is_none() {
        return Err(Fault::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ));
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    signed_by_what_is_there(call)?;
    let name = user(call.account, name_or_own(call)?)?.name.clone();
    if held(call, &name)?.access_keys.len() >= 2 {
        return Err(Fault::limit_exceeded("Cannot exceed quota for AccessKeysPerUser: 2"));
    }
    let id = call.issue.access_key_id("AKIA", &call.account.id);
    let created = call.now.whole_second();
    held(call, &name)?.access_keys.push(AccessKey {
        id: id.clone(),
        status: KeyStatus::Active,
        created,
        last_used: None,
    });
    Ok(Node::Struct(vec![(
        "AccessKey",
        Node::Struct(vec![
            ("UserName", name.into()),
            ("AccessKeyId", id.as_str().into()),
            ("Status", "Active".into()),
            ("SecretAccessKey", call.issue.secret(&id).into()),
            ("CreateDate", created.into()),
        ]),
    )]))
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    let keys = found.credentials.iter().flat_map(|held| &held.access_keys).map(|key| {
        Node::Struct(vec![
            ("UserName", found.name.clone().into()),
            ("AccessKeyId", key.id.as_str().into()),
            ("Status", key.status.as_str().into()),
            ("CreateDate", key.created.into()),
        ])
    });
    page(call.params, "AccessKeyMetadata", keys.collect())
}

fn no_key(id: &str) -> Fault {
    Fault::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

fn update(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("AccessKeyId")?;
    let status = call.params.need("Status")?;
    let status = KeyStatus::from_aws(status).filter(|status| *status != KeyStatus::Expired).ok_or_else(|| {
        Fault::validation(format!(
            "1 validation error detected: Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
        ))
    })?;
    let name = name_or_own(call)?.to_owned();
    let mut keys = held(call, &name)?.access_keys.iter_mut();
    let key = keys.find(|key| key.id.as_str() == id).ok_or_else(|| no_key(id))?;
    key.status = status;
    Ok(Node::empty())
}

fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("AccessKeyId")?;
    let name = name_or_own(call)?.to_owned();
    let keys = &mut held(call, &name)?.access_keys;
    let before = keys.len();
    keys.retain(|key| key.id.as_str() != id);
    if keys.len() == before {
        return Err(no_key(id));
    }
    Ok(Node::empty())
}

fn last_used(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id: AccessKeyId = call
        .params
        .need("AccessKeyId")?
        .parse()
        .map_err(|_| Fault::validation("The access key ID is not valid."))?;
    let (owner, key) = call.account.owner_of_key(&id).ok_or_else(|| no_key(id.as_str()))?;
    let recorded = call.issue.last_used.get(&id).cloned();
    let used = recorded.or_else(|| {
        key.last_used
            .clone()
            .filter(|used| !used.is_never())
            .map(|used| (used.at, used.service, used.region))
    });
    let mut members = Vec::new();
    let (service, region) = match used {
        Some((at, service, region)) => {
            members.push(("LastUsedDate", at.into()));
            (service, region)
        }
        None => ("N/A".to_owned(), "N/A".to_owned()),
    };
    members.extend([("ServiceName", service.into()), ("Region", region.into())]);
    Ok(Node::Struct(vec![
        ("UserName", owner.name.clone().into()),
        ("AccessKeyLastUsed", Node::Struct(members)),
    ]))
}
