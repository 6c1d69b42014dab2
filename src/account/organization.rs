//! The organization over an account: where policies can be attached, what they are called, and who may attach them.

use crate::ids::{AccountId, Arn};
use crate::policy::PolicyText;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The organization that an account is in, as far as it bears on the account. The documents of its policies are in [`super::Guards`].
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_introduction.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its ID, `o-…`.
    pub id: String,
    /// The management account, which no policy of the organization binds.
    pub management_account: AccountId,
    /// Whether service control policies are enabled; they are in force nowhere if they aren't.
    pub scps_enabled: bool,
    /// Where policies can be attached, from the root (`r-…`) over each organizational unit (`ou-…`) to the account: the levels of
    /// [`super::Guards::scps`], in the same order.
    #[serde(default)]
    pub targets: Vec<String>,
    /// IDs of policies (`p-…`) by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy_ids: BTreeMap<String, String>,
    /// Service control policies that are attached nowhere above the account, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unattached: BTreeMap<String, PolicyText>,
    /// Who may act for the organization; `None` when nobody is known who may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responder: Option<Responder>,
}

/// One person as two principals: most often the management account and the member account are signed for by different roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responder {
    /// Who calls Organizations, as policies see him: of the management account or of a delegated administrator.
    pub in_organization: Arn,
    /// Who calls IAM in the account, as `aws:PrincipalArn` tells him: whom a quarantine must spare.
    pub in_account: Arn,
}

impl Organization {
    /// The ID of the policy called `name`; one that was never read gets an ID that hangs on its name alone.
    pub fn policy_id(&self, name: &str) -> String {
        match (self.policy_ids.get(name), name) {
            (Some(id), _) => id.clone(),
            (None, "FullAWSAccess" | "RCPFullAWSAccess") => format!("p-{name}"),
            (None, _) => format!("p-{:08x}", hash(name)),
        }
    }
}

/// FNV-1a, cut to 32 bits: stable over versions of the program, as IDs in a snapshot must be.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
