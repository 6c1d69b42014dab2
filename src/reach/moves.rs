//! The calls by which the holder of one principal gets another's power, as a table.
//!
//! Sources: <https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/>,
//! <https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.

/// What the call is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    User,
    Role,
    Group,
    Policy,
    Provider,
}

/// What it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// A credential of the target.
    Become,
    /// The right to write what the target's policies allow.
    Edit,
    /// The right to take away what limits the target: its denies or its boundary.
    Free,
    /// A place in the group for a user who is held already.
    Join,
    /// A role handed to a service that runs what it is given.
    Pass,
}

/// One call.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) action: &'static str,
    pub(super) on: On,
    pub(super) gives: Gives,
}

const fn call(action: &'static str, on: On, gives: Gives) -> Move {
    Move { action, on, gives }
}

/// `sts:AssumeRole`, whose trust policy must be asked too, stands first, `iam:PassRole` second.
pub(super) const ASSUME: usize = 0;
pub(super) const PASS: usize = 1;
/// Makes a key that is known already usable again.
pub(super) const REACTIVATE: usize = 3;
/// Sets another password where there is one.
pub(super) const CHANGE_PASSWORD: usize = 5;
/// Gives a service-specific credential another secret.
pub(super) const RESET: usize = 7;

pub(super) const MOVES: [Move; 38] = [
    call("sts:AssumeRole", On::Role, Gives::Become),
    call("iam:PassRole", On::Role, Gives::Pass),
    call("iam:CreateAccessKey", On::User, Gives::Become),
    call("iam:UpdateAccessKey", On::User, Gives::Become),
    call("iam:CreateLoginProfile", On::User, Gives::Become),
    call("iam:UpdateLoginProfile", On::User, Gives::Become),
    call("iam:CreateServiceSpecificCredential", On::User, Gives::Become),
    call("iam:ResetServiceSpecificCredential", On::User, Gives::Become),
    call("iam:UploadSSHPublicKey", On::User, Gives::Become),
    call("iam:UploadSigningCertificate", On::User, Gives::Become),
    call("iam:PutUserPolicy", On::User, Gives::Edit),
    call("iam:AttachUserPolicy", On::User, Gives::Edit),
    call("iam:DeleteUserPolicy", On::User, Gives::Free),
    call("iam:DetachUserPolicy", On::User, Gives::Free),
    call("iam:DeleteUserPermissionsBoundary", On::User, Gives::Free),
    call("iam:PutUserPermissionsBoundary", On::User, Gives::Free),
    call("iam:UpdateAssumeRolePolicy", On::Role, Gives::Become),
    call("iam:PutRolePolicy", On::Role, Gives::Edit),
    call("iam:AttachRolePolicy", On::Role, Gives::Edit),
    call("iam:DeleteRolePolicy", On::Role, Gives::Free),
    call("iam:DetachRolePolicy", On::Role, Gives::Free),
    call("iam:DeleteRolePermissionsBoundary", On::Role, Gives::Free),
    call("iam:PutRolePermissionsBoundary", On::Role, Gives::Free),
    call("iam:AddUserToGroup", On::Group, Gives::Join),
    call("iam:PutGroupPolicy", On::Group, Gives::Edit),
    call("iam:AttachGroupPolicy", On::Group, Gives::Edit),
    call("iam:DeleteGroupPolicy", On::Group, Gives::Free),
    call("iam:DetachGroupPolicy", On::Group, Gives::Free),
    call("iam:RemoveUserFromGroup", On::Group, Gives::Free),
    call("iam:CreatePolicyVersion", On::Policy, Gives::Edit),
    call("iam:SetDefaultPolicyVersion", On::Policy, Gives::Edit),
    call("iam:UpdateSAMLProvider", On::Provider, Gives::Become),
    call("iam:CreateSAMLProvider", On::Provider, Gives::Become),
    call("iam:CreateOpenIDConnectProvider", On::Provider, Gives::Become),
    call("iam:AddClientIDToOpenIDConnectProvider", On::Provider, Gives::Become),
    call("iam:UpdateOpenIDConnectProviderThumbprint", On::Provider, Gives::Become),
    call("iam:CreateUser", On::User, Gives::Become),
    call("iam:CreateRole", On::Role, Gives::Become),
];

/// The calls that make a new principal: alone they give nothing, with a credential and a policy for it everything.
pub(super) const NEW_USER: usize = 36;
pub(super) const NEW_ROLE: usize = 37;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_table() {
        let named = [
            (ASSUME, "sts:AssumeRole"),
            (PASS, "iam:PassRole"),
            (REACTIVATE, "iam:UpdateAccessKey"),
            (CHANGE_PASSWORD, "iam:UpdateLoginProfile"),
            (RESET, "iam:ResetServiceSpecificCredential"),
            (NEW_USER, "iam:CreateUser"),
            (NEW_ROLE, "iam:CreateRole"),
        ];
        for (number, action) in named {
            assert_eq!(MOVES[number].action, action);
        }
        // One bit of a word for each.
        assert!(MOVES.len() < 64);
        let known = crate::catalogue::catalogue();
        let calls = MOVES.iter().map(|one| one.action);
        let of_runners = super::super::compute::RUNNERS.iter();
        let starts = of_runners
            .clone()
            .flat_map(|runner| runner.start.iter().copied().flatten());
        let changes = of_runners.flat_map(|runner| runner.change);
        for action in calls.chain(starts.copied()).chain(changes.copied()) {
            let (service, name) = action.split_once(':').unwrap();
            let there = known.services[service].actions.iter().any(|one| one.name == name);
            assert!(there, "{action} is no action of AWS");
        }
    }
}
