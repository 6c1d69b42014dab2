//! `oust policy eval`: JSON lines in, JSON lines out, or one request explained to a person.

mod door;
mod policies;
mod principal;
mod request;

use super::Desk;
use super::args::{EvalArgs, Format, PolicyCommand};
use super::exit::{Exit, Failure};
use super::world::{open, read_text};
use crate::policy::{decide, explain};
use crate::report::{self, Decision};
use door::Fault;
use request::{Question, id_of};
use serde::Serialize;
use std::io::{BufRead, Read, Write};
use std::path::Path;

/// What is written for a line that cannot be understood.
#[derive(Debug, Serialize)]
struct Refused {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<serde_json::Value>,
    error: Misread,
}

/// What is wrong, and where in the input.
#[derive(Debug, Serialize)]
struct Misread {
    code: &'static str,
    line: usize,
    column: usize,
    message: String,
}

/// What a request is made of, and an answer; the end of the command's help.
pub(super) const SCHEMA: &str = include_str!("policy/schema.txt");

const MALFORMED: &str = "request.malformed";

pub(super) fn policy(desk: &Desk, command: PolicyCommand) -> Result<Exit, Failure> {
    let PolicyCommand::Eval(EvalArgs { file, request }) = command;
    match (request, file) {
        (Some(path), _) => one(desk, &path),
        (None, Some(path)) if path != Path::new("-") => lines(desk, open(&path)?, &path.display().to_string()),
        (None, None) if desk.terminal.can_ask() && desk.format == Format::Text => Err(Failure::new(
            Exit::Usage,
            "request.none",
            "there is nothing to decide: neither a file of requests, nor --request, nor anything on stdin",
        )
        .hint("`oust policy eval --help` shows what a request looks like, with an example to paste")),
        (None, _) => lines(desk, Box::new(std::io::stdin()), "stdin"),
    }
}

/// Decides one request and explains it.
fn one(desk: &Desk, path: &Path) -> Result<Exit, Failure> {
    let mut text = String::new();
    if path == Path::new("-") {
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| {
            let message = format!("stdin cannot be read: {error}; nothing was decided");
            Failure::new(Exit::Input, "file.unreadable", message).hint("give a file with --request")
        })?;
    } else {
        text = read_text(path)?;
    }
    let question = Question::read(&text).map_err(|fault| {
        let Fault { line, column, message } = fault;
        Failure::new(
            Exit::Input,
            MALFORMED,
            format!(
                "`{}`, line {line}, column {column}: {message}; nothing was decided",
                path.display()
            ),
        )
        .hint("`oust policy eval --help` says what a request is made of")
    })?;
    let decision = decided(question);
    desk.result(|| report::decision(&decision, desk.paint()), &decision)?;
    Ok(Exit::Success)
}

/// Decides each line.
fn lines(desk: &Desk, input: Box<dyn Read>, name: &str) -> Result<Exit, Failure> {
    let mut input = std::io::BufReader::new(input);
    let mut out = desk.terminal.results();
    let mut line = Vec::new();
    let (mut number, mut misread) = (0, 0);
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(name, number, &error))? == 0 {
            break;
        }
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let json = match answer(&line, number) {
            Ok(decision) => serde_json::to_string(&decision),
            Err(refused) => {
                misread += 1;
                serde_json::to_string(&refused)
            }
        };
        let json = json.map_err(|error| Failure::new(Exit::Failure, "json", error.to_string()))?;
        writeln!(out, "{json}")?;
        // Who asks line by line gets answers line by line.
        if input.buffer().is_empty() {
            out.flush()?;
        }
    }
    out.flush()?;
    if misread == 0 {
        return Ok(Exit::Success);
    }
    Err(Failure::new(
        Exit::Input,
        MALFORMED,
        format!("{misread} of the {number} lines of {name} cannot be understood and were not decided; the others were"),
    )
    .hint("each of them is answered by an `error` with line, column and what is wrong there"))
}

fn unreadable(name: &str, number: usize, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Input,
        "file.unreadable",
        format!("{name} cannot be read behind line {number}: {error}; what stands before is decided"),
    )
    .hint("give the rest again, from the line behind that")
}

fn answer(line: &[u8], number: usize) -> Result<Decision, Box<Refused>> {
    let refused = |id, fault: Fault| {
        Box::new(Refused {
            id,
            error: Misread {
                code: MALFORMED,
                line: number + fault.line - 1,
                column: fault.column,
                message: fault.message,
            },
        })
    };
    let line = line.trim_ascii_end();
    let text = std::str::from_utf8(line).map_err(|error| {
        let fault = Fault {
            line: 1,
            column: error.valid_up_to() + 1,
            message: "this is not UTF-8".to_owned(),
        };
        refused(None, fault)
    })?;
    Question::read(text)
        .map(decided)
        .map_err(|fault| refused(id_of(text), fault))
}

fn decided(question: Question) -> Decision {
    let request = question.request();
    let outcome = decide(&request, &question.policies, &question.on);
    let considered = explain(&request, &question.policies, &question.on);
    let caller = question.principal.describe();
    Decision::new(question.id.clone(), caller, &request, &outcome, considered)
}
