//! Which policies are in force for a credential. What cannot be read or parsed is a gap, never nothing.

use crate::account::{Account, Role, Session, SessionKind, Tags, User, aws_managed};
use crate::ids::{AccountId, Arn, PrincipalArn};
use crate::policy::{Gap, OnResource, Placed, PolicyKind, PolicySet, PolicyText, Source, resource_must_allow};

/// A set of policies on its way.
pub(super) struct Gather<'a> {
    account: &'a Account,
    tags: Tags,
    pub(super) policies: PolicySet,
}

impl<'a> Gather<'a> {
    pub(super) fn new(account: &'a Account) -> Self {
        Gather {
            account,
            tags: Tags::new(),
            policies: PolicySet::default(),
        }
    }

    fn place(&mut self, kind: PolicyKind, name: String, text: &PolicyText) -> Option<Placed> {
        place(kind, name, text).map_err(|gap| self.policies.gaps.push(gap)).ok()
    }

    fn managed(&mut self, kind: PolicyKind, arn: &Arn, of: &str) -> Option<Placed> {
        let name = format!("managed policy `{}` of {of}", arn.name());
        if let Some(text) = self.account.policies.get(arn).and_then(|policy| policy.document()) {
            return self.place(kind, name, text);
        }
        match aws_managed(arn) {
            Some((_, document)) => self.place(kind, name, &PolicyText::new(document)),
            None => {
                self.policies.gaps.push(Gap::Unread(format!("managed policy `{arn}`")));
                None
            }
        }
    }

    fn identity<'p>(
        &mut self,
        of: &str,
        inline: impl IntoIterator<Item = (&'p String, &'p PolicyText)>,
        attached: impl IntoIterator<Item = &'p Arn>,
    ) {
        for (name, text) in inline {
            let placed = self.place(PolicyKind::Identity, format!("inline policy `{name}` of {of}"), text);
            self.policies.identity.extend(placed);
        }
        for arn in attached {
            let placed = self.managed(PolicyKind::Identity, arn, of);
            self.policies.identity.extend(placed);
        }
    }

    fn boundary(&mut self, boundary: Option<&Arn>, of: &str) {
        if let Some(arn) = boundary {
            let placed = self.managed(PolicyKind::Boundary, arn, &format!("{of}, as its boundary"));
            self.policies.boundary = Some(placed.into_iter().collect());
        }
    }

    pub(super) fn user(&mut self, user: &User) {
        let of = format!("user `{}`", user.name);
        self.identity(&of, &user.inline, &user.attached);
        let account = self.account;
        for name in &user.groups {
            match account.groups.get(name) {
                Some(group) => self.identity(&format!("group `{name}`"), &group.inline, &group.attached),
                None => self.policies.gaps.push(Gap::Unread(format!("group `{name}`"))),
            }
        }
        self.boundary(user.boundary.as_ref(), &of);
        self.tags = user.tags.clone();
    }

    pub(super) fn role(&mut self, role: &Role) {
        let of = format!("role `{}`", role.name);
        self.identity(&of, &role.inline, &role.attached);
        self.boundary(role.boundary.as_ref(), &of);
        self.tags = role.tags.clone();
    }

    /// Session policies. A federation token without any has no permissions of its own.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html>
    pub(super) fn session(&mut self, session: &Session) {
        let mut placed = Vec::new();
        let of = format!("session {}", session.key);
        if let Some(text) = &session.policy {
            placed.extend(self.place(PolicyKind::Session, format!("session policy of {of}"), text));
        }
        for arn in &session.policy_arns {
            placed.extend(self.managed(PolicyKind::Session, arn, &of));
        }
        let passed = session.policy.is_some() || !session.policy_arns.is_empty();
        if passed || session.kind == SessionKind::GetFederationToken {
            self.policies.session = Some(placed);
        }
    }

    /// SCPs and RCPs; neither binds the management account.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub(super) fn guards(&mut self) {
        let Some(guards) = self.account.guards.as_ref().filter(|guards| !guards.management_account) else {
            return;
        };
        for level in &guards.scps {
            let placed = level.iter().filter_map(|(name, text)| {
                let name = format!("service control policy `{name}`");
                self.place(PolicyKind::ServiceControl, name, text)
            });
            let placed = placed.collect();
            self.policies.service_control.push(placed);
        }
        for (name, text) in &guards.rcps {
            let placed = self.place(
                PolicyKind::ResourceControl,
                format!("resource control policy `{name}`"),
                text,
            );
            self.policies.resource_control.extend(placed);
        }
    }

    /// Principal tags: the session's override those of its user or role.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
    pub(super) fn tags(&self, session: Option<&Session>) -> Tags {
        let mut tags = self.tags.clone();
        tags.extend(session.map(|session| session.tags.clone()).unwrap_or_default());
        tags
    }
}

pub(super) fn place(kind: PolicyKind, name: String, text: &PolicyText) -> Result<Placed, Gap> {
    match text.parse() {
        Ok(document) => Ok(Placed {
            source: Source {
                kind,
                name: name.into(),
            },
            document,
        }),
        Err(error) => Err(Gap::Unsupported(format!("{name}: {error}"))),
    }
}

/// What stands on `resource`: a role's trust policy for sts:AssumeRole, a bucket's for its objects, any other resource's own.
pub(super) fn on_resource(account: &Account, action: &str, resource: &str) -> OnResource {
    let mut on = OnResource {
        must_allow: resource_must_allow(action, resource),
        ..OnResource::default()
    };
    let lower = action.to_ascii_lowercase();
    let Ok(arn) = resource.parse::<Arn>() else {
        return on;
    };
    if on.must_allow && lower.starts_with("sts:") {
        trust_policy(account, &arn, &mut on);
        return on;
    }
    let foreign = grantor(&arn).is_some_and(|owner| owner != account.id);
    let policy = owner_of(account, &arn).and_then(|(owner, resource)| Some((owner, resource.policy.as_ref()?)));
    match policy {
        Some((owner, text)) => match place(PolicyKind::Resource, format!("policy of `{owner}`"), text) {
            Ok(placed) => on.policies.push(placed),
            Err(gap) => on.gaps.push(gap),
        },
        None if foreign => on
            .gaps
            .push(Gap::Unread(format!("policies of account {}", foreign_account(&arn)))),
        None if on.must_allow && account.resources.is_none() => {
            on.gaps.push(Gap::Unread(format!("the policy of `{arn}`")))
        }
        None => {}
    }
    on
}

/// The account whose policies bear on a resource. Organizations' resources carry the management account's number, and who of another
/// account may call it is no question of policies on them: it is a delegated administrator, or it isn't.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html>
pub(super) fn grantor(arn: &Arn) -> Option<AccountId> {
    arn.account().filter(|_| arn.service() != "organizations")
}

fn foreign_account(arn: &Arn) -> String {
    arn.account().map(|account| account.to_string()).unwrap_or_default()
}

fn trust_policy(account: &Account, arn: &Arn, on: &mut OnResource) {
    if arn.account().as_ref() != Some(&account.id) {
        on.gaps
            .push(Gap::Unread(format!("the trust policy of `{arn}`, in another account")));
    } else if let Some(PrincipalArn::Role(name)) = PrincipalArn::of(arn)
        && let Some(role) = account.roles.get(&name).filter(|role| account.role_arn(role) == *arn)
    {
        match place(
            PolicyKind::Resource,
            format!("trust policy of role `{name}`"),
            &role.trust,
        ) {
            Ok(placed) => on.policies.push(placed),
            Err(gap) => on.gaps.push(gap),
        }
    }
}

/// The known resource whose policy bears on `arn`: of an object its bucket's.
fn owner_of<'a>(account: &'a Account, arn: &Arn) -> Option<(&'a Arn, &'a crate::account::Resource)> {
    let resources = account.resources.as_ref()?;
    let exact = resources.get_key_value(arn);
    exact.or_else(|| {
        let owner: Arn = match arn.service() {
            "s3" => arn.as_str().split('/').next()?.parse().ok()?,
            _ => return None,
        };
        resources.get_key_value(&owner)
    })
}
