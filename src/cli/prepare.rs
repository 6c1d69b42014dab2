//! What trace, plan and run have in common: from a key to its origin, its family, the account, and the rehearsed plan.

use super::Desk;
use super::args::{Choice, Sources};
use super::exit::{Exit, Failure};
use super::world::{World, read_text};
use crate::account::Holder;
use crate::collect::{self, Collected, Scope};
use crate::ids::{AccessKeyId, KeyKind};
use crate::lineage::{Bystander, Lineage, bystanders, trace};
use crate::mount::Trouble;
use crate::origin::Origin;
use crate::plan::{Facts, Plan, Refusal, own_credentials, plan, refusal};
use crate::playbook::{CATALOGUE, Playbook};
use crate::rehearse::{Rehearsed, rehearse};
use crate::trail::{Evidence, read_path, read_stream};
use std::collections::BTreeSet;
use std::path::Path;

/// What is known about a key.
pub struct Traced {
    /// The key itself.
    pub origin: Origin,
    /// Its family.
    pub lineage: Lineage,
    /// Who else uses the same user and roles.
    pub bystanders: Vec<Bystander>,
    /// Why the world's own trail could not be read, if it couldn't.
    pub blind: Option<String>,
}

/// Reads a key ID from the command line.
pub fn key(text: &str) -> Result<AccessKeyId, Failure> {
    let key: AccessKeyId = text.parse().map_err(|error: crate::ids::IdError| {
        Failure::new(Exit::Usage, "key.garbled", format!("{error}; nothing was asked"))
    })?;
    match key.kind() {
        KeyKind::NotAKey(what) => Err(Failure::new(
            Exit::Usage,
            "key.not_a_key",
            format!("{key} is {what}; nothing was asked"),
        )
        .hint("an access key ID begins with AKIA (long-term) or ASIA (temporary)")),
        _ => Ok(key),
    }
}

/// Evidence from files alone, or from files and the world's trail; and why the trail could not be read.
async fn evidence(
    desk: &Desk,
    world: Option<&World>,
    sources: &Sources,
    key: &AccessKeyId,
) -> Result<(Evidence, Option<String>), Failure> {
    let mut evidence = Evidence::default();
    for path in &sources.logs {
        if path == Path::new("-") {
            read_stream("stdin", std::io::stdin().lock(), &mut evidence);
        } else if path.exists() {
            desk.terminal.status(&format!("reading {}", path.display()));
            read_path(path, &mut evidence);
        } else {
            return Err(Failure::new(
                Exit::Input,
                "logs.missing",
                format!("`{}` is not there", path.display()),
            ));
        }
    }
    for damage in &evidence.damage {
        let at = damage
            .offset
            .map(|offset| format!(" at byte {offset}"))
            .unwrap_or_default();
        desk.terminal
            .status(&format!("not read: {}{at}: {}; the rest was", damage.file, damage.what));
    }
    let blind = match world {
        None => None,
        Some(World::Twin { twin, .. }) => {
            evidence.note("the twin's whole trail, data events included");
            for record in twin.trail() {
                if let Err(error) = evidence.add_record(&record) {
                    evidence.damaged("the twin's trail", None, error.to_string());
                }
            }
            None
        }
        Some(World::Live { mount, .. }) => match collect::trail(mount.clients(), key).await {
            Ok(found) => {
                evidence.merge(found);
                None
            }
            Err(error) if matches!(error.trouble, Trouble::Credentials | Trouble::Unreachable) => {
                return Err(error.into());
            }
            Err(error) => {
                evidence.note(format!("the account's own trail could not be read: {error}"));
                Some(error.to_string())
            }
        },
    };
    Ok((evidence, blind.filter(|_| sources.logs.is_empty())))
}

/// Traces `key`. Without a world, from files alone.
pub async fn traced(
    desk: &Desk,
    world: Option<&World>,
    sources: &Sources,
    key: &AccessKeyId,
) -> Result<Traced, Failure> {
    let mut origin = match world {
        Some(world) => collect::origin(world.clients(), key).await?,
        None => Origin::of(key),
    };
    let (evidence, blind) = evidence(desk, world, sources, key).await?;
    let lineage = trace(&evidence, key);
    let others = bystanders(&evidence, &lineage);
    // The status of the key that the family comes from is what counts, when a session was named.
    if let (Some(world), Some(root)) = (world, lineage.root())
        && root.key != *key
        && origin.user.is_none()
    {
        let of_root = collect::origin(world.clients(), &root.key).await?;
        origin.user = of_root.user;
        origin.root_has_keys = of_root.root_has_keys;
    }
    Ok(Traced {
        origin,
        lineage,
        bystanders: others,
        blind,
    })
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::new(Exit::Refused, refusal.code(), refusal.to_string()).hint(refusal.hint())
}

/// Refuses to go on as somebody whom the plan would cut off, before the account is read: first by what signs, then by the family.
pub async fn not_against_oneself(world: &World, key: &AccessKeyId, traced: Option<&Traced>) -> Result<(), Failure> {
    let caller = collect::caller(world.clients()).await?;
    let signing = world.clients().signing_key.as_ref();
    let refusal = match traced {
        None => (signing == Some(key)).then(|| Refusal::OwnCredentials {
            caller: caller.arn.to_string(),
            why: "your key is the one that this is about".to_owned(),
        }),
        Some(traced) => {
            let user = traced.lineage.user().or(traced.origin.user.as_deref());
            own_credentials(&traced.lineage, user, &caller.arn, signing)
        }
    };
    refusal.map_or(Ok(()), |refusal| Err(refused(&refusal)))
}

/// Reads the account around a family, and fills in who holds a key that was never used.
pub async fn account(world: &World, traced: &mut Traced) -> Result<Collected, Failure> {
    let mut users: BTreeSet<String> = traced
        .lineage
        .credentials
        .iter()
        .filter_map(|member| member.user().map(str::to_owned))
        .collect();
    users.extend(traced.origin.user.clone());
    let roles = traced
        .lineage
        .credentials
        .iter()
        .filter_map(|member| member.role().map(str::to_owned))
        .collect();
    let collected = collect::account(world.clients(), Scope::Around { users, roles }).await?;
    let owner = traced
        .origin
        .user
        .as_ref()
        .and_then(|name| collected.account.users.get(name));
    if let Some(user) = owner {
        let holder = Holder::User {
            name: user.name.clone(),
            id: user.id.clone(),
        };
        traced.lineage.held_by(holder, collected.account.id.clone());
    }
    Ok(collected)
}

/// Reads a playbook by name or file.
pub fn playbook(name: &str) -> Result<Playbook, Failure> {
    let text = match CATALOGUE.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (*text).to_owned(),
        None => read_text(Path::new(name)).map_err(|failure| {
            let known: Vec<&str> = CATALOGUE.iter().map(|(known, _)| *known).collect();
            failure.hint(format!(
                "the playbooks that the program carries are: {}",
                known.join(", ")
            ))
        })?,
    };
    Playbook::parse(&text).map_err(|faults| super::playbook::failure(name, &text, &faults))
}

/// A rehearsed plan with what it was made of.
pub struct Prepared {
    /// The plan, rehearsed.
    pub rehearsed: Rehearsed,
    /// Why the world's own trail could not be read, if it couldn't.
    pub blind: Option<String>,
    /// The account that the plan was made on.
    pub collected: Collected,
    /// The family as it is now.
    pub lineage: Lineage,
}

/// From a key to its rehearsed plan.
pub async fn prepared(
    desk: &Desk,
    world: &World,
    sources: &Sources,
    choice: &Choice,
    key: &AccessKeyId,
) -> Result<Prepared, Failure> {
    let playbook = playbook(&choice.playbook)?;
    not_against_oneself(world, key, None).await?;
    let mut traced = traced(desk, Some(world), sources, key).await?;
    not_against_oneself(world, key, Some(&traced)).await?;
    let collected = account(world, &mut traced).await?;
    for unread in &collected.unread {
        desk.terminal
            .status(&format!("not read: {}: {}", unread.what, unread.error));
    }
    for note in &collected.notes {
        desk.terminal.status(&format!("note: {note}"));
    }
    let facts = Facts {
        account: &collected.account,
        lineage: &traced.lineage,
        bystanders: &traced.bystanders,
    };
    let now = world.clients().now();
    let plan = plan(&playbook, choice.end.into(), facts, now);
    rehearsed(world, plan, traced, collected).await
}

/// Refuses a plan that must not be carried out, and rehearses any other on a twin of the account.
pub async fn rehearsed(world: &World, plan: Plan, traced: Traced, collected: Collected) -> Result<Prepared, Failure> {
    let caller = collect::caller(world.clients()).await?;
    let signing = world.clients().signing_key.as_ref();
    let facts = Facts {
        account: &collected.account,
        lineage: &plan.lineage,
        bystanders: &plan.bystanders,
    };
    if let Some(refusal) = refusal(facts, &traced.origin, &caller.arn, signing) {
        return Err(refused(&refusal));
    }
    let rehearsed = rehearse(plan, &collected.account, &caller, signing, world.clients().now())
        .await
        .map_err(|error| Failure::new(Exit::Failure, "rehearsal", error.to_string()))?;
    Ok(Prepared {
        rehearsed,
        blind: traced.blind,
        collected,
        lineage: traced.lineage,
    })
}

/// The failure that says every missing permission at once.
pub fn missing(rehearsed: &Rehearsed) -> Option<Failure> {
    if rehearsed.missing().is_empty() {
        return None;
    }
    let each = rehearsed
        .missing()
        .iter()
        .map(|permission| format!("{} on {}", permission.action, permission.resource));
    let all: Vec<String> = each.collect();
    let message = format!(
        "the rehearsal shows that you lack {} permissions, and nothing was changed: {}",
        all.len(),
        all.join("; ")
    );
    Some(
        Failure::new(Exit::Aws, "rehearsal.missing_permissions", message)
            .hint("use credentials that may do all of this"),
    )
}
