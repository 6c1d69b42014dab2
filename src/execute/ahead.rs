//! Cuts that wait for no look: they harm nothing where they were made already, and a round trip counts.
//!
//! What was there is read beside them, so that undo gives back what really was; until that is answered the journal says that it was so already, which undo
//! may believe without harm. An answer that may come from behind the cut is written down as one.

use super::wave::{Looked, look};
use super::{Consent, ExecuteError, Next, Run, stopped};
use crate::action::{Action, Setting};
use crate::journal::{Event, Finish};
use crate::mount::AwsError;
use crate::plan::Step;
use std::cell::Cell;
use std::time::Duration;

/// How long a cut that waits for no look lets the look that goes out beside it go ahead, in milliseconds: what is answered to a look that was sent first is
/// what was there before, most likely. What shows the cut made, and was answered after the cut was sent, is from before it or from behind it.
const HEAD_START_MILLIS: u64 = 10;

impl Run<'_> {
    /// The steps that wait for no look, agreed to; and how the run ends, where somebody says so. That their members were so already is all that their
    /// intents can say: it is what undo may believe without harm.
    pub(super) fn ahead(&mut self, steps: &[Step]) -> Result<(Vec<Looked>, Option<Finish>), ExecuteError> {
        let mut ahead = Vec::new();
        for step in steps {
            let Action::Change { change } = &step.action else {
                continue;
            };
            if !self.family.at_once.contains(&step.id) {
                continue;
            }
            self.hooks.starts(step);
            match self.hooks.consent(step, None) {
                Consent::Stop => match stopped(step) {
                    Next::End(finish) => return Ok((Vec::new(), Some(finish))),
                    Next::GoOn => continue,
                },
                Consent::Skip => self.note(Event::Declined { step: step.id.clone() })?,
                Consent::Yes(how) => {
                    self.note(Event::Agreed {
                        step: step.id.clone(),
                        how,
                    })?;
                    ahead.push(Looked {
                        step: step.clone(),
                        change: change.clone(),
                        before: change.to.clone(),
                    });
                }
            }
        }
        Ok((ahead, None))
    }

    /// Calls for what goes `ahead` and reads the members of all steps beside that. Gives those of the others.
    pub(super) async fn beside(
        &mut self,
        ahead: Vec<Looked>,
        steps: &[Step],
    ) -> Result<Vec<(Step, Result<Setting, AwsError>)>, ExecuteError> {
        let world = self.world;
        let (to_look_at, answered) = (self.to_look_at(steps), Cell::new(false));
        let looks = async {
            let found = look(world.clients(), to_look_at).await;
            answered.set(true);
            found
        };
        let cuts = async {
            world.clients().rest(Duration::from_millis(HEAD_START_MILLIS)).await;
            (answered.get(), self.call(&ahead).await)
        };
        let (found, (is_from_before, sent)) = futures_util::join!(looks, cuts);
        let (mut made, mut refused) = sent?;
        let (of_ahead, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(step, _)| self.family.at_once.contains(&step.id));
        for (step, found) in of_ahead {
            // What cannot be read stays as the intent says.
            let Ok(before) = found else { continue };
            let known = made.iter_mut().map(|(looked, _)| looked);
            let mut unsure = false;
            for looked in known.chain(refused.iter_mut().map(|(looked, _)| looked)) {
                if looked.step.id == step.id {
                    looked.before = before.clone();
                    unsure = !is_from_before && before.same_as(&looked.change.to);
                }
            }
            self.note(Event::LookedBeside {
                step: step.id,
                before,
                unsure,
            })?;
        }
        self.sent = (made, refused);
        Ok(others)
    }
}
