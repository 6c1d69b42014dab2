//! The queries. They are plain enough to run unchanged on Trino, Athena and DuckDB: of functions only `split_part`, `regexp_extract`,
//! `regexp_replace`, `coalesce`, `nullif`, `replace`, `substr`, `concat`, `array_agg` and `try` are used.
//!
//! A session token stands in the record of its mint, and a result lies in a bucket: tokens are cut out by the query itself.
//! Texts of others come into a query only as key IDs, unique IDs, account numbers and names of Regions, whose letters are checked.

mod whole;

pub(super) use whole::whole;

use super::table::{Partition, Table};
use crate::ids::AccessKeyId;
use crate::lineage::minting;
use crate::time::Moment;
use crate::trail::{CREDENTIAL, SIGN_IN, Window};
use std::collections::BTreeSet;

/// How many days behind its events a file may lie: delivery is late at times, and partitions go by the day of the file.
const LATE_SECONDS: i64 = 3 * 86_400;

/// Which events give a credential.
pub(super) fn is_mint() -> String {
    let services: BTreeSet<String> = minting()
        .map(|(service, _)| format!("{service}.amazonaws.com"))
        .collect();
    let names: BTreeSet<&str> = minting().map(|(_, name)| name).collect();
    format!(
        "eventsource IN ({}) AND eventname IN ({})",
        quoted(services.iter().map(String::as_str)),
        quoted(names)
    )
}

/// The key that a mint gave, of a service-specific credential its ID.
fn child(table: &Table) -> String {
    format!(
        r#"regexp_extract({}, '"(?:accessKeyId|serviceSpecificCredentialId)\\?" *: *\\?"([A-Z0-9_]+)', 1)"#,
        table.json("responseelements")
    )
}

/// The credential that a call was made with, as the reader of a record takes it.
fn key(table: &Table) -> String {
    match table.source(&CREDENTIAL) {
        Some(credential) => format!("coalesce(nullif(useridentity.accesskeyid, ''), {credential})"),
        None => "useridentity.accesskeyid".to_owned(),
    }
}

/// The role that a mint gave a session of, by its unique ID.
pub(super) fn role(table: &Table) -> String {
    format!(
        r#"regexp_extract({}, '"assumedRoleId\\?" *: *\\?"([A-Z0-9]+):', 1)"#,
        table.json("responseelements")
    )
}

/// Which calls say who may assume a role.
pub(super) const OPENS: &str =
    "eventsource = 'iam.amazonaws.com' AND eventname IN ('CreateRole', 'UpdateAssumeRolePolicy')";

/// Which role that is, by its name in small letters.
pub(super) fn opened_role(table: &Table) -> String {
    let asked = table.json("requestparameters");
    format!(r#"lower(nullif(regexp_extract({asked}, '"roleName" *: *"([^"]+)"', 1), ''))"#)
}

/// The role that a session is of, by its name in small letters.
pub(super) fn role_name(table: &Table) -> String {
    let answered = table.json("responseelements");
    format!(r#"lower(nullif(regexp_extract({answered}, ':assumed-role\\?/([^/"\\]+)', 1), ''))"#)
}

/// The role that a mint was asked for, by ARN. JSON may have a backslash before a slash.
fn wanted_role(table: &Table) -> String {
    format!(
        r#"replace(regexp_extract({}, '"roleArn\\?" *: *\\?"([^"]+?)\\?"', 1), '\/', '/')"#,
        table.json("requestparameters")
    )
}

/// Whether a call was made with a temporary key.
const IS_TEMPORARY: &str = "useridentity.accesskeyid LIKE 'ASIA%'";

/// Whether a call was made with a long-term key.
const IS_LONG_TERM: &str = "useridentity.accesskeyid LIKE 'AKIA%'";

/// The user whom a call made a credential for, by name.
fn made_for(table: &Table) -> String {
    format!(
        r#"nullif(regexp_extract({}, '"userName\\?" *: *\\?"([^"\\]+)', 1), '')"#,
        table.json("responseelements")
    )
}

/// Which calls set a user's password.
pub(super) const SETS_PASSWORD: &str =
    "eventsource = 'iam.amazonaws.com' AND eventname IN ('CreateLoginProfile', 'UpdateLoginProfile', 'ChangePassword')";

/// Which calls make a key active, or take it out of use.
const SETS_KEY: &str = "eventsource = 'iam.amazonaws.com' AND eventname = 'UpdateAccessKey'";

/// The key that such a call made active; also where the record doesn't say what it was made.
fn revived(table: &Table) -> String {
    let asked = table.json("requestparameters");
    format!(
        r#"CASE WHEN coalesce(regexp_extract({asked}, '(?i)"status\\?" *: *\\?"(inactive)', 1), '') = ''
      THEN nullif(regexp_extract({asked}, '"accessKeyId\\?" *: *\\?"(AKIA[A-Z0-9_]+)', 1), '') END"#
    )
}

/// Which calls are switches to a role in the console.
pub(super) const SWITCHES: &str = "eventsource = 'signin.amazonaws.com' AND eventname = 'SwitchRole'";

/// Whose password it is.
pub(super) fn whose(table: &Table) -> String {
    format!(
        r#"coalesce(nullif(regexp_extract({}, '"userName" *: *"([^"]+)"', 1), ''), useridentity.username)"#,
        table.json("requestparameters")
    )
}

/// An ARN, of a role's session without the name of that.
pub(super) fn bearer(arn: &str) -> String {
    format!("coalesce(nullif(regexp_extract({arn}, '^(.*:assumed-role/[^/]+)/', 1), ''), {arn})")
}

/// The user or role that a caller carries the rights of, by its unique ID: the issuer of a session, else the caller itself.
pub(super) const PRINCIPAL: &str = "coalesce(nullif(useridentity.sessioncontext.sessionissuer.principalid, ''), split_part(useridentity.principalid, ':', 1))";

/// How many rows of others are fetched: who else uses the same roles may have made millions of calls.
pub(super) const MOST_OF_OTHERS: usize = 100_000;

/// How deep the recursion of the one printed query may go; it ends with an error there. A trail has no circles; one that was tampered with must not run
/// for ever.
const DEEPEST: u32 = 100;

pub(super) fn quoted<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let each: Vec<String> = texts
        .into_iter()
        .map(|text| format!("'{}'", text.replace('\'', "''")))
        .collect();
    each.join(", ")
}

fn keys_in<'a>(keys: impl IntoIterator<Item = &'a AccessKeyId>) -> String {
    quoted(keys.into_iter().map(AccessKeyId::as_str))
}

/// `2026/11/24`, as the documented table names its partitions.
fn day(at: Moment) -> String {
    at.to_string().get(..10).unwrap_or_default().replace('-', "/")
}

/// What lies within the window: by partitions, so that nothing else is scanned, and then by the events themselves.
fn within(table: &Table, window: &Window) -> Vec<String> {
    let mut all = Vec::new();
    let (since, until) = (window.since, window.until.map(|until| until.plus_seconds(LATE_SECONDS)));
    for partition in &table.partitions {
        let (name, is_day) = match partition {
            Partition::Timestamp => (r#""timestamp""#, true),
            Partition::YearMonthDay => ("concat(year, '/', month, '/', day)", true),
            Partition::Account if !window.accounts.is_empty() => {
                all.push(format!(
                    "account IN ({})",
                    quoted(window.accounts.iter().map(|one| one.as_str()))
                ));
                continue;
            }
            Partition::Region if !window.regions.is_empty() => {
                all.push(format!(
                    "region IN ({})",
                    quoted(window.regions.iter().map(String::as_str))
                ));
                continue;
            }
            Partition::Account | Partition::Region => continue,
        };
        if is_day {
            all.extend(since.map(|since| format!("{name} >= '{}'", day(since))));
            all.extend(until.map(|until| format!("{name} <= '{}'", day(until))));
        }
    }
    all.extend(table.between(window.since, window.until));
    if !window.regions.is_empty() {
        all.push(format!(
            "awsregion IN ({})",
            quoted(window.regions.iter().map(String::as_str))
        ));
    }
    if !window.accounts.is_empty() {
        all.push(format!(
            "recipientaccountid IN ({})",
            quoted(window.accounts.iter().map(|one| one.as_str()))
        ));
    }
    all
}

pub(super) fn select(table: &Table, window: &Window, condition: &str) -> String {
    let mut all = within(table, window);
    all.push(format!("({condition})"));
    format!(
        "SELECT\n{}\nFROM {}\nWHERE {}",
        table.row(),
        table.name(),
        all.join("\n  AND ")
    )
}

/// What the keys did, and the mints of those in `back`.
pub(super) fn round(
    table: &Table,
    window: &Window,
    called: &BTreeSet<AccessKeyId>,
    back: &BTreeSet<AccessKeyId>,
) -> String {
    let mut any = Vec::new();
    if !called.is_empty() {
        any.push(format!("{} IN ({})", key(table), keys_in(called)));
    }
    if !back.is_empty() {
        any.push(format!(
            "({}\n      AND {} IN ({}))",
            is_mint(),
            child(table),
            keys_in(back)
        ));
    }
    select(table, window, &any.join("\n    OR "))
}

/// Sign-ins of these users, and what they called with temporary keys; of sessions of roles, whose name stands in the principal, what they called that
/// bears a sign-in. Names are quoted: they may hold no quote in AWS, but come out of records.
pub(super) fn sign_ins(table: &Table, window: &Window, names: &BTreeSet<&str>) -> String {
    let names = quoted(names.iter().copied());
    let mut condition =
        format!("useridentity.username IN ({names})\n      AND (eventname = 'ConsoleLogin' OR {IS_TEMPORARY})");
    if let Some(sign_in) = table.source(&SIGN_IN) {
        condition.push_str(&format!(
            "\n    OR split_part(useridentity.principalid, ':', 2) IN ({names})\n      AND {sign_in} IS NOT NULL"
        ));
    }
    select(table, window, &condition)
}

/// Sessions of these roles, by ARN, that were given by whomever, and who said who may assume them.
pub(super) fn comings(table: &Table, window: &Window, roles: &BTreeSet<&str>) -> String {
    let names: BTreeSet<String> = roles
        .iter()
        .filter_map(|arn| arn.rsplit('/').next())
        .map(str::to_lowercase)
        .collect();
    let (is_mint, role, opened) = (is_mint(), wanted_role(table), opened_role(table));
    let (roles, names) = (quoted(roles.iter().copied()), quoted(names.iter().map(String::as_str)));
    let condition =
        format!("({is_mint}\n      AND {role} IN ({roles}))\n    OR ({OPENS}\n      AND {opened} IN ({names}))");
    select(table, window, &condition)
}

/// What was called in sessions that began with these sign-ins; `None` where the table doesn't tell sign-ins.
pub(super) fn bearing(table: &Table, window: &Window, sign_ins: &BTreeSet<&str>) -> Option<String> {
    let sign_in = table.source(&SIGN_IN)?;
    let condition = format!("{sign_in} IN ({})", quoted(sign_ins.iter().copied()));
    Some(select(table, window, &condition))
}
