//! The detections. Alerting on every AssumeRole is useless and isn't offered: it is how everything in AWS works.

mod contained;
mod given;
pub(super) mod halves;
mod places;
mod removed;
mod revoked;
mod roles;
mod tokens;

pub(super) use places::{PRIVATE, SERVICES};

use super::rule::{Is, Rule, Test};

const fn t<'r>(field: &'r str, is: Is<'r>) -> Test<'r> {
    Test { field, is }
}

const STS: Test<'static> = t("eventSource", Is::Any(&["sts.amazonaws.com"]));
const IAM: Test<'static> = t("eventSource", Is::Any(&["iam.amazonaws.com"]));
const DONE: Test<'static> = t("errorCode", Is::Absent);
const ASSUME_ROLE: Test<'static> = t("eventName", Is::Any(&["AssumeRole"]));
const KEY: &str = "userIdentity.accessKeyId";
const PRINCIPAL: &str = "userIdentity.principalId";
const KIND: &str = "userIdentity.type";
const USER: &str = "userIdentity.userName";
const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";
const OF_ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.userName";
const MFA: &str = "userIdentity.sessionContext.attributes.mfaAuthenticated";
/// When a session was issued.
const BEGAN: &str = "userIdentity.sessionContext.attributes.creationDate";
const ADDRESS: &str = "sourceIPAddress";
/// What the program says of itself.
const AGENT: &str = "userAgent";
/// The VPC endpoint that a call came through.
const ENDPOINT: &str = "vpcEndpointId";
const SERVICE: &str = "eventSource";
const OF_USER: &str = "requestParameters.userName";
const OF_GROUP: &str = "requestParameters.groupName";
const OF_ROLE: &str = "requestParameters.roleName";
const ROLE: &str = "requestParameters.roleArn";
const POLICY: &str = "requestParameters.policyName";
const DOCUMENT: &str = "requestParameters.policyDocument";
const POLICY_ARN: &str = "requestParameters.policyArn";
const BOUNDARY: &str = "requestParameters.permissionsBoundary";
/// The key of the session that a call gives.
const GIVEN: &str = "responseElements.credentials.accessKeyId";
/// The managed policy that a call creates.
const MADE: &str = "responseElements.policy.arn";
/// Where a user was changed, and whose user calls: another account may have one of the same name.
const ACCOUNT: &str = "recipientAccountId";
const OF_ACCOUNT: &str = "userIdentity.accountId";

const STS_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html";
const CUT_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html";

/// Every detection.
pub static RULES: [Rule<'static>; 26] = [
    tokens::SESSION_TOKEN_WITHOUT_MFA,
    tokens::SESSION_TOKEN,
    tokens::FEDERATION_TOKEN,
    tokens::SESSION_TOKEN_ASSUMES_ROLE,
    roles::ASSUME_ROLE_BURST,
    roles::ASSUME_ROLE_SPREAD,
    roles::ROLE_ASSUMES_ITSELF,
    roles::ROLE_JUGGLING,
    roles::ROLE_RING,
    places::INSTANCE_CREDENTIAL_AWAY,
    places::INSTANCE_CREDENTIAL_OTHER_NETWORK,
    places::SESSION_FROM_TWO_ADDRESSES,
    places::KEY_FROM_TWO_ADDRESSES,
    given::KEY_EXPOSED,
    contained::USE_AFTER_CONTAINMENT,
    contained::FEDERATION_OUTLIVES_CONTAINMENT,
    contained::SESSION_OUTLIVES_KEY,
    revoked::SESSION_OUTLIVES_REVOCATION,
    given::CREDENTIAL_FOR_ANOTHER_USER,
    removed::DENY_REMOVED,
    removed::USERS_DENY_REMOVED,
    removed::ROLES_DENY_REMOVED,
    removed::GROUPS_DENY_REMOVED,
    removed::MANAGED_DENY_REMOVED,
    removed::BOUNDARY_REPLACED,
    removed::OWN_POLICY_REMOVED,
];
