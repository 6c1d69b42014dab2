//! `oust undo`: a plan read backwards from the journal, rehearsed, asked for, and carried out into the same case.

use super::Desk;
use super::args::UndoArgs;
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::prepare::missing;
use super::run::{carry_out, rehearsed_well};
use super::world::{World, wall_clock};
use crate::account::KeyStatus;
use crate::collect::{self, Scope};
use crate::ids::StepId;
use crate::journal::Finish;
use crate::lineage::Kind;
use crate::rehearse::{family, rehearse};
use crate::report;
use crate::undo::{Care, undo as reverse};

pub(super) async fn undo(desk: &Desk, args: UndoArgs) -> Result<Exit, Failure> {
    let case = Case::open(&args.folder.cases, &args.case)?;
    let _lock = case.lock()?;
    let (entries, mut plan) = (case.entries()?, case.plan()?);
    let only: Option<StepId> = match &args.step {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|error: crate::ids::IdError| Failure::new(Exit::Usage, "step.garbled", error.to_string()))?,
        ),
    };
    let world = World::mount(&args.world, &format!("undo-{}", wall_clock().basic())).await?;
    let caller = collect::caller(world.clients()).await?;
    let users = plan.basis.users.keys().cloned().collect();
    let roles = plan.basis.roles.keys().cloned().collect();
    let mut collected = collect::account(world.clients(), Scope::Around { users, roles }).await?;
    collect::organization(world.clients(), &mut collected).await;
    let now = world.clients().now();
    let members = || plan.lineage.credentials.iter();
    let active = |key| {
        collected
            .account
            .owner_of_key(key)
            .is_some_and(|(_, held)| held.status == KeyStatus::Active)
    };
    let care = Care {
        leaked: members()
            .filter(|member| member.kind == Kind::LongTerm)
            .map(|member| member.key.clone())
            .collect(),
        lineage_alive: members().any(|member| match member.kind {
            Kind::LongTerm => active(&member.key),
            _ => member.has_expired(now) != Some(true),
        }),
        named: only.iter().cloned().collect(),
    };
    let undoing = reverse(&entries, &collected.account, &care, only.as_ref());
    for left in &undoing.left {
        desk.terminal.status(&format!(
            "left as it is: step {} ({}): {}",
            left.step, left.did, left.why
        ));
    }
    if undoing.steps.is_empty() {
        desk.result(|| "nothing to undo".to_owned(), &undoing)?;
        return Ok(Exit::Success);
    }
    plan.steps = undoing.steps;
    let rehearsed = rehearse(
        plan,
        &collected.account,
        &caller,
        world.clients().signing_key.as_ref(),
        now,
    )
    .await
    .map_err(|error| Failure::new(Exit::Failure, "rehearsal", error.to_string()))?;
    if !(args.yes || desk.terminal.can_ask()) {
        desk.result(|| report::plan(&rehearsed, desk.paint()), &rehearsed)?;
        desk.terminal
            .status("no terminal to ask at and no --yes: this was a dry run; nothing was changed");
        return Ok(Exit::Success);
    }
    if let Some(failure) = missing(&rehearsed) {
        return Err(failure);
    }
    rehearsed_well(&rehearsed)?;
    let mut journal = case.go_on()?;
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
    let mut console = Console::new(desk, &case, mode, rehearsed.plan().steps.len(), now);
    let finish = carry_out(&world, &rehearsed, family(rehearsed.plan()), &mut journal, &mut console).await?;
    desk.result(
        || {
            format!(
                "undo {}",
                match &finish {
                    Finish::Completed => "is done".to_owned(),
                    Finish::Stopped { before } => format!("stopped before step {before}"),
                    Finish::Failed { at } => format!("failed at step {at}"),
                    Finish::Diverged { at } => format!("diverged at step {at}"),
                }
            )
        },
        &finish,
    )?;
    desk.list_calls(world.clients());
    Ok(match finish {
        Finish::Completed => Exit::Success,
        Finish::Stopped { .. } if console.was_interrupted() => Exit::Interrupted,
        Finish::Stopped { .. } => Exit::Stopped,
        Finish::Failed { .. } => Exit::Aws,
        Finish::Diverged { .. } => Exit::Diverged,
    })
}
