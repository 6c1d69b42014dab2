//! Whom the responder calls innocent: users, roles and keys that he knows, because they appeared lately, or were rightly made with the stolen key.
//!
//! CloudTrail tells within a quarter of an hour who made something; until then whatever appeared may be the intruder's, and nothing is called contained.
//! A person may know better. What he says is kept in the case, with when that one was made, as soon as it is seen: whoever is made anew under the name is
//! somebody else.

use super::Desk;
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::guarded;
use super::terminal::Terminal;
use super::world::World;
use crate::ids::{AccessKeyId, PrincipalArn};
use crate::journal::Journal;
use crate::plan::{Newcomer, Plan};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Where the case keeps the names.
const FILE: &str = "innocent.json";

/// Takes down in the case whom `--innocent` names.
///
/// # Errors
/// A name is none, or the case cannot be written.
pub(super) fn call(case: &Case, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let mut all = named(case);
    // Whoever is named once more is meant as he is now.
    all.retain(|one| !names.contains(&one.name));
    all.extend(names.iter().map(|name| Innocent {
        name: name.clone(),
        created: None,
    }));
    case.write(FILE, &all)
}

/// Somebody who was called innocent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
struct Innocent {
    /// As a person names it.
    name: String,
    /// When it was made, where it was seen among those who appeared.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Moment>,
}

/// The same as it may stand in a file: the name alone, once.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    Whole { name: String, created: Option<Moment> },
}

impl From<Written> for Innocent {
    fn from(written: Written) -> Self {
        let (name, created) = match written {
            Written::Name(name) => (name, None),
            Written::Whole { name, created } => (name, created),
        };
        Innocent { name, created }
    }
}

/// Whether `one` was called innocent. Who is seen for the first time is taken down.
fn is_known(all: &mut [Innocent], one: &Newcomer) -> bool {
    let named = all.iter_mut().find(|known| known.name == one.name);
    named.is_some_and(|known| *known.created.get_or_insert(one.created) == one.created)
}

/// Whether every one of `names` can be the name of somebody: `user/NAME`, `role/NAME` or the ID of a key.
///
/// # Errors
/// The first that cannot.
pub(super) fn understood(names: &[String]) -> Result<(), Failure> {
    let is_none = |name: &&String| principal(name).is_none() && name.parse::<AccessKeyId>().is_err();
    match names.iter().find(is_none) {
        None => Ok(()),
        Some(name) => {
            let message = format!("--innocent: `{name}` is no user, role or key; nothing was done");
            Err(Failure::new(Exit::Usage, "innocent.garbled", message)
                .hint("write user/NAME, role/NAME or the ID of an access key, as the doubt names it"))
        }
    }
}

/// Who was called innocent so far.
fn named(case: &Case) -> Vec<Innocent> {
    let text = case.read_text(FILE);
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn principal(name: &str) -> Option<PrincipalArn> {
    match name.split_once('/')? {
        ("user", name) if !name.is_empty() => Some(PrincipalArn::User(name.to_owned())),
        ("role", name) if !name.is_empty() => Some(PrincipalArn::Role(name.to_owned())),
        _ => None,
    }
}

/// The users and roles among such names.
pub(super) fn principals(names: &[String]) -> Vec<PrincipalArn> {
    names.iter().filter_map(|name| principal(name)).collect()
}

/// The users and roles that were called innocent in the case: no plan treats them for having been made, and no hold denies them for having appeared.
pub(super) fn spared(case: &Case) -> Vec<PrincipalArn> {
    named(case).iter().filter_map(|one| principal(&one.name)).collect()
}

/// Refuses to go on with a plan that treats somebody for having been made whom `names` now call innocent: its steps are what a person agreed to.
///
/// # Errors
/// There is one.
pub(super) fn untreated(plan: &Plan, names: &[String]) -> Result<(), Failure> {
    let is_treated = |name: &&String| principal(name).is_some_and(|who| plan.lineage.has_made(&who));
    match names.iter().find(is_treated) {
        None => Ok(()),
        Some(name) => {
            let message = format!(
                "the plan treats `{name}` as made by the family, and --innocent says otherwise; nothing was done"
            );
            Err(Failure::new(Exit::Refused, "innocent.planned", message).hint(
                "make the plan anew with `oust plan KEY --innocent ...`; in a case that has begun, decline the steps on it at a terminal, and undo with --step what is done",
            ))
        }
    }
}

/// Who appeared, but for those who were called innocent.
pub(super) struct Appeared {
    pub(super) who: Vec<Newcomer>,
    /// Of whom the trail may not tell yet.
    pub(super) doubts: Vec<String>,
    /// Of whom it would tell by now.
    pub(super) since: Vec<String>,
}

/// Leaves out of `appeared` who was called innocent before.
///
/// # Errors
/// The case cannot be written.
fn but_known(case: &Case, mut appeared: Vec<Newcomer>) -> Result<Vec<Newcomer>, Failure> {
    let mut known = named(case);
    appeared.retain(|one| !is_known(&mut known, one));
    if known != named(case) {
        case.write(FILE, &known)?;
    }
    Ok(appeared)
}

/// Who appeared and isn't called innocent, told apart by whether the trail, as it was asked then, may not tell of them yet; with `is_asked` a person is asked
/// for these.
///
/// # Errors
/// The case cannot be written.
pub(super) async fn but_innocent(
    desk: &Desk,
    world: &World,
    case: &Case,
    journal: &mut Journal,
    appeared: Vec<Newcomer>,
    (asked_at, is_asked): (Moment, bool),
) -> Result<Appeared, Failure> {
    let told = (asked_at, world.told_within());
    let mut appeared = but_known(case, appeared)?;
    if is_asked {
        appeared = Box::pin(but_called(desk, world, case, journal, appeared, told)).await?;
    }
    Ok(sorted(appeared, told))
}

/// Asks a person for those of `appeared` whom the trail may not tell of yet, as it was asked then and tells within so many seconds; leaves out who is called
/// innocent then. What is cut is looked after meanwhile.
///
/// # Errors
/// The case cannot be written.
async fn but_called(
    desk: &Desk,
    world: &World,
    case: &Case,
    journal: &mut Journal,
    mut appeared: Vec<Newcomer>,
    (asked_at, within): (Moment, i64),
) -> Result<Vec<Newcomer>, Failure> {
    let untold = appeared.iter().filter(|one| one.may_be_untold(asked_at, within));
    let untold: Vec<Newcomer> = untold.cloned().collect();
    if untold.is_empty() || !desk.terminal.can_ask() {
        return Ok(appeared);
    }
    let innocent = guarded::asked(desk, world, case, journal, move |terminal| asked(terminal, &untold)).await?;
    call(case, &innocent)?;
    appeared.retain(|one| !innocent.contains(&one.name));
    Ok(appeared)
}

/// Tells those who appeared apart, by whether the trail may not tell of them yet, as it was asked then and tells within so many seconds.
fn sorted(appeared: Vec<Newcomer>, (asked_at, within): (Moment, i64)) -> Appeared {
    let is_untold = |one: &&Newcomer| one.may_be_untold(asked_at, within);
    let (untold, told): (Vec<&Newcomer>, Vec<&Newcomer>) = appeared.iter().partition(is_untold);
    let told_of = |ones: Vec<&Newcomer>, what: &str| ones.iter().map(|one| format!("{one}, and {what}")).collect();
    Appeared {
        doubts: told_of(untold, "the trail doesn't show yet by whom"),
        since: told_of(told, "the trail doesn't show that the family did it"),
        who: appeared,
    }
}

/// The names of those whom a person knows to be innocent.
fn asked(terminal: &Terminal, appeared: &[Newcomer]) -> Vec<String> {
    let mut innocent = Vec::new();
    for one in appeared {
        let question = format!(
            "{one}, and the trail doesn't show yet by whom. Whoever knows that it is innocent types `{}`; Enter leaves it in doubt",
            one.name
        );
        match terminal.ask(&question) {
            Ok(answer) if answer == one.name => innocent.push(answer),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    innocent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_made_anew_under_a_name_is_not_the_one_who_was_called_innocent() {
        let at = |second: i64| Moment::from_millis(second * 1000);
        let newcomer = |created: Moment| Newcomer {
            what: "user `ann`".to_owned(),
            name: "user/ann".to_owned(),
            created,
        };
        let mut all: Vec<Innocent> =
            serde_json::from_str(r#"["user/ann", {"name": "role/deploy"}]"#).unwrap_or_default();
        assert_eq!(all.len(), 2);
        assert!(is_known(&mut all, &newcomer(at(5))));
        let written = serde_json::to_string(&all).unwrap_or_default();
        let mut again: Vec<Innocent> = serde_json::from_str(&written).unwrap_or_default();
        assert!(is_known(&mut again, &newcomer(at(5))));
        assert!(!is_known(&mut again, &newcomer(at(60))), "{written}");
    }

    #[test]
    fn users_roles_and_keys_are_understood_and_nothing_else() {
        let names = ["user/ann", "role/deploy", "AKIARZPUZDIKAAAAAAAA"].map(str::to_owned);
        assert!(understood(&names).is_ok());
        for garbled in ["ann", "user/", "group/admins", ""] {
            assert!(understood(&[garbled.to_owned()]).is_err(), "{garbled}");
        }
    }
}
