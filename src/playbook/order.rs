//! Order is checked, not hoped for. Each rule is one sentence about which step may not stand before which.

use super::{Code, Playbook, PlaybookError, Verb, Which};
use std::ops::Range;

/// One rule: wherever a `later` step takes part, an `earlier` one must stand before it.
struct Rule {
    later: fn(&Verb) -> bool,
    earlier: fn(&Verb) -> bool,
    message: &'static str,
    help: &'static str,
}

const RULES: [Rule; 6] = [
    Rule {
        later: |verb| *verb != Verb::Evidence,
        earlier: |verb| *verb == Verb::Evidence,
        message: "this changes the account before the evidence is kept",
        help: "put `evidence` first",
    },
    Rule {
        later: |verb| matches!(verb, Verb::RevokeOlderSessions { .. }),
        earlier: |verb| *verb == Verb::DeactivateAccessKeys(Which::Compromised),
        message: "sessions are revoked while the key can still mint new ones",
        help: "deactivate the compromised key before",
    },
    Rule {
        later: |verb| matches!(verb, Verb::RevokeOlderSessions { .. }),
        earlier: |verb| matches!(verb, Verb::DenyUser { .. }),
        message: "sessions are revoked while a GetSessionToken session of the user can still mint new ones",
        help: "deny the user before: such a session dies with nothing else",
    },
    Rule {
        later: destroys,
        earlier: |verb| matches!(verb, Verb::DenyUser { .. }),
        message: "this removes a thing while the intruder can still put it back",
        help: "deny the user before",
    },
    Rule {
        later: |verb| matches!(verb, Verb::DeleteDenies | Verb::DeleteBoundary),
        earlier: |verb| *verb == Verb::DeleteAccessKeys,
        message: "a deny is removed while access keys are left",
        help: "delete the access keys before; the deny goes last",
    },
    Rule {
        later: |verb| *verb == Verb::DeleteUser,
        earlier: |verb| *verb == Verb::DeleteDenies,
        message: "the user cannot be deleted while its inline policies are there",
        help: "put `delete_denies` before",
    },
];

fn destroys(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::DeleteLoginProfile
            | Verb::DeactivateMfaDevices
            | Verb::DeleteSigningCertificates
            | Verb::DeleteSshPublicKeys
            | Verb::DeleteServiceSpecificCredentials
            | Verb::DeleteInlinePolicies
            | Verb::DetachManagedPolicies
            | Verb::LeaveGroups
            | Verb::DeleteAccessKeys
            | Verb::DeleteMade
    )
}

/// Every fault in the order, at the place of the step that stands too early.
pub(super) fn check(playbook: &Playbook, spans: &[Range<usize>]) -> Vec<PlaybookError> {
    let place = |n: usize| spans.get(n).cloned().unwrap_or(0..0);
    let mut faults = Vec::new();
    for rule in &RULES {
        let broken = playbook.steps.iter().enumerate().find(|(n, step)| {
            let mut before = playbook.steps.iter().take(*n);
            (rule.later)(&step.verb) && !before.any(|other| other.end <= step.end && (rule.earlier)(&other.verb))
        });
        if let Some((n, _)) = broken {
            faults.push(PlaybookError::new(Code::Order, place(n), rule.message).help(rule.help));
        }
    }
    faults.extend(granting_after_denies(playbook).map(|n| {
        PlaybookError::new(
            Code::Order,
            place(n),
            "this still grants something, and the deny is gone already",
        )
        .help("put it before `delete_denies`: the deny goes last")
    }));
    faults.extend(scp_behind_others(playbook).map(|n| {
        PlaybookError::new(
            Code::Order,
            place(n),
            "this deny cannot be taken away in the account, and stands behind one that can",
        )
        .help("put `deny_by_scp` before all other denies")
    }));
    faults.extend(unswept(playbook).map(|n| {
        PlaybookError::new(
            Code::Order,
            place(n),
            "nothing looks again for what is minted while sessions are revoked",
        )
        .help("put `hold` and `sweep` behind it")
    }));
    faults
}

fn granting_after_denies(playbook: &Playbook) -> Option<usize> {
    let removed = playbook.steps.iter().position(|step| step.verb == Verb::DeleteDenies)?;
    let mut behind = playbook.steps.iter().enumerate().skip(removed + 1);
    behind
        .find(|(_, step)| destroys(&step.verb) || step.verb == Verb::DeleteBoundary)
        .map(|(n, _)| n)
}

fn scp_behind_others(playbook: &Playbook) -> Option<usize> {
    let denies = |verb: &Verb| {
        matches!(
            verb,
            Verb::DenyUser { .. }
                | Verb::DenyUserByBoundary
                | Verb::DeactivateAccessKeys(_)
                | Verb::RevokeOlderSessions { .. }
        )
    };
    let first = playbook.steps.iter().position(|step| denies(&step.verb))?;
    let mut behind = playbook.steps.iter().enumerate().skip(first);
    behind
        .find(|(_, step)| matches!(step.verb, Verb::DenyByScp { .. }))
        .map(|(n, _)| n)
}

fn unswept(playbook: &Playbook) -> Option<usize> {
    let revokes = |step: &super::PlaybookStep| matches!(step.verb, Verb::RevokeOlderSessions { .. });
    let last = playbook.steps.iter().rposition(revokes)?;
    let swept = playbook
        .steps
        .iter()
        .skip(last)
        .any(|step| matches!(step.verb, Verb::Sweep { .. }));
    (!swept).then_some(last)
}
