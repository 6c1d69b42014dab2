//! The means to build again what a plan deletes: each deleted user as a CloudFormation template and as Terraform.
//!
//! Text only, made before the first change: the case keeps it. What the family itself put on a user is left out and named. Passwords, keys
//! and MFA devices cannot be built again, and the unique ID is another.

mod cloudformation;
mod parts;
mod terraform;

use crate::account::Account;
use crate::plan::Plan;
pub(crate) use cloudformation::acted_on;
use parts::parts;
pub(crate) use terraform::quoted;

/// The file that holds the CloudFormation template.
pub const CLOUDFORMATION: &str = "rebuild.cloudformation.json";

/// The file that holds the Terraform configuration.
pub const TERRAFORM: &str = "rebuild.tf";

/// The files that build the users again which `plan` deletes, by name with their text; none where it deletes nobody. `account` is the account as it is
/// before the plan.
pub fn rebuild_files(plan: &Plan, account: &Account) -> Vec<(&'static str, String)> {
    let users = parts(plan, account);
    if users.is_empty() {
        return Vec::new();
    }
    vec![
        (CLOUDFORMATION, cloudformation::template(&users, account)),
        (TERRAFORM, terraform::configuration(&users, account)),
    ]
}
