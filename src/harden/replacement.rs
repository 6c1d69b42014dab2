//! The role that AWS's own compute takes in the place of a user's key, as a template of CloudFormation: it may do what the key may.

use crate::account::{Account, User};
use crate::policy::PolicyText;
use crate::rebuild::acted_on;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A role may have so many managed policies, and so many characters of inline ones.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_ATTACHED: usize = 10;
const MOST_INLINE: usize = 10_240;
/// So many characters the name of an inline policy may have.
const MOST_NAME: usize = 128;

/// The template, and why it may not do for what the key is used for.
pub(super) fn template(account: &Account, user: &User, services: &BTreeSet<&str>) -> (Value, Option<String>) {
    let groups: Vec<_> = user.groups.iter().filter_map(|name| account.groups.get(name)).collect();
    let mut attached: BTreeSet<&str> = user.attached.iter().map(|arn| arn.as_str()).collect();
    attached.extend(
        groups
            .iter()
            .flat_map(|group| group.attached.iter().map(|arn| arn.as_str())),
    );
    let mut inline: BTreeMap<String, &PolicyText> =
        user.inline.iter().map(|(name, text)| (name.clone(), text)).collect();
    for group in &groups {
        for (name, text) in &group.inline {
            inline.insert(name_of(&group.name, name, &inline), text);
        }
    }
    let mut left_out = Vec::new();
    let policies = inline.iter().filter_map(|(name, text)| {
        let document: Value = serde_json::from_str(text.as_str()).ok()?;
        if acted_on(&document) {
            left_out.push(name.clone());
            return None;
        }
        Some(json!({"PolicyName": name, "PolicyDocument": document}))
    });
    let policies: Vec<Value> = policies.collect();
    let statements = services.iter().map(|service| {
        let mut statement = json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
        // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>
        if *service == "ecs-tasks.amazonaws.com" {
            statement["Condition"] = json!({
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:ecs:*:${AWS::AccountId}:*"}}
            });
        }
        statement
    });
    let mut properties = json!({
        "Description": format!("In the place of the key of user {}", user.name),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements.collect::<Value>()}
    });
    if !attached.is_empty() {
        properties["ManagedPolicyArns"] = json!(attached);
    }
    if !policies.is_empty() {
        properties["Policies"] = json!(policies);
    }
    if let Some(boundary) = &user.boundary {
        properties["PermissionsBoundary"] = json!(boundary.as_str());
    }
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("The role that compute of AWS takes in the place of the key of user {}.", user.name),
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    });
    let size: usize = inline.values().map(|text| text.counted_size()).sum();
    let unread = inline.len() - policies.len() - left_out.len() + user.groups.len() - groups.len();
    let doubt = match () {
        () if !left_out.is_empty() => Some(format!(
            "CloudFormation would act on the text of {} of its inline policies instead of taking it as it is, and it is left out: `{}`",
            left_out.len(),
            left_out.join("`, `")
        )),
        () if unread > 0 => Some("not all of the user's policies could be read".to_owned()),
        () if attached.len() > MOST_ATTACHED => Some(format!(
            "the user has {} managed policies, of which a role may have {MOST_ATTACHED}",
            attached.len()
        )),
        () if size > MOST_INLINE => Some(format!(
            "the user's inline policies have {size} characters, of which a role may have {MOST_INLINE}"
        )),
        () if attached.is_empty() && policies.is_empty() => {
            Some("the user has no policy of its own: what the key may do is allowed elsewhere".to_owned())
        }
        () => names_user(account, user, &inline, &attached),
    };
    (template, doubt)
}

/// What a policy of a group is called beside the user's own, which no other name takes the place of.
fn name_of(group: &str, name: &str, taken: &BTreeMap<String, &PolicyText>) -> String {
    let whole = format!("{group}-{name}");
    if whole.chars().count() <= MOST_NAME && !taken.contains_key(&whole) {
        return whole;
    }
    let hash = Sha256::digest(format!("{group}/{name}").as_bytes());
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let front: String = whole.chars().take(MOST_NAME - hash.len() - 1).collect();
    format!("{front}-{hash}")
}

/// What names the user, and doesn't know the role.
fn names_user(
    account: &Account,
    user: &User,
    inline: &BTreeMap<String, &PolicyText>,
    attached: &BTreeSet<&str>,
) -> Option<String> {
    let managed = account
        .policies
        .iter()
        .filter(|(arn, _)| attached.contains(arn.as_str()));
    let managed = managed
        .filter_map(|(_, policy)| policy.document())
        .map(PolicyText::as_str);
    let mut texts = inline.values().map(|text| text.as_str()).chain(managed);
    if texts.any(|text| text.contains("${aws:username}")) {
        return Some(
            "its policies speak of ${aws:username}, which a role's session hasn't: write the name there".to_owned(),
        );
    }
    let arn = account.user_arn(user);
    let mut trusting = account
        .roles
        .values()
        .filter(|role| role.trust.as_str().contains(arn.as_str()));
    trusting.next().map(|role| {
        format!(
            "role `{}` trusts the user by name: let it trust the new role before",
            role.name
        )
    })
}
