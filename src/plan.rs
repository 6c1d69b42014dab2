//! Playbook x lineage x account -> ordered concrete steps, preconditions, digest.

mod ambiguous;
mod basis;
mod by_scp;
mod door;
mod facts;
mod foothold;
mod left_behind;
mod made;
mod made_by;
mod make;
mod newcomer;
mod on_role;
mod on_user;
mod outlook;
mod provider;
mod quarantine;
mod reading;
mod refuse;
mod step;
mod still_open;
mod turned;
mod unjudged;
mod unresolved;
mod untold;
mod waves;
mod way_in;

pub use basis::{basis, drift};
pub use door::see_doors;
pub use facts::Facts;
pub use foothold::{Foothold, State, footholds, given_to, users_with_footholds};
pub use made_by::made_by;
pub use make::{plan, revocations};
pub use newcomer::{DELIVERY_SECONDS, Newcomer, newcomers};
pub use outlook::{Could, Outlook, outlook};
pub use reading::{fighting, on_anybody, permissions};
pub use refuse::{Refusal, own_credentials, refusal};
pub use step::{Step, Undo};
pub use still_open::{still_open, without, without_effect};
pub use turned::{caller, reversals_since, turned_round_by, turned_round_in};
pub use waves::goes_with;

use crate::account::Account;
use crate::ids::AccessKeyId;
use crate::lineage::{Bystander, Lineage};
use crate::playbook::End;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the plan file that this program writes and reads.
pub const FORMAT: u32 = 2;

/// Something that the plan leaves alone, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTouched {
    /// What: a credential, a role, a policy.
    pub what: String,
    /// Why.
    pub why: String,
}

/// An ordered plan, bound to the account that it was made on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of the format.
    pub oust_plan: u32,
    /// The playbook.
    pub playbook: String,
    /// How far it goes.
    pub end: End,
    /// When it was made.
    pub made_at: Moment,
    /// The keys that it is about: one incident.
    pub keys: Vec<AccessKeyId>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What it leaves alone although it bears on the incident.
    pub not_touched: Vec<NotTouched>,
    /// The family that it puts out.
    pub lineage: Lineage,
    /// Who else uses the same user and roles.
    pub bystanders: Vec<Bystander>,
    /// What the holder of the family can become as things stand.
    #[serde(default)]
    pub outlook: Outlook,
    /// The part of the account that the steps stand on.
    pub basis: Account,
}

impl Plan {
    /// This plan and a later wave of the same case as one: all steps, the family as `later` knows it, each part of the account as it was first found.
    #[must_use]
    pub fn widened(mut self, later: Plan) -> Plan {
        self.steps.extend(later.steps);
        self.lineage = later.lineage;
        self.bystanders = later.bystanders;
        for (name, user) in later.basis.users {
            self.basis.users.entry(name).or_insert(user);
        }
        for (name, role) in later.basis.roles {
            self.basis.roles.entry(name).or_insert(role);
        }
        for (name, group) in later.basis.groups {
            self.basis.groups.entry(name).or_insert(group);
        }
        for (arn, policy) in later.basis.policies {
            self.basis.policies.entry(arn).or_insert(policy);
        }
        self
    }

    /// The SHA-256 of the plan, in hexadecimal: what a journal says that it carried out.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
