//! Holding: what this run has cut is looked at until nobody has touched it for as long as IAM takes to carry a change everywhere.
//!
//! Control-plane reads show a change at once, authorization some seconds later; an intruder whose old rights still work meanwhile can turn a cut
//! round: <https://hackingthe.cloud/aws/post_exploitation/iam_persistence_eventual_consistency/>. A cut that is turned round is made again at
//! once. Its reversal takes as long to arrive as the cut did, so what counts is for how short a time each cut is missing.

use super::again::patiently;
use super::meanwhile::look_around;
use super::wave::{Looked, at_once};
use super::{Consent, ExecuteError, Next, Run, stopped};
use crate::action::{Change, Member, Setting, read};
use crate::journal::{Event, Finish};
use crate::mount::{AwsError, Trouble};
use crate::plan::Step;
use crate::time::Moment;
use futures_util::stream::{self, StreamExt};
use std::time::Duration;

/// How long is waited between looks at the cuts in the first seconds, and later. An intruder's tool looks every half second.
const AT_FIRST: Duration = Duration::from_millis(150);
/// The shortest wait, where somebody has just turned changes round: for as long as a cut is missing, he has his rights again later. It is as long as the
/// look before it took, if that is longer: throttled reads take their time, and so the waits grow.
const IN_A_FIGHT: Duration = Duration::from_millis(25);
const LATER: Duration = Duration::from_secs(1);
const FIRST_SECONDS: i64 = 15;

const ON_A_TWIN: Duration = Duration::from_secs(10);

/// A hold that is contested again and again ends after so many times its length: the intruder is not held then, and the end says so.
const AT_MOST: i64 = 20;

/// How the cuts of a run were found.
pub(super) enum Tended {
    /// As this run left them.
    Untouched,
    /// Not all of them could be read.
    Unseen,
    /// Some were turned round, and made again.
    Again,
    /// The person leaves this hold, or begins it anew.
    Left,
    /// Some could not be made again, and the run ends.
    Ended(Finish),
}

impl Run<'_> {
    /// Waits until nothing of what was cut has been touched for `seconds`.
    pub(super) async fn hold(&mut self, step: &Step, seconds: u32) -> Result<Next, ExecuteError> {
        match self.hooks.consent(step, None) {
            Consent::Stop => return Ok(stopped(step)),
            Consent::Skip => {
                self.note(Event::Declined { step: step.id.clone() })?;
                return Ok(Next::GoOn);
            }
            Consent::Yes(_) => {}
        }
        let began = self.clients().now();
        let mut seen = true;
        let mut quiet_since = began;
        let end = began.plus_seconds(i64::from(seconds) * AT_MOST);
        while quiet_since.plus_seconds(i64::from(seconds)) > self.clients().now() && self.clients().now() < end {
            if self.hooks.interrupted() {
                return Ok(stopped(step));
            }
            let looks = self.clients().now();
            match self.tend(step).await? {
                how @ (Tended::Untouched | Tended::Unseen) => {
                    seen = matches!(how, Tended::Untouched);
                    self.clients().rest(self.until_the_next_look(quiet_since, looks)).await;
                }
                Tended::Again => quiet_since = self.clients().now(),
                Tended::Left => return Ok(Next::GoOn),
                Tended::Ended(finish) => return Ok(Next::End(finish)),
            }
        }
        // A hold that never became quiet, or could not look at the last, is not written down as one: the end is in doubt then.
        if seen && quiet_since.plus_seconds(i64::from(seconds)) <= self.clients().now() {
            self.note(Event::Held {
                step: step.id.clone(),
                seconds,
            })?;
        }
        Ok(Next::GoOn)
    }

    /// How long to wait after a look that began at `looked`.
    fn until_the_next_look(&self, quiet_since: Moment, looked: Moment) -> Duration {
        let now = self.clients().now();
        let lately = quiet_since.plus_seconds(FIRST_SECONDS) > now;
        let took = u64::try_from(now.millis() - looked.millis()).unwrap_or_default();
        match (self.clients().side_by_side(), lately) {
            (true, true) if self.is_fought() => Duration::from_millis(took).clamp(IN_A_FIGHT, AT_FIRST),
            (true, true) => AT_FIRST,
            (true, false) => LATER,
            (false, _) => ON_A_TWIN,
        }
    }

    /// Looks at every cut of this run and at who is in the account, and answers what it finds.
    async fn tend(&mut self, hold: &Step) -> Result<Tended, ExecuteError> {
        let (clients, watched) = (self.world.clients(), self.watched());
        let (cuts, around) = if clients.side_by_side() {
            futures_util::join!(self.read_cuts(), look_around(clients, &watched))
        } else {
            (self.read_cuts().await, look_around(clients, &watched).await)
        };
        // Nothing more is seen with credentials that have ended, however long one waits.
        let ended = cuts.iter().find_map(|(.., found)| {
            found
                .as_ref()
                .err()
                .filter(|error| error.trouble == Trouble::Credentials)
        });
        if let Some(error) = ended.cloned() {
            return Ok(match self.failed(hold, error).await? {
                Next::GoOn => Tended::Left,
                Next::End(finish) => Tended::Ended(finish),
            });
        }
        let mut turned = Vec::new();
        let unseen = cuts.iter().any(|(.., found)| found.is_err());
        for (step, change, found) in cuts {
            match found {
                // What is gone altogether holds no power that a cut would have to take away.
                Ok(found) if !found.same_as(&change.to) && !self.is_gone(&change.member, &found).await => {
                    self.note(Event::Contested {
                        step: step.id.clone(),
                        found: found.clone(),
                    })?;
                    turned.push(Looked {
                        step,
                        change,
                        before: found,
                    });
                }
                // What cannot be read now is read the next time.
                _ => {}
            }
        }
        let contested = !turned.is_empty();
        // Lists that cannot be read now are read the next time.
        let unlisted = around.is_err();
        let appeared = match around {
            Ok(around) if contested || self.is_fought() => self.appeared(hold, &around)?,
            _ => Vec::new(),
        };
        Ok(match self.answer(turned, appeared).await? {
            Tended::Untouched if unseen || unlisted => Tended::Unseen,
            other => other,
        })
    }

    /// Makes again what was turned round, and cuts whoever appeared, in one round trip where nobody must be asked.
    async fn answer(&mut self, turned: Vec<Looked>, appeared: Vec<(Step, Setting)>) -> Result<Tended, ExecuteError> {
        if turned.is_empty() && appeared.is_empty() {
            return Ok(Tended::Untouched);
        }
        // What lists tell is known; a boundary they don't tell, and an undoing must know it.
        let at_once = |run: &Run<'_>, step: &Step, before: &Setting| {
            let known = !matches!(step.action.member(), Some(Member::Boundary { .. }));
            known && run.clients().side_by_side() && !run.hooks.asks(step, before)
        };
        let (mut together, mut behind) = (turned, Vec::new());
        let mut end = Next::GoOn;
        for (step, before) in appeared {
            match step.action.change_on(&before, self.clients().now()) {
                Some(change) if at_once(self, &step, &before) => {
                    let looked = Looked { step, change, before };
                    match self.agreed_to(&looked)? {
                        Consent::Yes(_) => together.push(looked),
                        Consent::Skip => {}
                        Consent::Stop => end = stopped(&looked.step),
                    }
                }
                _ => behind.push(step),
            }
        }
        if let Next::End(finish) = self.perform(together).await? {
            return Ok(Tended::Ended(finish));
        }
        if let Next::GoOn = end {
            end = self.wave(&behind).await?;
        }
        Ok(match end {
            Next::GoOn => Tended::Again,
            Next::End(finish) => Tended::Ended(finish),
        })
    }

    /// Whether a step whose member is known without looking is to be done.
    fn agreed_to(&mut self, looked: &Looked) -> Result<Consent, ExecuteError> {
        self.hooks.starts(&looked.step);
        let step = looked.step.id.clone();
        let before = looked.before.clone();
        let consent = self.hooks.consent(&looked.step, Some(&looked.before));
        match consent {
            Consent::Yes(how) => self.note_all(vec![
                Event::Looked {
                    step: step.clone(),
                    before,
                },
                Event::Agreed { step, how },
            ])?,
            Consent::Skip => self.note_all(vec![
                Event::Looked {
                    step: step.clone(),
                    before,
                },
                Event::Declined { step },
            ])?,
            Consent::Stop => {}
        }
        Ok(consent)
    }

    async fn read_cuts(&self) -> Vec<(Step, Change, Result<Setting, AwsError>)> {
        let clients = self.world.clients();
        let cuts = self.kept.iter().filter(|(_, change)| change.is_cut());
        let reads = cuts.map(|(step, change)| async move {
            let found = patiently(clients, &step.id, async || read(clients, &change.member).await).await;
            (step.clone(), change.clone(), found)
        });
        stream::iter(reads).buffered(at_once(clients)).collect().await
    }

    /// Whether the member is absent because its user or role is.
    async fn is_gone(&self, member: &Member, found: &Setting) -> bool {
        let owner = match member {
            Member::AccessKey { .. } => return *found == Setting::Absent,
            Member::UserPolicy { user, .. } | Member::Attachment { user, .. } | Member::Boundary { user } => {
                Member::User { user: user.clone() }
            }
            Member::RolePolicy { role, .. } | Member::RoleAttachment { role, .. } => {
                Member::Role { role: role.clone() }
            }
            _ => return false,
        };
        *found == Setting::Absent && matches!(read(self.clients(), &owner).await, Ok(Setting::Absent))
    }
}
