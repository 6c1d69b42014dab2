//! One request of `oust policy eval`: read at the door, with line and column of what is wrong.

use super::door::{Door, Fault};
use super::policies::ByKind;
use super::principal;
use crate::ids::{AccountId, Arn};
use crate::policy::{Context, Members, OnResource, PolicyKind, PolicySet, Principal, Request, resource_must_allow};
use serde::Deserialize;
use serde_json::value::RawValue;

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

impl Question {
    /// Reads one request from `text`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place in `text`.
    pub fn read(text: &str) -> Result<Question, Fault> {
        Door::of(text).question()
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

impl<'t> Door<'t> {
    fn question(self) -> Result<Question, Fault> {
        let written: Written<'t> = self.object(self.text(), "a request")?;
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
            Some(policies) => self.object(policies.get(), "`policies`")?,
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
        let Members(members) = self.object(raw.get(), "`context`")?;
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
