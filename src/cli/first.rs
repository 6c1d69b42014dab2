//! The first wave: what needs no tracing. The key off and a deny on its user stop the bleeding while the trail is still to be read.
//!
//! One call tells whose the key is, the next ones cut: everything else waits. What is known by then is the user's name alone, so the rehearsal is one
//! on an account with that user in it, and a key that was active; the plan that follows is made on the account as it is read afterwards. But the journal
//! tells what really was there, or undo would give back what never was: an inactive key is off whoever cuts it once more, so its cut goes out unlooked, and
//! what it was is read beside it; a policy of the playbook's name may be somebody else's, so the deny goes out when that was read beside the key's cut.

use super::Desk;
use super::args::RunArgs;
use super::console::{Console, Mode};
use super::exit::Failure;
use super::folder::{Begun, Case, Lock};
use super::guarded::guarded;
use super::prepare::{first_asked, playbook, signs};
use super::run::{carry_out, open};
use super::world::{World, wall_clock};
use crate::account::{AccessKey, Account, Credentials, Holder, KeyStatus, User};
use crate::action::{Action, Member, Setting};
use crate::collect::{self, Caller};
use crate::execute::Family;
use crate::ids::{AccessKeyId, KeyKind, PrincipalArn, StepId};
use crate::journal::{Finish, Journal};
use crate::lineage::trace;
use crate::plan::{Facts, Plan, Step, plan};
use crate::playbook::{End, Playbook, Verb, Which};
use crate::rehearse::{Rehearsed, family, rehearse};
use crate::time::Moment;
use crate::trail::Evidence;
use std::collections::{BTreeMap, BTreeSet};

/// What precedes the IDs of these steps.
const LEAD: &str = "f-";

/// A case that began with a first wave.
pub(super) struct Opened {
    pub(super) case: Case,
    pub(super) lock: Lock,
    pub(super) journal: Journal,
    pub(super) finish: Finish,
    pub(super) interrupted: bool,
    rehearsed: Rehearsed,
}

impl Opened {
    /// Does `work`, and looks after what was cut meanwhile, unless the first wave ended otherwise.
    pub(super) async fn guarded<T>(
        &mut self,
        desk: &Desk,
        world: &World,
        mode: Mode,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if self.interrupted || self.finish != Finish::Completed {
            return work.await;
        }
        guarded(
            desk,
            world,
            &self.case,
            &mut self.journal,
            self.rehearsed.plan(),
            mode,
            work,
        )
        .await
    }
}

/// Cuts at once what can be cut without tracing, if there is anything. `None` where there is not: an ASIA key, a key of nobody here, a playbook
/// without these steps, the caller's own user.
pub(super) async fn first_wave(
    desk: &Desk,
    world: &World,
    args: &RunArgs,
    keys: &[AccessKeyId],
) -> Result<Option<Opened>, Failure> {
    let Some(rehearsed) = known_at_once(desk, world, args, keys).await? else {
        return Ok(None);
    };
    let begun = Begun {
        sources: args.sources.lasting(),
        choice: args.choice.lasting(),
    };
    let case = Case::create(&args.folder.cases, keys, wall_clock())?;
    let lock = case.lock()?;
    case.write("run.json", &begun)?;
    let mut journal = open(&case, world, &rehearsed)?;
    desk.terminal
        .status(&format!("case {} in {}", case.id, case.path.display()));
    desk.terminal
        .status("first wave, before anything is traced: what can be cut at once, and undone");
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
    let steps = rehearsed.plan().steps.len();
    let mut console = Console::new(desk, &case, mode, steps, world.clients().now());
    // Whoever asks a person looks first: he takes longer than a look.
    let at_once = match mode {
        Mode::Beforehand => keys_off(rehearsed.plan()).collect(),
        Mode::Asked => BTreeSet::new(),
    };
    let family = Family {
        at_once,
        ..family(rehearsed.plan())
    };
    let finish = carry_out(world, &rehearsed, family, &mut journal, &mut console).await?;
    Ok(Some(Opened {
        finish,
        interrupted: console.was_interrupted(),
        case,
        lock,
        journal,
        rehearsed,
    }))
}

/// The plan of the first wave, rehearsed on what one call tells.
async fn known_at_once(
    desk: &Desk,
    world: &World,
    args: &RunArgs,
    keys: &[AccessKeyId],
) -> Result<Option<Rehearsed>, Failure> {
    let World::Live { .. } = world else {
        return Ok(None);
    };
    // Whoever may act in the organization begins with the policy that nobody in the account can take away.
    if args.world.organizations_profile.is_some() {
        return Ok(None);
    }
    let Some(short) = at_once(&playbook(&args.choice.playbook)?) else {
        return Ok(None);
    };
    if keys.is_empty() || keys.iter().any(|key| key.kind() != KeyKind::LongTerm) {
        return Ok(None);
    }
    let clients = world.clients();
    let owners = futures_util::future::join_all(keys.iter().map(|key| collect::user_of(clients, key)));
    let (caller, owners) = futures_util::join!(first_asked(clients), owners);
    let caller = caller?;
    signs(desk, world, &caller);
    let mut owned = Vec::new();
    for (key, owner) in keys.iter().zip(owners) {
        // Whatever the trouble is, the way with all its questions meets it again and tells it.
        match owner {
            Ok(Some(user)) => owned.push((user, key.clone())),
            _ => return Ok(None),
        }
    }
    let signing = clients.signing_key();
    let own = signing.as_ref().is_some_and(|signing| keys.contains(signing));
    let himself = match PrincipalArn::of(&caller.arn) {
        Some(PrincipalArn::User(name)) => owned.iter().any(|(user, _)| *user == name),
        Some(PrincipalArn::Root) => true,
        _ => false,
    };
    if own || himself {
        return Ok(None);
    }
    let account = account(&caller, &owned);
    let plan = made(&short, keys, &owned, &account, clients.now());
    let rehearsed = rehearse(plan, &account, &caller, signing.as_ref(), clients.now()).await;
    Ok(rehearsed.ok())
}

/// The steps that make a key inactive.
fn keys_off(plan: &Plan) -> impl Iterator<Item = StepId> {
    let off = |step: &&Step| match &step.action {
        Action::Change { change } => {
            matches!(change.member, Member::AccessKey { .. }) && change.to == Setting::Status(KeyStatus::Inactive)
        }
        _ => false,
    };
    plan.steps.iter().filter(off).map(|step| step.id.clone())
}

/// The steps of a playbook that need no tracing. `None` where it doesn't contain them both.
fn at_once(playbook: &Playbook) -> Option<Playbook> {
    let wanted = |verb: &Verb| {
        matches!(
            verb,
            Verb::DeactivateAccessKeys(Which::Compromised) | Verb::DenyUser { .. }
        )
    };
    let steps: Vec<_> = playbook
        .steps
        .iter()
        .filter(|step| wanted(&step.verb))
        .cloned()
        .collect();
    let both = steps.iter().any(|step| matches!(step.verb, Verb::DenyUser { .. }))
        && steps
            .iter()
            .any(|step| matches!(step.verb, Verb::DeactivateAccessKeys(_)));
    both.then(|| Playbook {
        steps,
        ..playbook.clone()
    })
}

/// An account in which nothing is known but whose the keys are.
fn account(caller: &Caller, owned: &[(String, AccessKeyId)]) -> Account {
    let mut account = Account::empty(caller.account.clone());
    account.partition = caller.arn.partition().to_owned();
    for (name, key) in owned {
        let user = account.users.entry(name.clone()).or_insert_with(|| User {
            name: name.clone(),
            path: "/".to_owned(),
            id: String::new(),
            created: Moment::from_millis(0),
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            groups: BTreeSet::new(),
            credentials: Some(Credentials::default()),
        });
        if let Some(held) = &mut user.credentials {
            held.access_keys.push(AccessKey {
                id: key.clone(),
                status: KeyStatus::Active,
                created: Moment::from_millis(0),
                last_used: None,
            });
        }
    }
    account
}

fn made(
    playbook: &Playbook,
    keys: &[AccessKeyId],
    owned: &[(String, AccessKeyId)],
    account: &Account,
    now: Moment,
) -> Plan {
    let mut lineage = trace(&Evidence::default(), keys);
    for (name, key) in owned {
        let holder = Holder::User {
            name: name.clone(),
            id: String::new(),
        };
        lineage.held_by(key, holder, account.id.clone());
    }
    let facts = Facts {
        account,
        lineage: &lineage,
        bystanders: &[],
    };
    let mut plan = plan(playbook, End::Contain, facts, now);
    // How the user really was is read for the plan that follows.
    plan.basis = Account::empty(account.id.clone());
    plan.basis.partition.clone_from(&account.partition);
    // Whatever fails here is done, or told, by the plan that follows.
    plan.steps = plan
        .steps
        .into_iter()
        .filter_map(|step| {
            Some(Step {
                id: format!("{LEAD}{}", step.id).parse().ok()?,
                required: false,
                ..step
            })
        })
        .collect();
    plan
}
