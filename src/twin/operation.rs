//! One operation: its name, the permission it asks for, and its handler.

use super::{Fault, Node};
use crate::account::{Account, Session};
use crate::ids::{AccessKeyId, Arn};
use crate::policy::{Context, Principal};
use crate::time::Moment;
use std::collections::BTreeMap;

/// Parameters of the Query protocol, flat as they came: `UserName`, `Tags.member.1.Key`, ...
#[derive(Debug, Clone, Default)]
pub struct Params(pub BTreeMap<String, String>);

impl Params {
    /// The parameter, where it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The parameter, or AWS's error for one that is missing.
    pub fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| {
            let member = name.get(..1).unwrap_or_default().to_ascii_lowercase() + name.get(1..).unwrap_or_default();
            Fault::validation(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    /// The members of a list of structures or texts: for `Tags`, the sub-parameters of `Tags.member.1`, `Tags.member.2`, ...
    pub fn list(&self, name: &str) -> Vec<Params> {
        (1..)
            .map(|n| format!("{name}.member.{n}"))
            .map_while(|prefix| {
                let found: BTreeMap<String, String> = self
                    .0
                    .iter()
                    .filter_map(|(key, value)| {
                        let rest = key.strip_prefix(&prefix)?;
                        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
                        Some((rest.to_owned(), value.clone()))
                    })
                    .collect();
                (!found.is_empty()).then_some(Params(found))
            })
            .collect()
    }
}

/// Who was found to make a call.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The access key that signed.
    pub key: AccessKeyId,
    /// The caller as policies see it.
    pub principal: Principal,
    /// The session, for a temporary credential.
    pub session: Option<Session>,
    /// The user's name, for a user by key or by GetSessionToken.
    pub user_name: Option<String>,
}

/// One call that was authenticated and authorized, on its way through a handler.
#[derive(Debug)]
pub struct Call<'a> {
    /// The account, to read and to change.
    pub account: &'a mut Account,
    /// The rest of the twin: sessions, trail, source of IDs.
    pub issue: &'a mut super::state::Mint,
    /// Who calls.
    pub caller: &'a Caller,
    /// Parameters.
    pub params: &'a Params,
    /// The Region that the call is made in.
    pub region: &'a str,
    /// The trail so far.
    pub trail: &'a [serde_json::Value],
    /// The time of the call.
    pub now: Moment,
}

/// What the permission is asked on, before the handler runs.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// Condition keys that this request adds (`iam:PolicyARN`, `sts:RoleSessionName`, ...).
    pub context: Context,
    /// Other actions that must be allowed on it too, such as `sts:TagSession`.
    pub also: Vec<String>,
}

impl Asked {
    /// A question about `resource` without condition keys of its own.
    pub fn on(resource: impl Into<String>) -> Self {
        Asked {
            resource: resource.into(),
            context: Context::closed(),
            also: Vec::new(),
        }
    }

    /// A question about an ARN.
    pub fn on_arn(arn: &Arn) -> Self {
        Asked::on(arn.as_str())
    }
}

/// One row of the table of operations.
#[derive(Clone, Copy)]
pub struct Operation {
    /// The API's name, such as `CreateUser`.
    pub name: &'static str,
    /// Whether CloudTrail marks it read-only.
    pub read_only: bool,
    /// The resource that permission is asked on, from the parameters, before anything is looked up.
    pub asks: fn(&Account, &Caller, &Params) -> Asked,
    /// Does it.
    pub handler: fn(&mut Call<'_>) -> Result<Node, Fault>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
