//! `--athena`, `--table`, `--lake`, `--print-sql` and `--print-ddl`.

use super::Desk;
use super::args::{Sources, TraceArgs};
use super::exit::{Exit, Failure};
use super::keys::keys;
use super::window::window;
use super::world::wall_clock;
use crate::collect::{Location, LocationError, NameError, Queried, Store, StoreError, Table, checked, whole_query};
use crate::ids::REGIONS_TO_ENABLE;
use crate::mount::Clients;
use crate::trail::Window;

fn garbled(error: &NameError) -> Failure {
    Failure::new(Exit::Usage, "athena.garbled", format!("{error}; nothing was asked"))
}

/// The table that the arguments name, if they name one.
fn table(sources: &Sources) -> Result<Option<Table>, Failure> {
    let Some(name) = &sources.table else { return Ok(None) };
    let mut table = Table::named(name).map_err(|error| garbled(&error))?;
    if sources.our_ddl {
        table = table.of_statement();
    }
    if !sources.partitions.is_empty() {
        table.parted_by(sources.partitions.iter().map(String::as_str));
    }
    Ok(Some(table))
}

/// The table that the arguments name, as queries write it that are only printed.
///
/// # Errors
/// It is no name of a table.
pub fn named(sources: &Sources) -> Result<Option<String>, Failure> {
    let Some(table) = table(sources)? else { return Ok(None) };
    Ok(sources.table.as_ref().map(|text| match text.contains('-') {
        true => table.name(),
        false => text.clone(),
    }))
}

/// The event data store that the arguments name, if they name one.
fn store(sources: &Sources) -> Result<Option<Store>, Failure> {
    let garbled = |error: StoreError| Failure::new(Exit::Usage, "lake.garbled", format!("{error}; nothing was asked"));
    sources
        .lake
        .as_ref()
        .map(|lake| lake.parse().map_err(garbled))
        .transpose()
}

fn workgroup(sources: &Sources) -> Result<Option<String>, Failure> {
    let named = sources.athena.as_ref();
    named
        .map(|name| checked(name).map_err(|error| garbled(&error)))
        .transpose()
}

/// Whether what the arguments name can be the name of a store, a workgroup or a table: told before AWS is asked for anything.
///
/// # Errors
/// The first that can't.
pub fn understood(sources: &Sources) -> Result<(), Failure> {
    store(sources)?;
    workgroup(sources)?;
    table(sources).map(drop)
}

/// What answers queries, ready to be asked, if the arguments name it: a workgroup of Athena, or an event data store of CloudTrail Lake.
pub async fn queried(desk: &Desk, clients: &Clients, sources: &Sources) -> Result<Option<Queried>, Failure> {
    if let Some(store) = store(sources)? {
        return Ok(Some(Queried::lake(clients, &store)));
    }
    let (Some(workgroup), Some(table)) = (workgroup(sources)?, table(sources)?) else {
        return Ok(None);
    };
    let tell = |text: &str| desk.terminal.status(text);
    let known = sources.our_ddl || !sources.partitions.is_empty();
    Ok(Some(Queried::athena(clients, &workgroup, table, known, &tell).await))
}

/// Prints the query or the statement, if that is all that was asked for.
pub fn printed(desk: &Desk, args: &TraceArgs) -> Result<Option<Exit>, Failure> {
    let Some(table) = table(&args.sources)? else {
        return Ok(None);
    };
    let window: Window = window(&args.sources, wall_clock())?;
    let text = match &args.print_ddl {
        Some(place) => {
            let location: Location = place.parse().map_err(|error: LocationError| {
                Failure::new(Exit::Usage, "s3.garbled", format!("{error}; nothing was printed"))
            })?;
            holds_trails(place, &location)?;
            let left_out = optional(&window).unwrap_or_default();
            if !left_out.is_empty() {
                desk.terminal.status(&left_out);
            }
            let comment: String = left_out.lines().map(|line| format!("-- {line}\n")).collect();
            comment + &table.ddl(&location, &window)
        }
        None if args.print_sql => whole_query(&table, &window, &keys(desk, &args.keys, &args.sources)?),
        None => return Ok(None),
    };
    desk.result(|| text.clone() + ";", &text)?;
    if args.print_sql {
        desk.terminal.status(
            "Athena and Trino end a recursion of more than 10 steps with an error; --athena has no such end, and scans less. Rows as JSON lines are \
             evidence: `oust trace KEY --logs rows.jsonl --offline`",
        );
    }
    Ok(Some(Exit::Success))
}

/// What the table of a statement doesn't show, where nobody says which Regions are used.
fn optional(window: &Window) -> Option<String> {
    window.regions.is_empty().then(|| {
        format!(
            "not in this table: what was recorded in Regions that must be enabled first ({}).\nWhere one of them is used, name all that are with --regions",
            REGIONS_TO_ENABLE.join(", ")
        )
    })
}

/// CloudTrail puts the folders of accounts below `AWSLogs/`, or below `AWSLogs/o-ORGID/`: a table over another place finds nothing, without an error.
fn holds_trails(place: &str, location: &Location) -> Result<(), Failure> {
    let mut parts = location.prefix.split('/').filter(|part| !part.is_empty());
    let is_below = parts.by_ref().any(|part| part == "AWSLogs");
    let rest: Vec<&str> = parts.collect();
    let is_organization = |part: &str| part.starts_with("o-");
    match (is_below, rest.as_slice()) {
        (true, []) => return Ok(()),
        (true, [one]) if is_organization(one) => return Ok(()),
        _ => {}
    }
    let message = format!("a table over `{place}` would find no row; nothing was printed");
    Err(Failure::new(Exit::Usage, "s3.no_trail", message)
        .hint("CloudTrail writes below s3://BUCKET/[PREFIX/]AWSLogs/, an organization's trail below s3://BUCKET/[PREFIX/]AWSLogs/o-ORGID/"))
}
