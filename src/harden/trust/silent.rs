//! Whom nobody was seen to need: the document that lets nobody in, the calls that delete the role instead, and what silence is worth.

use crate::account::Role;
use crate::harden::finding::Finding;
use crate::harden::measure::Measure;
use serde_json::{Value, json};

/// Why a document that rests on nobody's having come isn't ready by itself.
const SILENCE: &str = "that nobody was seen to come says little of who comes seldom, such as in an emergency: --seen-since says since when silence counts";

/// The trust policy that lets nobody in. A deny holds whatever allows, and IAM takes no trust policy without a statement.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn closed() -> Value {
    let deny = json!({
        "Sid": "OustNobody",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
    });
    json!({"Version": "2012-10-17", "Statement": [deny]})
}

/// The calls that delete a role, in order: what hangs on it first.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html>
fn deletion(role: &Role) -> Vec<String> {
    let name = &role.name;
    let profiles = role.instance_profiles.iter().map(|profile| {
        format!("aws iam remove-role-from-instance-profile --instance-profile-name {profile} --role-name {name}")
    });
    let attached = role
        .attached
        .iter()
        .map(|arn| format!("aws iam detach-role-policy --role-name {name} --policy-arn {arn}"));
    let inline = role
        .inline
        .keys()
        .map(|policy| format!("aws iam delete-role-policy --role-name {name} --policy-name {policy}"));
    let last = format!("aws iam delete-role --role-name {name}");
    profiles.chain(attached).chain(inline).chain([last]).collect()
}

/// The finding with the trust policy `left` in the place of the role's, where somebody is left in it; else with the one that lets nobody in,
/// and the calls that delete the role instead.
pub(super) fn met_by(finding: Finding, role: &Role, left: Option<Value>) -> Finding {
    let is_closed = left.is_none();
    let measure = Measure::Trust {
        role: role.name.clone(),
        document: left.unwrap_or_else(closed),
    };
    let finding = finding.met_by(measure);
    match is_closed {
        true => finding.or_else(deletion(role)),
        false => finding,
    }
}

/// The finding, which rests on nobody's having come: in doubt, unless silence `counts`.
pub(super) fn rests_on_silence(finding: Finding, counts: bool) -> Finding {
    finding.doubted((!counts).then(|| SILENCE.to_owned()))
}
