//! Asking: while a person thinks about a step, what this run has set is looked after.
//!
//! A question stands for seconds or for an hour, and an intruder whose old rights still work, or one whom nobody knows yet, turns round what he likes in that
//! time. So the question is put elsewhere, and the run goes on guarding. It alone writes the journal; what it finds is told when the answer is there.

use super::{Consent, ExecuteError, Remedy, Run};
use crate::action::Setting;
use crate::journal::Event;
use crate::plan::Step;
use futures_util::future::BoxFuture;

/// What a person is asked.
#[derive(Debug, Clone, Copy)]
pub enum Question<'q> {
    /// Whether a step is to be done, whose member was so, where it has one.
    Consent(&'q Step, Option<&'q Setting>),
    /// What to do about a step that went wrong so.
    Trouble(&'q Step, &'q Event),
}

/// Ends when a question is answered, or will not be. Whoever drops it before leaves the question without an answer.
pub type Answered = BoxFuture<'static, ()>;

impl Run<'_> {
    /// What the person says to a step.
    pub(super) async fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Result<Consent, ExecuteError> {
        self.while_asked(step, Question::Consent(step, before)).await?;
        Ok(self.hooks.consent(step, before))
    }

    /// What is to be done about a step that went wrong.
    pub(super) async fn trouble(&mut self, step: &Step, event: &Event) -> Result<Remedy, ExecuteError> {
        self.while_asked(step, Question::Trouble(step, event)).await?;
        Ok(self.hooks.trouble(step, event))
    }

    /// Looks after what this run has cut until the question is answered. An undoing has cut nothing that it would make again.
    async fn while_asked(&mut self, step: &Step, question: Question<'_>) -> Result<(), ExecuteError> {
        let is_guarded = self.clients().side_by_side() && !step.id.is_of_undo();
        if is_guarded
            && self.kept.iter().any(|(_, change)| change.is_cut())
            && let Some(answered) = self.hooks.put(question)
        {
            let before = self.journal.entries().len();
            self.look_after(answered).await?;
            Box::pin(self.tell_who(before)).await?;
        }
        Ok(())
    }
}
