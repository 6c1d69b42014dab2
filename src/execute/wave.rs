//! A wave: changes that don't depend on one another, through their whole life together.
//!
//! All members are read at once; each step is agreed to; the intents of all are on disk before the first call; the calls go out together, and
//! then everything is read back. Three round trips, however many steps there are.

use super::again::{TRIES, patiently, pause, sent_nothing};
use super::lifting::InUse;
use super::{Consent, ExecuteError, Next, Remedy, Run, stopped};
use crate::action::{Change, Member, Setting, known, read, write};
use crate::journal::{Event, Finish, same_but_for_time};
use crate::mount::{AwsError, Clients};
use crate::plan::Step;
use crate::time::Moment;
use futures_util::stream::{self, StreamExt};

/// How many requests are under way at once: IAM tells no rate, and its buckets are small.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const AT_ONCE: usize = 16;

/// After how long, in seconds, what was read is read again before it is changed: the person had to think.
const STALE_SECONDS: i64 = 5;

/// What was called for: what may be done, with whether it is in doubt, and what was refused.
pub(super) type Sent = (Vec<(Looked, bool)>, Vec<(Looked, AwsError)>);

/// A step whose member was read.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    pub(super) step: Step,
    pub(super) change: Change,
    pub(super) before: Setting,
}

/// Reads the members of all steps at once, but for those that were seen already.
pub(super) async fn look(
    clients: &Clients,
    members: Vec<(Step, Member, Option<Setting>)>,
) -> Vec<(Step, Result<Setting, AwsError>)> {
    let reads = members.into_iter().map(|(step, member, seen)| async move {
        let found = match seen {
            Some(seen) => Ok(seen),
            None => patiently(clients, &step.id, async || read(clients, &member).await).await,
        };
        (step, found)
    });
    stream::iter(reads).buffered(at_once(clients)).collect().await
}

/// How many requests may be under way in this world.
pub(super) fn at_once(clients: &Clients) -> usize {
    if clients.side_by_side() { AT_ONCE } else { 1 }
}

impl Run<'_> {
    /// Carries out the changes of `steps`.
    pub(super) async fn wave(&mut self, steps: &[Step]) -> Result<Next, ExecuteError> {
        let mut agreed = Vec::new();
        let looked_at = self.clients().now();
        let (ahead, stop) = self.ahead(steps)?;
        if let Some(finish) = stop {
            return Ok(Next::End(finish));
        }
        let found = match ahead.is_empty() {
            true => look(self.clients(), self.to_look_at(steps)).await,
            false => self.beside(ahead, steps).await?,
        };
        for (step, found) in found {
            self.hooks.starts(&step);
            let before = match found {
                Ok(before) => before,
                Err(error) => match self.failed(&step, error).await? {
                    Next::GoOn => continue,
                    Next::End(finish) => return self.ending(agreed, finish).await,
                },
            };
            let Some(change) = step.action.change_on(&before, self.clients().now()) else {
                continue;
            };
            let looked = Looked { step, change, before };
            self.note(Event::Looked {
                step: looked.step.id.clone(),
                before: looked.before.clone(),
            })?;
            if looked.before.same_as(&looked.change.to) {
                let step = looked.step.id.clone();
                // An earlier part of this run had announced it and was broken off: it is that run's doing.
                let ours = self.family.open.contains(&step);
                self.note(if ours {
                    Event::Verified { step }
                } else {
                    Event::AlreadySo { step }
                })?;
                self.keep(&looked.step, &looked.change);
                continue;
            }
            if !self.agreed.contains_key(&looked.step.id)
                && self.hooks.asks(&looked.step, &looked.before)
                && let Next::End(finish) = self.perform(std::mem::take(&mut agreed)).await?
            {
                return Ok(Next::End(finish));
            }
            if let Next::End(finish) = self.as_rehearsed(&looked).await? {
                return self.ending(agreed, finish).await;
            }
            let consent = match self.agreed.get(&looked.step.id) {
                Some(how) => Consent::Yes(*how),
                None => self.consent(&looked.step, Some(&looked.before)).await?,
            };
            match consent {
                Consent::Stop => {
                    let Next::End(finish) = stopped(&looked.step) else {
                        continue;
                    };
                    return self.ending(agreed, finish).await;
                }
                Consent::Skip => self.note(Event::Declined {
                    step: looked.step.id.clone(),
                })?,
                Consent::Yes(how) => {
                    self.note(Event::Agreed {
                        step: looked.step.id.clone(),
                        how,
                    })?;
                    let before = looked.before.clone();
                    let looked = self.once_more(looked, looked_at).await;
                    // What changed while the person thought is another difference from the rehearsal.
                    if !looked.before.same_as(&before)
                        && let Next::End(finish) = self.as_rehearsed(&looked).await?
                    {
                        return self.ending(agreed, finish).await;
                    }
                    agreed.push(looked);
                }
            }
        }
        self.perform(agreed).await
    }

    /// The step as it stands when somebody has thought about it: its member may be another by now, and a revocation's cut lies at its own time.
    async fn once_more(&self, looked: Looked, looked_at: Moment) -> Looked {
        let now = self.clients().now();
        if looked_at.plus_seconds(STALE_SECONDS) > now {
            return looked;
        }
        let Looked { step, change, before } = looked;
        let member = &change.member;
        let found = patiently(self.clients(), &step.id, async || read(self.clients(), member).await).await;
        // What cannot be read now was read before it was agreed to.
        let before = found.unwrap_or(before);
        let change = step.action.change_on(&before, self.clients().now()).unwrap_or(change);
        Looked { step, change, before }
    }

    /// The run ends here: what was agreed to before is done all the same.
    async fn ending(&mut self, agreed: Vec<Looked>, finish: Finish) -> Result<Next, ExecuteError> {
        match self.perform(agreed).await? {
            Next::GoOn => Ok(Next::End(finish)),
            end => Ok(end),
        }
    }

    /// The members of the steps. What a cut is about is not read again where the evidence that was just kept shows it.
    pub(super) fn to_look_at(&self, steps: &[Step]) -> Vec<(Step, Member, Option<Setting>)> {
        let members = steps.iter().filter_map(|step| Some((step, step.action.member()?)));
        members
            .map(|(step, member)| {
                let seen = self.seen_already(step, &member);
                (step.clone(), member, seen)
            })
            .collect()
    }

    /// What the evidence says of the member of a cut, if it is from just now and this run hasn't set the member since. On a twin reads cost nothing.
    fn seen_already(&self, step: &Step, member: &Member) -> Option<Setting> {
        let (_, account) = self.seen.as_ref().filter(|(at, _)| self.is_fresh(*at))?;
        let before = known(account, member)?;
        let cut = step.action.change_on(&before, self.clients().now())?.is_cut();
        // What an earlier part of the run had set was set before that evidence was read.
        let kept = self.kept.iter().find(|(_, kept)| kept.member == *member);
        let untouched = kept.is_none_or(|kept| self.family.set.contains(kept));
        (cut && untouched && self.clients().side_by_side()).then_some(before)
    }

    /// Whether the member is as this run itself left it: a hold that is fought cuts what no rehearsal could know.
    fn is_as_left(&self, looked: &Looked) -> bool {
        let mut kept = self.kept.iter();
        kept.any(|(_, kept)| kept.member == looked.change.member && looked.before.same_as(&kept.to))
    }

    /// Stops on a member that is not what the rehearsal found, unless the person says to go on. A cut goes on by itself: it comes to the same
    /// whatever was there before, and nobody may hold it up by wiggling at its member.
    async fn as_rehearsed(&mut self, looked: &Looked) -> Result<Next, ExecuteError> {
        let step = &looked.step;
        let Some(expected) = self.hooks.rehearsed(&step.id) else {
            return Ok(Next::GoOn);
        };
        if same_but_for_time(&expected, &looked.before) || self.is_as_left(looked) {
            return Ok(Next::GoOn);
        }
        let event = Event::Diverged {
            step: step.id.clone(),
            expected,
            found: looked.before.clone(),
        };
        self.note(event.clone())?;
        if looked.change.is_cut() {
            return Ok(Next::GoOn);
        }
        Ok(match self.trouble(step, &event).await? {
            Remedy::Stop => Next::End(Finish::Diverged { at: step.id.clone() }),
            Remedy::GoOn | Remedy::Again | Remedy::AgainAs(_) => Next::GoOn,
        })
    }

    /// Makes the changes that were agreed to, all together, and reads them back. What was throttled, lost on the way, or turned round by
    /// somebody at once is made again.
    pub(super) async fn perform(&mut self, agreed: Vec<Looked>) -> Result<Next, ExecuteError> {
        let mut under_way = agreed;
        let mut open: Vec<(Looked, Event)> = Vec::new();
        for n in 1..=TRIES {
            let (mut made, mut refused) = std::mem::take(&mut self.sent);
            if let Some(first) = under_way.first() {
                if n > 1 {
                    self.clients().rest(pause(&first.step.id, n - 1)).await;
                }
                let (more, others) = self.call(&under_way).await?;
                made.extend(more);
                refused.extend(others);
            } else if made.is_empty() && refused.is_empty() {
                break;
            }
            let last = n == TRIES;
            under_way = Vec::new();
            for (looked, error) in refused {
                let in_use = self.is_in_use(&looked, &error).await?;
                if in_use == InUse::PutOff {
                    continue;
                }
                if (in_use == InUse::ByNothing || sent_nothing(error.trouble)) && !last {
                    under_way.push(looked);
                } else {
                    let step = looked.step.id.clone();
                    open.push((looked, Event::Failed { step, error }));
                }
            }
            self.read_back(made, last, &mut under_way, &mut open).await?;
        }
        self.settle(open).await
    }

    /// Reads back what was made. What isn't so, and may be made once more, goes to `again`; what stays otherwise is left `open`.
    async fn read_back(
        &mut self,
        made: Vec<(Looked, bool)>,
        last: bool,
        again: &mut Vec<Looked>,
        open: &mut Vec<(Looked, Event)>,
    ) -> Result<(), ExecuteError> {
        let clients = self.world.clients();
        let reads = made.into_iter().map(|(looked, doubt)| async move {
            let member = &looked.change.member;
            let found = patiently(clients, &looked.step.id, async || read(clients, member).await).await;
            (looked, doubt, found)
        });
        let mut found = stream::iter(reads).buffered(at_once(clients));
        while let Some((looked, doubt, found)) = found.next().await {
            let step = looked.step.id.clone();
            match found {
                Err(error) => open.push((looked, Event::Failed { step, error })),
                Ok(found) if found.same_as(&looked.change.to) => {
                    self.note(Event::Verified { step })?;
                    self.keep(&looked.step, &looked.change);
                }
                Ok(_) if doubt && !last => again.push(looked),
                Ok(found) if looked.change.is_cut() && !last => {
                    self.note(Event::Contested { step, found })?;
                    again.push(looked);
                }
                Ok(found) => {
                    let expected = looked.change.to.clone();
                    open.push((looked, Event::Diverged { step, expected, found }));
                }
            }
        }
        Ok(())
    }

    /// What stays open is written down and decided on, one by one, when everything else of the wave is done.
    async fn settle(&mut self, open: Vec<(Looked, Event)>) -> Result<Next, ExecuteError> {
        let mut end = Next::GoOn;
        for (looked, event) in open {
            let next = match event {
                Event::Failed { error, .. } => self.failed(&looked.step, error).await?,
                event => self.diverged(&looked.step, event).await?,
            };
            if matches!(end, Next::GoOn) {
                end = next;
            }
        }
        Ok(end)
    }

    async fn diverged(&mut self, step: &Step, event: Event) -> Result<Next, ExecuteError> {
        self.note(event.clone())?;
        Ok(match self.trouble(step, &event).await? {
            Remedy::GoOn => Next::GoOn,
            Remedy::Again | Remedy::AgainAs(_) => {
                self.queue.push_front(step.clone());
                Next::GoOn
            }
            Remedy::Stop => Next::End(Finish::Diverged { at: step.id.clone() }),
        })
    }

    /// Remembers what this run has set.
    pub(super) fn keep(&mut self, step: &Step, change: &Change) {
        self.lifts(step, change);
        self.kept.retain(|(_, kept)| kept.member != change.member);
        self.kept.push((step.clone(), change.clone()));
    }

    /// Calls for each, with its intent on disk before the first goes out. Gives those that may be done, with whether it is in doubt, and those that
    /// were refused.
    pub(super) async fn call(&mut self, steps: &[Looked]) -> Result<Sent, ExecuteError> {
        let intended = steps.iter().map(|looked| Event::Intended {
            step: looked.step.id.clone(),
            change: looked.change.clone(),
            before: looked.before.clone(),
        });
        self.note_all(intended.collect())?;
        let world = self.world;
        let calls = steps
            .iter()
            .map(|looked| async move { (looked, write(world, &looked.change).await) });
        let mut answers = stream::iter(calls).buffer_unordered(at_once(world.clients()));
        let (mut made, mut refused) = (Vec::new(), Vec::new());
        while let Some((looked, answer)) = answers.next().await {
            let step = looked.step.id.clone();
            match answer {
                Ok(()) => {
                    self.note(Event::Done { step })?;
                    made.push((looked.clone(), false));
                }
                Err(error) if error.trouble.leaves_doubt() => {
                    self.note(Event::InDoubt { step, error })?;
                    made.push((looked.clone(), true));
                }
                Err(error) => refused.push((looked.clone(), error)),
            }
        }
        Ok((made, refused))
    }
}
