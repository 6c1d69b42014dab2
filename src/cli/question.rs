//! Questions about a step at the terminal, and the thread that one is put from.
//!
//! Whoever asks doesn't wait: what is cut already is looked after while a question stands. So the terminal is read by a thread of its own, which writes
//! nothing but the question and its prompts, and nobody else writes to the terminal until the answer is there.

use super::terminal::{Interrupted, Keys, Terminal};
use crate::execute::{Answered, Consent, Remedy};
use crate::journal::Agreement;
use crate::report::Tone;
use std::sync::{Arc, Mutex, PoisonError};

/// What was said to a step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// Whether it is to be done; `None` where the question was broken off.
    pub(super) consent: Option<Consent>,
    /// Yes to everything that can be undone.
    pub(super) all: bool,
}

/// What a question about a step needs.
#[derive(Debug)]
pub(super) struct OfStep {
    /// What is shown to who wants to know more.
    pub(super) details: String,
    /// It cannot be undone in full.
    pub(super) destructive: bool,
    /// What must be typed for it.
    pub(super) name: Option<String>,
}

impl OfStep {
    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, terminal: &Terminal) -> Said {
        let mut all = false;
        loop {
            let consent = match ask(terminal, "do it? [y]es [s]kip [d]etails [a]ll reversible s[t]op").as_deref() {
                None => None,
                Some("y" | "yes") => match &self.name {
                    Some(name) => typed(terminal, name),
                    None => Some(Consent::Yes(Agreement::Answered)),
                },
                Some("s" | "skip") => Some(Consent::Skip),
                Some("t" | "stop" | "q") => Some(Consent::Stop),
                Some("d" | "details") => {
                    terminal.urgent(&self.details);
                    continue;
                }
                Some("a" | "all") => {
                    all = true;
                    if self.destructive {
                        terminal.urgent("this step cannot be undone in full: it is asked for by itself");
                        continue;
                    }
                    Some(Consent::Yes(Agreement::AllReversible))
                }
                Some(_) => {
                    terminal.urgent("please answer y, s, d, a or t");
                    continue;
                }
            };
            return Said { consent, all };
        }
    }
}

/// Asks what to do about a step that went wrong; `None` where the question was broken off.
pub(super) fn of_trouble(terminal: &Terminal) -> Option<Remedy> {
    loop {
        match ask(terminal, "what now? [g]o on, [r]etry, s[t]op")?.as_str() {
            "g" | "go on" => return Some(Remedy::GoOn),
            "r" | "retry" => return Some(Remedy::Again),
            "t" | "stop" | "q" => return Some(Remedy::Stop),
            _ => terminal.urgent(&super::paint_status(Tone::Careful, "please answer g, r or t")),
        }
    }
}

fn ask(terminal: &Terminal, question: &str) -> Option<String> {
    terminal.ask(question).ok().map(|answer| answer.to_lowercase())
}

/// A step that cannot be undone in full wants the name typed. Whoever mistypes it is asked once more.
fn typed(terminal: &Terminal, name: &str) -> Option<Consent> {
    let question = format!("this cannot be undone in full; type `{name}` to do it");
    for is_last in [false, true] {
        match terminal.ask(&question) {
            Ok(answer) if answer == name => return Some(Consent::Yes(Agreement::Answered)),
            Ok(_) if is_last => terminal.urgent("that is not the name: skipped"),
            Ok(_) => terminal.urgent("that is not the name: once more, or it is skipped"),
            Err(Interrupted) => return None,
        }
    }
    Some(Consent::Skip)
}

/// A question that stands at the terminal.
#[derive(Debug)]
pub(super) struct Open<T>(Arc<Mutex<Option<T>>>);

impl<T> Open<T> {
    /// The answer; `None` where it was broken off, or there is none yet.
    pub(super) fn answer(self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Asks from another thread. Gives with the question what ends when it is answered; `None` where there is no thread to be had.
pub(super) fn elsewhere<T: Send + 'static>(
    terminal: &Terminal,
    ask: impl FnOnce(&Terminal) -> T + Send + 'static,
) -> Option<(Open<T>, Answered)> {
    let answer = Arc::new(Mutex::new(None));
    let (tell, told) = tokio::sync::oneshot::channel();
    let standing = Standing {
        terminal: terminal.clone(),
        keys: Keys::as_they_are(),
        is_over: false,
    };
    let (given, at) = (answer.clone(), terminal.clone());
    let asking = move || {
        let said = ask(&at);
        *given.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        // Nobody is left who waits for it, where the run has ended meanwhile.
        let _ = tell.send(());
    };
    std::thread::Builder::new().spawn(asking).ok()?;
    Some((Open(answer), Box::pin(standing.until(told))))
}

/// A terminal at which a question stands. Where it is broken off from elsewhere, its thread still reads, and the terminal is put back for it.
struct Standing {
    terminal: Terminal,
    keys: Keys,
    is_over: bool,
}

impl Standing {
    async fn until(mut self, told: tokio::sync::oneshot::Receiver<()>) {
        self.is_over = told.await.is_ok();
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if !self.is_over {
            self.keys.put_back();
            self.terminal.urgent("");
        }
    }
}
