//! One request of `oust policy eval`: read at the door, with line and column of what is wrong.

use super::principal;
use crate::ids::{AccountId, Arn};
use crate::policy::{
    Context, Document, Gap, Members, OnResource, Placed, PolicyError, PolicyKind, PolicySet, Principal, Request,
    Source, place_in, resource_must_allow,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// A request that cannot be understood, with the place in the text that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// A request with every policy that bears on it.
#[derive(Debug)]
pub struct Question {
    pub id: Option<serde_json::Value>,
    pub principal: Principal,
    pub action: String,
    pub resource: String,
    owner: Option<AccountId>,
    context: Context,
    pub policies: PolicySet,
    pub on: OnResource,
}

/// The members of a request, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'t> {
    #[serde(default)]
    id: Option<serde_json::Value>,
    #[serde(borrow)]
    principal: &'t RawValue,
    #[serde(borrow)]
    action: &'t RawValue,
    #[serde(borrow)]
    resource: &'t RawValue,
    #[serde(default)]
    resource_account: Option<AccountId>,
    #[serde(default)]
    management_account: Option<AccountId>,
    #[serde(default, borrow)]
    context: Option<&'t RawValue>,
    #[serde(default)]
    unknown_keys: Vec<String>,
    #[serde(default, borrow)]
    policies: Option<&'t RawValue>,
}

/// Policies by kind, as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByKind<'t> {
    #[serde(default, borrow)]
    identity: Option<&'t RawValue>,
    #[serde(default, borrow)]
    boundary: Option<&'t RawValue>,
    #[serde(default, borrow)]
    session: Option<&'t RawValue>,
    #[serde(default, borrow)]
    scp: Option<&'t RawValue>,
    #[serde(default, borrow)]
    rcp: Option<&'t RawValue>,
    #[serde(default, borrow)]
    resource: Option<&'t RawValue>,
}

/// A policy with a name beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Titled<'t> {
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow)]
    policy: &'t RawValue,
}

impl Question {
    /// Reads one request from `text`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place in `text`.
    pub fn read(text: &str) -> Result<Question, Fault> {
        Door { text }.question()
    }

    /// The request, to be decided.
    pub fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: &self.action,
            resource: &self.resource,
            resource_account: self.owner.as_ref(),
            context: &self.context,
        }
    }
}

/// What can still be told of a request that cannot be understood: its `id`, where it has one.
pub fn id_of(text: &str) -> Option<serde_json::Value> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: Option<serde_json::Value>,
    }
    serde_json::from_str::<OnlyId>(text).ok().and_then(|only| only.id)
}

/// The text of one request, which every place is counted in.
#[derive(Clone, Copy)]
pub(super) struct Door<'t> {
    text: &'t str,
}

impl<'t> Door<'t> {
    pub(super) fn fault(self, at: &str, message: impl Into<String>) -> Fault {
        let (line, column) = place_in(self.text, at);
        Fault {
            line,
            column,
            message: message.into(),
        }
    }

    /// A fault at a place within `part`, which is a slice of the text.
    fn within(self, part: &str, line: usize, column: usize, message: String) -> Fault {
        let (first_line, first_column) = place_in(self.text, part);
        Fault {
            line: first_line + line.max(1) - 1,
            column: if line > 1 {
                column
            } else {
                first_column + column.max(1) - 1
            },
            message,
        }
    }

    /// Reads `part` of the text as a value of that type.
    pub(super) fn read<T: Deserialize<'t>>(self, part: &'t str) -> Result<T, Fault> {
        serde_json::from_str(part).map_err(|error| {
            let said = error.to_string();
            let message = said.split(" at line ").next().unwrap_or_default().to_owned();
            self.within(part, error.line(), error.column(), message)
        })
    }

    fn question(self) -> Result<Question, Fault> {
        let written: Written<'t> = self.read(self.text)?;
        let principal = principal::read(self, written.principal)?;
        let action = self.action(written.action)?;
        let resource = self.resource(written.resource)?;
        let named = resource.parse::<Arn>().ok().and_then(|arn| arn.account());
        let owner = written.resource_account.or(named);
        let mut context = Context::closed();
        principal.put_keys(&mut context);
        if let Some(keys) = written.context {
            self.keys(keys, &mut context)?;
        }
        for key in &written.unknown_keys {
            context.set_free(key);
        }
        let by_kind = match written.policies {
            Some(policies) => self.read(policies.get())?,
            None => ByKind::default(),
        };
        let mut on = OnResource {
            must_allow: resource_must_allow(&action, &resource),
            ..OnResource::default()
        };
        on.policies = self.policies(by_kind.resource, PolicyKind::Resource, "", &mut on.gaps)?;
        let mut policies = self.set(&by_kind, &principal)?;
        if let Some(management) = &written.management_account {
            spare_management(management, &principal, owner.as_ref(), &mut policies);
        }
        Ok(Question {
            id: written.id,
            principal,
            action,
            resource,
            owner,
            context,
            policies,
            on,
        })
    }

    fn action(self, raw: &'t RawValue) -> Result<String, Fault> {
        let action: String = self.read(raw.get())?;
        let named = action
            .split_once(':')
            .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        if named && !action.contains(['*', '?']) {
            Ok(action)
        } else {
            Err(self.fault(
                raw.get(),
                format!("`{action}` is no action of a request: service:Name, without wildcards"),
            ))
        }
    }

    fn resource(self, raw: &'t RawValue) -> Result<String, Fault> {
        let resource: String = self.read(raw.get())?;
        if resource == "*" || resource.parse::<Arn>().is_ok() {
            Ok(resource)
        } else {
            Err(self.fault(raw.get(), format!("`{resource}` is neither an ARN nor `*`")))
        }
    }

    fn keys(self, raw: &'t RawValue, context: &mut Context) -> Result<(), Fault> {
        let Members(members) = self.read(raw.get())?;
        for (n, (key, value)) in members.iter().enumerate() {
            if members
                .iter()
                .take(n)
                .any(|(earlier, _)| earlier.eq_ignore_ascii_case(key))
            {
                return Err(self.fault(
                    value.get(),
                    format!("the key `{key}` is there twice; case makes no difference"),
                ));
            }
            match self.read::<serde_json::Value>(value.get())? {
                serde_json::Value::Array(several) => {
                    let texts: Option<Vec<String>> = several.iter().map(scalar).collect();
                    let texts = texts.ok_or_else(|| self.no_value(value, key))?;
                    context.set_all(key, texts);
                }
                one => context.set(key, scalar(&one).ok_or_else(|| self.no_value(value, key))?),
            }
        }
        Ok(())
    }

    fn no_value(self, at: &RawValue, key: &str) -> Fault {
        self.fault(
            at.get(),
            format!("the value of `{key}` must be a text, a number, a boolean or a list of these; an absent key is left out, one whose value is not known is named in `unknown_keys`"),
        )
    }

    fn set(self, by_kind: &ByKind<'t>, principal: &Principal) -> Result<PolicySet, Fault> {
        let mut gaps = Vec::new();
        let identity = self.policies(by_kind.identity, PolicyKind::Identity, "", &mut gaps)?;
        let boundary = self.policies(by_kind.boundary, PolicyKind::Boundary, "", &mut gaps)?;
        let several = by_kind.boundary.filter(|raw| self.items(raw).len() > 1);
        if let Some(raw) = several {
            return Err(self.fault(raw.get(), "a principal has one permissions boundary"));
        }
        let session = self.policies(by_kind.session, PolicyKind::Session, "", &mut gaps)?;
        let passed = by_kind.session.is_some_and(|raw| !self.items(raw).is_empty());
        // A federation token without session policies has no permissions of its own.
        let federated = principal.kind == crate::policy::PrincipalKind::FederatedUser;
        let mut service_control = Vec::new();
        for (n, level) in by_kind
            .scp
            .map(|raw| self.levels(raw))
            .transpose()?
            .into_iter()
            .flatten()
            .enumerate()
        {
            let of = format!(" of level {}", n + 1);
            service_control.push(self.policies(Some(level), PolicyKind::ServiceControl, &of, &mut gaps)?);
        }
        let resource_control = self.policies(by_kind.rcp, PolicyKind::ResourceControl, "", &mut gaps)?;
        Ok(PolicySet {
            identity,
            boundary: by_kind
                .boundary
                .filter(|raw| !self.items(raw).is_empty())
                .map(|_| boundary),
            session: (passed || federated).then_some(session),
            service_control,
            resource_control,
            gaps,
        })
    }

    /// A list, or one thing in the place of a list of one.
    fn items(self, raw: &'t RawValue) -> Vec<&'t RawValue> {
        serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw])
    }

    fn levels(self, raw: &'t RawValue) -> Result<Vec<&'t RawValue>, Fault> {
        let levels: Vec<&RawValue> = self.read(raw.get())?;
        match levels.iter().find(|level| !level.get().starts_with('[')) {
            None => Ok(levels),
            Some(level) => Err(self.fault(
                level.get(),
                "`scp` is a list of levels (root, each OU, account), and each level a list of policies",
            )),
        }
    }

    fn policies(
        self,
        raw: Option<&'t RawValue>,
        kind: PolicyKind,
        of: &str,
        gaps: &mut Vec<Gap>,
    ) -> Result<Vec<Placed>, Fault> {
        let mut placed = Vec::new();
        for (n, item) in raw
            .map(|raw| self.items(raw))
            .unwrap_or_default()
            .into_iter()
            .enumerate()
        {
            let usual = format!("{} {}{of}", kind.describe(), n + 1);
            let (name, policy) = self.titled(item, usual)?;
            match self.document(policy, kind, &name) {
                Ok(document) => placed.push(Placed {
                    source: Source {
                        kind,
                        name: name.into(),
                    },
                    document: Arc::new(document),
                }),
                Err(Refused::Unknown(gap)) => gaps.push(gap),
                Err(Refused::Malformed(fault)) => return Err(fault),
            }
        }
        Ok(placed)
    }

    /// The name of a policy, and the policy.
    fn titled(self, item: &'t RawValue, usual: String) -> Result<(String, &'t RawValue), Fault> {
        let has_title = serde_json::from_str::<Members<'t>>(item.get())
            .is_ok_and(|Members(members)| members.iter().any(|(name, _)| name == "policy"));
        if !has_title {
            return Ok((usual, item));
        }
        let titled: Titled<'t> = self.read(item.get())?;
        Ok((titled.name.unwrap_or(usual), titled.policy))
    }

    fn document(self, raw: &'t RawValue, kind: PolicyKind, name: &str) -> Result<Document, Refused> {
        let refused = |error: PolicyError, fault: fn(Door<'t>, &'t RawValue, PolicyError, &str) -> Fault| {
            if error.unknown_element {
                Refused::Unknown(Gap::Unsupported(format!("{name}: {}", error.message)))
            } else {
                Refused::Malformed(fault(self, raw, error, name))
            }
        };
        if raw.get().starts_with('"') {
            let text: String = self.read(raw.get()).map_err(Refused::Malformed)?;
            return Document::parse_as(&text, kind).map_err(|error| {
                refused(error, |door, raw, error, name| {
                    let place = format!("line {}, column {} of its text", error.line, error.column);
                    door.fault(raw.get(), format!("{name} is malformed at {place}: {}", error.message))
                })
            });
        }
        Document::parse_as(raw.get(), kind).map_err(|error| {
            refused(error, |door, raw, error, name| {
                let message = format!("{name} is malformed: {}", error.message);
                door.within(raw.get(), error.line, error.column, message)
            })
        })
    }
}

/// Why there is no document.
enum Refused {
    /// It is none.
    Malformed(Fault),
    /// It holds what this program doesn't evaluate.
    Unknown(Gap),
}

fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Organizations' policies don't bind the management account: SCPs its principals, RCPs its resources.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
fn spare_management(management: &AccountId, caller: &Principal, owner: Option<&AccountId>, policies: &mut PolicySet) {
    if caller.account == *management {
        policies.service_control.clear();
    }
    if owner.unwrap_or(&caller.account) == management {
        policies.resource_control.clear();
    }
}
