//! The policies of a request, by kind.

use super::door::{Door, Fault};
use crate::policy::{
    Document, Gap, Members, Placed, PolicyError, PolicyKind, PolicySet, Principal, PrincipalKind, Source,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// Policies by kind, as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByKind<'t> {
    #[serde(default, borrow)]
    pub(super) identity: Option<&'t RawValue>,
    #[serde(default, borrow)]
    boundary: Option<&'t RawValue>,
    #[serde(default, borrow)]
    session: Option<&'t RawValue>,
    #[serde(default, borrow)]
    scp: Option<&'t RawValue>,
    #[serde(default, borrow)]
    rcp: Option<&'t RawValue>,
    #[serde(default, borrow)]
    pub(super) resource: Option<&'t RawValue>,
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

impl<'t> Door<'t> {
    /// Everything but what stands on the resource.
    pub(super) fn set(self, by_kind: &ByKind<'t>, principal: &Principal) -> Result<PolicySet, Fault> {
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
        let federated = principal.kind == PrincipalKind::FederatedUser;
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

    pub(super) fn policies(
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
