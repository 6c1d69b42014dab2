//! Console passwords. The twin knows that there is one, never which.

use super::access_keys::held;
use super::users::name_or_own;
use super::{on_user, reads, user, writes};
use crate::account::LoginProfile;
use crate::twin::{Call, Fault, Node, Operation};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreateLoginProfile", on_user, create),
    reads("GetLoginProfile", on_user, get),
    writes("UpdateLoginProfile", on_user, update),
    writes("DeleteLoginProfile", on_user, delete),
    writes("ChangePassword", on_user, change),
];

fn node(name: &str, profile: &LoginProfile) -> Node {
    let members = vec![
        ("UserName", name.into()),
        ("CreateDate", profile.created.into()),
        ("PasswordResetRequired", profile.password_reset_required.into()),
    ];
    Node::Struct(vec![("LoginProfile", Node::Struct(members))])
}

fn none(name: &str) -> Fault {
    Fault::no_such_entity(format!("Login Profile for User {name} cannot be found."))
}

fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = user(call.account, name_or_own(call)?)?.name.clone();
    let profile = LoginProfile {
        created: call.now.whole_second(),
        password_reset_required: call.params.get("PasswordResetRequired") == Some("true"),
    };
    let held = held(call, &name)?;
    if held.login_profile.is_some() {
        return Err(Fault::already_exists(format!(
            "Login Profile for user {name} already exists."
        )));
    }
    held.login_profile = Some(profile.clone());
    Ok(node(&name, &profile))
}

fn get(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    let profile = found.credentials.as_ref().and_then(|held| held.login_profile.as_ref());
    profile
        .map(|profile| node(&found.name, profile))
        .ok_or_else(|| none(&found.name))
}

fn update(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = call.params.need("UserName")?;
    let reset = call.params.get("PasswordResetRequired").map(|reset| reset == "true");
    let profile = held(call, name)?.login_profile.as_mut().ok_or_else(|| none(name))?;
    profile.password_reset_required = reset.unwrap_or(profile.password_reset_required);
    Ok(Node::empty())
}

fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = name_or_own(call)?.to_owned();
    match held(call, &name)?.login_profile.take() {
        Some(_) => Ok(Node::empty()),
        None => Err(none(&name)),
    }
}

fn change(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = name_or_own(call)?.to_owned();
    held(call, &name)?
        .login_profile
        .as_ref()
        .map(|_| Node::empty())
        .ok_or_else(|| none(&name))
}
