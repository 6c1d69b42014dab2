//! The case folder: plan, rehearsal, evidence, journal, outcome. No secrets are in it.

use super::exit::{Exit, Failure};
use crate::account::Snapshot;
use crate::ids::{AccessKeyId, CaseId};
use crate::journal::{Entry, Journal};
use crate::plan::Plan;
use crate::time::Moment;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// Its folder.
    pub path: PathBuf,
}

fn failed(path: &Path, error: impl std::fmt::Display) -> Failure {
    let message = format!(
        "the case folder `{}` cannot be written: {error}; nothing further was done",
        path.display()
    );
    Failure::new(Exit::CaseFolder, "case.unwritable", message).hint("give another folder with --cases")
}

impl Case {
    /// Makes the folder of a new case about `keys`; the first stands in its name.
    pub fn create(cases: &Path, keys: &[AccessKeyId], now: Moment) -> Result<Case, Failure> {
        let key = keys.first().map(AccessKeyId::as_str).unwrap_or_default();
        let name = format!("{}-{key}", now.basic().trim_end_matches('Z'));
        let mut number = 1;
        loop {
            let name = if number == 1 {
                name.clone()
            } else {
                format!("{name}-{number}")
            };
            let path = cases.join(&name);
            fs::create_dir_all(cases).map_err(|error| failed(cases, error))?;
            match fs::create_dir(&path) {
                Ok(()) => {
                    owner_only(&path);
                    let id = name.parse().map_err(|error| failed(&path, error))?;
                    return Ok(Case { id, path });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 100 => number += 1,
                Err(error) => return Err(failed(&path, error)),
            }
        }
    }

    /// Opens a case that is there.
    pub fn open(cases: &Path, id: &str) -> Result<Case, Failure> {
        let id: CaseId = id
            .parse()
            .map_err(|error: crate::ids::IdError| Failure::new(Exit::Usage, "case.garbled", error.to_string()))?;
        let path = cases.join(id.as_str());
        if path.join("journal.jsonl").is_file() {
            Ok(Case { id, path })
        } else {
            Err(Failure::new(
                Exit::Input,
                "case.missing",
                format!("there is no case `{id}` in `{}`", cases.display()),
            )
            .hint("`oust cases` lists them"))
        }
    }

    /// Every case of a folder, oldest first.
    pub fn all(cases: &Path) -> Vec<Case> {
        let inside = fs::read_dir(cases).into_iter().flatten().filter_map(Result::ok);
        let mut found: Vec<Case> = inside
            .filter_map(|entry| Case::open(cases, entry.file_name().to_str()?).ok())
            .collect();
        found.sort_by(|one, two| one.id.cmp(&two.id));
        found
    }

    /// The journal's file.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Begins the journal.
    pub fn journal(&self) -> Result<Journal, Failure> {
        Journal::create(&self.journal_path()).map_err(|error| failed(&self.path, error))
    }

    /// Reads the journal.
    pub fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let text = super::world::read_text(&self.journal_path())?;
        crate::journal::read(&text)
            .map_err(|error| Failure::new(Exit::Input, "journal.damaged", format!("case {}: {error}", self.id)))
    }

    /// Writes a value as JSON, on disk before this returns.
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let path = self.path.join(name);
        let json = serde_json::to_string_pretty(value).map_err(|error| failed(&path, error))?;
        durable(&path, &(json + "\n")).map_err(|error| failed(&path, error))
    }

    /// Writes text, on disk before this returns.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        durable(&path, text).map_err(|error| failed(&path, error))
    }

    /// Keeps the means to build again what `plan` deletes, made from the account that it was made on.
    pub fn write_rebuild(&self, plan: &Plan) -> Result<(), Failure> {
        let files = crate::rebuild::rebuild_files(plan, &plan.basis);
        files.iter().try_for_each(|(name, text)| self.write_text(name, text))
    }

    /// The plan that was carried out.
    pub fn plan(&self) -> Result<Plan, Failure> {
        let path = self.path.join("plan.json");
        let text = super::world::read_text(&path)?;
        read_plan(&path, &text)
    }

    /// Keeps the account as evidence, reads it back, and compares. Gives the SHA-256 of the file.
    pub fn keep(&self, snapshot: &Snapshot) -> Result<String, String> {
        let json = snapshot.to_json().map_err(|error| error.to_string())?;
        let path = self.path.join("evidence.json");
        durable(&path, &json).map_err(|error| error.to_string())?;
        let back = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        match Snapshot::parse(&back) {
            Ok(read) if read == *snapshot => {}
            Ok(_) => return Err("what was read back differs from what was written".to_owned()),
            Err(error) => return Err(format!("what was read back is no snapshot: {error}")),
        }
        Ok(Sha256::digest(back.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }
}

/// Reads a plan file.
pub fn read_plan(path: &Path, text: &str) -> Result<Plan, Failure> {
    let plan: Plan = serde_json::from_str(text).map_err(|error| {
        let message = format!(
            "`{}` is no plan: line {}, column {}: {error}",
            path.display(),
            error.line(),
            error.column()
        );
        Failure::new(Exit::Input, "plan.malformed", message)
    })?;
    if plan.oust_plan == crate::plan::FORMAT {
        Ok(plan)
    } else {
        Err(Failure::new(
            Exit::Input,
            "plan.format",
            format!(
                "`{}` is a plan of format {}, and this program reads format {}",
                path.display(),
                plan.oust_plan,
                crate::plan::FORMAT
            ),
        ))
    }
}

fn durable(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The folder tells about an incident: nobody else on the machine needs to read it.
fn owner_only(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // On a file system without permissions there is nothing to be set.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    #[cfg(not(unix))]
    let _ = path;
}
