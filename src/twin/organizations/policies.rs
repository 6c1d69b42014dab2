//! Policies of the organization: where they stand in the account's guards, and how they are told.

use crate::account::{Account, Organization};
use crate::policy::PolicyText;
use crate::twin::{Fault, Node, Params};

/// What everything has until it is taken away, and what is never changed.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
pub(super) const FULL_ACCESS: &str = "FullAWSAccess";
const FULL_ACCESS_DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Types of policies that bear on who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ServiceControl,
    ResourceControl,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::ServiceControl => "SERVICE_CONTROL_POLICY",
            Kind::ResourceControl => "RESOURCE_CONTROL_POLICY",
        }
    }

    pub(super) fn sent(params: &Params, parameter: &str) -> Result<Kind, Fault> {
        let sent = params.need(parameter)?;
        [Kind::ServiceControl, Kind::ResourceControl]
            .into_iter()
            .find(|kind| kind.as_str() == sent)
            .ok_or_else(|| Fault::new(501, "NotModelled", format!("the twin knows no policies of type {sent}")))
    }
}

/// One policy.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) text: PolicyText,
}

impl Policy {
    pub(super) fn is_aws_managed(&self) -> bool {
        self.id.ends_with("FullAWSAccess")
    }

    pub(super) fn arn(&self, account: &Account, organization: &Organization) -> String {
        let (partition, management, of) = (&account.partition, &organization.management_account, &organization.id);
        let kind = self.kind.as_str().to_ascii_lowercase();
        if self.is_aws_managed() {
            return format!("arn:{partition}:organizations::aws:policy/{kind}/{}", self.id);
        }
        format!(
            "arn:{partition}:organizations::{management}:policy/{of}/{kind}/{}",
            self.id
        )
    }

    pub(super) fn summary(&self, account: &Account, organization: &Organization) -> Node {
        Node::Struct(vec![
            ("Id", self.id.as_str().into()),
            ("Arn", self.arn(account, organization).into()),
            ("Name", self.name.as_str().into()),
            ("Type", self.kind.as_str().into()),
            ("AwsManaged", self.is_aws_managed().into()),
        ])
    }

    pub(super) fn whole(&self, account: &Account, organization: &Organization) -> Node {
        Node::Struct(vec![
            ("PolicySummary", self.summary(account, organization)),
            ("Content", self.text.as_str().into()),
        ])
    }
}

/// Every policy that is known, each once.
pub(super) fn known(account: &Account, organization: &Organization) -> Vec<Policy> {
    let full = (FULL_ACCESS.to_owned(), PolicyText::new(FULL_ACCESS_DOCUMENT));
    let scps = account.guards.iter().flat_map(|guards| guards.scps.iter().flatten());
    let scps = scps.chain(&organization.unattached);
    let scps = scps.map(|(name, text)| (Kind::ServiceControl, name.clone(), text.clone()));
    let rcps = account.guards.iter().flat_map(|guards| &guards.rcps);
    let rcps = rcps.map(|(name, text)| (Kind::ResourceControl, name.clone(), text.clone()));
    let mut found: Vec<Policy> = Vec::new();
    for (kind, name, text) in scps.chain([(Kind::ServiceControl, full.0, full.1)]).chain(rcps) {
        if !found.iter().any(|policy| policy.name == name) {
            found.push(Policy {
                id: organization.policy_id(&name),
                name,
                kind,
                text,
            });
        }
    }
    found
}

/// The policy with this ID.
pub(super) fn policy_with(account: &Account, organization: &Organization, id: &str) -> Result<Policy, Fault> {
    let found = known(account, organization).into_iter().find(|policy| policy.id == id);
    found.ok_or_else(|| {
        Fault::new(
            400,
            "PolicyNotFoundException",
            "We can't find a policy with the PolicyId that you specified.",
        )
    })
}

/// The level that a target is.
pub(super) fn level(organization: &Organization, target: &str) -> Result<usize, Fault> {
    let place = organization.targets.iter().position(|id| id == target);
    place.ok_or_else(|| {
        Fault::new(
            400,
            "TargetNotFoundException",
            "We can't find a root, OU, account, or policy with the TargetId that you specified.",
        )
    })
}

/// What is attached at a level. Resource control policies are known all levels together: they are told at the root.
pub(super) fn at(account: &Account, organization: &Organization, kind: Kind, level: usize) -> Vec<Policy> {
    let guards = account.guards.as_ref();
    let held = match kind {
        Kind::ServiceControl => guards.and_then(|guards| guards.scps.get(level)),
        Kind::ResourceControl => guards.map(|guards| &guards.rcps).filter(|_| level == 0),
    };
    let told = held.into_iter().flatten().map(|(name, text)| Policy {
        id: organization.policy_id(name),
        name: name.clone(),
        kind,
        text: text.clone(),
    });
    told.collect()
}
