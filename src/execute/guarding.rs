//! Guarding: what the eyes of a hold tell, and what is done about it.
//!
//! Whatever came back is heard in one go: its events are written to disk together, and then every call that they announce goes out.

use super::eyes::{Answer, Eye};
use super::guard::{Guard, Stage};
use super::meanwhile::Principals;
use super::{Consent, ExecuteError, Next, Run, stopped};
use crate::account::KeyStatus;
use crate::action::{Change, Member, Setting};
use crate::ids::StepId;
use crate::journal::{Event, Finish};
use crate::mount::{AwsError, Trouble};
use crate::plan::Step;
use crate::time::Moment;
use futures_util::future::{Either, select};
use std::pin::pin;

/// How long, in seconds, one waits at the end of a guard to see whether a cut that was just made is so.
const HEARD_OUT_SECONDS: i64 = 3;

/// What is to be done about the answers that were heard.
#[derive(Default)]
struct Orders {
    /// What must be on disk first.
    events: Vec<Event>,
    /// The cuts whose calls go out then.
    calls: Vec<usize>,
    /// New cuts that a person must be asked about.
    asked: Vec<Step>,
    /// The run's own credentials have ended, or the person stops.
    ended: Option<Ended>,
    /// Why something is not seen, where that doesn't pass by itself.
    blind: Option<AwsError>,
}

enum Ended {
    Credentials(AwsError),
    Stopped(StepId),
}

impl Run<'_> {
    /// Guards every cut of this run until nobody has touched one for `seconds`, or until `end`. Gives whether it became quiet, or how the run goes on.
    pub(super) async fn guard(&mut self, hold: &Step, seconds: u32, end: Moment) -> Result<Guarded, ExecuteError> {
        let mut guard = Guard::new(self.world, Some(hold), self.clients().now(), self.is_fought());
        self.watch_kept(&mut guard);
        let mut next = None;
        // An eye that is blind at the last moment looks again, for as long as there is time.
        let is_proven = |guard: &Guard<'_>, now| guard.is_quiet(seconds, now) && guard.sees();
        while next.is_none() && !is_proven(&guard, self.clients().now()) && self.clients().now() < end {
            if self.hooks.interrupted() {
                next = Some(Guarded::Next(stopped(hold)));
                break;
            }
            let orders = self.hear(&mut guard).await?;
            let (ended, asked) = self.carry_out(&mut guard, orders)?;
            if let Some(ended) = ended {
                next = Some(Guarded::Next(match ended {
                    Ended::Stopped(before) => Next::End(Finish::Stopped { before }),
                    // Nothing more is seen with credentials that have ended, however long one waits.
                    Ended::Credentials(error) => self.failed(hold, error).await?,
                }));
            } else if !asked.is_empty() {
                if let end @ Next::End(_) = self.wave(&asked).await? {
                    next = Some(Guarded::Next(end));
                }
                self.watch_kept(&mut guard);
            }
        }
        let quiet = is_proven(&guard, self.clients().now());
        self.hear_out(guard).await?;
        Ok(next.unwrap_or(if quiet { Guarded::Quiet } else { Guarded::Never }))
    }

    /// Guards every cut of this run while `work` is done.
    pub(super) async fn look_after<T>(&mut self, work: impl Future<Output = T>) -> Result<Option<T>, ExecuteError> {
        let mut work = pin!(work);
        let mut guard = Guard::new(self.world, None, self.clients().now(), self.is_fought());
        self.watch_kept(&mut guard);
        let mut is_told = false;
        let done = loop {
            if self.hooks.interrupted() {
                break None;
            }
            // The work is looked at first: answers may come without end.
            let orders = match select(work.as_mut(), pin!(self.hear(&mut guard))).await {
                Either::Left((done, _)) => break Some(done),
                Either::Right((orders, _)) => orders?,
            };
            // Credentials may be replaced while the work is done: the eyes look on.
            if let Some(error) = orders.blind.as_ref().filter(|_| !is_told) {
                self.hooks.unguarded(error);
                is_told = true;
            }
            self.carry_out(&mut guard, orders)?;
        };
        self.hear_out(guard).await?;
        Ok(done)
    }

    /// Writes down what is to be done, and sends it.
    fn carry_out(&mut self, guard: &mut Guard<'_>, orders: Orders) -> Result<(Option<Ended>, Vec<Step>), ExecuteError> {
        self.note_all(orders.events)?;
        orders.calls.iter().for_each(|n| guard.send(*n));
        Ok((orders.ended, orders.asked))
    }

    /// What was announced and sent is heard out, however a guard ends: its answer, and for a moment whether it is so. Who pressed Ctrl-C waits for the answer
    /// alone: what is so is looked at when the case goes on.
    async fn hear_out(&mut self, mut guard: Guard<'_>) -> Result<(), ExecuteError> {
        let now = self.clients().now();
        let end = now.plus_seconds(if self.hooks.interrupted() { 0 } else { HEARD_OUT_SECONDS });
        while guard.eyes.is_writing() || (guard.is_under_way() && self.clients().now() < end) {
            let orders = self.hear(&mut guard).await?;
            let settled = |event: &Event| !matches!(event, Event::Intended { .. } | Event::Contested { .. });
            self.note_all(orders.events.into_iter().filter(settled).collect())?;
        }
        Ok(())
    }

    /// Watches what this run has cut and is not watched yet.
    fn watch_kept(&self, guard: &mut Guard<'_>) {
        let is_watched = |change: &Change| change.is_cut() || guard.asked.contains(&change.member);
        let watched: Vec<_> = self.kept.iter().filter(|(_, change)| is_watched(change)).collect();
        for (step, change) in watched {
            if !guard.cuts.iter().any(|cut| cut.change.member == change.member) {
                guard.add(step.clone(), change.clone(), Stage::Stands);
            }
        }
    }

    async fn hear(&mut self, guard: &mut Guard<'_>) -> Result<Orders, ExecuteError> {
        let mut orders = Orders::default();
        for answer in guard.eyes.answers().await {
            self.heard(guard, answer, &mut orders)?;
        }
        Ok(orders)
    }

    fn heard(&mut self, guard: &mut Guard<'_>, answer: Answer, orders: &mut Orders) -> Result<(), ExecuteError> {
        let now = self.clients().now();
        match answer {
            Answer::Awake(eye) => guard.look(eye),
            Answer::Cut(n, Ok(found)) => self.found(guard, n, found, orders),
            // Whoever isn't there has no power, and one who is made anew is found without the cut.
            Answer::Owner(n, Ok(Setting::Absent)) => {
                guard.is_without_owner(n);
                guard.saw(Eye::Cut(n), now);
            }
            Answer::Owner(n, Ok(_)) => {
                guard.owner_is_there(n, true);
                self.found(guard, n, Setting::Absent, orders);
            }
            Answer::Cut(n, Err(error)) | Answer::Owner(n, Err(error)) => blind(guard, Eye::Cut(n), error, now, orders),
            Answer::Written(n, Ok(())) => {
                let step = guard.cuts.get(n).map(|cut| cut.step.id.clone());
                orders.events.extend(step.map(|step| Event::Done { step }));
                guard.sent(n, now);
            }
            Answer::Written(n, Err(error)) => not_written(guard, n, error, now, orders),
            Answer::Users(Ok(users)) => {
                guard.saw(Eye::Users, now);
                let around = Principals {
                    users,
                    ..Principals::default()
                };
                self.answer_to(guard, &around, orders)?;
            }
            Answer::Users(Err(error)) => blind(guard, Eye::Users, error, now, orders),
            Answer::Roles(Ok(roles)) => {
                guard.saw(Eye::Roles, now);
                let around = Principals {
                    roles,
                    ..Principals::default()
                };
                self.answer_to(guard, &around, orders)?;
            }
            Answer::Roles(Err(error)) => blind(guard, Eye::Roles, error, now, orders),
            Answer::Keys(user, asked, Ok(found)) => {
                guard.saw(Eye::Keys(user.clone()), now);
                for (n, found) in guard.of_keys(&user, &found) {
                    if !guard.is_past(n, asked, now) {
                        self.found(guard, n, found, orders);
                    }
                }
                let active = found.into_iter().filter(|(_, status)| *status == KeyStatus::Active);
                let around = Principals {
                    keys: active.map(|(key, _)| (user.clone(), key)).collect(),
                    ..Principals::default()
                };
                self.answer_to(guard, &around, orders)?;
            }
            Answer::Keys(user, _, Err(error)) => blind(guard, Eye::Keys(user), error, now, orders),
        }
        Ok(())
    }

    /// The member of a cut was found so.
    fn found(&mut self, guard: &mut Guard<'_>, n: usize, found: Setting, orders: &mut Orders) {
        let now = self.clients().now();
        let Some(cut) = guard.cuts.get_mut(n) else { return };
        let own_eye = !matches!(cut.change.member, Member::AccessKey { .. });
        // A key that is gone signs nothing.
        let is_so = found.same_as(&cut.change.to) || (!own_eye && found == Setting::Absent);
        match cut.stage {
            Stage::Left => return,
            Stage::New => return self.begin(guard, n, found, orders),
            Stage::Announced if is_so => {
                cut.stage = Stage::Stands;
                let (step, change) = (cut.step.clone(), cut.change.clone());
                orders.events.push(Event::Verified { step: step.id.clone() });
                self.keep(&step, &change);
            }
            _ => {}
        }
        if is_so {
            if cut.doubt {
                guard.stands(n, now);
            }
            if own_eye {
                guard.saw(Eye::Cut(n), now);
            }
            return;
        }
        if found == Setting::Absent
            && let Some(owner) = guard.unknown_owner(n)
        {
            return guard.eyes.look_at_owner(n, owner);
        }
        let Some(cut) = guard.cuts.get_mut(n) else { return };
        let step = cut.step.id.clone();
        // A call of our own that was not made is nobody's doing.
        if !cut.doubt {
            orders.events.push(Event::Contested {
                step: step.clone(),
                found: found.clone(),
            });
        }
        let touched = !cut.doubt;
        orders.events.push(Event::Intended {
            step,
            change: cut.change.clone(),
            before: found,
        });
        orders.calls.push(n);
        if touched {
            guard.is_touched(now);
        }
    }

    /// A new cut whose member is `before`: agreed to, announced, sent.
    fn begin(&mut self, guard: &mut Guard<'_>, n: usize, before: Setting, orders: &mut Orders) {
        let now = self.clients().now();
        let Some(cut) = guard.cuts.get_mut(n) else { return };
        let (step, change) = (cut.step.clone(), cut.change.clone());
        self.hooks.starts(&step);
        orders.events.push(Event::Looked {
            step: step.id.clone(),
            before: before.clone(),
        });
        if before.same_as(&change.to) {
            cut.stage = Stage::Stands;
            orders.events.push(Event::AlreadySo { step: step.id.clone() });
            self.keep(&step, &change);
            return guard.saw(Eye::Cut(n), now);
        }
        match self.hooks.consent(&step, Some(&before)) {
            Consent::Yes(how) => {
                let id = step.id;
                orders.events.extend([
                    Event::Agreed { step: id.clone(), how },
                    Event::Intended {
                        step: id,
                        change,
                        before,
                    },
                ]);
                cut.stage = Stage::Announced;
                orders.calls.push(n);
            }
            Consent::Skip => {
                orders.events.push(Event::Declined { step: step.id });
                guard.leave(n);
            }
            Consent::Stop => {
                guard.leave(n);
                orders.ended = Some(Ended::Stopped(step.id));
            }
        }
    }

    /// Whoever is there and was not before is denied, while somebody fights back.
    fn answer_to(
        &mut self,
        guard: &mut Guard<'_>,
        around: &Principals,
        orders: &mut Orders,
    ) -> Result<(), ExecuteError> {
        let Some(hold) = guard.hold.clone().filter(|_| guard.fought) else {
            return Ok(());
        };
        let new = self.appeared(&hold, around, &|member| guard.knows(member))?;
        for (step, before) in new {
            guard.is_touched(self.clients().now());
            let Some(change) = step.action.change_on(&before, self.clients().now()) else {
                continue;
            };
            if self.hooks.asks(&step, &before) {
                guard.asked.push(change.member);
                orders.asked.push(step);
                continue;
            }
            // Lists don't tell a boundary, and an undoing must know it.
            if matches!(change.member, Member::Boundary { .. }) {
                guard.add(step, change, Stage::New);
            } else {
                let n = guard.add(step, change, Stage::Announced);
                self.begin(guard, n, before, orders);
            }
        }
        Ok(())
    }
}

/// How a hold ended.
pub(super) enum Guarded {
    /// Nobody touched anything for long enough.
    Quiet,
    /// It never became quiet, or not everything could be seen at the last.
    Never,
    /// The run goes on, or ends, so.
    Next(Next),
}

fn blind(guard: &mut Guard<'_>, eye: Eye, error: AwsError, now: Moment, orders: &mut Orders) {
    guard.was_blind(eye, &error, now);
    if !error.trouble.passes() {
        orders.blind = Some(error.clone());
    }
    if error.trouble == Trouble::Credentials {
        orders.ended = Some(Ended::Credentials(error));
    }
}

/// The call of a cut failed. Nobody is asked what to do: it is tried again for as long as the hold lasts, which is none then.
fn not_written(guard: &mut Guard<'_>, n: usize, error: AwsError, now: Moment, orders: &mut Orders) {
    guard.not_sent(n, &error, now);
    if error.trouble == Trouble::NoSuchEntity {
        guard.owner_is_there(n, false);
    }
    let Some(cut) = guard.cuts.get_mut(n) else { return };
    let step = cut.step.id.clone();
    if error.trouble.leaves_doubt() {
        orders.events.push(Event::InDoubt { step, error });
    } else if error.trouble == Trouble::Credentials {
        orders.blind = Some(error.clone());
        orders.ended = Some(Ended::Credentials(error));
    } else if cut.refused != error.code {
        cut.refused.clone_from(&error.code);
        orders.events.push(Event::Failed { step, error });
    }
}
