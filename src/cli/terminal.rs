//! The one door to the terminal: results on stdout, status and questions on stderr.

use super::exit::Failure;
use crate::report::Tone;
use console::Style;
use std::io::{self, IsTerminal, Write};

/// The terminal, as it was found and asked for.
#[derive(Debug)]
pub struct Terminal {
    quiet: bool,
    width: usize,
    interactive: bool,
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
        }
    }

    /// Columns to write in.
    pub fn width(&self) -> usize {
        self.width
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
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Writes to stderr even with `--quiet`: errors and what a question is about.
    pub fn urgent(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
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
    if error.use_stderr() {
        super::Exit::Usage
    } else {
        super::Exit::Success
    }
}
