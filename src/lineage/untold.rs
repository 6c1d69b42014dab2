//! Mints whose records have neither an answer nor an error: something was given, and which key isn't told.

use super::holder::who;
use crate::account::{Holder, Session, SessionKind};
use crate::ids::{AccessKeyId, AccountId, Arn, PrincipalArn};
use crate::time::Moment;
use crate::trail::Event;
use serde::{Deserialize, Serialize};

/// A session's end isn't told either: a role's lives twelve hours at most, a user's 36.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
const LONGEST_SECONDS: i64 = 129_600;

/// A credential that a member was given and of which no more is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    /// The member that asked for it.
    pub by: AccessKeyId,
    /// When.
    pub at: Moment,
    /// `AssumeRole`, ...
    pub call: String,
    /// `eventID` of the record.
    pub event: String,
    /// Whose permissions it carries, as far as the request tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// The account of that holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
}

/// What the member `by` was given without being told; `None` for other calls. That GetSigninToken and the portal's GetRoleCredentials name no key is usual,
/// and what came of them is joined otherwise.
pub(super) fn untold(event: &Event, by: &AccessKeyId) -> Option<Untold> {
    let name = event.name.as_str();
    let gives = match event.service() {
        "sts" => {
            name.starts_with("AssumeRole") || matches!(name, "AssumeRoot" | "GetSessionToken" | "GetFederationToken")
        }
        "iam" => name == "CreateAccessKey",
        _ => false,
    };
    if !gives || event.error.is_some() || event.given_key().is_some() {
        return None;
    }
    let (_, holder, account) = who(event);
    Some(Untold {
        by: by.clone(),
        at: event.at,
        call: event.name.clone(),
        event: event.id.clone(),
        holder: holder.or_else(|| asked_role(event)),
        account,
    })
}

/// The session of a role that was asked for.
fn asked_role(event: &Event) -> Option<Holder> {
    let arn: Arn = event.asked("/roleArn")?.parse().ok()?;
    match PrincipalArn::of(&arn)? {
        PrincipalArn::Role(name) => Some(Holder::Role {
            name,
            id: String::new(),
            session: event.asked("/roleSessionName").unwrap_or_default(),
        }),
        _ => None,
    }
}

impl Untold {
    /// The credential as a session of an account, under the key that asked for it; `None` for a long-term key, and where it isn't known whose it is.
    pub fn session(&self) -> Option<Session> {
        if self.call == "CreateAccessKey" {
            return None;
        }
        let kind = match self.call.as_str() {
            "GetSessionToken" => SessionKind::GetSessionToken,
            "GetFederationToken" => SessionKind::GetFederationToken,
            _ => SessionKind::AssumeRole,
        };
        Some(Session {
            key: self.by.clone(),
            holder: self.holder.clone()?,
            kind,
            issued: self.at,
            expires: self.at.plus_seconds(LONGEST_SECONDS),
            mfa: None,
            policy: None,
            policy_arns: Vec::new(),
            source_identity: None,
            tags: Default::default(),
            is_untold: true,
            minted_by: Some(self.by.clone()),
        })
    }

    /// The role that it is a session of.
    pub fn role(&self) -> Option<&str> {
        match &self.holder {
            Some(Holder::Role { name, .. }) => Some(name),
            _ => None,
        }
    }
}
