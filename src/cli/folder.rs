//! The case folder: plan, rehearsal, evidence, journal, outcome. No secrets are in it.

use super::args::{Choice, Sources};
use super::exit::{Exit, Failure};
use crate::account::{Account, Snapshot};
use crate::action::{Action, Member, Setting};
use crate::ids::{AccessKeyId, CaseId};
use crate::journal::{Entry, Journal, JournalError};
use crate::plan::Plan;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// Its folder.
    pub path: PathBuf,
}

/// How a run was asked for, for whoever takes it up again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begun {
    /// Where its evidence comes from.
    pub sources: Sources,
    /// Its playbook and end.
    pub choice: Choice,
}

/// The file of the plan of wave `n`, from 1.
pub fn plan_file(n: usize) -> String {
    match n {
        1 => "plan.json".to_owned(),
        n => format!("plan-{n}.json"),
    }
}

/// A case that is taken for writing. Dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Who held it before and ended without giving it back.
    pub left_behind: Option<String>,
}

impl Drop for Lock {
    /// An empty file tells that it was given back; if that cannot be written, the next one only wonders.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
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
        let id: CaseId = id.parse().map_err(|error: crate::ids::IdError| {
            Failure::new(Exit::Usage, "case.garbled", format!("{error}; nothing was done"))
                .hint("`oust cases` lists the cases with their IDs")
        })?;
        let path = cases.join(id.as_str());
        if path.join("journal.jsonl").is_file() {
            Ok(Case { id, path })
        } else {
            Err(Failure::new(
                Exit::Input,
                "case.missing",
                format!("there is no case `{id}` in `{}`; nothing was done", cases.display()),
            )
            .hint("`oust cases` lists them; --cases FOLDER names another folder"))
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

    /// Takes the case for writing, so that no second `oust` writes to it. The system gives the lock back when the process ends, however it ends.
    pub fn lock(&self) -> Result<Lock, Failure> {
        let path = self.path.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path);
        let mut file = file.map_err(|error| failed(&path, error))?;
        let mut holder = String::new();
        let told = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!(
                    "case {} is being written to by {}; nothing was done",
                    self.id,
                    holder.trim()
                );
                return Err(Failure::new(Exit::Refused, "case.locked", message)
                    .hint("wait until it has ended, or end it with Ctrl-C: it finishes the step in flight"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
        }
        let left_behind = told.then(|| holder.trim().to_owned());
        let own = format!(
            "oust, process {}, since {}\n",
            std::process::id(),
            super::world::wall_clock().whole_second()
        );
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(own.as_bytes()));
        written.map_err(|error| failed(&path, error))?;
        Ok(Lock { file, left_behind })
    }

    /// The journal's file.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Begins the journal.
    pub fn journal(&self) -> Result<Journal, Failure> {
        Journal::create(&self.journal_path()).map_err(|error| failed(&self.path, error))
    }

    /// Reads the journal, but for a last line that was torn.
    pub fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let (entries, _) = crate::journal::load(&self.journal_path()).map_err(|error| self.unread(&error))?;
        Ok(entries)
    }

    /// Goes on writing the journal.
    pub fn go_on(&self) -> Result<Journal, Failure> {
        Journal::reopen(&self.journal_path()).map_err(|error| match error {
            JournalError::Write(error) => failed(&self.path, error),
            error => self.unread(&error),
        })
    }

    fn unread(&self, error: &JournalError) -> Failure {
        let (code, hint) = match error {
            JournalError::Cut { .. } | JournalError::Broken { .. } => (
                "journal.broken",
                "somebody changed it: keep the folder as evidence, and begin a new case with `oust run`, which looks before it changes",
            ),
            _ => (
                "journal.damaged",
                "keep the folder as evidence, and begin a new case with `oust run`",
            ),
        };
        Failure::new(
            Exit::Input,
            code,
            format!("case {}: {error}; nothing was done", self.id),
        )
        .hint(hint)
    }

    /// Writes a value as JSON, on disk before this returns.
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let path = self.path.join(name);
        let json = serde_json::to_string_pretty(value).map_err(|error| failed(&path, error))?;
        durable(&path, &(json + "\n")).map_err(|error| failed(&path, error))
    }

    /// The text of a file of the case; `None` where it has none of that name.
    pub fn read_text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path.join(name)).ok()
    }

    /// Writes text, on disk before this returns.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        durable(&path, text).map_err(|error| failed(&path, error))
    }

    /// How the run of the case was asked for.
    pub fn begun(&self) -> Result<Begun, Failure> {
        let path = self.path.join("run.json");
        let text = super::world::read_own(&path)?;
        serde_json::from_str(&text).map_err(|error| {
            Failure::new(
                Exit::Input,
                "case.damaged",
                format!("`{}`: {error}; nothing was done", path.display()),
            )
        })
    }

    /// Keeps the means to build again what `plan` deletes, made from the account that it was made on.
    pub fn write_rebuild(&self, plan: &Plan) -> Result<(), Failure> {
        let files = crate::rebuild::rebuild_files(plan, &without_own(plan));
        files.iter().try_for_each(|(name, text)| self.write_text(name, text))
    }

    /// The plans of the case's waves, in order: of its beginning, and of what was found later.
    pub fn plans(&self) -> Result<Vec<Plan>, Failure> {
        let files = (1..).map(|n| self.path.join(plan_file(n)));
        let there = files.take_while(|path| path.is_file());
        let mut plans = Vec::new();
        for path in there {
            plans.push(read_plan(&path, &super::world::read_own(&path)?)?);
        }
        if plans.is_empty() {
            let path = self.path.join(plan_file(1));
            plans.push(read_plan(&path, &super::world::read_own(&path)?)?);
        }
        Ok(plans)
    }

    /// Removes the plan of a wave that never began.
    pub fn forget_wave(&self, n: usize) -> Result<(), Failure> {
        let path = self.path.join(plan_file(n));
        fs::remove_file(&path).map_err(|error| failed(&path, error))
    }

    /// Everything that was to be carried out, as one plan: the steps of all waves, the family as it was known last, and the account as each part of it
    /// was first found.
    pub fn plan(&self) -> Result<Plan, Failure> {
        let mut plans = self.plans()?.into_iter();
        let Some(first) = plans.next() else {
            return Err(failed(&self.path, "there is no plan in it"));
        };
        Ok(plans.fold(first, Plan::widened))
    }

    /// The account as it was kept before the first change, if it was.
    pub fn evidence(&self) -> Option<Account> {
        let kept = fs::read_to_string(self.path.join("evidence.json")).ok()?;
        Snapshot::parse(&kept).ok().map(|snapshot| snapshot.account)
    }

    /// Keeps the account as evidence if nothing is kept yet: the first wave goes out before the account is read, and a run may be killed right behind it.
    ///
    /// # Errors
    /// The case can't be written or read.
    pub fn keep_late(&self, at: Moment, account: &Account) -> Result<(), Failure> {
        if self.evidence().is_some() {
            return Ok(());
        }
        let plan = Plan {
            basis: account.clone(),
            ..self.plan()?
        };
        let snapshot = Snapshot::new(at, without_own(&plan), Vec::new());
        self.keep(&snapshot).map(drop).map_err(|what| failed(&self.path, what))
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

/// The account that a plan was made on, but for what the case itself had put there by then.
fn without_own(plan: &Plan) -> Account {
    let mut account = plan.basis.clone();
    for step in &plan.steps {
        if let Action::Change { change } = &step.action
            && let (Member::UserPolicy { user, name }, Setting::Document(own)) = (&change.member, &change.to)
            && let Some(user) = account.users.get_mut(user)
            && user
                .inline
                .get(name)
                .is_some_and(|there| there.as_str() == own.as_str())
        {
            user.inline.remove(name);
        }
    }
    account
}

/// Reads a plan file.
pub fn read_plan(path: &Path, text: &str) -> Result<Plan, Failure> {
    let plan: Plan = serde_json::from_str(text).map_err(|error| {
        let message = format!(
            "`{}` is no plan: {}; nothing was done",
            path.display(),
            // The words of serde_json, with the place once.
            error
                .to_string()
                .replace(" at line ", ", at line ")
                .replace(" column ", ", column ")
        );
        Failure::new(Exit::Input, "plan.malformed", message).hint("`oust plan KEY --out FILE` writes one")
    })?;
    if plan.oust_plan == crate::plan::FORMAT {
        Ok(plan)
    } else {
        Err(Failure::new(
            Exit::Input,
            "plan.format",
            format!(
                "`{}` is a plan of format {}, and this program reads format {}; nothing was done",
                path.display(),
                plan.oust_plan,
                crate::plan::FORMAT
            ),
        )
        .hint("make the plan anew with `oust plan KEY --out FILE`"))
    }
}

/// Puts a whole file there, or leaves what was there: a full disk or a kill in the midst of it must not leave half of one, which would make the case
/// unreadable.
fn durable(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    let written = whole(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it is nobody's; that it can't be removed either changes nothing.
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The name is on disk once the folder is; where a folder can't be opened (Windows) there is no such call.
    match path.parent().map(fs::File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        _ => Ok(()),
    }
}

fn whole(path: &Path, text: &str) -> std::io::Result<()> {
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
