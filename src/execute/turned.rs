//! Who turned something round while a question stood: the trail may tell it by then, since a question stands for as long as a person thinks.

use super::{ExecuteError, Run};
use crate::action::Change;
use crate::collect;
use crate::ids::StepId;
use crate::journal::turned_round;
use crate::plan::{caller, reversals_since, turned_round_in};
use crate::time::Moment;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;

/// For so long the trail is asked, while everything is looked after: a person waits.
const AT_MOST: Duration = Duration::from_secs(5);

impl Run<'_> {
    /// Tells who turned round what the journal has as turned round from entry number `from` on, as far as the trail shows it by now. It is asked for the calls
    /// that do such things, by whomever: whose credentials they were is what nobody knows.
    pub(super) async fn tell_who(&mut self, from: usize) -> Result<(), ExecuteError> {
        let turned = turned_round(self.journal.entries(), from).into_iter();
        let turned = turned.filter_map(|one| Some((one.step.clone(), one.at, one.change?.clone())));
        let turned: Vec<(StepId, Moment, Change)> = turned.collect();
        let changes = turned.iter().map(|(_, at, change)| (change, *at));
        let Some((calls, since)) = reversals_since(changes) else {
            return Ok(());
        };
        let clients = self.world.clients();
        let partition = self.family.account.partition.clone();
        let asked = async {
            let events = pin!(collect::iam_calls(clients, &partition, since, &calls));
            match select(events, pin!(clients.rest(AT_MOST))).await {
                Either::Left((events, _)) => events.ok(),
                Either::Right(_) => None,
            }
        };
        // What can't be told now the end of the run tells.
        let events = self.look_after(Box::pin(asked)).await?.flatten().unwrap_or_default();
        for (step, at, change) in turned {
            if let Some(event) = turned_round_in(&events, &change, at) {
                let by = format!("{} with {}", caller(event), event.name);
                self.hooks.turned_round(&step, &by);
            }
        }
        Ok(())
    }
}
