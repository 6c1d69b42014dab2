//! `oust harden`: what would have shown the incident, and what would have stopped it.

use super::Desk;
use super::args::{HardenArgs, Sources};
use super::athena;
use super::evidence::evidence;
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::keys::keys;
use super::sifting::sifted;
use super::window::moment;
use super::world::{World, scenario, stage};
use crate::account::Account;
use crate::collect::{self, Found, Scope};
use crate::harden::{
    Call, Detector, Fitted, Once, Prevention, RULES, Sample, TABLE, Usage, Written, found, prevention, written,
};
use crate::ids::AccessKeyId;
use crate::lineage::trace;
use crate::report::{self, Detected};
use crate::trail::Damage;
use std::collections::HashSet;
use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

/// What the detections keep of an archive takes about so many bytes in memory; what is more they lay aside.
const ROOM: usize = 64 << 20;

/// What is said where nothing can be laid aside.
const CROWDED: &str =
    "the folder for temporary files had no room for what the detections keep: it was held in memory, without a bound";

pub(super) async fn harden(desk: &Desk, args: HardenArgs) -> Result<Exit, Failure> {
    match &args.rules {
        Some(folder) => rules(desk, folder.as_deref(), &args.sources),
        None if args.detect => detect(desk, args).await,
        None => prevent(desk, args).await,
    }
}

fn rules(desk: &Desk, folder: Option<&Path>, sources: &Sources) -> Result<Exit, Failure> {
    let table = athena::named(sources)?.unwrap_or_else(|| TABLE.to_owned());
    let all: Vec<Written> = RULES.iter().map(|rule| written(rule, &table)).collect();
    if let Some(folder) = folder {
        for rule in &all {
            write_rule(folder, rule)?;
        }
        desk.terminal.status(&format!("written to {}", folder.display()));
    }
    desk.result(|| report::rules(&all, desk.paint()), &all)?;
    Ok(Exit::Success)
}

/// Writes a rule in each of its forms.
fn write_rule(folder: &Path, rule: &Written) -> Result<(), Failure> {
    let pattern = rule.eventbridge.as_ref().map(|pattern| format!("{pattern:#}\n"));
    let forms = [
        ("eventbridge", "json", pattern.as_deref()),
        ("sigma", "yml", rule.sigma.as_deref()),
        ("athena", "sql", Some(rule.athena.as_str())),
    ];
    for (form, ending, text) in forms {
        let Some(text) = text else { continue };
        let inside = folder.join(form);
        let path = inside.join(format!("{}.{ending}", rule.id));
        write(&inside, &path, text)?;
    }
    Ok(())
}

fn write(folder: &Path, path: &Path, text: &str) -> Result<(), Failure> {
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    done.map_err(|error| {
        let message = format!(
            "`{}` cannot be written: {error}; what was written before it is there",
            path.display()
        );
        Failure::new(Exit::Input, "harden.unwritable", message).hint("name another folder")
    })
}

/// The keys of the incident, and where its evidence lies: of a case what it was made with, unless --logs names it anew.
fn incident(desk: &Desk, args: &mut HardenArgs) -> Result<Vec<AccessKeyId>, Failure> {
    if let ([target], true) = (args.targets.as_slice(), args.targets.iter().all(|text| !is_key(text))) {
        let case = Case::open(&args.folder.cases, target)?;
        if args.sources.logs.is_empty() {
            args.sources = case.begun()?.sources;
        }
        return Ok(case.plan()?.lineage.asked);
    }
    if let (Some(name), true) = (
        &args.world.scenario,
        args.targets.is_empty() && args.sources.finding.is_empty(),
    ) {
        let (scenario, _) = scenario(name)?;
        let mut played = stage(&scenario, scenario.start())?;
        // A credential that a move gives has its name only after that.
        let _ = played.play(&scenario);
        return Ok(played.names.get(&scenario.stolen).cloned().into_iter().collect());
    }
    keys(desk, &args.targets, &args.sources)
}

/// With an incident the trail is read for the family first, and then for everybody else: stdin gives it once.
fn read_once(sources: &Sources, keys: &[AccessKeyId]) -> Result<(), Failure> {
    let is_stdin = sources.logs.iter().any(|path| path.as_os_str() == "-");
    if keys.is_empty() || !is_stdin {
        return Ok(());
    }
    let message = "a trail from stdin can be read once, and is needed for the incident and for everybody else's use; nothing was read";
    Err(Failure::new(Exit::Usage, "harden.stdin", message).hint("write it into a file, and name that with --logs"))
}

fn is_key(text: &str) -> bool {
    text.parse::<AccessKeyId>().is_ok()
}

async fn prevent(desk: &Desk, mut args: HardenArgs) -> Result<Exit, Failure> {
    let table = athena::named(&args.sources)?;
    let keys = incident(desk, &mut args)?;
    read_once(&args.sources, &keys)?;
    let world = World::mount(&args.world, "harden").await?;
    let mut told = judged(desk, &world, &args, &keys).await?;
    if let Some(table) = &table {
        told.ask(table);
        if args.sources.athena.is_none() {
            desk.terminal.status(&format!(
                "the table {table} was not asked: the queries of the rules name it. --athena asks it"
            ));
        }
    }
    if let Some(folder) = &args.out {
        documents(desk, folder, &told)?;
    }
    desk.result(|| report::prevention(&told, desk.paint()), &told)?;
    desk.list_calls(world.clients());
    Ok(Exit::Success)
}

/// What is weak about the account of a world, and what the measures do to what was seen.
async fn judged(desk: &Desk, world: &World, args: &HardenArgs, keys: &[AccessKeyId]) -> Result<Prevention, Failure> {
    let now = world.clients().now();
    let stolen = args
        .stolen
        .as_deref()
        .map(|text| moment("--stolen", text, now))
        .transpose()?;
    let seen_since = args
        .seen_since
        .as_deref()
        .map(|text| moment("--seen-since", text, now))
        .transpose()?;
    let found = match keys.is_empty() {
        true => Found::default(),
        false => evidence(desk, Some(world), &args.sources, keys).await?,
    };
    let lineage = trace(&found.evidence, keys);
    let family: HashSet<String> = lineage
        .credentials
        .iter()
        .map(|member| member.key.to_string())
        .collect();
    let family = Arc::new(family);
    let (beside, since) = (family.clone(), stolen.map(|(stolen, _)| stolen));
    let once: Arc<Once> = Arc::default();
    let make = Box::new(move || Usage::beside(beside.clone(), since).counting(once.clone()));
    let sifted = sifted(desk, Some(world), &args.sources, make).await?;
    let gathered = Usage::gathered(sifted.sieves);
    let (mut intruder, mut legitimate) = (Vec::new(), gathered.calls);
    // What was sifted tells everybody's use but the family's, and more of each call than its event does.
    let is_sifted = !args.sources.logs.is_empty() || matches!(world, World::Twin { .. });
    for event in found
        .evidence
        .events()
        .into_iter()
        .filter(|event| event.error.is_none())
    {
        let key = event.identity.key.as_ref().map(AccessKeyId::as_str);
        let by_family = key.is_some_and(|key| family.contains(key));
        let call = match gathered.theirs.get(&event.id) {
            Some(told) => told.of_event(event),
            None => Call::from(event.clone()),
        };
        match by_family && since.is_none_or(|since| event.at >= since) {
            true => intruder.push(call),
            false if is_sifted => {}
            false => legitimate.push(call),
        }
    }
    let mut collected = collect::account(world.clients(), Scope::Everything).await?;
    let notes = collected.notes.len();
    collect::organization(world.clients(), &mut collected).await;
    match &world {
        // Of a key whose last use its account doesn't tell a twin says that it never was.
        World::Twin { twin, .. } => {
            let snapshot = twin.account();
            as_known(&mut collected.account, &snapshot);
            // Whoever signs there may lack rights in Organizations; the snapshot tells.
            if collected.account.guards.is_none() && snapshot.guards.is_some() {
                (collected.account.guards, collected.account.organization) = (snapshot.guards, snapshot.organization);
                collected.notes.truncate(notes);
            }
        }
        World::Live { .. } => collect::last_used(world.clients(), &mut collected).await,
    }
    let mut told = prevention(
        &collected.account,
        &lineage,
        &legitimate,
        &intruder,
        world.clients().signing_key().as_ref(),
        now,
        Sample {
            seen_since: seen_since.map(|(since, _)| since),
            left_out: gathered.left_out,
        },
    );
    told.gaps = sifted.gaps;
    told.gaps.extend(sifted.left_out);
    told.gaps.append(&mut collected.notes);
    told.gaps.extend(
        collected
            .unread
            .iter()
            .map(|unread| format!("not read: {}: {}", unread.what, unread.error)),
    );
    told.gaps.extend(found.gaps);
    told.gaps.extend(sifted.damage.iter().map(unread));
    if gathered.left_out > 0 {
        told.gaps.push(format!(
            "{} calls that give credentials, sign in, or make instances and VPC endpoints were too many to keep: of those it is told who makes such a call and who takes which role, and not for how long, by what name and with what",
            gathered.left_out
        ));
    }
    if matches!(world, World::Live { .. }) && args.sources.logs.is_empty() {
        told.gaps.push(
            "how others use the account is only told by --logs: LookupEvents was asked for the family alone".to_owned(),
        );
    }
    if keys.is_empty() {
        told.gaps
            .push("no incident was named: whoever is in the trail counts as legitimate, an intruder too".to_owned());
    }
    told.gaps.sort();
    told.gaps.dedup();
    Ok(told)
}

/// A file that could not be read, as a gap.
fn unread(damage: &Damage) -> String {
    format!("not read: {}: {}", damage.file, damage.what)
}

/// What an account's snapshot says was not read its twin lists as none: it stays unread. When keys were last used is as the snapshot tells.
fn as_known(account: &mut Account, snapshot: &Account) {
    for (name, user) in &mut account.users {
        let before = snapshot.users.get(name).and_then(|user| user.credentials.as_ref());
        let (Some(held), Some(before)) = (user.credentials.as_mut(), before) else {
            continue;
        };
        held.unread.extend(before.unread.iter().cloned());
        for key in &mut held.access_keys {
            let told = before.access_keys.iter().find(|told| told.id == key.id);
            key.last_used = told.and_then(|told| told.last_used.clone());
        }
    }
}

/// Writes the document of each measure that can be put there as it is, and the rules that are fitted to the account.
fn documents(desk: &Desk, folder: &Path, told: &Prevention) -> Result<(), Failure> {
    let ready = told.findings.iter().filter(|finding| finding.is_ready());
    let mut count = 0;
    for measure in ready.filter_map(|finding| Some((finding.kind, finding.measure.as_ref()?))) {
        let (kind, measure) = measure;
        let Some(document) = measure.document() else { continue };
        let (what, name) = measure.about();
        let path = folder.join(format!("{what}-{name}-{kind}.json"));
        write(folder, &path, &format!("{document:#}\n"))?;
        count += 1;
    }
    for trust in &told.trusts {
        let (Some(document), (what, name)) = (trust.document(), trust.about()) else {
            continue;
        };
        let path = folder.join(format!("{what}-{name}-trust-together.json"));
        write(folder, &path, &format!("{document:#}\n"))?;
        count += 1;
    }
    for rule in fitted(told) {
        write_rule(&folder.join("rules"), &rule.written)?;
    }
    desk.terminal
        .status(&format!("{count} documents written to {}", folder.display()));
    Ok(())
}

/// The rules that are written for this account.
fn fitted(told: &Prevention) -> Vec<&Fitted> {
    let of_findings = told.findings.iter().filter_map(|finding| finding.fitted.as_deref());
    of_findings.chain(&told.watch).collect()
}

async fn detect(desk: &Desk, mut args: HardenArgs) -> Result<Exit, Failure> {
    // With an incident it is known who else uses the account from where: what is fitted to that is run too.
    let keys = match args.targets.is_empty() && args.world.scenario.is_none() {
        true => Vec::new(),
        false => incident(desk, &mut args)?,
    };
    read_once(&args.sources, &keys)?;
    let has_twin = args.world.scenario.is_some() || args.world.snapshot.is_some();
    let in_s3 = args
        .sources
        .logs
        .iter()
        .any(|path| path.to_string_lossy().starts_with("s3://"));
    if args.sources.logs.is_empty() && !has_twin {
        let message = "there is no trail to run the detections over; nothing was read";
        return Err(Failure::new(Exit::Usage, "harden.nothing", message)
            .hint("give CloudTrail files with --logs, or a twin with --scenario or --snapshot"));
    }
    let world = match has_twin || in_s3 || !keys.is_empty() {
        true => Some(World::mount(&args.world, "harden").await?),
        false => None,
    };
    let threads = available_parallelism().map_or(1, NonZero::get);
    let room = (ROOM / threads).max(1 << 20);
    let make = Box::new(move || Detector::laying(room, || Ok(Box::new(tempfile::tempfile()?))));
    // A twin's trail is looked at before the account is read, which it records too.
    let sifted = sifted(desk, world.as_ref(), &args.sources, make).await?;
    let told = match &world {
        Some(world) if !keys.is_empty() => Some(judged(desk, world, &args, &keys).await?),
        _ => None,
    };
    let fitted = told.as_ref().map(fitted).unwrap_or_default();
    let found = found(sifted.sieves, &fitted).map_err(|error| {
        let message = format!(
            "what the detections laid aside in the folder for temporary files cannot be read again: {error}; nothing is told of this trail"
        );
        Failure::new(Exit::Input, "file.unreadable", message)
    })?;
    let is_whole = found.records > 0 && sifted.damage.is_empty() && sifted.gaps.is_empty();
    let mut gaps = sifted.gaps;
    gaps.extend(sifted.left_out);
    gaps.extend(found.is_crowded.then(|| CROWDED.to_owned()));
    // What the fitted rules rest on, told once.
    let is_told = |gap: &String| sifted.damage.iter().any(|damage| *gap == unread(damage));
    let rest = told.iter().flat_map(|told| &told.gaps).filter(|gap| !is_told(gap));
    for gap in rest {
        if !gaps.contains(gap) {
            gaps.push(gap.clone());
        }
    }
    let told = Detected {
        is_whole,
        records: found.records,
        files: sifted.files,
        hits: found.hits,
        counted: found.counted,
        not_read: sifted.damage,
        gaps,
    };
    desk.result(|| report::detected(&told, desk.paint()), &told)?;
    if let Some(world) = &world {
        desk.list_calls(world.clients());
    }
    Ok(match is_whole {
        true => Exit::Success,
        false => Exit::NotContained,
    })
}
