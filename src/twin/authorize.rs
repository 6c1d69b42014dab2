//! May the caller? Every call is asked of the policies, the responder's too, and refused in AWS's words.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use super::Fault;
use super::operation::Asked;
use crate::policy::{Context, Outcome, PolicyKind, Source};
use crate::time::Moment;
use crate::verdict::{Standing, needs_no_permission, session_forbids};

/// Asks whether the standing may do `action` on what is asked.
///
/// # Errors
/// AccessDenied with AWS's message; `UnknownDecision` where the twin cannot tell, which is neither yes nor no.
pub(super) fn authorize(standing: &Standing<'_>, action: &str, asked: &Asked) -> Result<(), Fault> {
    if let Some(why) = standing.session.and_then(|session| session_forbids(session, action)) {
        return Err(denied(standing, action, &asked.resource, why));
    }
    if needs_no_permission(action) {
        return Ok(());
    }
    for action in std::iter::once(action).chain(asked.also.iter().map(String::as_str)) {
        match standing.decide(action, &asked.resource, &asked.context) {
            Outcome::Allowed(_) => {}
            Outcome::ExplicitDeny(by) => {
                let named = arn_of(standing, &by.source)
                    .map(|arn| format!(": {arn}"))
                    .unwrap_or_default();
                let why = format!("with an explicit deny in {}{named}", article(by.source.kind));
                return Err(denied(standing, action, &asked.resource, &why));
            }
            Outcome::ImplicitDeny(kind) => {
                let why = format!("because no {} allows the {action} action", kind.describe());
                return Err(denied(standing, action, &asked.resource, &why));
            }
            Outcome::Unknown(gaps) => {
                let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
                return Err(Fault::new(
                    501,
                    "UnknownDecision",
                    format!("the twin cannot decide {action}: {}", gaps.join("; ")),
                ));
            }
        }
    }
    Ok(())
}

/// The ARN of a service control policy, which the message tells.
/// <https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns>
fn arn_of(standing: &Standing<'_>, source: &Source) -> Option<String> {
    let account = standing.account;
    let organization = account.organization.as_ref()?;
    let is_it = |name: &&String| *source.name == *format!("service control policy `{name}`");
    let name = organization.policy_ids.keys().find(is_it)?;
    Some(format!(
        "arn:{}:organizations::{}:policy/{}/service_control_policy/{}",
        account.partition,
        organization.management_account,
        organization.id,
        organization.policy_id(name)
    ))
}

fn article(kind: PolicyKind) -> String {
    let kind = kind.describe();
    if kind.starts_with('i') {
        format!("an {kind}")
    } else {
        format!("a {kind}")
    }
}

fn denied(standing: &Standing<'_>, action: &str, resource: &str, why: &str) -> Fault {
    let caller = standing
        .principal
        .session_arn
        .as_ref()
        .unwrap_or(&standing.principal.arn);
    let on = if resource == "*" {
        String::new()
    } else {
        format!(" on resource: {resource}")
    };
    Fault::new(
        403,
        "AccessDenied",
        format!("User: {caller} is not authorized to perform: {action}{on} {why}"),
    )
}

/// The condition keys that every request brings.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn request_keys(context: &mut Context, region: &str, source_ip: &str, user_agent: &str, now: Moment) {
    context.set("aws:CurrentTime", now.whole_second().to_string());
    context.set("aws:EpochTime", now.seconds().to_string());
    context.set("aws:SecureTransport", "true");
    context.set("aws:RequestedRegion", region);
    context.set("aws:SourceIp", source_ip);
    context.set("aws:UserAgent", user_agent);
    context.set("aws:ViaAWSService", "false");
}
