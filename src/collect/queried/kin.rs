//! The query for everybody who bears on a family beside its own keys. One query asks for all of them, since each reads the same days.

use super::sql::{MOST_OF_OTHERS, PRINCIPAL, SETS_PASSWORD, SWITCHES, bearer, is_mint, quoted, role, select, whose};
use super::table::Table;
use crate::lineage::Related;
use crate::trail::Window;
use std::collections::BTreeSet;

/// What the names of each kind begin with, so that they may stand in one list. None has the beginning of another.
const KINDS: [&str; 4] = ["id ", "arn ", "user ", "shared "];

/// All of them by name, each with its kind.
pub(super) fn names(related: &Related) -> BTreeSet<String> {
    // Unique IDs are plain; what isn't was made up by whoever wrote the record.
    let plain = |id: &&String| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let [id, arn, user, shared] = KINDS;
    let ids = related.principals.iter().filter(plain).map(|one| format!("{id}{one}"));
    let arns = related.arns.iter().map(|one| format!("{arn}{one}"));
    let users = related.users.iter().map(|one| format!("{user}{one}"));
    let shared = related.shared.iter().map(|one| format!("{shared}{one}"));
    ids.chain(arns).chain(users).chain(shared).collect()
}

fn of<'a>(names: &BTreeSet<&'a str>, kind: &str) -> Vec<&'a str> {
    names.iter().filter_map(|name| name.strip_prefix(kind)).collect()
}

/// How many users and roles are among the names.
pub(super) fn principals(names: &BTreeSet<&str>) -> usize {
    of(names, KINDS[0]).len()
}

/// What they did, and how they came by it.
pub(super) fn sql(table: &Table, window: &Window, names: &BTreeSet<&str>) -> String {
    let [ids, arns, users, shared] = KINDS.map(|kind| of(names, kind));
    let mut any = Vec::new();
    if !ids.is_empty() {
        let (ids, role, is_mint) = (quoted(ids), role(table), is_mint());
        any.push(format!("{PRINCIPAL} IN ({ids})"));
        any.push(format!("({is_mint}\n      AND {role} IN ({ids}))"));
    }
    if !arns.is_empty() {
        let arns = quoted(arns);
        any.push(format!("{} IN ({arns})", bearer("useridentity.arn")));
        let switched = table.switched_from().map(|from| bearer(&from));
        any.extend(switched.map(|from| format!("({SWITCHES}\n      AND {from} IN ({arns}))")));
    }
    if !users.is_empty() {
        // Of one whose key never called the name alone is known.
        let users = quoted(users);
        any.push(format!("useridentity.username IN ({users})"));
        any.push(format!("({SETS_PASSWORD}\n      AND {} IN ({users}))", whose(table)));
    }
    if !shared.is_empty() {
        any.push(format!("sharedeventid IN ({})", quoted(shared)));
    }
    let limit = MOST_OF_OTHERS + 1;
    format!("{}\nLIMIT {limit}", select(table, window, &any.join("\n    OR ")))
}
