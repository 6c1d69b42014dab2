//! Entries: what happened, in the words that every reader shares.

use crate::action::{Change, Member, Setting};
use crate::ids::{AccessKeyId, CaseId, StepId};
use crate::mount::{ApiCall, AwsError};
use crate::plan::Step;
use crate::time::Moment;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    pub seq: u64,
    /// When it was written, by the world's clock.
    pub at: Moment,
    /// The SHA-256 of the line before, in hexadecimal; empty for the first.
    pub prev: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// How a person agreed to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// By answering yes to this step.
    Answered,
    /// By answering yes to all remaining reversible steps.
    AllReversible,
    /// By answering yes to the hold that calls for it: in a fight nobody is waited for.
    WithHold,
    /// By `--yes` on the command line.
    Beforehand,
    /// Nobody was asked: a rehearsal on the twin.
    Rehearsal,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finish")]
pub enum Finish {
    /// Every step was settled.
    Completed,
    /// The person stopped before this step.
    Stopped {
        /// The first step that was not done.
        before: StepId,
    },
    /// This step failed and the run ended there.
    Failed {
        /// The step. An entry has its own `at`.
        #[serde(rename = "step")]
        at: StepId,
    },
    /// The account differed from the rehearsal at this step.
    Diverged {
        /// The step.
        #[serde(rename = "step")]
        at: StepId,
    },
}

/// The verdict on one credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The credential's label in its lineage: `A`, `B`, `D1`.
    pub label: String,
    /// The credential.
    pub key: AccessKeyId,
    /// What it can still do.
    pub verdict: Verdict,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run began.
    Opened {
        /// The case.
        case: CaseId,
        /// The keys that it is about.
        keys: Vec<AccessKeyId>,
        /// The digest of the plan that is carried out.
        plan: String,
        /// The world: `twin`, or the endpoint.
        world: String,
    },
    /// A run that was broken off or stopped goes on.
    Resumed {
        /// The world, as when it began.
        world: String,
        /// Steps that are left.
        left: Vec<StepId>,
    },
    /// A further wave of the case begins: something was found that its plan had not known.
    Widened {
        /// Its number; the first is 2.
        wave: usize,
        /// The digest of its plan.
        plan: String,
    },
    /// The account was kept as it was.
    EvidenceKept {
        /// The step.
        step: StepId,
        /// SHA-256 of the snapshot, in hexadecimal.
        sha256: String,
    },
    /// A member was read before its change.
    Looked {
        /// The step.
        step: StepId,
        /// What it was.
        before: Setting,
    },
    /// A member was read beside its change, which waited for no look: this is what it was before. The intent couldn't tell it, and said that the member
    /// was so already.
    LookedBeside {
        /// The step.
        step: StepId,
        /// What it was.
        before: Setting,
        /// It is what the change makes of it, and was answered when the change was under way: what it was before isn't known.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unsure: bool,
    },
    /// The member is what the step wants already: nothing was called.
    AlreadySo {
        /// The step.
        step: StepId,
    },
    /// A person agreed.
    Agreed {
        /// The step.
        step: StepId,
        /// How.
        how: Agreement,
    },
    /// A person said no to this step.
    Declined {
        /// The step.
        step: StepId,
    },
    /// The change is about to be made. Written before the call.
    Intended {
        /// The step.
        step: StepId,
        /// The change.
        change: Change,
        /// What the member was.
        before: Setting,
    },
    /// The call succeeded.
    Done {
        /// The step.
        step: StepId,
    },
    /// A call failed and had no effect.
    Failed {
        /// The step.
        step: StepId,
        /// How.
        error: AwsError,
    },
    /// A call failed and may have had its effect.
    InDoubt {
        /// The step.
        step: StepId,
        /// How.
        error: AwsError,
    },
    /// The member was read back and is what the step wanted.
    Verified {
        /// The step.
        step: StepId,
    },
    /// The account is not as the rehearsal, or as the step, left it.
    Diverged {
        /// The step.
        step: StepId,
        /// What was expected.
        expected: Setting,
        /// What was found.
        found: Setting,
    },
    /// The step would have lifted a deny of, or deleted, somebody who holds something that this plan doesn't take away, and is left to a further wave; or
    /// it would have lifted a deny of somebody who isn't to be deleted any more.
    PutOff {
        /// The step.
        step: StepId,
        /// What he holds; himself, where he isn't to be deleted.
        left: Vec<Member>,
    },
    /// Somebody turned a change of this run round; it is made again.
    Contested {
        /// The step that had made the change.
        step: StepId,
        /// What was found in its place.
        found: Setting,
    },
    /// The changes were given time.
    Held {
        /// The step.
        step: StepId,
        /// How long, in seconds.
        seconds: u32,
    },
    /// The trail was looked through again.
    Swept {
        /// The step.
        step: StepId,
        /// Credentials of the family that were not known before.
        found: Vec<AccessKeyId>,
    },
    /// A step was added to the plan.
    Added {
        /// The step.
        step: Box<Step>,
    },
    /// What every credential can still do, after the step; before the first where there is none.
    Judged {
        /// The step.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<StepId>,
        /// Credential by credential.
        verdicts: Vec<Judgement>,
        /// The digest of all that is known of the family, where every credential of it was useless, everything that it left closed, and nothing in doubt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proven: Option<String>,
        /// From when on a look at the trail shows all that the family did, where this one came too early for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told_from: Option<Moment>,
    },
    /// The run ended.
    Closed {
        /// How.
        #[serde(flatten)]
        finish: Finish,
        /// Every API call of the run, in order.
        calls: Vec<ApiCall>,
    },
}

impl Event {
    /// The step that it is about.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Event::EvidenceKept { step, .. }
            | Event::Looked { step, .. }
            | Event::LookedBeside { step, .. }
            | Event::AlreadySo { step }
            | Event::Agreed { step, .. }
            | Event::Declined { step }
            | Event::Intended { step, .. }
            | Event::Done { step }
            | Event::Failed { step, .. }
            | Event::InDoubt { step, .. }
            | Event::Verified { step }
            | Event::Diverged { step, .. }
            | Event::Contested { step, .. }
            | Event::PutOff { step, .. }
            | Event::Held { step, .. }
            | Event::Swept { step, .. } => Some(step),
            Event::Added { step } => Some(&step.id),
            Event::Judged { after, .. } => after.as_ref(),
            Event::Opened { .. } | Event::Widened { .. } | Event::Resumed { .. } | Event::Closed { .. } => None,
        }
    }
}
