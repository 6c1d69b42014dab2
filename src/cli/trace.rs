//! `oust trace`: read-only.

use super::Desk;
use super::args::TraceArgs;
use super::athena::printed;
use super::evidence::understood;
use super::exit::{Exit, Failure};
use super::keys::keys;
use super::prepare::{account, traced};
use super::world::{World, wall_clock};
use crate::account::Account;
use crate::journal::Judgement;
use crate::lineage::Lineage;
use crate::plan::outlook;
use crate::rehearse::judge;
use crate::report::{self, Known, Remaining};
use crate::time::Moment;
use crate::verdict::{Verdict, left};

pub(super) async fn trace(desk: &Desk, args: TraceArgs) -> Result<Exit, Failure> {
    if let Some(exit) = printed(desk, &args)? {
        return Ok(exit);
    }
    understood(&args.sources)?;
    let keys = keys(desk, &args.keys, &args.sources)?;
    let world = match args.offline {
        true => None,
        false => Some(World::mount(&args.world, "trace").await?),
    };
    let mut traced = traced(desk, world.as_ref(), &args.sources, &keys).await?;
    let (mut verdicts, mut could, mut remaining) = (None, None, Vec::new());
    let mut at = wall_clock();
    let mut unread = None;
    if let Some(world) = &world {
        at = world.clients().now();
        match account(world, &mut traced).await {
            Ok(collected) => {
                let judged = judge(&collected.account, &traced.lineage, at);
                remaining = still_allowed(&judged, &traced.lineage, &collected.account, at);
                verdicts = Some(judged);
                could = Some(outlook(&traced.lineage, &collected.account, at));
            }
            Err(failure) => {
                let unknown = format!("what each credential can do: {}", failure.message);
                traced
                    .origins
                    .iter_mut()
                    .for_each(|origin| origin.unknown.push(unknown.clone()));
                unread = Some(failure);
            }
        }
    }
    let is_live = matches!(world, Some(World::Live { .. }));
    let known = Known {
        origins: traced.origins,
        lineage: traced.lineage,
        verdicts,
        remaining,
        outlook: could,
        bystanders: traced.bystanders,
        at,
    };
    desk.result(|| report::trace(&known, desk.paint()), &known)?;
    if let Some(world) = &world {
        desk.list_calls(world.clients());
    }
    let covered = &known.lineage.coverage;
    // Of files that hold nothing that can be read, nobody knows what they would have told.
    let is_all_damaged = world.is_none() && covered.events == 0 && !covered.damage.is_empty();
    let is_trail_unread = is_live && covered.is_nothing() || is_all_damaged;
    Ok(match (unread, is_trail_unread) {
        (None, false) => Exit::Success,
        // Half of it is a result, and what it says nothing of is told.
        (None, true) | (Some(_), false) => Exit::NotContained,
        (Some(failure), true) => {
            let message = format!("neither trail nor account could be looked at: {}", failure.message);
            return Err(Failure { message, ..failure });
        }
    })
}

/// Credentials that are looked at service by service; what more of a large family may do is told by its verdicts.
const MOST_REMAINING: usize = 20;

/// What is left to the members that are still alive, by service.
fn still_allowed(judged: &[Judgement], lineage: &Lineage, account: &Account, at: Moment) -> Vec<Remaining> {
    let sessions = lineage.sessions();
    let alive = judged
        .iter()
        .filter(|one| matches!(one.verdict, Verdict::Allowed { .. }));
    let each = alive.take(MOST_REMAINING).map(|one| Remaining {
        label: one.label.clone(),
        services: left(account, &sessions, &one.key, at),
    });
    each.collect()
}
