//! The house holds: modules see only what stands above them, and each door to the outside is where it is said to be.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    place: String,
    what: String,
}

/// The modules in the order of `src/lib.rs`.
fn order(lib: &str) -> Vec<String> {
    lib.lines()
        .filter_map(|line| Some(line.trim().strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned()))
        .collect()
}

/// Production code of a file: without its tests and without comments.
fn production(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for (n, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        lines.push((n + 1, code.to_owned()));
    }
    lines
}

/// Whether a file is a room's tests: `tests.rs`, and what lies beside it in `tests`.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.parent().is_some_and(|folder| folder.ends_with("tests"))
}

/// The module of a file: the first part of its path below `src`.
fn module(path: &Path) -> String {
    let first = path.strip_prefix("src").unwrap().components().next().unwrap();
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// Names behind `crate::` in a line.
fn seen(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for behind in code.split("crate::").skip(1) {
        let name: String = behind
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        names.push(name);
    }
    names
}

fn looks_down(order: &[String], module: &str, code: &str) -> Vec<String> {
    let rank = |name: &str| order.iter().position(|known| known == name);
    let Some(own) = rank(module) else { return Vec::new() };
    seen(code)
        .into_iter()
        .filter(|name| rank(name).is_some_and(|other| other > own))
        .collect()
}

/// Modules that may not see another, whatever the order.
const BLIND: [(&str, &[&str]); 6] = [
    ("action", &["twin"]),
    ("execute", &["twin"]),
    ("mount", &["twin"]),
    ("live", &["twin"]),
    ("twin", &["plan", "action", "execute", "playbook", "lineage", "collect"]),
    ("policy", &["account", "mount", "time_source"]),
];

/// Doors: a word that may only stand in these files, and why.
const DOORS: [(&str, &[&str], &str); 9] = [
    ("Timestamp::now", &["src/time.rs"], "one clock"),
    ("SystemTime::now", &["src/time.rs"], "one clock"),
    ("Instant::now", &["src/time.rs"], "one clock"),
    ("thread::sleep", &["src/time.rs"], "one clock"),
    ("env::", &["src/cli.rs"], "one door to the environment"),
    ("io::stdout", &["src/cli/terminal.rs"], "one door to the terminal"),
    ("io::stderr", &["src/cli/terminal.rs"], "one door to the terminal"),
    (
        "writable_by_consent",
        &["src/mount.rs", "src/live.rs"],
        "leave to write to AWS is earned by a rehearsal and a person's word",
    ),
    (
        "std::fs",
        &[
            "src/trail/index.rs",
            "src/trail/read.rs",
            "src/trail/pages.rs",
            "src/trail/spool.rs",
            "src/trail/walk.rs",
            "src/journal/file.rs",
            "src/journal/head.rs",
            "src/cli/world.rs",
            "src/cli/folder.rs",
            "src/cli/harden.rs",
            "src/cli/plan.rs",
            "src/cli/twin.rs",
        ],
        "files are touched where evidence, journals, cases and what a person names are read or written",
    ),
];

/// Pure modules: no I/O of any kind.
const PURE: [&str; 11] = [
    "policy",
    "account",
    "verdict",
    "reach",
    "lineage",
    "plan",
    "permissions",
    "rebuild",
    "ready",
    "undo",
    "harden",
];
const IMPURE: [&str; 7] = [
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "tokio::",
    "println!",
    "async fn",
    "Clock",
];

fn check(path: &Path, text: &str, order: &[String]) -> Vec<Fault> {
    let module = module(path);
    let shown = path.display().to_string();
    let mut faults = Vec::new();
    for (line, code) in production(text) {
        let mut fault = |what: String| {
            faults.push(Fault {
                place: format!("{shown}:{line}"),
                what,
            });
        };
        for name in looks_down(order, &module, &code) {
            fault(format!("`{module}` sees `{name}`, which stands below it"));
        }
        for (blind, hidden) in BLIND {
            for name in seen(&code)
                .iter()
                .filter(|name| module == blind && hidden.contains(&name.as_str()))
            {
                fault(format!("`{module}` must not see `{name}`"));
            }
        }
        for (word, files, why) in DOORS {
            if code.contains(word) && !files.contains(&shown.as_str()) {
                fault(format!("`{word}` here: {why}"));
            }
        }
        for word in IMPURE
            .iter()
            .filter(|word| PURE.contains(&module.as_str()) && code.contains(**word))
        {
            fault(format!("`{word}` in `{module}`, which is pure"));
        }
    }
    faults
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !is_test(&path) {
            found.push(path);
        }
    }
}

#[test]
fn the_house_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let order = order(&fs::read_to_string(root.join("src/lib.rs")).unwrap());
    assert!(order.len() > 15, "the modules are listed in src/lib.rs: {order:?}");
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut faults = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        faults.extend(check(file.strip_prefix(root).unwrap(), &text, &order));
    }
    let listed: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.place, fault.what))
        .collect();
    assert!(listed.is_empty(), "{}", listed.join("\n"));
}

#[test]
fn every_module_with_a_room_is_in_the_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let order = order(&fs::read_to_string(root.join("src/lib.rs")).unwrap());
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let name = entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        assert!(
            matches!(name.as_str(), "lib" | "main") || order.contains(&name),
            "`{name}` is not declared in src/lib.rs"
        );
    }
}

/// The checker itself finds what it is there to find.
#[test]
fn each_rule_can_be_broken() {
    let order: Vec<String> = ["ids", "policy", "mount", "action", "twin", "cli"]
        .map(str::to_owned)
        .to_vec();
    let faults = |path: &str, text: &str| check(Path::new(path), text, &order).len();
    assert_eq!(faults("src/ids/arn.rs", "use crate::policy::Document;"), 1);
    assert_eq!(faults("src/cli/run.rs", "use crate::policy::Document;"), 0);
    assert_eq!(faults("src/ids.rs", "fn f() { crate::mount::x() }"), 1);
    assert_eq!(faults("src/ids.rs", "// crate::mount is below"), 0);
    assert_eq!(faults("src/ids.rs", "#[cfg(test)]\nuse crate::mount::x;"), 0);
    assert_eq!(faults("src/twin/iam.rs", "use crate::action::Change;"), 1);
    assert_eq!(faults("src/cli/run.rs", "let now = SystemTime::now();"), 1);
    assert_eq!(faults("src/cli/run.rs", "mount.writable_by_consent()"), 1);
    assert_eq!(faults("src/policy/parse.rs", "async fn f() {}"), 1);
}
