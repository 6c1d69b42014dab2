//! From TOML to a playbook. Fields are read with their places, so that every fault can point at one.

use super::{Code, End, Playbook, PlaybookError, PlaybookStep, Verb, Which};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    step: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    verb: Spanned<String>,
    end: Spanned<String>,
    why: String,
    #[serde(default = "yes")]
    required: bool,
    which: Option<Spanned<String>>,
    policy_name: Option<Spanned<String>>,
    margin_seconds: Option<Spanned<u32>>,
    seconds: Option<Spanned<u32>>,
}

fn yes() -> bool {
    true
}

/// The verbs as they are written, each with the one field that it takes.
const VERBS: [(&str, Option<&str>); 23] = [
    ("evidence", None),
    ("deny_by_scp", Some("margin_seconds")),
    ("deactivate_access_keys", Some("which")),
    ("deny_user", Some("policy_name")),
    ("deny_user_by_boundary", None),
    ("revoke_older_sessions", Some("margin_seconds")),
    ("hold", Some("seconds")),
    ("sweep", Some("margin_seconds")),
    ("delete_minted_credentials", None),
    ("deny_made", Some("policy_name")),
    ("delete_made", None),
    ("delete_login_profile", None),
    ("deactivate_mfa_devices", None),
    ("delete_signing_certificates", None),
    ("delete_ssh_public_keys", None),
    ("delete_service_specific_credentials", None),
    ("delete_inline_policies", None),
    ("detach_managed_policies", None),
    ("leave_groups", None),
    ("delete_access_keys", None),
    ("delete_boundary", None),
    ("delete_denies", None),
    ("delete_user", None),
];

/// The playbook, and for each step the place of its verb.
pub(super) type Read = (Playbook, Vec<Range<usize>>);

pub(super) fn read(text: &str) -> Result<Read, Vec<PlaybookError>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        vec![PlaybookError::new(Code::Syntax, span, error.message())]
    })?;
    let mut faults = Vec::new();
    if file.step.is_empty() {
        faults.push(PlaybookError::new(Code::Field, 0..0, "the playbook has no `[[step]]`"));
    }
    let spans = file.step.iter().map(|row| row.get_ref().verb.span()).collect();
    let mut steps = Vec::new();
    for row in file.step {
        match step(row.get_ref()) {
            Ok(step) => steps.push(step),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let playbook = Playbook {
        name: file.name,
        title: file.title,
        sources: file.sources,
        steps,
    };
    Ok((playbook, spans))
}

fn step(row: &Row) -> Result<PlaybookStep, PlaybookError> {
    let name = row.verb.get_ref().as_str();
    let Some((_, field)) = VERBS.iter().find(|(verb, _)| *verb == name) else {
        let known: Vec<&str> = VERBS.iter().map(|(verb, _)| *verb).collect();
        return Err(
            PlaybookError::new(Code::UnknownVerb, row.verb.span(), format!("there is no verb `{name}`"))
                .help(format!("the verbs are: {}", known.join(", "))),
        );
    };
    only_field(row, *field)?;
    let end = End::ALL
        .into_iter()
        .find(|end| end.as_str() == row.end.get_ref())
        .ok_or_else(|| {
            PlaybookError::new(
                Code::Value,
                row.end.span(),
                format!("there is no end `{}`", row.end.get_ref()),
            )
            .help("the ends are: contain, strip, delete")
        })?;
    Ok(PlaybookStep {
        verb: verb(row, name)?,
        end,
        required: row.required,
        why: row.why.clone(),
    })
}

/// Refuses fields that belong to other verbs: a field that does nothing would mislead its reader.
fn only_field(row: &Row, allowed: Option<&str>) -> Result<(), PlaybookError> {
    let written = [
        ("which", row.which.as_ref().map(Spanned::span)),
        ("policy_name", row.policy_name.as_ref().map(Spanned::span)),
        ("margin_seconds", row.margin_seconds.as_ref().map(Spanned::span)),
        ("seconds", row.seconds.as_ref().map(Spanned::span)),
    ];
    let verb = row.verb.get_ref();
    for (field, span) in written {
        match span {
            Some(span) if allowed != Some(field) => {
                let message = format!("`{verb}` takes no `{field}`");
                return Err(PlaybookError::new(Code::Field, span, message));
            }
            None if allowed == Some(field) => {
                let message = format!("`{verb}` needs `{field}`");
                return Err(PlaybookError::new(Code::Field, row.verb.span(), message));
            }
            _ => {}
        }
    }
    Ok(())
}

fn verb(row: &Row, name: &str) -> Result<Verb, PlaybookError> {
    Ok(match name {
        "deactivate_access_keys" => Verb::DeactivateAccessKeys(which(row)?),
        "deny_by_scp" => Verb::DenyByScp {
            margin_seconds: within(row, row.margin_seconds.as_ref(), 0..=3600)?,
        },
        "deny_user" => Verb::DenyUser {
            policy_name: policy_name(row)?,
        },
        "deny_user_by_boundary" => Verb::DenyUserByBoundary,
        "revoke_older_sessions" => Verb::RevokeOlderSessions {
            margin_seconds: within(row, row.margin_seconds.as_ref(), 0..=900)?,
        },
        "hold" => Verb::Hold {
            seconds: within(row, row.seconds.as_ref(), 1..=3600)?,
        },
        "sweep" => Verb::Sweep {
            margin_seconds: within(row, row.margin_seconds.as_ref(), 0..=900)?,
        },
        "delete_minted_credentials" => Verb::DeleteMintedCredentials,
        "deny_made" => Verb::DenyMade {
            policy_name: policy_name(row)?,
        },
        "delete_made" => Verb::DeleteMade,
        "delete_login_profile" => Verb::DeleteLoginProfile,
        "deactivate_mfa_devices" => Verb::DeactivateMfaDevices,
        "delete_signing_certificates" => Verb::DeleteSigningCertificates,
        "delete_ssh_public_keys" => Verb::DeleteSshPublicKeys,
        "delete_service_specific_credentials" => Verb::DeleteServiceSpecificCredentials,
        "delete_inline_policies" => Verb::DeleteInlinePolicies,
        "detach_managed_policies" => Verb::DetachManagedPolicies,
        "leave_groups" => Verb::LeaveGroups,
        "delete_access_keys" => Verb::DeleteAccessKeys,
        "delete_boundary" => Verb::DeleteBoundary,
        "delete_denies" => Verb::DeleteDenies,
        "delete_user" => Verb::DeleteUser,
        _ => Verb::Evidence,
    })
}

fn which(row: &Row) -> Result<Which, PlaybookError> {
    let written = row.which.as_ref();
    match written.map(|which| which.get_ref().as_str()) {
        Some("compromised") => Ok(Which::Compromised),
        Some("minted") => Ok(Which::Minted),
        Some("all") => Ok(Which::All),
        other => {
            let span = written.map_or(row.verb.span(), Spanned::span);
            let message = format!("`which` cannot be `{}`", other.unwrap_or_default());
            Err(PlaybookError::new(Code::Value, span, message).help("it is one of: compromised, minted, all"))
        }
    }
}

/// Inline policy names: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
fn policy_name(row: &Row) -> Result<String, PlaybookError> {
    let written = row.policy_name.as_ref();
    let name = written.map(|name| name.get_ref().as_str()).unwrap_or_default();
    let fits = (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    if fits {
        Ok(name.to_owned())
    } else {
        let span = written.map_or(row.verb.span(), Spanned::span);
        Err(
            PlaybookError::new(Code::Value, span, format!("`{name}` is not a policy name"))
                .help("1 to 128 letters, digits and _+=,.@-"),
        )
    }
}

fn within(
    row: &Row,
    written: Option<&Spanned<u32>>,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, PlaybookError> {
    let (value, span) = written.map_or((0, row.verb.span()), |w| (*w.get_ref(), w.span()));
    if range.contains(&value) {
        Ok(value)
    } else {
        let message = format!("{value} is out of range: {} to {} seconds", range.start(), range.end());
        Err(PlaybookError::new(Code::Value, span, message))
    }
}
