//! Changes of which nobody knows what they leave behind: AWS has thousands of calls, and each may let somebody in. What isn't known to leave nothing counts.

use super::lasting::lasts;
use crate::catalogue::{Level, catalogue};
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::Event;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A call by which the family changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unjudged {
    /// The service that was called.
    pub service: String,
    /// Which call.
    pub call: String,
    /// The members that made it.
    pub by: BTreeSet<AccessKeyId>,
    /// How often.
    pub count: u64,
    /// First.
    pub first: Moment,
    /// Last.
    pub last: Moment,
}

/// Calls that are told by name as left behind, or taken for harmless by their beginnings, and of which more must be said: a right that is lent to
/// another account, a revoked certificate that counts again, a role for whoever is on an instance already.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html>
const ALL_THE_SAME: [(&str, &str); 4] = [
    ("iam", "AcceptDelegationRequest"),
    ("iam", "AddRoleToInstanceProfile"),
    ("iam", "SendDelegationToken"),
    ("rolesanywhere", "DeleteCrl"),
];

/// Reads by the beginnings of their names that hand out a way in of its own, which ends by itself hours after.
const HANDED_OUT: [(&str, &str); 8] = [
    ("cognito-identity", "GetOpenIdToken"),
    ("elasticmapreduce", "GetClusterSessionCredentials"),
    ("lakeformation", "GetTemporary"),
    ("lightsail", "DownloadDefaultKeyPair"),
    ("lightsail", "GetInstanceAccessDetails"),
    ("redshift", "GetClusterCredentials"),
    ("redshift-serverless", "GetCredentials"),
    ("s3", "GetDataAccess"),
];

/// Calls by the beginnings of their names that leave nothing, or what is judged elsewhere: keys and sessions are members of the family, and what of IAM lets
/// somebody in is looked for in the account.
const NOTHING: [(&str, &[&str]); 12] = [
    ("athena", &["StartQueryExecution"]),
    ("dynamodb", &["PutItem", "UpdateItem", "BatchWriteItem"]),
    ("ec2", &["AllocateAddress", "CreateSnapshot"]),
    ("iam", &[""]),
    (
        "kms",
        &["Decrypt", "Encrypt", "Generate", "ReEncrypt", "Sign", "RetireGrant"],
    ),
    (
        "logs",
        &["CreateLogGroup", "CreateLogStream", "PutLogEvents", "StartQuery"],
    ),
    ("monitoring", &["PutMetricData"]),
    (
        "s3",
        &["PutBucketTagging", "PutObject", "UploadPart", "CompleteMultipartUpload"],
    ),
    (
        "signin",
        &[
            "AuthorizeOAuth2Access",
            "CheckMfa",
            "ConsoleLogin",
            "CredentialChallenge",
            "CredentialVerification",
            "ExitRole",
            "GetSigninToken",
            "RenewRole",
            "SwitchRole",
        ],
    ),
    ("sqs", &["SendMessage", "ReceiveMessage", "ChangeMessageVisibility"]),
    ("sso", &["GetRoleCredentials", "Authenticate", "Federate", "Logout"]),
    ("sts", &[""]),
];

/// Beginnings of the names of calls that only label.
const LABELS: [&str; 6] = [
    "AddTags",
    "CreateTags",
    "DeleteTags",
    "RemoveTags",
    "TagResource",
    "UntagResource",
];

/// Beginnings of the names of calls that only end or take something away.
const ENDS: [&str; 17] = [
    "Abort",
    "Archive",
    "Cancel",
    "Close",
    "Decline",
    "Delete",
    "Deregister",
    "Detach",
    "Disassociate",
    "Purge",
    "Reboot",
    "Reject",
    "Release",
    "Remove",
    "Revoke",
    "Stop",
    "Terminate",
];

/// Words in the names of what keeps somebody out, or tells of him: to take that away is more than an end.
const DEFENCE: [&str; 22] = [
    "Acl",
    "ACL",
    "Alarm",
    "Analyzer",
    "Block",
    "Boundary",
    "Crl",
    "Detector",
    "Encryption",
    "Filter",
    "Firewall",
    "Guardrail",
    "Lock",
    "Logging",
    "Mfa",
    "Monitor",
    "Permission",
    "Polic",
    "Protection",
    "PublicAccess",
    "Recorder",
    "Rule",
];

/// Services that are such a defence as a whole.
const DEFENDERS: [&str; 13] = [
    "account",
    "auditmanager",
    "backup",
    "config",
    "detective",
    "fms",
    "inspector2",
    "macie2",
    "network-firewall",
    "securitylake",
    "shield",
    "waf",
    "wafv2",
];

/// Beginnings of the names of calls that only read, where neither the record nor the catalogue tells.
const READS: [&str; 12] = [
    "BatchGet", "Check", "Describe", "Detect", "Estimate", "Get", "Head", "List", "Lookup", "Query", "Search", "Select",
];

/// Whether the call changed something, and whether it leaves anything isn't known. That data was written into a store is none of it.
fn is_unjudged(event: &Event) -> bool {
    let (service, call) = (event.service(), event.name.as_str());
    if event.error.is_some() || event.data {
        return false;
    }
    let is_among = |calls: &[(&str, &str)]| calls.iter().any(|(of, name)| *of == service && call.starts_with(name));
    if is_among(&ALL_THE_SAME) || is_among(&HANDED_OUT) {
        return true;
    }
    changes(event) && !lasts(event) && !leaves_nothing(service, call)
}

/// Whether the call changes something: by what its record says, else by the catalogue, else by its name.
fn changes(event: &Event) -> bool {
    let (service, call) = (event.service(), event.name.as_str());
    match event.read_only {
        Some(reads) => !reads,
        None if catalogue().knows(service, call) => {
            matches!(
                catalogue().level_of(&format!("{service}:{call}")),
                Level::Write | Level::Permissions
            )
        }
        None => !begins(call, &READS),
    }
}

fn leaves_nothing(service: &str, call: &str) -> bool {
    let known = NOTHING.iter().find(|(of, _)| *of == service);
    let defends = DEFENDERS.contains(&service) || DEFENCE.iter().any(|word| call.contains(word));
    known.is_some_and(|(_, names)| begins(call, names)) || begins(call, &LABELS) || begins(call, &ENDS) && !defends
}

fn begins(call: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| call.starts_with(beginning))
}

/// Counts them by service and call.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<(String, String), Unjudged>);

impl Changes {
    /// Takes in a call of the member `by`.
    pub(super) fn observe(&mut self, event: &Event, by: &AccessKeyId) {
        if !is_unjudged(event) {
            return;
        }
        self.add(Unjudged {
            service: event.service().to_owned(),
            call: event.name.clone(),
            by: BTreeSet::from([by.clone()]),
            count: event.times,
            first: event.at,
            last: event.until,
        });
    }

    fn add(&mut self, one: Unjudged) {
        let call = (one.service.clone(), one.call.clone());
        match self.0.get_mut(&call) {
            Some(known) => {
                known.by.extend(one.by);
                known.count += one.count;
                known.first = known.first.min(one.first);
                known.last = known.last.max(one.last);
            }
            None => {
                self.0.insert(call, one);
            }
        }
    }

    /// All of them, by service and call.
    pub(super) fn finish(self) -> Vec<Unjudged> {
        self.0.into_values().collect()
    }
}

/// Adds to `all` what was known before and isn't told now.
pub(super) fn remember(all: &mut Vec<Unjudged>, known: &[Unjudged]) {
    for before in known {
        let same = all
            .iter_mut()
            .find(|one| (&one.service, &one.call) == (&before.service, &before.call));
        match same {
            Some(now) => {
                now.by.extend(before.by.iter().cloned());
                now.count = now.count.max(before.count);
                now.first = now.first.min(before.first);
                now.last = now.last.max(before.last);
            }
            None => all.push(before.clone()),
        }
    }
}
