//! Evidence from everything that the arguments name, and from the world's own trail.

use super::Desk;
use super::args::Sources;
use super::athena::{self, queried};
use super::exit::Failure;
use super::files::{Files, are_there};
use super::leads::{Keys, Leads};
use super::window::{left_out, window};
use super::world::{World, wall_clock};
use crate::collect::{self, Found, Queried};
use crate::ids::AccessKeyId;
use crate::lineage::{related, trace, unjoined};
use crate::mount::{AwsError, Clients, Trouble};
use crate::time::Moment;
use crate::trail::{Event, Evidence, Followed, Window};

/// Whether what the arguments name as evidence can be understood and is there: told before AWS is asked for anything, and before anything is cut.
///
/// # Errors
/// The first that isn't.
pub fn understood(sources: &Sources) -> Result<(), Failure> {
    athena::understood(sources)?;
    window(sources, wall_clock())?;
    are_there(sources)
}

/// What was read, and every reason why the family may be larger than it shows.
pub async fn evidence(
    desk: &Desk,
    world: Option<&World>,
    sources: &Sources,
    keys: &[AccessKeyId],
) -> Result<Found, Failure> {
    let now = world.map_or_else(wall_clock, |world| world.clients().now());
    let window = window(sources, now)?;
    let files = Files::of(desk, sources).await?;
    let mut found = Found::default();
    if let Some(World::Twin { twin, .. }) = world {
        of_twin(&twin.trail(), &window, &mut found.evidence);
    }
    let mut table = match world {
        Some(world) => queried(desk, world.clients(), sources).await?,
        None => None,
    };
    let is_live = matches!(world, Some(World::Live { .. }));
    let (mut looked_up_for, mut queried_for): (Leads, Leads) = Default::default();
    let mut read_for = Followed::default();
    // What one source tells of a key may lead to keys that only another one tells more of: they are asked in turn until nothing is new.
    let mut known = Leads::keys(keys);
    // Files are read for a whole family at once: again only where something else tells of what they don't lead to.
    let has_table = table.is_some();
    let is_unread = |known: &Leads, read: &Followed| {
        let is_led_on = || {
            known.entered().any(|name| !read.has_name(&name)) || known.sign_ins.iter().any(|one| !read.has_sign_in(one))
        };
        // What files tell by themselves leads on by itself, but for a user who was renamed.
        let is_renamed = || {
            known
                .names
                .keys()
                .any(|name| known.renamed.contains(name) && !read.has_name(name))
        };
        let is_unread = known.keys.iter().any(|key| !read.has(key)) || is_renamed();
        !files.is_empty() && (is_unread || (is_live || has_table) && is_led_on())
    };
    let tell = |text: &str| desk.terminal.status(text);
    // What was asked for, and all of it with what was read.
    let mut all = found.clone();
    let lineage = loop {
        let mut fresh = Found::default();
        if let Some(World::Live { mount, .. }) = world {
            let more = known.beyond(&looked_up_for);
            fresh.merge(looked_up(desk, mount.clients(), &window, &more).await?);
            if let Some(since) = more.passwords {
                fresh.merge(renamed(mount.clients(), &all.evidence, since).await?);
            }
            looked_up_for.add(more);
            looked_up_for.keys.extend(fresh.asked.iter().cloned());
        }
        if let Some(table) = &mut table {
            let more = known.beyond(&queried_for);
            fresh.merge(tabled(desk, table, &window, &more).await?);
            queried_for.add(more);
            queried_for.keys.extend(fresh.asked.iter().cloned());
        }
        found.merge(fresh.clone());
        if !found.evidence.is_empty() {
            known.keys.extend(family(&found.evidence, keys));
        }
        if is_unread(&known, &read_for) {
            (all, read_for) = files.read(desk, world, &window, &known).await?;
            all.merge(found.clone());
        } else {
            all.merge(fresh);
        }
        let mut lineage = trace(&all.evidence, keys);
        known.add(Leads::of(&all.evidence, &lineage));
        let is_settled = |known: &Leads| {
            !is_unread(known, &read_for)
                && (!is_live || known.beyond(&looked_up_for).is_empty())
                && (!has_table || known.beyond(&queried_for).is_empty())
        };
        // Sessions of `aws login` come to light among the kin: what they gave is asked for then, of every source. Records of switches lead on to further kin.
        while let Some(table) = table.as_mut().filter(|_| is_settled(&known)) {
            let related = related(&all.evidence, &lineage);
            if !table.is_beyond(&related) {
                break;
            }
            let kin = table.kin(&related, &window, &tell).await?;
            all.merge(kin.clone());
            found.merge(kin);
            lineage = trace(&all.evidence, keys);
            known.add(Leads::of(&all.evidence, &lineage));
        }
        if is_settled(&known) {
            break lineage;
        }
    };
    if let Some(table) = &mut table {
        let mut covered = Found::default();
        table.cover(&window, &mut covered);
        all.merge(covered);
    }
    unjoined(&all.evidence, &lineage)
        .into_iter()
        .chain(left_out(&window, now))
        .for_each(|gap| all.gap(gap));
    told(desk, &all.evidence);
    unread(&all.evidence).into_iter().for_each(|gap| all.gap(gap));
    Ok(all)
}

/// Asks a table for everything that leads on.
async fn tabled(desk: &Desk, table: &mut Queried, window: &Window, more: &Leads) -> Result<Found, Failure> {
    let tell = |text: &str| desk.terminal.status(text);
    let keys: Vec<AccessKeyId> = more.keys.iter().cloned().collect();
    let mut found = table.family(&keys, window, &tell).await?;
    found.merge(table.sign_ins(&more.names, window, &tell).await?);
    found.merge(table.comings(&more.roles, window, &tell).await?);
    found.merge(table.bearing(&more.sign_ins, window, &tell).await?);
    Ok(found)
}

/// Every key of the family, as far as the evidence tells.
fn family(evidence: &Evidence, keys: &[AccessKeyId]) -> Keys {
    let members = trace(evidence, keys).credentials.into_iter();
    members.map(|member| member.key).collect()
}

/// So many damaged sources are named among the gaps; each is told as it is found.
const NAMED: usize = 5;

/// What was given as evidence and could not be read: nobody knows what stands in it.
fn unread(evidence: &Evidence) -> Vec<String> {
    let damage = &evidence.damage;
    let mut gaps: Vec<String> = damage
        .iter()
        .take(NAMED)
        .map(|damage| format!("evidence that was given could not be read: {damage}"))
        .collect();
    if damage.len() > NAMED {
        gaps.push(format!(
            "{} more places of the evidence that was given could not be read",
            damage.len() - NAMED
        ));
    }
    gaps
}

fn told(desk: &Desk, evidence: &Evidence) {
    for damage in &evidence.damage {
        desk.terminal.status(&format!("not read: {damage}; the rest was"));
    }
}

fn of_twin(records: &[serde_json::Value], window: &Window, evidence: &mut Evidence) {
    evidence.note("the twin's whole trail, data events included");
    let wanted = |record: &&serde_json::Value| Event::parse(record).map_or(true, |event| window.admits(&event));
    for record in records.iter().filter(wanted) {
        if let Err(error) = evidence.add_record(record) {
            evidence.damaged("the twin's trail", None, error.to_string());
        }
    }
}

/// The account's own trail. That it can't be read is a gap, unless nothing can be asked at all. Event history is not asked by sign-in: it has no such
/// attribute. The names lead there.
async fn looked_up(desk: &Desk, clients: &Clients, window: &Window, more: &Leads) -> Result<Found, Failure> {
    let tell = |text: &str| desk.terminal.status(text);
    let mut found = Found::default();
    let keys: Vec<AccessKeyId> = more.keys.iter().cloned().collect();
    if !keys.is_empty() {
        found.merge(readable(collect::trail(clients, &keys, &[], window, &tell).await)?);
    }
    if !more.names.is_empty() {
        found.merge(readable(collect::sign_ins(clients, &more.names, window, &tell).await)?);
    }
    if !more.roles.is_empty() {
        found.merge(readable(collect::comings(clients, &more.roles, window, &tell).await)?);
    }
    Ok(found)
}

/// Who was renamed since the family set a password, by whomever: he signs in with it under his new name.
async fn renamed(clients: &Clients, evidence: &Evidence, since: Moment) -> Result<Found, Failure> {
    let events = evidence.events();
    let partition = events
        .iter()
        .find_map(|event| Some(event.identity.arn.as_ref()?.partition()));
    readable(collect::renaming_records(clients, partition.unwrap_or("aws"), since).await)
}

fn readable(looked_up: Result<Found, AwsError>) -> Result<Found, Failure> {
    match looked_up {
        Ok(found) => Ok(found),
        Err(error) if matches!(error.trouble, Trouble::Credentials | Trouble::Unreachable) => Err(error.into()),
        Err(error) => {
            let mut found = Found::default();
            found.gap(format!("the account's own trail could not be read: {error}"));
            Ok(found)
        }
    }
}
