//! One call that the intruder wants to make: what for, and how it is written.

use super::purse::Identity;
use crate::ids::AccessKeyId;
use crate::time::Moment;

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Who am I? With the first credential.
    WhoAmI,
    /// Does this credential still get in?
    Check(AccessKeyId),
    /// Which roles are there?
    Roles,
    /// Is it there, has it a boundary?
    See(Identity),
    /// Which keys has the user?
    Keys(String),
    /// Which groups is the user in?
    Groups(String),
    /// What is attached?
    Attached(Identity),
    /// Which inline policies are there?
    Inline(Identity),
    /// Is my own policy as I wrote it?
    Own(Identity),
    DeleteInline(Identity, String),
    Detach(Identity, String),
    DropBoundary(Identity),
    LeaveGroup(String, String),
    PutOwn(Identity),
    Activate(String, AccessKeyId),
    NewKey(String),
    NewUser(String),
    NewRole(String),
    /// A session of the role of this name and ARN.
    Assume(String, String),
    /// A session by GetSessionToken, with this key.
    Token(AccessKeyId),
    /// Lets the account into the role.
    EditTrust(String),
}

/// A call as it is sent.
pub(super) struct Form {
    pub(super) service: &'static str,
    pub(super) operation: String,
    pub(super) params: Vec<(&'static str, String)>,
}

/// What the texts of a call are made from.
pub(super) struct Texts<'a> {
    pub(super) account: &'a str,
    pub(super) partition: &'a str,
    /// The name of the policy that allows everything.
    pub(super) policy: &'a str,
}

/// The policy that allows everything.
pub(super) const ADMIN: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl Texts<'_> {
    /// The trust policy that lets the account in.
    pub(super) fn trust(&self) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:{}:iam::{}:root"}},"Action":"sts:AssumeRole"}}]}}"#,
            self.partition, self.account
        )
    }
}

impl Purpose {
    /// The only credential that it makes sense with, where there is one.
    pub(super) fn only(&self) -> Option<&AccessKeyId> {
        match self {
            Purpose::Check(key) | Purpose::Token(key) => Some(key),
            _ => None,
        }
    }

    /// Whether it is part of the regular look.
    pub(super) fn looks(&self) -> bool {
        use Purpose::{Attached, Groups, Inline, Keys, Own, See};
        matches!(self, See(_) | Keys(_) | Groups(_) | Attached(_) | Inline(_) | Own(_))
    }

    /// The call.
    pub(super) fn form(&self, texts: &Texts<'_>) -> Form {
        let iam = |operation: String, params| Form {
            service: "iam",
            operation,
            params,
        };
        let sts = |operation: &str, params| Form {
            service: "sts",
            operation: operation.to_owned(),
            params,
        };
        let on = |id: &Identity| match id {
            Identity::User(name) => ("UserName", name.clone()),
            Identity::Role(name) => ("RoleName", name.clone()),
        };
        let user = |name: &String| ("UserName", name.clone());
        let own = || ("PolicyName", texts.policy.to_owned());
        match self {
            Purpose::WhoAmI => sts("GetCallerIdentity", vec![]),
            Purpose::Check(_) => Form {
                service: "s3",
                operation: "ListBuckets".to_owned(),
                params: vec![],
            },
            Purpose::Roles => iam("ListRoles".to_owned(), vec![]),
            Purpose::See(id) => iam(format!("Get{}", id.kind()), vec![on(id)]),
            Purpose::Keys(name) => iam("ListAccessKeys".to_owned(), vec![user(name)]),
            Purpose::Groups(name) => iam("ListGroupsForUser".to_owned(), vec![user(name)]),
            Purpose::Attached(id) => iam(format!("ListAttached{}Policies", id.kind()), vec![on(id)]),
            Purpose::Inline(id) => iam(format!("List{}Policies", id.kind()), vec![on(id)]),
            Purpose::Own(id) => iam(format!("Get{}Policy", id.kind()), vec![on(id), own()]),
            Purpose::DeleteInline(id, name) => iam(
                format!("Delete{}Policy", id.kind()),
                vec![on(id), ("PolicyName", name.clone())],
            ),
            Purpose::Detach(id, arn) => iam(
                format!("Detach{}Policy", id.kind()),
                vec![on(id), ("PolicyArn", arn.clone())],
            ),
            Purpose::DropBoundary(id) => iam(format!("Delete{}PermissionsBoundary", id.kind()), vec![on(id)]),
            Purpose::LeaveGroup(name, group) => iam(
                "RemoveUserFromGroup".to_owned(),
                vec![user(name), ("GroupName", group.clone())],
            ),
            Purpose::PutOwn(id) => iam(
                format!("Put{}Policy", id.kind()),
                vec![on(id), own(), ("PolicyDocument", ADMIN.to_owned())],
            ),
            Purpose::Activate(name, key) => iam(
                "UpdateAccessKey".to_owned(),
                vec![
                    user(name),
                    ("AccessKeyId", key.to_string()),
                    ("Status", "Active".to_owned()),
                ],
            ),
            Purpose::NewKey(name) => iam("CreateAccessKey".to_owned(), vec![user(name)]),
            Purpose::NewUser(name) => iam("CreateUser".to_owned(), vec![user(name)]),
            Purpose::NewRole(name) => iam(
                "CreateRole".to_owned(),
                vec![("RoleName", name.clone()), ("AssumeRolePolicyDocument", texts.trust())],
            ),
            Purpose::Assume(_, arn) => sts(
                "AssumeRole",
                vec![("RoleArn", arn.clone()), ("RoleSessionName", "session".to_owned())],
            ),
            Purpose::Token(_) => sts("GetSessionToken", vec![("DurationSeconds", "129600".to_owned())]),
            Purpose::EditTrust(name) => iam(
                "UpdateAssumeRolePolicy".to_owned(),
                vec![("RoleName", name.clone()), ("PolicyDocument", texts.trust())],
            ),
        }
    }
}

/// A call that waits for its turn.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) purpose: Purpose,
    /// Whether it goes before the regular look.
    pub(super) urgent: bool,
    /// Not before this moment.
    pub(super) from: Moment,
    /// Until when it is tried again when every credential was refused.
    pub(super) until: Moment,
    /// Credentials that it was tried with.
    pub(super) tried: Vec<AccessKeyId>,
}
