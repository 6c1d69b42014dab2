//! The whole search as one query that recurs, for engines that run elsewhere.

use super::{DEEPEST, IS_TEMPORARY, PRINCIPAL, SETS_PASSWORD, Table, WHOSE, child, is_mint, key, role, select, within};
use crate::ids::AccessKeyId;
use crate::trail::{SIGN_IN, Window};

/// The session that a mint gave a key for, as its calls name it.
const SESSION: &str = r#"regexp_extract(responseelements, '"assumedRoleId" *: *"([^"]+)"', 1)"#;

/// The moment of issue that a call bears.
const CREATED: &str = "useridentity.sessioncontext.attributes.creationdate";

/// The keys of one session, of which the console has many: by the principal and the moment of issue that their calls bear. They come from the one that a
/// mint gave, if there is one, else from the first by name.
const ALIKE_FROM: &str = "alike(k, p, created) AS (
  SELECT DISTINCT useridentity.accesskeyid, useridentity.principalid, useridentity.sessioncontext.attributes.creationdate
  ";
const ALIKE_TO: &str = "),
given(k) AS (
  SELECT DISTINCT child FROM mints
),
firsts(k, p, created) AS (
  SELECT coalesce(min(given.k), min(alike.k)), alike.p, alike.created
  FROM alike LEFT JOIN given ON given.k = alike.k
  GROUP BY alike.p, alike.created
),
";
const JOINS: &str = "joins(parent, child) AS (
  SELECT parent, child FROM mints
  UNION
  SELECT firsts.k, alike.k
  FROM firsts JOIN alike ON alike.p = firsts.p AND alike.created = firsts.created LEFT JOIN given ON given.k = alike.k
  WHERE given.k IS NULL
  UNION
  SELECT mints.child, firsts.k
  FROM mints JOIN firsts ON firsts.p = mints.p AND firsts.created = mints.given_at LEFT JOIN given ON given.k = firsts.k
  WHERE given.k IS NULL
  UNION
  SELECT firsts.k, mints.child
  FROM mints JOIN firsts ON firsts.p = mints.by_p AND firsts.created = mints.by_created
  WHERE coalesce(mints.parent, '') = ''";

/// What a person must know who runs it, as a remark of SQL.
/// <https://trino.io/docs/current/sql/select.html#with-recursive-clause>
const NOTE: &str = "-- Credentials that come of these keys, and who else uses the same users and roles. Each row is a record.
-- Trino ends a recursion of more than 10 steps with an error, and so does Athena, where that can't be changed: a longer chain of mints gives no rows there,
-- not fewer. In Trino: SET SESSION max_recursion_depth = 100. `oust trace --athena` has no such end.
";

/// The same rows as the rounds give, family and kin.
pub(in super::super) fn whole(table: &Table, window: &Window, asked: &[AccessKeyId]) -> String {
    let (name, key, is_mint) = (table.name(), key(table), is_mint());
    let (child, role) = (child(table), role(table));
    let where_ = |condition: &str| {
        let mut all = within(table, window);
        all.push(condition.to_owned());
        format!("FROM {name}\n  WHERE {}", all.join("\n    AND "))
    };
    let values: Vec<String> = asked.iter().map(|key| format!("('{}')", key.as_str())).collect();
    let values = values.join(", ");
    let mints = where_(&format!(
        "{is_mint}\n    AND errorcode IS NULL AND useridentity.invokedby IS NULL"
    ));
    let sets = where_(&format!("{SETS_PASSWORD}\n    AND errorcode IS NULL"));
    let sessions = where_(&format!(
        "{IS_TEMPORARY}\n    AND useridentity.username IN (SELECT u FROM passwords)"
    ));
    let calls = where_(&format!("{key} IN (SELECT k FROM family)"));
    let given = where_(&format!(
        "{is_mint}\n    AND {child} IN (SELECT k FROM family) AND {role} <> ''"
    ));
    let alike = where_(&format!(
        "{IS_TEMPORARY}\n    AND useridentity.invokedby IS NULL AND {CREATED} IS NOT NULL"
    ));
    let (sign_ins, signed_in) = sign_ins(table, &where_, &key);
    // What is cut off must not look like an end.
    let deeper = |parent: &str, depth: &str| {
        format!(
            "CASE WHEN {depth} < {DEEPEST} THEN true
    ELSE CAST(concat('mints go on behind {DEEPEST} steps or in a circle, which --athena or files follow: ', {parent}) AS boolean) END"
        )
    };
    let (back, on) = (deeper("origin.k", "origin.depth"), deeper("family.k", "family.depth"));
    let rows = select(
        table,
        window,
        &format!(
            "{key} IN (SELECT k FROM family)\n    OR ({is_mint}\n      AND {child} IN (SELECT k FROM family))\n    \
             OR {PRINCIPAL} IN (SELECT p FROM kin)\n    OR ({is_mint}\n      AND {role} IN (SELECT p FROM kin))\n    \
             OR (eventname = 'ConsoleLogin'\n      AND useridentity.username IN (SELECT u FROM passwords))"
        ),
    );
    format!(
        "{NOTE}WITH RECURSIVE
mints(parent, child, p, given_at, by_p, by_created) AS (
  SELECT DISTINCT {key}, {child}, coalesce(nullif({SESSION}, ''), useridentity.principalid), eventtime,
    useridentity.principalid, {CREATED}
  {mints}
),
{ALIKE_FROM}{alike}
{ALIKE_TO}{sign_ins}{JOINS}{signed_in}
),
origin(k, depth) AS (
  SELECT CAST(asked.k AS varchar), 0 FROM (VALUES {values}) AS asked(k)
  UNION ALL
  SELECT joins.parent, origin.depth + 1
  FROM origin JOIN joins ON joins.child = origin.k
  WHERE joins.parent <> joins.child AND origin.k LIKE 'ASIA%' AND {back}
),
passwords(k, u, set_at, since) AS (
  SELECT {key}, {WHOSE}, eventtime, coalesce({CREATED}, '')
  {sets}
),
sessions(u, k, since, used_at) AS (
  SELECT useridentity.username, useridentity.accesskeyid, coalesce({CREATED}, ''), max(eventtime)
  {sessions}
  GROUP BY useridentity.username, useridentity.accesskeyid, {CREATED}
),
gave(parent, child) AS (
  SELECT parent, child FROM joins
  UNION
  SELECT passwords.k, sessions.k
  FROM passwords JOIN sessions ON sessions.u = passwords.u AND sessions.used_at >= passwords.set_at
  WHERE passwords.since = '' OR sessions.since > passwords.since
),
family(k, depth) AS (
  SELECT k, 0 FROM origin
  UNION ALL
  SELECT gave.child, family.depth + 1
  FROM family JOIN gave ON gave.parent = family.k
  WHERE gave.parent <> gave.child AND {on}
),
kin(p) AS (
  SELECT {PRINCIPAL}
  {calls}
  UNION ALL
  SELECT {role}
  {given}
)
{rows}"
    )
}

/// Sessions that bear one sign-in, as those of `aws login` do and newer ones of the console, whoever's they are: they come from the one that bore it first.
/// Nothing where the table doesn't tell sign-ins. First the tables, then how a key gave another by them.
/// <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>
fn sign_ins(table: &Table, where_: &dyn Fn(&str) -> String, key: &str) -> (String, &'static str) {
    let Some(sign_in) = table.source(&SIGN_IN) else {
        return (String::new(), "");
    };
    let signed = where_(&format!(
        "{IS_TEMPORARY}\n    AND useridentity.invokedby IS NULL AND {sign_in} IS NOT NULL"
    ));
    let tables = format!(
        "signed(k, p, created, sign_in, first_at) AS (
  SELECT {key}, useridentity.principalid, coalesce({CREATED}, ''), {sign_in}, min(eventtime)
  {signed}
  GROUP BY {key}, useridentity.principalid, {CREATED}, {sign_in}
),
ordered(k, p, created, sign_in, place) AS (
  SELECT k, p, created, sign_in, row_number() OVER (PARTITION BY sign_in ORDER BY first_at, k, p, created)
  FROM signed
),
starts(k, p, created, sign_in) AS (
  SELECT k, p, created, sign_in FROM ordered WHERE place = 1
),
followed(parent, p, created, child) AS (
  SELECT starts.k, signed.p, signed.created, signed.k
  FROM starts JOIN signed ON signed.sign_in = starts.sign_in
    LEFT JOIN mints ON mints.p = starts.p AND mints.given_at = starts.created
      AND mints.by_p = signed.p AND mints.by_created = signed.created
  WHERE (signed.p <> starts.p OR signed.created <> starts.created) AND mints.child IS NULL
),
"
    );
    // The other keys of the session that bore it first are its own, and what gave it a key doesn't come of it: the recursion runs in no circle.
    (
        tables,
        "
  UNION
  SELECT parent, child FROM followed
  UNION
  SELECT followed.parent, firsts.k
  FROM followed JOIN firsts ON firsts.p = followed.p AND firsts.created = followed.created",
    )
}
