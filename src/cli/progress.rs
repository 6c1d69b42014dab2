//! How far a reading is, drawn while one waits.

use super::terminal::{StatusLine, Terminal};
use crate::time::Stopwatch;
use crate::trail::Progress;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Nothing is drawn of what takes less.
const PATIENCE: Duration = Duration::from_millis(500);

/// So often it is drawn anew.
const STEP: Duration = Duration::from_millis(100);

/// Draws until it is dropped; then its line is cleared.
pub struct Drawing {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    /// Draws `progress` of what is called `work`, if anybody sees it.
    pub fn of(terminal: &Terminal, work: &'static str, progress: &Arc<Progress>) -> Self {
        let (end, ended) = mpsc::channel();
        let draw = |line: StatusLine| {
            let (progress, watch) = (progress.clone(), Stopwatch::started());
            thread::spawn(move || {
                let mut wait = PATIENCE;
                while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    wait = STEP;
                    line.draw(&text(work, progress.done(), progress.total(), watch.seconds()));
                }
                line.draw("");
            })
        };
        Drawing {
            end: Some(end),
            thread: terminal.status_line().map(draw),
        }
    }

    /// Whether anybody sees it, so that it pays to count what there is to do.
    pub fn is_seen(&self) -> bool {
        self.thread.is_some()
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        drop(self.end.take());
        // That its thread ended otherwise is no reason to end the work.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// `reading: 120.0 of 800.0 MB, 1200 files, 400.0 MB/s, 2 s left`.
fn text(work: &str, (bytes, files): (u64, u64), total: Option<u64>, seconds: f64) -> String {
    let megabytes = |bytes: f64| format!("{:.1}", bytes / 1e6);
    let rate = bytes as f64 / seconds.max(0.001);
    // What was counted a moment ago may have grown.
    let total = total.filter(|total| *total >= bytes);
    let of = total
        .map(|total| format!(" of {}", megabytes(total as f64)))
        .unwrap_or_default();
    let left = total.filter(|_| bytes > 0).map(|total| (total - bytes) as f64 / rate);
    let left = left.map(|left| format!(", {} left", span(left))).unwrap_or_default();
    let files = if files == 1 {
        "1 file".to_owned()
    } else {
        format!("{files} files")
    };
    format!(
        "{work}: {}{of} MB, {files}, {} MB/s{left}",
        megabytes(bytes as f64),
        megabytes(rate)
    )
}

fn span(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn the_line_tells_what_is_known() {
        let line = |bytes, total, seconds| text("reading", (bytes, 1_200), total, seconds);
        assert_eq!(
            line(120_000_000, Some(800_000_000), 2.0),
            "reading: 120.0 of 800.0 MB, 1200 files, 60.0 MB/s, 12 s left"
        );
        assert_eq!(line(120_000_000, None, 2.0), "reading: 120.0 MB, 1200 files, 60.0 MB/s");
        // Nothing was read yet: nobody knows how long it takes.
        assert_eq!(
            line(0, Some(8_000_000), 0.5),
            "reading: 0.0 of 8.0 MB, 1200 files, 0.0 MB/s"
        );
        // A file grew while it was read.
        assert_eq!(
            line(9_000_000, Some(8_000_000), 1.0),
            "reading: 9.0 MB, 1200 files, 9.0 MB/s"
        );
        assert!(line(1_000_000, Some(4_000_000_000_000), 1.0).ends_with(", 1111 h 6 min left"));
        assert!(line(1_000_000, Some(91_000_000), 1.0).ends_with(", 1 min 30 s left"));
    }
}
