//! Arguments, terminal, prompts, exit codes; one file per command.

mod args;
mod around;
mod athena;
mod cases;
mod conclude;
mod console;
mod contests;
mod door;
mod evidence;
mod exit;
mod files;
mod first;
mod folder;
mod further;
mod guarded;
mod harden;
mod innocent;
mod interrupts;
mod intruder;
mod keys;
mod leads;
mod odds;
mod others;
mod plan;
mod playbook;
mod policy;
mod prepare;
mod progress;
mod question;
mod ready;
mod renew;
mod resume;
mod run;
mod secrets;
mod sifting;
mod tabletop;
mod terminal;
mod told;
mod trace;
mod twin;
mod undo;
mod watch;
mod window;
mod world;

pub use exit::Exit;

use args::{Command, Format};
use exit::Failure;
use std::path::PathBuf;
use terminal::{Terminal, paint_status};

/// What every command has at hand.
#[derive(Debug)]
struct Desk {
    terminal: Terminal,
    format: Format,
    trace_calls: bool,
    /// Where cases are kept.
    cases: PathBuf,
    /// Who signs, once that was told.
    signer: std::sync::OnceLock<crate::ids::Arn>,
}

/// Runs the program on the arguments of the process.
pub fn main() -> Exit {
    terminal::honour_no_color(std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()));
    let cli = match door::read() {
        Ok(cli) => cli,
        Err(error) => return terminal::clap_says(&error),
    };
    let desk = Desk {
        terminal: Terminal::open(cli.quiet),
        format: cli.format,
        trace_calls: cli.trace_calls,
        cases: cli.command.cases(),
        signer: std::sync::OnceLock::new(),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return desk.fail(&Failure::new(
                Exit::Failure,
                "runtime",
                format!("the runtime cannot start: {error}"),
            ));
        }
    };
    let ended = runtime.block_on(dispatch(&desk, cli.command));
    // A reading that was broken off ends with the process.
    runtime.shutdown_background();
    ended.unwrap_or_else(|failure| desk.fail(&failure))
}

async fn dispatch(desk: &Desk, command: Command) -> Result<Exit, Failure> {
    door::understood(&command)?;
    match command {
        Command::Trace(args) => trace::trace(desk, args).await,
        Command::Plan(args) => plan::plan(desk, args).await,
        Command::Run(args) => run::run(desk, args).await,
        Command::Resume(args) => resume::resume(desk, args).await,
        Command::Watch(args) => watch::watch(desk, args).await,
        Command::Undo(args) => undo::undo(desk, args).await,
        Command::Cases(args) => cases::cases(desk, &args),
        Command::Report(args) => cases::report(desk, &args),
        Command::Ready(args) => ready::ready(desk, args).await,
        Command::Tabletop(args) => tabletop::tabletop(desk, args).await,
        Command::Harden(args) => harden::harden(desk, args).await,
        Command::Twin(args) => twin::twin(desk, args).await,
        Command::Playbook(args) => playbook::playbook(desk, args),
        Command::Policy(args) => policy::policy(desk, args),
    }
}

impl Command {
    /// Where cases are kept; the commands that write none read none either, and go by the default.
    fn cases(&self) -> PathBuf {
        match self {
            Command::Run(args) => args.folder.cases.clone(),
            Command::Undo(args) => args.folder.cases.clone(),
            Command::Harden(args) => args.folder.cases.clone(),
            _ => std::env::var_os("OUST_CASES").map_or_else(|| PathBuf::from(args::CASES), PathBuf::from),
        }
    }
}

impl Desk {
    /// Says what went wrong, and gives the exit code.
    fn fail(&self, failure: &Failure) -> Exit {
        let head = paint_status(crate::report::Tone::Bad, "error");
        // The word is painted behind the folding, which takes no colours.
        let text = format!("error[{}]: {}", failure.code, failure.message);
        // Lines of their own show a place in a file: they stay as they are.
        let text = match text.contains('\n') {
            true => text,
            false => self.folded(2, &text),
        };
        self.terminal.urgent(&text.replacen("error", &head, 1));
        for hint in &failure.hints {
            self.terminal.urgent(&self.folded(8, &format!("  hint: {hint}")));
        }
        failure.exit
    }

    /// Writes a result as text or as JSON.
    fn result(&self, text: impl FnOnce() -> String, value: &impl serde::Serialize) -> Result<(), Failure> {
        match self.format {
            Format::Text => self.terminal.result(&text()),
            Format::Json => {
                let json = serde_json::to_string_pretty(value).map_err(|error| {
                    Failure::new(
                        Exit::Failure,
                        "json",
                        format!("the result cannot be written as JSON: {error}"),
                    )
                })?;
                self.terminal.result(&json)
            }
        }
    }

    /// How results look.
    fn paint(&self) -> crate::report::Paint {
        crate::report::Paint {
            width: self.terminal.width(),
            with: terminal::paint,
        }
    }

    /// How status looks.
    fn paint_status(&self) -> crate::report::Paint {
        crate::report::Paint {
            width: self.terminal.width(),
            with: paint_status,
        }
    }

    /// What is told on stderr, folded where a person reads it there. What is kept elsewhere stays a line for each thing.
    fn folded(&self, indent: usize, text: &str) -> String {
        match self.terminal.shows_status() {
            true => folded(self.paint_status(), indent, text),
            false => text.to_owned(),
        }
    }

    /// The same for a line on stdout.
    fn folded_result(&self, indent: usize, text: &str) -> String {
        match self.terminal.shows_results() {
            true => folded(self.paint(), indent, text),
            false => text.to_owned(),
        }
    }

    /// Lists every API call, where that was asked for.
    fn list_calls(&self, clients: &crate::mount::Clients) {
        if !self.trace_calls {
            return;
        }
        for (n, call) in clients.calls().iter().enumerate() {
            let status = call.status.map_or("no answer".to_owned(), |status| status.to_string());
            let millis = call.millis.map_or(String::new(), |millis| format!("{millis} ms"));
            self.terminal.urgent(&format!(
                "call {:>3}  {}  {}:{}  {status}  {millis}",
                n + 1,
                call.at,
                call.service,
                call.operation
            ));
        }
    }
}

/// A line that keeps what it is indented by, folded.
fn folded(paint: crate::report::Paint, indent: usize, text: &str) -> String {
    let rest = text.trim_start_matches(' ');
    let lead = text.len() - rest.len();
    " ".repeat(lead) + &paint.fold(indent, rest)
}
