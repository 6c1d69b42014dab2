//! What a session may not call whatever its policies say, and what needs no permission at all.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>

use crate::account::{Session, SessionKind};

/// Whether AWS answers the call without asking any policy.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>. GetSessionToken too is said to need none:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>; whether an explicit
/// deny stops it is not documented, so no deny is counted as stopping it.
pub fn needs_no_permission(action: &str) -> bool {
    action.eq_ignore_ascii_case("sts:GetCallerIdentity") || action.eq_ignore_ascii_case("sts:GetSessionToken")
}

/// Whether a policy entry for the action gives its holder nothing by itself: calls that no credential signs, and permissions that are
/// only asked beside another call's.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
pub(super) fn has_no_effect(action: &str) -> bool {
    let none = [
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
    ];
    none.iter().any(|other| action.eq_ignore_ascii_case(other))
}

/// Why a session may not make the call, if it may not, before any policy is asked.
pub fn session_forbids(session: &Session, action: &str) -> Option<&'static str> {
    let action = action.to_ascii_lowercase();
    let identity = action == "sts:getcalleridentity";
    match session.kind {
        SessionKind::GetSessionToken => {
            if action.starts_with("iam:") && session.mfa == Some(false) {
                Some("a GetSessionToken session without MFA may not call IAM")
            } else if action.starts_with("sts:") && !identity && action != "sts:assumerole" {
                Some("a GetSessionToken session may only call AssumeRole and GetCallerIdentity in STS")
            } else {
                None
            }
        }
        SessionKind::GetFederationToken => {
            if action.starts_with("iam:") {
                Some("a federation token may not call IAM")
            } else if action.starts_with("sts:") && !identity {
                Some("a federation token may only call GetCallerIdentity in STS")
            } else {
                None
            }
        }
        SessionKind::AssumeRole
        | SessionKind::ChainedAssumeRole
        | SessionKind::FederatedAssumeRole
        | SessionKind::Console => {
            let minting = matches!(action.as_str(), "sts:getsessiontoken" | "sts:getfederationtoken");
            minting.then_some("a role session may not call GetSessionToken or GetFederationToken")
        }
    }
}
