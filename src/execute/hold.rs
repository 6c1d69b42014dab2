//! Holding: what this run has cut is looked at until nobody has touched it for as long as IAM takes to carry a change everywhere.
//!
//! Control-plane reads show a change at once, authorization some seconds later; an intruder whose old rights still work meanwhile can turn a cut
//! round: <https://hackingthe.cloud/aws/post_exploitation/iam_persistence_eventual_consistency/>. A cut that is turned round is made again at
//! once. Its reversal takes as long to arrive as the cut did, so what counts is for how short a time each cut is missing.

use super::again::patiently;
use super::guarding::Guarded;
use super::meanwhile::look_around;
use super::wave::Looked;
use super::{Consent, ExecuteError, Next, Run, stopped};
use crate::action::{Change, Member, Setting, read};
use crate::journal::{Event, Finish};
use crate::mount::{AwsError, Trouble};
use crate::plan::Step;
use std::time::Duration;

/// How long is waited between looks where requests follow one another.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

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
        match self.consent(step, None).await? {
            Consent::Stop => return Ok(stopped(step)),
            Consent::Skip => {
                self.note(Event::Declined { step: step.id.clone() })?;
                return Ok(Next::GoOn);
            }
            Consent::Yes(_) => {}
        }
        let began = self.clients().now();
        let end = began.plus_seconds(i64::from(seconds) * AT_MOST);
        let held = Event::Held {
            step: step.id.clone(),
            seconds,
        };
        // A hold that never became quiet, or could not look at the last, is not written down as one: the end is in doubt then.
        if self.clients().side_by_side() {
            match self.guard(step, seconds, end).await? {
                Guarded::Quiet => self.note(held)?,
                Guarded::Never => {}
                Guarded::Next(next) => return Ok(next),
            }
            return Ok(Next::GoOn);
        }
        let mut seen = true;
        let mut quiet_since = began;
        while quiet_since.plus_seconds(i64::from(seconds)) > self.clients().now() && self.clients().now() < end {
            if self.hooks.interrupted() {
                return Ok(stopped(step));
            }
            match self.tend(step).await? {
                how @ (Tended::Untouched | Tended::Unseen) => {
                    seen = matches!(how, Tended::Untouched);
                    self.clients().rest(BETWEEN_LOOKS).await;
                }
                Tended::Again => quiet_since = self.clients().now(),
                Tended::Left => return Ok(Next::GoOn),
                Tended::Ended(finish) => return Ok(Next::End(finish)),
            }
        }
        if seen && quiet_since.plus_seconds(i64::from(seconds)) <= self.clients().now() {
            self.note(held)?;
        }
        Ok(Next::GoOn)
    }

    /// Looks at every cut of this run and at who is in the account, and answers what it finds.
    async fn tend(&mut self, hold: &Step) -> Result<Tended, ExecuteError> {
        let (clients, watched) = (self.world.clients(), self.watched());
        let (cuts, around) = (self.read_cuts().await, look_around(clients, &watched).await);
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
            Ok(around) if contested || self.is_fought() => {
                // What is cut already is looked after by the hold itself.
                let kept: Vec<Member> = self.kept.iter().map(|(_, kept)| kept.member.clone()).collect();
                self.appeared(hold, &around, &|member| kept.contains(member))?
            }
            _ => Vec::new(),
        };
        Ok(match self.answer(turned, appeared).await? {
            Tended::Untouched if unseen || unlisted => Tended::Unseen,
            other => other,
        })
    }

    /// Makes again what was turned round, and cuts whoever appeared.
    async fn answer(&mut self, turned: Vec<Looked>, appeared: Vec<(Step, Setting)>) -> Result<Tended, ExecuteError> {
        if turned.is_empty() && appeared.is_empty() {
            return Ok(Tended::Untouched);
        }
        let mut end = self.perform(turned).await?;
        if let Next::GoOn = end {
            let steps: Vec<Step> = appeared.into_iter().map(|(step, _)| step).collect();
            end = self.wave(&steps).await?;
        }
        Ok(match end {
            Next::GoOn => Tended::Again,
            Next::End(finish) => Tended::Ended(finish),
        })
    }

    async fn read_cuts(&self) -> Vec<(Step, Change, Result<Setting, AwsError>)> {
        let clients = self.world.clients();
        let cuts = self.kept.iter().filter(|(_, change)| change.is_cut());
        let mut found = Vec::new();
        for (step, change) in cuts {
            let setting = patiently(clients, &step.id, async || read(clients, &change.member).await).await;
            found.push((step.clone(), change.clone(), setting));
        }
        found
    }

    /// Whether the member is absent because its user or role is.
    async fn is_gone(&self, member: &Member, found: &Setting) -> bool {
        let owner = match member {
            Member::AccessKey { .. } => return *found == Setting::Absent,
            Member::UserPolicy { user, .. } | Member::Attachment { user, .. } | Member::Boundary { user } => {
                Member::User { user: user.clone() }
            }
            Member::RolePolicy { role, .. } | Member::RoleAttachment { role, .. } | Member::RoleBoundary { role } => {
                Member::Role { role: role.clone() }
            }
            _ => return false,
        };
        *found == Setting::Absent && matches!(read(self.clients(), &owner).await, Ok(Setting::Absent))
    }
}
