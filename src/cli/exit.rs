//! Exit codes: an API, documented in README and in `oust --help`.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done; where it is about containment, every known credential is proven useless and no way back is open.
    Success = 0,
    /// The program failed in a way that it doesn't know.
    Failure = 1,
    /// The command line cannot be understood: an unknown flag, a garbled key ID.
    Usage = 2,
    /// At the end a credential is still alive or a way back is open, something is not ready, or it cannot be said.
    NotContained = 3,
    /// Refused before anything was changed: the plan would cut off its caller, the account has drifted, the key is not one that can be contained here,
    /// undo would let the intruder in.
    Refused = 4,
    /// The person stopped.
    Stopped = 5,
    /// AWS refused a call or could not be reached: permissions, credentials, throttling, network.
    Aws = 6,
    /// A file cannot be read or is malformed (a log, playbook, scenario, snapshot, plan or request), or one that a flag names cannot be written.
    Input = 7,
    /// The case folder or the journal cannot be written.
    CaseFolder = 8,
    /// The account did not do what the rehearsal did.
    Diverged = 9,
    /// The output was closed before everything was written.
    OutputClosed = 10,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, for the help text.
    pub const TABLE: [(Exit, &'static str); 12] = [
        (
            Exit::Success,
            "done; where it is about containment, every known credential is proven useless and no way back is open",
        ),
        (Exit::Failure, "the program failed in a way that it doesn't know"),
        (
            Exit::Usage,
            "the command line cannot be understood: an unknown flag, a garbled key ID",
        ),
        (
            Exit::NotContained,
            "at the end a credential is still alive or a way back is open, something is not ready, or it cannot be said",
        ),
        (
            Exit::Refused,
            "refused before anything was changed: it would cut off its caller, the account has drifted, the key cannot be contained here, or undo would let the intruder in",
        ),
        (Exit::Stopped, "the person stopped"),
        (
            Exit::Aws,
            "AWS refused a call or could not be reached: permissions, credentials, throttling, network",
        ),
        (
            Exit::Input,
            "a file cannot be read or is malformed (log, playbook, scenario, snapshot, plan, request), or one that --out, --rules or --index names cannot be written",
        ),
        (Exit::CaseFolder, "the case folder or the journal cannot be written"),
        (Exit::Diverged, "the account did not do what the rehearsal did"),
        (
            Exit::OutputClosed,
            "the output was closed before everything was written",
        ),
        (Exit::Interrupted, "Ctrl-C"),
    ];

    /// The table as text, for the end of the help.
    pub fn help() -> String {
        let rows = Exit::TABLE
            .iter()
            .map(|(exit, meaning)| format!("  {:>3}  {meaning}", *exit as u8));
        format!("Exit codes:\n{}", rows.collect::<Vec<_>>().join("\n"))
    }
}

/// An error on its way out: what happened, what was not done, what to do next, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// A stable code, such as `aws.access_denied`.
    pub code: &'static str,
    /// What happened, to which thing.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Failure {
    /// An error with its exit code, stable code and message.
    pub fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Failure {
            exit,
            code,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<std::io::Error> for Failure {
    /// Output that cannot be written: the reader went away, or the disk is full.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Failure::new(
                Exit::OutputClosed,
                "output.closed",
                "the output was closed before everything was written",
            )
        } else {
            Failure::new(
                Exit::OutputClosed,
                "output.failed",
                format!("the output cannot be written: {error}"),
            )
        }
    }
}

impl From<crate::mount::AwsError> for Failure {
    fn from(error: crate::mount::AwsError) -> Self {
        use crate::mount::Trouble;
        let code = match error.trouble {
            Trouble::AccessDenied => "aws.access_denied",
            Trouble::NoSuchEntity => "aws.no_such_entity",
            Trouble::Throttled => "aws.throttled",
            Trouble::Credentials => "aws.credentials",
            Trouble::Unreachable => "aws.unreachable",
            Trouble::NoAnswer => "aws.no_answer",
            Trouble::Rubbish => "aws.rubbish",
            Trouble::NotImplemented => "aws.not_implemented",
            Trouble::ServiceFault => "aws.service_fault",
            Trouble::Refused => "aws.refused",
        };
        Failure::new(Exit::Aws, code, error.to_string()).hint(error.trouble.hint())
    }
}
