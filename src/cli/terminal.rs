//! The one door to the terminal: results on stdout, status and questions on stderr.

use super::exit::Failure;
use crate::report::Tone;
use console::Style;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The terminal, as it was found and asked for.
#[derive(Debug, Clone)]
pub struct Terminal {
    quiet: bool,
    width: usize,
    interactive: bool,
    line: StatusLine,
}

/// The last line of stderr, which is drawn over and over while one waits. What is written to stderr meanwhile stands above it.
#[derive(Debug, Clone, Default)]
pub struct StatusLine(Arc<Mutex<String>>);

impl StatusLine {
    /// Draws `text` in the place of what was drawn; nothing, where it is empty. It is cut where the terminal ends.
    pub fn draw(&self, text: &str) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = console::Term::stderr().size().1;
        let text = console::truncate_str(text, usize::from(columns).saturating_sub(1), "");
        if *drawn != text {
            // Back to the beginning of the line, and clear it: the next text may be shorter.
            let _ = write!(io::stderr(), "\r\x1b[2K{text}");
            *drawn = text.into_owned();
        }
    }

    fn above(&self, text: &str) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if drawn.is_empty() { "" } else { "\r\x1b[2K" };
        let _ = writeln!(io::stderr(), "{clear}{text}");
        drawn.clear();
    }
}

/// How the terminal reads keys. A question has them told one by one and unseen; whoever leaves it before its end leaves them so.
#[cfg(unix)]
pub struct Keys(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Keys {
    /// As it is now.
    pub fn as_they_are() -> Self {
        Keys(rustix::termios::tcgetattr(io::stdin()).ok())
    }

    /// Puts it back as it was.
    pub fn put_back(&self) {
        if let Some(keys) = &self.0 {
            // That the terminal is gone changes nothing.
            let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, keys);
        }
    }
}

/// Elsewhere than on Unix reading changes nothing that would last.
#[cfg(not(unix))]
pub struct Keys;

#[cfg(not(unix))]
impl Keys {
    /// As it is now.
    pub fn as_they_are() -> Self {
        Keys
    }

    /// Puts it back as it was.
    pub fn put_back(&self) {}
}

/// The answer to a question was broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl Terminal {
    /// Looks at the terminal. Colour is off for `NO_COLOR` and where output is no terminal.
    pub fn open(quiet: bool) -> Self {
        let width = console::Term::stdout()
            .size_checked()
            .map_or(80, |(_, columns)| usize::from(columns));
        Terminal {
            quiet,
            width: width.clamp(60, 160),
            interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
            line: StatusLine::default(),
        }
    }

    /// Columns to write in.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether nothing but results, errors and questions is wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stderr is a terminal.
    pub fn shows_status(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Whether stdout is a terminal.
    pub fn shows_results(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether a person can be asked.
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// Writes a result to stdout.
    ///
    /// # Errors
    /// The reader went away or the disk is full.
    pub fn result(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }

    /// Stdout for many results, written as it is flushed.
    pub fn results(&self) -> impl Write {
        io::BufWriter::new(io::stdout().lock())
    }

    /// Writes status to stderr, unless `--quiet`. That nobody reads it stops nothing.
    pub fn status(&self, text: &str) {
        if !self.quiet {
            self.line.above(text);
        }
    }

    /// The line that shows how far a long work is, where somebody sees it: `None` with `--quiet` and where stderr is no terminal.
    pub fn status_line(&self) -> Option<StatusLine> {
        (!self.quiet && io::stderr().is_terminal()).then(|| self.line.clone())
    }

    /// Writes to stderr even with `--quiet`: errors and what a question is about.
    pub fn urgent(&self, text: &str) {
        self.line.above(text);
    }

    /// Reads one line that answers `question`.
    ///
    /// # Errors
    /// Ctrl-C, or the terminal is gone.
    pub fn ask(&self, question: &str) -> Result<String, Interrupted> {
        dialoguer::Input::<String>::new()
            .with_prompt(question)
            .allow_empty(true)
            .interact_text()
            .map(|answer| answer.trim().to_owned())
            .map_err(|_| Interrupted)
    }

    /// Lets a person pick some of `items`; gives their places.
    ///
    /// # Errors
    /// Ctrl-C, Escape, or the terminal is gone.
    pub fn pick(&self, question: &str, items: &[&str]) -> Result<Vec<usize>, Interrupted> {
        dialoguer::MultiSelect::new()
            .with_prompt(format!("{question} (space picks, enter goes on)"))
            .items(items)
            .interact_opt()
            .map_err(|_| Interrupted)?
            .ok_or(Interrupted)
    }
}

/// `text` in `tone` for stdout.
pub fn paint(tone: Tone, text: &str) -> String {
    style(tone).apply_to(text).to_string()
}

/// `text` in `tone` for stderr.
pub fn paint_status(tone: Tone, text: &str) -> String {
    style(tone).for_stderr().apply_to(text).to_string()
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Heading => Style::new().bold(),
        Tone::Good => Style::new().green(),
        Tone::Bad => Style::new().red().bold(),
        Tone::Careful => Style::new().yellow(),
        Tone::Dim => Style::new().dim(),
    }
}

/// Whether colour is wanted on stdout is decided by the `console` crate, which honours `NO_COLOR`-like variables of its own;
/// this adds the plain `NO_COLOR`: <https://no-color.org>.
pub fn honour_no_color(no_color: bool) {
    if no_color {
        console::set_colors_enabled(false);
        console::set_colors_enabled_stderr(false);
    }
}

/// What clap has to say: help and version are results, everything else is an error of usage.
pub fn clap_says(error: &clap::Error) -> super::Exit {
    // Nobody left to read it is no reason to fail differently.
    let _ = error.print();
    let text = error.to_string();
    if error.kind() == clap::error::ErrorKind::MissingRequiredArgument && text.contains("\n  <KEY") {
        let _ = writeln!(
            io::stderr(),
            "\n  hint: give the compromised access key ID, or what names it: --finding FILE"
        );
    }
    if error.use_stderr() {
        super::Exit::Usage
    } else {
        super::Exit::Success
    }
}
