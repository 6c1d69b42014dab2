//! Everything that a user can sign in or sign with: the nine kinds of things that block DeleteUser are here
//! and in the user's policies and groups. No secret is ever part of it.

use crate::ids::AccessKeyId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A user's credentials, without their secrets.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Access keys, two at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_keys: Vec<AccessKey>,
    /// The console password, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_profile: Option<LoginProfile>,
    /// MFA devices, eight at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mfa_devices: Vec<MfaDevice>,
    /// X.509 signing certificates, two at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_certificates: Vec<SigningCertificate>,
    /// SSH public keys for CodeCommit, five at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ssh_public_keys: Vec<SshPublicKey>,
    /// Service-specific credentials: CodeCommit, Keyspaces, Bedrock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_specific: Vec<ServiceSpecificCredential>,
    /// Kinds of credentials that could not be read, by the names of the members above: an empty list of theirs says nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<String>,
}

impl Credentials {
    /// Whether the access keys were read, so that a key that isn't there doesn't exist.
    pub fn access_keys_were_read(&self) -> bool {
        !self.unread.contains("access_keys")
    }
}

/// The state of a long-term credential.
/// <https://docs.aws.amazon.com/goto/WebAPI/iam-2010-05-08/AccessKey>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyStatus {
    /// Usable.
    Active,
    /// Not usable; whoever has iam:UpdateAccessKey can make it active again.
    Inactive,
    /// Not usable, still present. What sets it is not documented.
    Expired,
}

impl KeyStatus {
    /// The status in AWS's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyStatus::Active => "Active",
            KeyStatus::Inactive => "Inactive",
            KeyStatus::Expired => "Expired",
        }
    }

    /// The status that AWS spells `text`.
    pub fn from_aws(text: &str) -> Option<KeyStatus> {
        [KeyStatus::Active, KeyStatus::Inactive, KeyStatus::Expired]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// Its ID, `AKIA…`.
    pub id: AccessKeyId,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was created.
    pub created: Moment,
    /// When it was last used; `None` when that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<LastUsed>,
}

/// The last use of an access key, as GetAccessKeyLastUsed tells it.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastUsed {
    /// When.
    pub at: Moment,
    /// Which service, such as `s3`.
    pub service: String,
    /// Which Region.
    pub region: String,
}

impl LastUsed {
    /// What AWS tells of a key that was never used: `N/A`, and no time. Here that is when it was created.
    pub fn never(created: Moment) -> Self {
        LastUsed {
            at: created,
            service: NOWHERE.to_owned(),
            region: NOWHERE.to_owned(),
        }
    }

    /// Whether the key was never used.
    pub fn is_never(&self) -> bool {
        self.service == NOWHERE
    }
}

const NOWHERE: &str = "N/A";

/// A console password: that there is one, never which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginProfile {
    /// When the password was set up.
    pub created: Moment,
    /// Whether it must be changed at the next sign-in.
    #[serde(default)]
    pub password_reset_required: bool,
}

/// An MFA device that is enabled for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfaDevice {
    /// Serial number: an ARN for virtual devices (`…:mfa/name`) and passkeys (`…:u2f/…`), plain text for hardware.
    pub serial: String,
    /// When it was enabled.
    pub enabled: Moment,
}

impl MfaDevice {
    /// Whether it is a virtual device, which goes on existing after it was deactivated.
    pub fn is_virtual(&self) -> bool {
        self.serial.contains(":mfa/")
    }
}

/// An X.509 signing certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningCertificate {
    /// Its ID.
    pub id: String,
    /// The certificate in PEM, which is public.
    pub body: String,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was uploaded.
    pub uploaded: Moment,
}

/// An SSH public key for CodeCommit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshPublicKey {
    /// Its ID, `APKA…`.
    pub id: String,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was uploaded.
    pub uploaded: Moment,
    /// The public key itself; `None` when it was not read (only GetSSHPublicKey tells it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A credential for one service: a CodeCommit or Keyspaces password, a Bedrock API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpecificCredential {
    /// Its ID, `ACCA…`.
    pub id: String,
    /// The service, such as `codecommit.amazonaws.com`.
    pub service: String,
    /// The user name for that service, or the alias of an API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_user_name: Option<String>,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was created.
    pub created: Moment,
}
