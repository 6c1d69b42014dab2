//! One concrete step: what is done, why, by which call, who else is hit, and how it is undone.

use super::reading;
use crate::account::Account;
use crate::action::revoke::Issuer;
use crate::action::{Action, Inverse, Permission, Setting};
use crate::ids::StepId;
use serde::{Deserialize, Serialize};

/// Whether a step can be undone, as far as can be said before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// It changes nothing.
    Nothing,
    /// In full.
    Exact,
    /// But for this.
    Partial(String),
    /// Not at all, for this reason.
    None(String),
}

impl Undo {
    /// In words, for the line "undo: ...".
    pub fn describe(&self) -> String {
        match self {
            Undo::Nothing => "nothing to undo".to_owned(),
            Undo::Exact => "exact".to_owned(),
            Undo::Partial(lost) => format!("partial; lost: {lost}"),
            Undo::None(reason) => format!("impossible: {reason}"),
        }
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name within the plan: `1`, `2`, ...; `9.1` for one that a sweep adds behind step 9.
    pub id: StepId,
    /// What it does.
    pub action: Action,
    /// The same in words.
    pub title: String,
    /// The rule that calls for it.
    pub why: String,
    /// The fact of this incident that calls for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The API call; empty for steps that make none.
    pub api: String,
    /// What stops working.
    pub breaks: String,
    /// Who is hit besides the intruder, as the trail shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<String>,
    /// Why it isn't sure that whom it treats is of the family, where that isn't.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<String>,
    /// Whether it can be undone.
    pub undo: Undo,
    /// Whether it asks for more than a yes.
    pub destructive: bool,
    /// Whether the plan fails with it.
    pub required: bool,
    /// Permissions that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
}

impl Step {
    /// A step that does `action` in `account`, where the member is `before` now.
    pub fn new(id: StepId, action: Action, before: &Setting, why: &str, account: &Account) -> Step {
        let destructive = action.is_destructive();
        let words = Words::of(&action, before, account);
        Step {
            id,
            action,
            title: words.title,
            why: why.to_owned(),
            fact: None,
            api: words.api,
            breaks: words.breaks,
            hits: Vec::new(),
            ambiguous: Vec::new(),
            undo: words.undo,
            destructive,
            required: true,
            permissions: words.permissions,
        }
    }

    /// Permissions without which it cannot be done. What else the evidence reads can be missing: then it is not known, and nothing is
    /// called contained.
    pub fn must(&self) -> impl Iterator<Item = &Permission> {
        let all = self.required && self.action != Action::Evidence;
        let needed = self.permissions.iter();
        needed.filter(move |permission| all || (self.required && permission.action == reading::DETAILS))
    }

    /// The user whose name a destructive step wants typed.
    pub fn name_to_type(&self) -> Option<&str> {
        match &self.action {
            Action::Change { change } if self.destructive => change.member.owner(),
            _ => None,
        }
    }
}

struct Words {
    title: String,
    api: String,
    breaks: String,
    undo: Undo,
    permissions: Vec<Permission>,
}

impl Words {
    fn of(action: &Action, before: &Setting, account: &Account) -> Words {
        match action {
            Action::Change { change } => Words {
                title: change.title(),
                api: change.api(),
                breaks: change.breaks(),
                undo: match change.inverse(before) {
                    Inverse::Exact(_) => Undo::Exact,
                    Inverse::Partial { lost, .. } => Undo::Partial(lost),
                    Inverse::None(reason) => Undo::None(reason),
                },
                permissions: change.permissions(account),
            },
            Action::RevokeOlderSessions { issuer, margin_seconds } => revocation(issuer, *margin_seconds, account),
            Action::Evidence => Words {
                title: "keep the account as it is now".to_owned(),
                api: "reads only".to_owned(),
                breaks: "nothing".to_owned(),
                undo: Undo::Nothing,
                permissions: vec![Permission::new(reading::DETAILS, "*")],
            },
            Action::Hold { seconds } => Words {
                title: format!("hold until nobody has touched the changes for {seconds} s"),
                api: "reads; what is turned round is made again".to_owned(),
                breaks: "nothing, unless somebody fights back: then whoever appears is denied at once, and whoever is let into a role is kept out, with no question of its own; it can be undone".to_owned(),
                undo: Undo::Nothing,
                permissions: super::reading::holding(),
            },
            Action::Sweep { .. } => Words {
                title: "look for credentials minted meanwhile, and revoke them".to_owned(),
                api: "cloudtrail:LookupEvents".to_owned(),
                breaks: "nothing; what it finds becomes steps of its own".to_owned(),
                undo: Undo::Nothing,
                permissions: reading::trail(),
            },
        }
    }
}

fn revocation(issuer: &Issuer, margin_seconds: u32, account: &Account) -> Words {
    let change = crate::action::Change {
        member: issuer.member(),
        to: Setting::Document(crate::action::revoke::document(crate::time::Moment::from_millis(0))),
    };
    let breaks = match issuer {
        Issuer::Role(_) => change.breaks(),
        Issuer::User(user) => {
            format!(
                "sessions of user `{user}` issued before the cut, everybody's; its long-term keys and new sessions work"
            )
        }
    };
    Words {
        title: format!(
            "revoke the sessions of {} issued up to {margin_seconds} s after this step",
            issuer.describe()
        ),
        api: change.api(),
        breaks,
        undo: Undo::Exact,
        permissions: change.permissions(account),
    }
}
