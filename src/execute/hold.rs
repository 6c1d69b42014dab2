//! Holding: what this run has cut is looked at until nobody has touched it for as long as IAM takes to carry a change everywhere.
//!
//! Control-plane reads show a change at once, authorization some seconds later; an intruder whose old rights still work meanwhile can turn a cut
//! round: <https://hackingthe.cloud/aws/post_exploitation/iam_persistence_eventual_consistency/>. A cut that is turned round is made again at
//! once. Its reversal takes as long to arrive as the cut did, so what counts is for how short a time each cut is missing.

use super::again::patiently;
use super::meanwhile::{Principals, look_around};
use super::wave::{Looked, at_once};
use super::{Consent, ExecuteError, Next, Run, stopped};
use crate::action::{Change, Setting, read};
use crate::journal::{Event, Finish};
use crate::mount::{AwsError, Trouble};
use crate::plan::Step;
use crate::time::Moment;
use futures_util::stream::{self, StreamExt};
use std::time::Duration;

/// How often the cuts are looked at in the first seconds, and later. An intruder's tool looks every half second.
const AT_FIRST: Duration = Duration::from_millis(150);
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
            match self.tend(step).await? {
                Tended::Untouched => {
                    seen = true;
                    self.clients().rest(self.until_the_next_look(quiet_since)).await;
                }
                Tended::Unseen => {
                    seen = false;
                    self.clients().rest(self.until_the_next_look(quiet_since)).await;
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

    fn until_the_next_look(&self, quiet_since: Moment) -> Duration {
        let lately = quiet_since.plus_seconds(FIRST_SECONDS) > self.clients().now();
        match (self.clients().side_by_side(), lately) {
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
        if let Next::End(finish) = self.perform(turned).await? {
            return Ok(Tended::Ended(finish));
        }
        // Lists that cannot be read now are read the next time.
        let Ok(around) = around else {
            return Ok(if contested { Tended::Again } else { Tended::Unseen });
        };
        Ok(match self.answer(hold, &around).await? {
            Tended::Untouched if contested => Tended::Again,
            Tended::Untouched if unseen => Tended::Unseen,
            other => other,
        })
    }

    /// Denies whoever appeared, where somebody fights.
    async fn answer(&mut self, hold: &Step, around: &Principals) -> Result<Tended, ExecuteError> {
        let before = self.known.clone().unwrap_or_default();
        let changes = self.against(&before, around);
        if changes.is_empty() || !self.is_fought() {
            return Ok(Tended::Untouched);
        }
        let steps = self.as_steps(hold, changes)?;
        Ok(match self.wave(&steps).await? {
            Next::GoOn => Tended::Again,
            Next::End(finish) => Tended::Ended(finish),
        })
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
    async fn is_gone(&self, member: &crate::action::Member, found: &Setting) -> bool {
        use crate::action::Member;
        let owner = match member {
            Member::AccessKey { .. } => return *found == Setting::Absent,
            Member::UserPolicy { user, .. } | Member::Attachment { user, .. } | Member::Boundary { user } => {
                Member::User { user: user.clone() }
            }
            Member::RolePolicy { role, .. } => Member::Role { role: role.clone() },
            _ => return false,
        };
        *found == Setting::Absent && matches!(read(self.clients(), &owner).await, Ok(Setting::Absent))
    }
}
