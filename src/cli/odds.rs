//! The odds of a plan against somebody who fights back: played where the plan is made to be read, never while somebody waits for a cut.

use super::Desk;
use super::args::{Choice, Race};
use super::door::lag;
use super::exit::Failure;
use super::intruder::script;
use super::prepare::{Prepared, playbook};
use super::world::World;
use crate::collect;
use crate::rehearse::{Odds, Racing, race};

/// Plays the fights that are asked for.
pub(super) async fn odds(
    desk: &Desk,
    world: &World,
    choice: &Choice,
    prepared: &Prepared,
    asked: &Race,
) -> Result<Option<Odds>, Failure> {
    if asked.odds == 0 {
        return Ok(None);
    }
    let (script, playbook) = (script(&asked.against)?, playbook(&choice.playbook)?);
    let lag = lag(asked)?;
    desk.terminal.status(&format!(
        "playing {} fights of each order on a twin (--odds 0 plays none)",
        asked.odds
    ));
    let caller = collect::caller(world.clients()).await?;
    let signing = world.clients().signing_key();
    let racing = Racing {
        plan: prepared.rehearsed.plan(),
        playbook: &playbook,
        account: &prepared.collected.account,
        caller: &caller,
        signing_key: signing.as_ref(),
        now: world.clients().now(),
        script: &script,
        lag: &lag,
    };
    // A plan is worth having without them.
    match race(racing, asked.odds, &asked.odds_lag) {
        Ok(odds) => Ok(Some(odds)),
        Err(error) => {
            let line = format!("no odds are told: a fight could not be played to its end: {error}");
            desk.terminal.urgent(&line);
            Ok(None)
        }
    }
}
