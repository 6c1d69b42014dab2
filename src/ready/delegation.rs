//! What an organization's delegation policy lets a principal of another account than the management account do.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html>

use super::State;
use super::check::few;
use crate::account::Account;
use crate::ids::{AccountId, Arn, PrincipalArn};
use crate::policy::{
    Context, OnResource, Outcome, Placed, PolicyKind, PolicySet, PolicyText, Principal, PrincipalKind, Request, decide,
};

/// Everything, as who asks may be allowed by his own policies: those are judged by themselves.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Whether the policy lets `who` make the call on service control policies and on `account`, and why not where it doesn't surely.
pub(super) fn allows(policy: &PolicyText, who: &Arn, account: &Account, call: &str) -> (State, String) {
    let own = PolicyText::new(EVERYTHING);
    let (Some(principal), Some(delegated), Some(own)) = (
        principal(who),
        Placed::read(PolicyKind::Resource, "the delegation policy", policy),
        Placed::read(PolicyKind::Identity, "his own policies", &own),
    ) else {
        return (
            State::Unknown,
            format!("the delegation policy cannot be judged for {who}"),
        );
    };
    let Some(organization) = &account.organization else {
        return (State::Unknown, "there is no organization".to_owned());
    };
    let management = &organization.management_account;
    let set = PolicySet {
        identity: vec![own],
        ..PolicySet::default()
    };
    let on = OnResource {
        policies: vec![delegated],
        ..OnResource::default()
    };
    let mut context = Context::open();
    context.set("organizations:PolicyType", "SERVICE_CONTROL_POLICY");
    principal.put_keys(&mut context);
    let each = targets(account, management, &organization.id, call)
        .into_iter()
        .map(|resource| {
            let request = Request {
                principal: &principal,
                action: call,
                resource: &resource,
                resource_account: Some(management),
                context: &context,
            };
            match decide(&request, &set, &on) {
                Outcome::Allowed(_) => (State::Ready, String::new()),
                Outcome::ExplicitDeny(by) => (State::NotReady, format!("denied by {by}")),
                Outcome::Unknown(gaps) => {
                    let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
                    (State::Unknown, few(&gaps))
                }
                // Of a session the role's path isn't known, by which the policy may name it.
                Outcome::ImplicitDeny(_) if matches!(PrincipalArn::of(who), Some(PrincipalArn::RoleSession { .. })) => {
                    (
                        State::Unknown,
                        "the delegation policy allows it to neither this session nor its account".to_owned(),
                    )
                }
                Outcome::ImplicitDeny(_) => (State::NotReady, "the delegation policy does not allow it".to_owned()),
            }
        });
    each.max_by_key(|(state, _)| *state)
        .unwrap_or((State::Unknown, String::new()))
}

/// What a call is about: policies of the kind, and the account that they are attached to.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
fn targets(account: &Account, management: &AccountId, organization: &str, call: &str) -> Vec<String> {
    let of = |what: String| format!("arn:{}:organizations::{management}:{what}", account.partition);
    let policy = of(format!("policy/{organization}/service_control_policy/p-oustany"));
    let target = of(format!("account/{organization}/{}", account.id));
    match call.rsplit(':').next() {
        Some("CreatePolicy") => vec!["*".to_owned()],
        Some("AttachPolicy" | "DetachPolicy") => vec![policy, target],
        _ => vec![policy],
    }
}

fn principal(who: &Arn) -> Option<Principal> {
    let account = who.account()?;
    let (kind, arn, session_arn) = match PrincipalArn::of(who)? {
        PrincipalArn::User(_) => (PrincipalKind::User, who.clone(), None),
        PrincipalArn::Role(name) => {
            let session = Arn::sts(who.partition(), &account, &format!("assumed-role/{name}/oust"));
            (PrincipalKind::RoleSession, who.clone(), Some(session))
        }
        PrincipalArn::RoleSession { role, .. } => {
            let arn = Arn::iam(who.partition(), &account, "role", "/", &role);
            (PrincipalKind::RoleSession, arn, Some(who.clone()))
        }
        _ => return None,
    };
    Some(Principal {
        kind,
        account,
        arn,
        session_arn,
        user_id: String::new(),
        issuer_arn: None,
    })
}
