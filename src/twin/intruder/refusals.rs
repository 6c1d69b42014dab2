//! What a refusal leads to: another credential, another time, or the knowledge that something is gone.

use super::Intruder;
use super::call::{Purpose, Task};
use super::purse::Identity;
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::twin::Fault;

/// How long it waits when it is throttled or the service fails, in milliseconds.
const BACK_OFF_MILLIS: i64 = 250;

impl Intruder {
    /// Takes in the refusal of a call that was made at `at` with `key`; `task.from` is when it is known.
    pub(super) fn refusal(&mut self, mut task: Task, key: &AccessKeyId, fault: &Fault, at: Moment) {
        let then = task.from;
        if matches!(task.purpose, Purpose::Check(_)) {
            return self.out_with(key, at, then);
        }
        if fault.status >= 500 || fault.code.starts_with("Throttling") {
            task.tried.retain(|tried| tried != key);
            task.from = then.plus_millis(BACK_OFF_MILLIS);
            // What the twin cannot do it cannot do tomorrow either.
            if fault.status != 501 {
                self.tasks.push(task);
            }
            return;
        }
        let gone = fault.code == "NoSuchEntity";
        match &task.purpose {
            Purpose::See(id) if gone => self.gone(&id.clone(), at, then),
            // IAM doesn't know yet what it has just made, or what it was made for is gone: the next look tells.
            _ if gone && at >= task.until => {}
            _ if gone => self.wait_with(task, at),
            _ if fault.code == "LimitExceeded" || fault.code == "EntityAlreadyExists" => {}
            _ => self.tasks.push(task),
        }
    }

    /// Every credential that it holds was refused.
    pub(super) fn nobody_may(&mut self, task: Task, at: Moment) {
        let wanted = match &task.purpose {
            Purpose::Assume(name, _) if at >= task.until && self.script.moves.edit_trust => Some(name.clone()),
            _ => None,
        };
        if let Some(name) = wanted.filter(|name| !self.purse.0.iter().any(|held| held.is_session_of(name))) {
            return self.urgent(Purpose::EditTrust(name), at);
        }
        if at < task.until || task.purpose == Purpose::WhoAmI {
            self.wait_with(task, at);
        }
        self.rest(at);
    }

    /// Once more after a rest, with every credential.
    fn wait_with(&mut self, mut task: Task, at: Moment) {
        task.tried.clear();
        task.from = at.plus_millis(self.script.every.millis());
        self.tasks.push(task);
    }

    /// A credential doesn't get in: a role's session is taken anew.
    fn out_with(&mut self, key: &AccessKeyId, at: Moment, then: Moment) {
        let Some(Identity::Role(role)) = self.purse.get_mut(key).and_then(|held| held.whose.clone()) else {
            return;
        };
        let works = |name: &str| {
            let mut sessions = self.purse.0.iter().filter(|held| held.is_session_of(name));
            sessions.any(|held| !held.is_refused())
        };
        let wanted = self.wants.iter().find(|(name, _)| *name == role).cloned();
        if let Some((name, arn)) = wanted.filter(|(name, _)| !works(name)) {
            self.say(at, format!("notices that no session of role `{name}` gets in any more"));
            self.urgent(Purpose::Assume(name, arn), then);
        }
    }

    /// Something that it defends was deleted.
    fn gone(&mut self, id: &Identity, at: Moment, then: Moment) {
        self.say(at, format!("notices that {id} was deleted"));
        self.defends.retain(|known| known != id);
        self.wants
            .retain(|(name, _)| !matches!(id, Identity::Role(gone) if gone == name));
        self.tasks
            .retain(|task| !(task.purpose.looks() && about(&task.purpose) == Some(id.name())));
        match id {
            Identity::User(name) if self.script.moves.recreate_user => {
                self.patiently(Purpose::NewUser(name.clone()), then);
            }
            _ => {}
        }
        self.replace(None, then);
    }
}

/// Of whom a call of the regular look is.
fn about(purpose: &Purpose) -> Option<&str> {
    match purpose {
        Purpose::See(id) | Purpose::Attached(id) | Purpose::Inline(id) | Purpose::Own(id) => Some(id.name()),
        Purpose::Keys(name) | Purpose::Groups(name) => Some(name),
        _ => None,
    }
}
