//! The guard: what a hold does with what its eyes see, where requests go side by side.
//!
//! # Which order wins
//! A change is told at once and in force a lag later, and what is done to one thing arrives in the order in which it was done. So a cut that is
//! missing in the account for a moment is out of force for just as long, a lag later; nothing that is done in between makes up for it, and nothing makes it
//! worse. Whoever is denied by two things of different kinds is open only while *both* are missing. An intruder who looks and removes with
//! calls one after another has taken the second away when the first has long been back, if that takes less time than his calls in between: then he is never
//! open again, and what he still does, he does with rights from before the first cut, which end a lag behind it. What decides is therefore for how
//! short a time each thing is missing: the time between its loss and the look that sees it, one answer, and one call. Hence an eye for each thing, a call as
//! soon as the intent is on disk, and no look back before other calls. It isn't won by more copies of one kind: whoever lists a kind sees all copies at
//! once. New users and roles are the same race: they are in force a lag after they were made, and so is their deny behind the list that shows them.
//! Whoever removes both kinds in the same moment, from several threads, is open for that time again and again: the odds are told by playing
//! them (`rehearse::race`), and a hold that never becomes quiet is not called one.

use super::again::{TRIES, pause, sent_nothing};
use super::eyes::{Eye, Eyes};
use super::meanwhile::Keys;
use super::pacing::{Pacing, soon};
use crate::action::{Change, Member, Setting};
use crate::mount::{AwsError, Trouble, Writable};
use crate::plan::Step;
use crate::time::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an eye rests between two looks in the first seconds, and later. An intruder's tool looks every half second.
const AT_FIRST: Duration = Duration::from_millis(150);
const LATER: Duration = Duration::from_secs(1);
/// The same where somebody has just turned a change round, and where he has been quiet for some seconds. Not shorter:
/// the intruder shares IAM's rate with the responder, and looks that are too many hold up the calls that count.
const IN_A_FIGHT: Duration = Duration::from_millis(75);
const AFTER_A_FIGHT: Duration = Duration::from_millis(500);
/// For how long it is still "the first seconds": more than twice the time that changes were measured to take.
const FIRST_SECONDS: i64 = 10;

/// How far a cut is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its member must be looked at before anybody can agree to it.
    New,
    /// Its intent is on disk, and it was not seen to be so yet.
    Announced,
    /// It was seen to be so.
    Stands,
    /// It is not to be made.
    Left,
}

/// A cut that is guarded.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) step: Step,
    pub(super) change: Change,
    pub(super) stage: Stage,
    /// Its call is under way.
    busy: bool,
    /// When its last call was answered: what was asked for before says nothing of it.
    answered: Option<Moment>,
    /// Its last call may not have been made.
    pub(super) doubt: bool,
    /// Not to be tried again before.
    not_before: Option<Moment>,
    /// How often in turn its call was refused.
    tries: u32,
    /// The code of the last refusal that was written down.
    pub(super) refused: Option<String>,
    /// Its user or role is known to be there.
    owner_is_there: bool,
}

/// When an eye last saw something, and whether its last look did.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    at: Option<Moment>,
    well: bool,
    failed: u32,
    pacing: Pacing,
}

/// What is guarded, and what is under way.
pub(super) struct Guard<'w> {
    pub(super) eyes: Eyes<'w>,
    /// The hold that was agreed to, behind which whoever appears is denied; where there is none, the cuts alone are looked after.
    pub(super) hold: Option<Step>,
    pub(super) cuts: Vec<Cut>,
    seen: BTreeMap<Eye, Seen>,
    /// Members of new cuts that a person was asked about.
    pub(super) asked: Vec<Member>,
    /// When somebody last did something against the cuts.
    pub(super) touched: Moment,
    pub(super) fought: bool,
}

impl<'w> Guard<'w> {
    /// A guard over nothing yet; with a hold, over the lists of users and roles.
    pub(super) fn new(world: Writable<'w>, hold: Option<&Step>, now: Moment, fought: bool) -> Self {
        let mut guard = Guard {
            eyes: Eyes::on(world),
            hold: hold.cloned(),
            cuts: Vec::new(),
            seen: BTreeMap::new(),
            asked: Vec::new(),
            touched: now,
            fought,
        };
        if guard.hold.is_some() {
            guard.open(Eye::Users);
            guard.open(Eye::Roles);
        }
        guard
    }

    /// Watches a cut from now on; gives its number.
    pub(super) fn add(&mut self, step: Step, change: Change, stage: Stage) -> usize {
        let n = self.cuts.len();
        let of_key = match &change.member {
            Member::AccessKey { user, .. } | Member::UserPolicy { user, .. } => Some(user.clone()),
            _ => None,
        };
        let has_own_eye = !matches!(change.member, Member::AccessKey { .. });
        self.cuts.push(Cut {
            step,
            change,
            stage,
            busy: false,
            answered: None,
            doubt: false,
            not_before: None,
            tries: 0,
            refused: None,
            owner_is_there: false,
        });
        // A member that the lists tell need not be looked at first.
        match (has_own_eye, stage) {
            (true, Stage::Announced) => drop(self.seen.insert(Eye::Cut(n), Seen::default())),
            (true, _) => self.open(Eye::Cut(n)),
            (false, _) => {}
        }
        if let Some(user) = of_key
            && !self.seen.contains_key(&Eye::Keys(user.clone()))
        {
            self.open(Eye::Keys(user));
        }
        n
    }

    fn open(&mut self, eye: Eye) {
        self.seen.insert(eye.clone(), Seen::default());
        self.look(eye);
    }

    /// Whether a cut of this member is guarded, or a person was asked about it.
    pub(super) fn knows(&self, member: &Member) -> bool {
        self.asked.contains(member) || self.cuts.iter().any(|cut| cut.change.member == *member)
    }

    /// Sends the eye to look.
    pub(super) fn look(&mut self, eye: Eye) {
        let member = match &eye {
            Eye::Cut(n) => self.cuts.get(*n).map(|cut| cut.change.member.clone()),
            _ => None,
        };
        self.eyes.look(eye, member);
    }

    /// The eye saw what it looks at, and rests.
    pub(super) fn saw(&mut self, eye: Eye, now: Moment) {
        let usual = self.rest(now);
        let seen = self.seen.entry(eye.clone()).or_default();
        (seen.at, seen.well, seen.failed) = (Some(now), true, 0);
        seen.pacing.answered(now);
        let rest = seen.pacing.rest(usual);
        self.eyes.sleep(eye, rest);
    }

    /// The eye could not see, and rests longer each time.
    pub(super) fn was_blind(&mut self, eye: Eye, error: &AwsError, now: Moment) {
        let seen = self.seen.entry(eye.clone()).or_default();
        seen.at = Some(now);
        seen.well = false;
        seen.failed = (seen.failed + 1).min(TRIES);
        let rest = match error.trouble {
            Trouble::Throttled => {
                seen.pacing.throttled(now);
                soon(&format!("{eye:?}"), seen.failed)
            }
            trouble if trouble.passes() => pause(&format!("{eye:?}"), seen.failed),
            _ => LATER,
        };
        self.eyes.sleep(eye, rest);
    }

    /// How long eyes rest now.
    fn rest(&self, now: Moment) -> Duration {
        match (self.touched.plus_seconds(FIRST_SECONDS) > now, self.fought) {
            (true, true) => IN_A_FIGHT,
            (true, false) => AT_FIRST,
            (false, true) => AFTER_A_FIGHT,
            (false, false) => LATER,
        }
    }

    /// Somebody did something against the cuts.
    pub(super) fn is_touched(&mut self, now: Moment) {
        self.touched = now;
        self.fought = true;
    }

    /// Sends the call of a cut, whose intent is on disk.
    pub(super) fn send(&mut self, n: usize) {
        if let Some(cut) = self.cuts.get_mut(n) {
            cut.busy = true;
            cut.stage = Stage::Announced;
            self.eyes.write(n, cut.change.clone());
        }
    }

    /// The call of a cut was answered: its eye looks at once.
    pub(super) fn sent(&mut self, n: usize, now: Moment) {
        if let Some(cut) = self.cuts.get_mut(n) {
            (cut.busy, cut.answered) = (false, Some(now));
        }
        self.stands(n, now);
        if self.seen.contains_key(&Eye::Cut(n)) {
            self.look(Eye::Cut(n));
        }
    }

    /// A cut was made, now or by a call that seemed to fail: what was turned round before it is in force until the lag is over, so the quiet begins anew.
    pub(super) fn stands(&mut self, n: usize, now: Moment) {
        if let Some(cut) = self.cuts.get_mut(n) {
            (cut.doubt, cut.refused, cut.tries, cut.not_before) = (false, None, 0, None);
        }
        self.touched = self.touched.max(now);
    }

    /// The call of a cut was not made, or may not have been: it is looked at again, the later the more often that was.
    pub(super) fn not_sent(&mut self, n: usize, error: &AwsError, now: Moment) {
        let Some(cut) = self.cuts.get_mut(n) else { return };
        cut.tries = (cut.tries + 1).min(TRIES);
        (cut.busy, cut.answered, cut.doubt) = (false, Some(now), true);
        let rest = if error.trouble == Trouble::Throttled {
            soon(&cut.step.id, cut.tries)
        } else if sent_nothing(error.trouble) {
            pause(&cut.step.id, cut.tries)
        } else if error.trouble.leaves_doubt() {
            Duration::ZERO
        } else {
            LATER
        };
        cut.not_before = Some(now.plus_millis(i64::try_from(rest.as_millis()).unwrap_or(0)));
        if self.seen.contains_key(&Eye::Cut(n)) {
            self.eyes.sleep(Eye::Cut(n), rest);
        }
    }

    /// Whether what was asked for at `asked` tells nothing of the cut: its call is under way, was answered since, or is not to be tried yet.
    pub(super) fn is_past(&self, n: usize, asked: Moment, now: Moment) -> bool {
        self.cuts.get(n).is_none_or(|cut| {
            cut.busy
                || cut.stage == Stage::Left
                || cut.answered.is_some_and(|answered| answered >= asked)
                || cut.not_before.is_some_and(|time| time > now)
        })
    }

    /// The user or role of a cut, as long as it isn't known to be there: whose cut is gone because he himself is holds no power.
    pub(super) fn unknown_owner(&self, n: usize) -> Option<Member> {
        let cut = self.cuts.get(n).filter(|cut| !cut.owner_is_there)?;
        Some(match &cut.change.member {
            Member::UserPolicy { user, .. } | Member::Attachment { user, .. } | Member::Boundary { user } => {
                Member::User { user: user.clone() }
            }
            Member::RolePolicy { role, .. } | Member::RoleAttachment { role, .. } | Member::RoleBoundary { role } => {
                Member::Role { role: role.clone() }
            }
            _ => return None,
        })
    }

    pub(super) fn owner_is_there(&mut self, n: usize, is_there: bool) {
        if let Some(cut) = self.cuts.get_mut(n) {
            cut.owner_is_there = is_there;
        }
    }

    /// The user or role of a cut is gone, and with it what there was to cut.
    pub(super) fn is_without_owner(&mut self, n: usize) {
        if let Some(cut) = self.cuts.get_mut(n)
            && cut.stage == Stage::Announced
        {
            cut.stage = Stage::Stands;
            (cut.doubt, cut.refused) = (false, None);
        }
    }

    /// The cut is not to be made: nobody looks at it any more.
    pub(super) fn leave(&mut self, n: usize) {
        if let Some(cut) = self.cuts.get_mut(n) {
            cut.stage = Stage::Left;
        }
        self.seen.remove(&Eye::Cut(n));
    }

    /// The cuts of keys of `user`, with what was found of each.
    pub(super) fn of_keys(&self, user: &str, found: &Keys) -> Vec<(usize, Setting)> {
        let cuts = self.cuts.iter().enumerate();
        let of_user = cuts.filter_map(|(n, cut)| match &cut.change.member {
            Member::AccessKey { user: of, key } if of == user => {
                let status = found.get(key).copied();
                Some((n, status.map_or(Setting::Absent, Setting::Status)))
            }
            _ => None,
        });
        of_user.collect()
    }

    /// Whether something was announced of which it isn't known yet whether it was made.
    pub(super) fn is_under_way(&self) -> bool {
        self.cuts.iter().any(|cut| cut.stage == Stage::Announced)
    }

    /// Whether nobody has touched anything for `seconds`, and every eye has looked since that was so.
    pub(super) fn is_quiet(&self, seconds: u32, now: Moment) -> bool {
        let since = self.touched.plus_seconds(i64::from(seconds));
        let settled = self.cuts.iter().all(|cut| !cut.busy && cut.stage != Stage::New);
        now >= since && settled && self.seen.values().all(|seen| seen.at.is_some_and(|at| at >= since))
    }

    /// Whether the last look of every eye saw, and found every cut.
    pub(super) fn sees(&self) -> bool {
        // A second lock for which there is no room is none: the first is looked at.
        let has_no_room = |cut: &Cut| !cut.step.required && cut.refused.is_some();
        let stands = |cut: &Cut| matches!(cut.stage, Stage::Stands | Stage::Left) || has_no_room(cut);
        self.seen.values().all(|seen| seen.well) && self.cuts.iter().all(stands)
    }
}
