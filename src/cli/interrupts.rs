//! Ctrl-C: from the first look at it on it no longer ends the process by itself, so that what is in flight is finished first.

use super::exit::Exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether Ctrl-C was pressed, and what another one does.
#[derive(Debug)]
pub struct Interrupts {
    raised: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Interrupts {
    /// Watches from here on.
    pub fn watched() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        Interrupts {
            raised: watch(over.clone()),
            over,
        }
    }

    /// Whether it was pressed.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// It was pressed where a question was open.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
    }

    /// Nothing is changed any more: another Ctrl-C ends the process at once. What the journal says is on disk, and a line that is torn by that is known
    /// for one. Gives whether this is said for the first time.
    pub fn lets_go(&self) -> bool {
        !self.over.swap(true, Ordering::SeqCst)
    }
}

/// A flag that Ctrl-C raises.
pub fn watch_ctrl_c() -> Arc<AtomicBool> {
    watch(Arc::default())
}

/// A flag that Ctrl-C raises. With `over` set it ends the process.
fn watch(over: Arc<AtomicBool>) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = flag.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
            return;
        };
        runtime.block_on(async move {
            let mut is_first = true;
            while tokio::signal::ctrl_c().await.is_ok() {
                // The signal of a question that was broken off may be heard after its answer.
                if over.load(Ordering::SeqCst) && !is_first {
                    std::process::exit(Exit::Interrupted as i32);
                }
                is_first = false;
                raised.store(true, Ordering::SeqCst);
            }
        });
    });
    flag
}
