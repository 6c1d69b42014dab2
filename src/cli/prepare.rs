//! What trace, plan and run have in common: from keys to their origins, their family, the account, and the rehearsed plan.

use super::Desk;
use super::args::{Choice, Sources};
use super::around::around;
use super::evidence::evidence;
use super::exit::{Exit, Failure};
use super::world::{World, read_text};
use crate::account::{Account, Holder};
use crate::action::service_control::{Effect, effect, is_quarantine_name};
use crate::collect::{self, Caller, Collected, Found};
use crate::ids::{AccessKeyId, PrincipalArn};
use crate::lineage::{Bystander, Lineage, RefusedByScp, bystanders, trace};
use crate::mount::Clients;
use crate::origin::Origin;
use crate::plan::{Facts, Plan, Refusal, own_credentials, plan, refusal};
use crate::playbook::{CATALOGUE, Playbook};
use crate::policy::PolicyText;
use crate::rehearse::{Rehearsed, rehearse_without_refused};
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is known about the keys of an incident.
pub struct Traced {
    /// The keys themselves, one for each that was asked for.
    pub origins: Vec<Origin>,
    /// Their family.
    pub lineage: Lineage,
    /// Who else uses the same user and roles.
    pub bystanders: Vec<Bystander>,
    /// Why the family may be larger than the evidence shows.
    pub gaps: Vec<String>,
}

/// Traces the keys of one incident. Without a world, from files alone.
pub async fn traced(
    desk: &Desk,
    world: Option<&World>,
    sources: &Sources,
    keys: &[AccessKeyId],
) -> Result<Traced, Failure> {
    if let Some(world @ World::Live { .. }) = world.filter(|_| desk.signer.get().is_none()) {
        signs(desk, world, &first_asked(world.clients()).await?);
    }
    let mut origins = Vec::new();
    for key in keys {
        origins.push(match world {
            Some(world) => collect::origin(world.clients(), key).await?,
            None => Origin::of(key),
        });
    }
    let Found { evidence, mut gaps, .. } = evidence(desk, world, sources, keys).await?;
    let lineage = trace(&evidence, keys);
    gaps.extend(lineage.beyond());
    let others = bystanders(&evidence, &lineage);
    // The status of the key that the family comes from is what counts, when a session was named.
    for origin in &mut origins {
        if let (Some(world), Some(root)) = (world, lineage.root_of(&origin.key))
            && root.key != origin.key
            && origin.user.is_none()
        {
            let of_root = collect::origin(world.clients(), &root.key).await?;
            origin.user = of_root.user;
            origin.root_has_keys = of_root.root_has_keys;
        }
    }
    Ok(Traced {
        origins,
        lineage,
        bystanders: others,
        gaps,
    })
}

/// Says once in whose account one is, and as whom: that must be seen before the first question.
pub fn signs(desk: &Desk, world: &World, caller: &Caller) {
    if let World::Live { name, .. } = world
        && desk.signer.set(caller.arn.clone()).is_ok()
    {
        let place = if name == "AWS" {
            String::new()
        } else {
            format!(" at {name}")
        };
        let text = format!("account {}{place}, signing as {}", caller.account, caller.arn);
        desk.terminal.status(&text);
        let ahead = world.clients().clock_behind_seconds();
        if ahead != 0 {
            let way = if ahead > 0 { "behind" } else { "ahead of" };
            desk.terminal.urgent(&format!(
                "this machine's clock is {} s {way} AWS's: what is cut, and when, goes by AWS's",
                ahead.abs()
            ));
        }
    }
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::new(Exit::Refused, refusal.code(), refusal.to_string()).hint(refusal.hint())
}

/// Who signs, asked before anything is changed: a failure says so.
///
/// # Errors
/// AWS didn't tell.
pub async fn first_asked(clients: &Clients) -> Result<Caller, Failure> {
    collect::caller(clients).await.map_err(|error| {
        let failure = Failure::from(error);
        let message = format!("{}; nothing was changed", failure.message.trim_end());
        Failure { message, ..failure }
    })
}

/// Refuses to go on as somebody whom the plan would cut off, before the account is read: first by what signs, then by the family.
pub async fn not_against_oneself(
    desk: &Desk,
    world: &World,
    keys: &[AccessKeyId],
    traced: Option<&Traced>,
) -> Result<(), Failure> {
    let caller = first_asked(world.clients()).await?;
    signs(desk, world, &caller);
    let signing = world.clients().signing_key();
    let refusal = match traced {
        None => signing
            .as_ref()
            .is_some_and(|signing| keys.contains(signing))
            .then(|| Refusal::OwnCredentials {
                caller: caller.arn.to_string(),
                why: "your key is the one that this is about".to_owned(),
            }),
        Some(traced) => {
            let mut users = traced.lineage.users();
            users.extend(traced.origins.iter().filter_map(|origin| origin.user.as_deref()));
            own_credentials(&traced.lineage, &users, &caller.arn, signing.as_ref())
        }
    };
    refusal.map_or(Ok(()), |refusal| Err(refused(&refusal)))
}

/// Reads the account around a family, and fills in who holds a key that was never used.
pub async fn account(world: &World, traced: &mut Traced) -> Result<Collected, Failure> {
    let users = traced.origins.iter().filter_map(|origin| origin.user.clone()).collect();
    let (mut collected, gaps) = around(world.clients(), &mut traced.lineage, users, BTreeSet::new()).await?;
    traced.gaps.extend(gaps);
    collect::organization(world.clients(), &mut collected).await;
    quarantined(world, &mut collected, traced).await;
    for origin in &traced.origins {
        let owner = origin.user.as_ref().and_then(|name| collected.account.users.get(name));
        let root = traced.lineage.root_of(&origin.key).map(|root| root.key.clone());
        if let (Some(user), Some(root)) = (owner, root) {
            let holder = Holder::User {
                name: user.name.clone(),
                id: user.id.clone(),
            };
            traced.lineage.held_by(&root, holder, collected.account.id.clone());
        }
    }
    Ok(collected)
}

/// Looks whether service control policies of ours that are attached are in force: AWS doesn't say when they are, so that one is attached
/// proves nothing.
async fn quarantined(world: &World, collected: &mut Collected, traced: &mut Traced) {
    let levels = collected.account.guards.iter().flat_map(|guards| &guards.scps);
    let ours: BTreeMap<&String, &PolicyText> = levels.flatten().filter(|(name, _)| is_quarantine_name(name)).collect();
    let mut notes = Vec::new();
    for (name, document) in ours {
        let unseen = format!("service control policy `{name}` is attached, effect not yet seen");
        let why = match effect(world.clients(), document).await {
            Effect::Seen => {
                notes.push(format!(
                    "service control policy `{name}` is in force: a call that it denies was refused"
                ));
                continue;
            }
            Effect::NotYet => {
                traced
                    .gaps
                    .push(format!("{unseen}: a call that it denies was not refused"));
                continue;
            }
            Effect::Unknown(why) => why,
        };
        // Who cannot try it himself may see it in the trail, where a call of the family met it.
        match refused_by(name, &collected.account, &traced.lineage) {
            Some(refused) => notes.push(format!(
                "service control policy `{name}` is in force: it refused {} by {} at {}",
                refused.call, refused.by, refused.at
            )),
            None => traced.gaps.push(format!("{unseen}: {why}")),
        }
    }
    collected.notes.extend(notes);
}

/// The last call of the family that the policy refused, where the trail names the policy.
fn refused_by<'l>(name: &str, account: &Account, lineage: &'l Lineage) -> Option<&'l RefusedByScp> {
    let id = account.organization.as_ref()?.policy_ids.get(name)?;
    let ending = format!("/{id}");
    lineage
        .refused_by_scp
        .iter()
        .find(|refused| refused.message.split_whitespace().any(|word| word.ends_with(&ending)))
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

impl Prepared {
    /// Why nothing can be called contained at the end, whatever the steps do: what the evidence doesn't show, and what could not be read.
    pub fn doubts(&self) -> Vec<String> {
        let unread = self.collected.unread.iter();
        let unread = unread.map(|unread| format!("{} could not be read", unread.what));
        self.gaps.iter().cloned().chain(unread).collect()
    }
}

/// A rehearsed plan with what it was made of.
pub struct Prepared {
    /// The plan, rehearsed.
    pub rehearsed: Rehearsed,
    /// Why the family may be larger than the evidence shows.
    pub gaps: Vec<String>,
    /// The account that the plan was made on.
    pub collected: Collected,
    /// When it was read.
    pub read_at: Moment,
    /// The family as it is now.
    pub lineage: Lineage,
}

/// Users and roles that a person called innocent, and until when they were made then.
pub type Innocent<'a> = (&'a [PrincipalArn], Moment);

/// From the keys of an incident to its rehearsed plan, which leaves alone who was called innocent.
pub async fn prepared(
    desk: &Desk,
    world: &World,
    sources: &Sources,
    choice: &Choice,
    keys: &[AccessKeyId],
    innocent: Innocent<'_>,
) -> Result<Prepared, Failure> {
    let (plan, traced, collected) = planned(desk, world, sources, choice, keys, None, innocent).await?;
    for unread in &collected.unread {
        desk.terminal
            .status(&format!("not read: {}: {}", unread.what, unread.error));
    }
    for note in &collected.notes {
        desk.terminal.status(&format!("note: {note}"));
    }
    let of_the_family_alone = sources.logs.is_empty() && sources.athena.is_none() && sources.lake.is_none();
    if of_the_family_alone && matches!(world, World::Live { .. }) {
        desk.terminal.urgent(
            "who else works with the same user and roles, and is hit with them, is not known: Event history was asked for the family alone; --logs, --athena or --lake tells it",
        );
    }
    rehearsed(world, plan, traced, collected).await
}

/// From the keys of an incident to its plan, with what it was made of. Who was `known` as a member of the family stays one; who is
/// `innocent` was rightly made.
pub async fn planned(
    desk: &Desk,
    world: &World,
    sources: &Sources,
    choice: &Choice,
    keys: &[AccessKeyId],
    known: Option<&Lineage>,
    innocent: Innocent<'_>,
) -> Result<(Plan, Traced, Collected), Failure> {
    let playbook = playbook(&choice.playbook)?;
    not_against_oneself(desk, world, keys, None).await?;
    let mut traced = traced(desk, Some(world), sources, keys).await?;
    if let Some(known) = known {
        traced.lineage.remember(known);
    }
    for made in traced.lineage.vouch(innocent.0, innocent.1) {
        desk.terminal.status(&format!(
            "called innocent, and left alone though the family made it: {made}"
        ));
    }
    not_against_oneself(desk, world, keys, Some(&traced)).await?;
    let collected = account(world, &mut traced).await?;
    let facts = Facts {
        account: &collected.account,
        lineage: &traced.lineage,
        bystanders: &traced.bystanders,
    };
    let now = world.clients().now();
    let plan = plan(&playbook, choice.end.into(), facts, now);
    Ok((plan, traced, collected))
}

/// Refuses a plan that must not be carried out, and rehearses any other on a twin of the account.
pub async fn rehearsed(world: &World, plan: Plan, traced: Traced, collected: Collected) -> Result<Prepared, Failure> {
    let read_at = world.clients().now();
    let caller = collect::caller(world.clients()).await?;
    let signing = world.clients().signing_key();
    let facts = Facts {
        account: &collected.account,
        lineage: &plan.lineage,
        bystanders: &plan.bystanders,
    };
    if let Some(refusal) = refusal(facts, &traced.origins, &caller.arn, signing.as_ref()) {
        return Err(refused(&refusal));
    }
    let rehearsed = rehearse_without_refused(
        plan,
        &collected.account,
        &caller,
        signing.as_ref(),
        world.clients().now(),
    )
    .await
    .map_err(|error| Failure::new(Exit::Failure, "rehearsal", error.to_string()))?;
    let mut gaps = traced.gaps;
    gaps.extend(
        rehearsed
            .unseen()
            .iter()
            .filter(|lacking| lacking.reads())
            .map(|lacking| {
                format!(
                    "you lack {} on {}: what it would show is not known",
                    lacking.action, lacking.resource
                )
            }),
    );
    gaps.extend(rehearsed.left_out().iter().cloned());
    Ok(Prepared {
        rehearsed,
        gaps,
        collected,
        read_at,
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
            .hint("use credentials that may do all of this; `oust plan KEY --permissions` prints the policy for it"),
    )
}
