//! Declarative playbooks: schema, checks with line numbers, embedded catalogue.
//!
//! A playbook is a TOML file: `name`, `title`, `sources`, and steps from top to bottom. Each step has a `verb`, the mildest `end` at
//! which it takes part (`contain`, `strip`, `delete`), and a `why`. The verbs and their fields are in [`Verb`].

mod error;
mod order;
mod parse;

pub use error::{Code, PlaybookError};

use serde::{Deserialize, Serialize};

/// How far the plan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The intruder is out, and every step can be undone.
    Contain,
    /// Everything that grants is removed; the user stays.
    Strip,
    /// The user is gone.
    Delete,
}

impl End {
    /// The end as it is written in playbooks and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Contain => "contain",
            End::Strip => "strip",
            End::Delete => "delete",
        }
    }

    const ALL: [End; 3] = [End::Contain, End::Strip, End::Delete];
}

/// Which access keys a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The key that the lineage begins with.
    Compromised,
    /// Keys that credentials of the lineage created.
    Minted,
    /// Every key of the compromised user.
    All,
}

/// What a step of a playbook does; the plan makes concrete steps of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Keep the account as it is.
    Evidence,
    /// Deny the compromised principals everything by a service control policy, and keep others from loosening what the plan does; where there
    /// are rights in Organizations.
    DenyByScp {
        /// How far ahead of the plan's time the cut of older role sessions lies, in seconds: a plan is read before it is carried out.
        margin_seconds: u32,
    },
    /// Set access keys to Inactive.
    DeactivateAccessKeys(Which),
    /// Deny everything on the user: inline, or by `AWSDenyAll` attached when the inline quota is full.
    DenyUser {
        /// The inline policy's name.
        policy_name: String,
    },
    /// `AWSDenyAll` as the user's permissions boundary.
    DenyUserByBoundary,
    /// Revoke the older sessions of every role reached, and of every other user that a key was made for.
    RevokeOlderSessions {
        /// How far ahead of its own time each cut lies, in seconds.
        margin_seconds: u32,
    },
    /// Wait.
    Hold {
        /// How long.
        seconds: u32,
    },
    /// Look for what was minted meanwhile, and revoke that.
    Sweep {
        /// As in `revoke_older_sessions`.
        margin_seconds: u32,
    },
    /// Delete passwords and service-specific credentials that the lineage set or made for other users.
    DeleteMintedCredentials,
    /// Deny everything to users and roles that the lineage made.
    DenyMade {
        /// The inline policy's name.
        policy_name: String,
    },
    /// Take back what the lineage granted to others, and delete the users, roles and policies that it made.
    DeleteMade,
    /// Delete the user's console password.
    DeleteLoginProfile,
    /// Deactivate the user's MFA devices, and delete the virtual ones.
    DeactivateMfaDevices,
    /// Delete the user's signing certificates.
    DeleteSigningCertificates,
    /// Delete the user's SSH public keys.
    DeleteSshPublicKeys,
    /// Delete the user's service-specific credentials.
    DeleteServiceSpecificCredentials,
    /// Delete the user's inline policies, other than the denies that this plan puts there.
    DeleteInlinePolicies,
    /// Detach the user's managed policies, other than AWS's quarantine and this plan's deny.
    DetachManagedPolicies,
    /// Take the user out of its groups.
    LeaveGroups,
    /// Delete all access keys of the user.
    DeleteAccessKeys,
    /// Remove the permissions boundary.
    DeleteBoundary,
    /// Remove what still denies: this plan's policies and AWS's quarantine.
    DeleteDenies,
    /// Delete the user.
    DeleteUser,
}

/// One step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaybookStep {
    /// What it does.
    pub verb: Verb,
    /// The mildest end at which it takes part.
    pub end: End,
    /// Whether the plan fails with it. A step that is not required may be missing on a peer of AWS.
    pub required: bool,
    /// Why it is done, for the responder.
    pub why: String,
}

/// A playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Playbook {
    /// Its name on the command line.
    pub name: String,
    /// What it is for.
    pub title: String,
    /// The pages that it follows.
    pub sources: Vec<String>,
    /// Its steps.
    pub steps: Vec<PlaybookStep>,
}

/// The playbooks that the binary carries: name and text.
pub const CATALOGUE: &[(&str, &str)] = &[("user-key", include_str!("../playbooks/user-key.toml"))];

impl Playbook {
    /// Reads a playbook and checks it, the order of its steps included.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn parse(text: &str) -> Result<Playbook, Vec<PlaybookError>> {
        let (playbook, spans) = parse::read(text)?;
        let faults = order::check(&playbook, &spans);
        if faults.is_empty() { Ok(playbook) } else { Err(faults) }
    }

    /// Reads a playbook without looking at the order of its steps: for exercises that show what a wrong order does.
    /// The faults in its order come beside it.
    ///
    /// # Errors
    /// Everything else that is wrong with it.
    pub fn parse_in_any_order(text: &str) -> Result<(Playbook, Vec<PlaybookError>), Vec<PlaybookError>> {
        let (playbook, spans) = parse::read(text)?;
        let faults = order::check(&playbook, &spans);
        Ok((playbook, faults))
    }

    /// The steps that take part when the plan goes as far as `end`.
    pub fn steps_up_to(&self, end: End) -> impl Iterator<Item = &PlaybookStep> {
        self.steps.iter().filter(move |step| step.end <= end)
    }
}

#[cfg(test)]
mod tests;
