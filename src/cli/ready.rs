//! `oust ready`: whether the responder could trace and contain, before there is an incident; and templates of what to deploy. Changes nothing.

use super::Desk;
use super::args::{ReadyArgs, TemplateForm};
use super::exit::{Exit, Failure};
use super::world::World;
use crate::account::Account;
use crate::collect::{self, Caller, Collected, DETAILS, Kept, NameError, Scope, Simulated, Table, Trails, checked};
use crate::ids::{AccessKeyId, Arn, PrincipalArn};
use crate::mount::{AwsError, Clients, Trouble};
use crate::ready::{Facts, ORGANIZATION_CALLS, Readiness, State, administrators, asked, readiness, template};
use crate::rehearse::stand_in;
use crate::report;
use crate::twin::State as TwinState;
use crate::verdict::Standing;
use std::collections::{BTreeMap, BTreeSet};

/// How many administrators are asked what they sign in with.
const MOST_ADMINISTRATORS: usize = 25;

pub(super) async fn ready(desk: &Desk, args: ReadyArgs) -> Result<Exit, Failure> {
    if let Some(form) = args.template {
        let text = match form {
            TemplateForm::Cloudformation => template::cloudformation(),
            TemplateForm::CloudformationQueries => template::queries_of_cloudformation(),
            TemplateForm::Terraform => template::terraform(),
        };
        // CloudFormation's are JSON whatever the format; Terraform's language is one text in it, as the query of --print-sql is.
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(_) => desk.terminal.result(text.trim_end())?,
            Err(_) => desk.result(|| text.trim_end().to_owned(), &text)?,
        }
        if form == TemplateForm::Cloudformation {
            desk.terminal
                .status("the detections that need more than one event are queries: --template cloudformation-queries");
        }
        return Ok(Exit::Success);
    }
    let table = table(&args)?;
    let world = World::mount(&args.world, "ready").await?;
    let found = judged(desk, &world, &args, table).await?;
    desk.result(|| report::readiness(&found, desk.paint()), &found)?;
    desk.list_calls(world.clients());
    Ok(match found.state {
        State::Ready => Exit::Success,
        State::Unknown | State::NotReady => Exit::NotContained,
    })
}

/// The workgroup and the table that the arguments name.
fn table(args: &ReadyArgs) -> Result<Option<(String, Table)>, Failure> {
    let (Some(workgroup), Some(name)) = (&args.athena, &args.table) else {
        return Ok(None);
    };
    let garbled = |error: NameError| Failure::new(Exit::Usage, "athena.garbled", format!("{error}; nothing was asked"));
    let workgroup = checked(workgroup).map_err(garbled)?;
    let table = Table::named(name).map_err(garbled)?;
    Ok(Some((workgroup, table)))
}

async fn judged(
    desk: &Desk,
    world: &World,
    args: &ReadyArgs,
    table: Option<(String, Table)>,
) -> Result<Readiness, Failure> {
    let clients = world.clients();
    let caller = collect::caller(clients).await?;
    desk.terminal.status("reading the account: nothing is changed");
    let nobody = || BTreeSet::new();
    let around = Scope::Around {
        users: nobody(),
        roles: nobody(),
    };
    let mut collected = match collect::account(clients, around).await {
        // What can't be read is a row of the table.
        Err(error) if error.trouble == Trouble::AccessDenied => collect::unread(&caller, error),
        other => other?,
    };
    let is_read = !collected.unread.iter().any(|unread| unread.error.operation == DETAILS);
    collect::organization(clients, &mut collected).await;
    collected
        .notes
        .iter()
        .for_each(|note| desk.terminal.status(&format!("note: {note}")));
    let who = match (is_read, args.responder.as_deref()) {
        (false, Some(named)) => by_name(&collected.account, named)?,
        (_, named) => responder(&collected.account, &caller, named)?,
    };
    let signs = collected.account.principal_arn(&caller.arn).as_ref() == Some(&who) || who == caller.arn;
    desk.terminal.status("asking CloudTrail in every Region");
    let only = args.regions.iter().cloned().collect();
    let trails = collect::trails(clients, &only).await;
    collected.account.trails.clone_from(&trails.trails);
    let kept = kept(clients, &collected.account, &trails).await;
    let reachable = match &table {
        Some((workgroup, table)) => Some((
            args.table.as_deref(),
            collect::Athena::reachable(clients, workgroup, table.clone()).await,
        )),
        None => None,
    };
    passwords(clients, &mut collected, &who).await;
    let simulated = simulated(clients, &collected.account, &who).await;
    let organizer = organizer(clients, &collected.account).await;
    let delegation = match is_delegated(&collected.account) {
        true => Some(collect::delegation(clients).await.map_err(|error| error.to_string())),
        false => None,
    };
    let nothing = format!("the account was not read: {DETAILS} was refused");
    let seen = Seen::of(
        &collected.account,
        &caller,
        clients.signing_key().filter(|_| signs).as_ref(),
        &who,
        signs,
        clients,
    );
    let standing = match is_read {
        true => seen.standing(clients),
        false => Err(nothing),
    };
    let facts = Facts {
        account: &collected.account,
        responder: &who,
        standing: standing.as_ref().map_err(String::as_str),
        signs,
        twin: matches!(world, World::Twin { .. }),
        trails: &trails,
        kept: &kept,
        table: reachable.as_ref().and_then(|(name, asked)| Some(((*name)?, asked))),
        simulated: simulated.as_ref().map_err(String::as_str),
        organizer: organizer.as_ref().map_err(String::as_str),
        delegation: delegation
            .as_ref()
            .map(|read| read.as_ref().map(Option::as_ref).map_err(String::as_str)),
        unread: &collected.unread,
        now: clients.now(),
    };
    Ok(readiness(facts))
}

/// Who will respond: who signs, or whom the arguments name.
fn responder(account: &Account, caller: &Caller, named: Option<&str>) -> Result<Arn, Failure> {
    let Some(named) = named else {
        return Ok(account.principal_arn(&caller.arn).unwrap_or_else(|| caller.arn.clone()));
    };
    let by_arn = named.parse::<Arn>().ok().and_then(|arn| account.principal_arn(&arn));
    let (kind, path) = named.split_once('/').unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let by_name = match kind {
        "user" => account.users.get(name).map(|user| account.user_arn(user)),
        "role" => account.roles.get(name).map(|role| account.role_arn(role)),
        _ => None,
    };
    by_arn.or(by_name).ok_or_else(|| {
        let message = format!(
            "account {} has no user or role `{named}`; nothing was checked",
            account.id
        );
        Failure::new(Exit::Usage, "ready.responder", message).hint("give an ARN, user/NAME or role/NAME")
    })
}

/// Whom the arguments name in an account of which nothing was read.
fn by_name(account: &Account, named: &str) -> Result<Arn, Failure> {
    let resource = format!("arn:{}:iam::{}:{named}", account.partition, account.id);
    let arn = named.parse().or_else(|_| resource.parse()).ok();
    let is_one = |arn: &Arn| {
        matches!(
            PrincipalArn::of(arn),
            Some(PrincipalArn::User(_) | PrincipalArn::Role(_))
        )
    };
    arn.filter(is_one).ok_or_else(|| {
        let message = format!("`{named}` names no user or role; nothing was checked");
        Failure::new(Exit::Usage, "ready.responder", message).hint("give an ARN, user/NAME or role/NAME")
    })
}

/// The buckets of the trails, each once.
async fn kept(clients: &Clients, account: &Account, trails: &Trails) -> Vec<Kept> {
    let organization = account
        .organization
        .as_ref()
        .map(|organization| organization.id.as_str());
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for trail in trails.trails.iter().flatten() {
        let Some(bucket) = &trail.bucket else { continue };
        if seen.insert((bucket, &trail.prefix, trail.organization)) {
            found.push(collect::kept(clients, trail, bucket, &account.id, organization).await);
        }
    }
    found
}

/// What other administrators sign in with.
async fn passwords(clients: &Clients, collected: &mut Collected, who: &Arn) {
    let able = administrators(&collected.account, who, clients.now());
    let names = able.iter().filter_map(|(arn, _)| match PrincipalArn::of(arn) {
        Some(PrincipalArn::User(name)) => Some(name),
        _ => None,
    });
    let names: Vec<String> = names.take(MOST_ADMINISTRATORS).collect();
    for name in names {
        let held = collect::credentials(clients, &name, &mut collected.unread).await;
        if let Some(user) = collected.account.users.get_mut(&name) {
            user.credentials = Some(held);
        }
    }
}

async fn simulated(clients: &Clients, account: &Account, who: &Arn) -> Result<BTreeMap<String, Simulated>, String> {
    match PrincipalArn::of(who) {
        Some(PrincipalArn::User(_) | PrincipalArn::Role(_)) => {}
        _ => return Err(format!("it simulates users and roles, and {who} is neither")),
    }
    let said = collect::simulated(&clients.iam, who, &asked(account)).await;
    said.map_err(|error| error.to_string())
}

/// Who acts for the organization, where he is no principal of the management account.
fn is_delegated(account: &Account) -> bool {
    let organization = account.organization.as_ref();
    let acting = organization.and_then(|organization| Some((organization, organization.responder.as_ref()?)));
    acting.is_some_and(|(organization, acting)| {
        acting.in_organization.account().as_ref() != Some(&organization.management_account)
    })
}

/// What AWS's simulator says of who acts for the organization, in his own account.
async fn organizer(clients: &Clients, account: &Account) -> Result<BTreeMap<String, Simulated>, String> {
    let organization = account.organization.as_ref().ok_or("there is no organization")?;
    let acting = organization.responder.as_ref().ok_or("nobody is known who may act")?;
    // Without a profile of its own it is the responder who acts.
    let iam = clients.organizations_iam().unwrap_or_else(|| clients.iam.clone());
    let of = &acting.in_organization;
    let source = match PrincipalArn::of(of) {
        // A session's ARN lacks the role's path.
        Some(PrincipalArn::RoleSession { role, .. }) => {
            let found = iam.get_role().role_name(&role).send().await;
            let found = found.map_err(|error| AwsError::of("iam:GetRole", error).to_string())?;
            let arn = found.role().and_then(|role| role.arn().parse().ok());
            arn.ok_or("the answer has no ARN of the role")?
        }
        _ => of.clone(),
    };
    let calls = ORGANIZATION_CALLS.map(|call| (call.to_owned(), vec!["*".to_owned()]));
    let said = collect::simulated(&iam, &source, &calls).await;
    said.map_err(|error| error.to_string())
}

/// The responder in a twin of the account.
enum Seen<'a> {
    /// Who signs, with a key that stands in for his.
    Signing(Box<TwinState>, AccessKeyId, Option<String>),
    /// Another user or role.
    Named(&'a Account, &'a Arn),
}

impl<'a> Seen<'a> {
    fn of(
        account: &'a Account,
        caller: &Caller,
        signing: Option<&AccessKeyId>,
        who: &'a Arn,
        signs: bool,
        clients: &Clients,
    ) -> Self {
        if !signs {
            return Seen::Named(account, who);
        }
        let mut state = TwinState::new(account.clone(), Vec::new(), 1);
        let standin = stand_in(&mut state, caller, signing, clients.now());
        Seen::Signing(Box::new(state), standin.key, standin.unchecked)
    }

    /// His rights as policies see them. Whether a session was given MFA is not known.
    fn standing(&self, clients: &Clients) -> Result<Standing<'_>, String> {
        let now = clients.now();
        let mut standing = match self {
            Seen::Signing(_, _, Some(why)) => return Err(why.clone()),
            Seen::Signing(state, key, None) => {
                Standing::of(&state.account, &state.mint.sessions, key, now).map_err(|dead| dead.to_string())?
            }
            Seen::Named(account, arn) => match PrincipalArn::of(arn) {
                Some(PrincipalArn::User(name)) => match account.users.get(&name) {
                    Some(user) => Standing::of_user(account, user),
                    None => return Err("there is no such user".to_owned()),
                },
                Some(PrincipalArn::Role(name)) => match account.roles.get(&name) {
                    Some(role) => Standing::of_fresh_role(account, role, now),
                    None => return Err("there is no such role".to_owned()),
                },
                _ => return Err("it is no user or role".to_owned()),
            },
        };
        if standing.session.is_some() {
            standing.context.unset("aws:MultiFactorAuthPresent");
            standing.context.unset("aws:MultiFactorAuthAge");
        }
        Ok(standing)
    }
}
