//! The whole search as one query that recurs, for engines that run elsewhere.
//!
//! It follows what the first pass over files follows: first back from the asked keys to where they may come from, then on to all that may come of those. What is
//! known grows as one list of keys, moments, sign-ins and names, a step at a time, until a step adds nothing: so nothing runs in a circle, however sessions
//! are entangled. That is more than the family, never less: who is of it, the reader of the rows decides.

mod links;

use super::{
    DEEPEST, OPENS, PRINCIPAL, SETS_KEY, SETS_PASSWORD, Table, child, is_mint, key, made_for, opened_role, revived,
    role, role_name, select, whose, within,
};
use crate::ids::AccessKeyId;
use crate::trail::Window;
use links::{BACK, FORWARD};

/// What a person must know who runs it, as a remark of SQL.
/// <https://trino.io/docs/current/sql/select.html#with-recursive-clause>
const NOTE: &str = "-- Credentials that come of these keys, and who else uses the same users and roles. Each row is a record.
-- Trino ends a recursion of more than 10 steps with an error, and so does Athena, where that can't be changed: a longer chain of mints gives no rows there,
-- not fewer. In Trino: SET SESSION max_recursion_depth = 100. `oust trace --athena` has no such end.
";

/// The user whom a call is of by name, or whose permissions a federated one has.
const USER: &str = "CASE useridentity.type WHEN 'IAMUser' THEN useridentity.username
      WHEN 'FederatedUser' THEN useridentity.sessioncontext.sessionissuer.username END";

/// Calls that give their caller another key of its own user or role.
const OF_CALLER: &str = "eventname IN ('GetSessionToken', 'GetFederationToken', 'GetSigninToken')";

/// The same rows as the rounds give, family and kin.
pub(in super::super) fn whole(table: &Table, window: &Window, asked: &[AccessKeyId]) -> String {
    let (key, is_mint) = (key(table), is_mint());
    let (child, role, whose, made_for) = (child(table), role(table), whose(table), made_for(table));
    let (opened, role_name) = (opened_role(table), role_name(table));
    let revived = revived(table);
    let where_ = |condition: &str| {
        let mut all = within(table, window);
        all.push(condition.to_owned());
        format!("FROM {}\n  WHERE {}", table.name(), all.join("\n    AND "))
    };
    let values: Vec<String> = asked
        .iter()
        .map(|key| format!("(CAST('{}' AS varchar))", key.as_str()))
        .collect();
    let asked = format!("(VALUES {}) AS one(k)", values.join(", "));
    // Of the way back only keys lead on, and what the records of one call share: its moments and names may be others' too.
    let origins = "come CROSS JOIN UNNEST(come.ks) AS one(k) WHERE one.k LIKE 'h %' OR one.k NOT LIKE '% %'";
    let facts = links::facts(table, &where_);
    let (back, forward) = (links::of(&BACK), links::of(&FORWARD));
    let (come, went) = (grown("come", &asked, "back"), grown("went", origins, "forward"));
    let calls = where_(&format!("{key} IN (SELECT k FROM family)"));
    let given = where_(&format!("{is_mint}\n    AND {child} IN (SELECT k FROM family)"));
    let again = where_(&format!("{SETS_KEY}\n    AND {revived} IN (SELECT k FROM family)"));
    let rows = select(
        table,
        window,
        &format!(
            "{key} IN (SELECT k FROM family)\n    OR ({is_mint}\n      AND {child} IN (SELECT k FROM family))\n    \
             OR ({is_mint}\n      AND 'h ' || sharedeventid IN (SELECT k FROM family))\n    \
             OR {PRINCIPAL} IN (SELECT p FROM kin)\n    OR {USER} IN (SELECT u FROM people)\n    OR ({is_mint}\n      AND {role} IN (SELECT p FROM kin))\n    \
             OR ({SETS_PASSWORD}\n      AND {whose} IN (SELECT u FROM people))\n    \
             OR ({OPENS}\n      AND {opened} IN (SELECT r FROM opened))\n    OR ({is_mint}\n      AND {role_name} IN (SELECT r FROM opened))\n    \
             OR ({SETS_KEY}\n      AND {revived} IN (SELECT k FROM family))"
        ),
    );
    format!(
        "{NOTE}WITH RECURSIVE
{facts},
back(parent, child) AS (
{back}
),
forward(parent, child) AS (
{forward}
),
{come},
{went},
family(k) AS (
  SELECT DISTINCT one.k FROM went CROSS JOIN UNNEST(went.ks) AS one(k)
),
people(u) AS (
  SELECT DISTINCT useridentity.username
  {calls}
  UNION
  SELECT {made_for}
  {given}
  UNION
  SELECT {whose}
  {again}
),
opened(r) AS (
  SELECT DISTINCT substr(one.k, 3) FROM went CROSS JOIN UNNEST(went.ks) AS one(k) WHERE one.k LIKE 'r %'
),
kin(p) AS (
  SELECT DISTINCT {PRINCIPAL}
  {calls}
  UNION
  SELECT coalesce(nullif({role}, ''), CASE WHEN {OF_CALLER} THEN {PRINCIPAL} END)
  {given}
)
{rows}"
    )
}

/// All that can be reached from `start` by `links`: each row is what is known after one more step, the last all of it.
fn grown(name: &str, start: &str, links: &str) -> String {
    // What is cut off must not look like an end.
    let deeper = format!(
        "CASE WHEN {name}.depth < {DEEPEST} THEN true
    ELSE CAST(concat('mints go on behind {DEEPEST} steps, which --athena or files follow: ', one.k) AS boolean) END"
    );
    // An array is as long as what is different in it; what leads nowhere stays.
    format!(
        "{name}(ks, n, depth) AS (
  SELECT array_agg(DISTINCT one.k), count(DISTINCT one.k), 0 FROM {start}
  UNION ALL
  SELECT array_agg(DISTINCT more.k) FILTER (WHERE more.k IS NOT NULL), count(DISTINCT more.k), {name}.depth + 1
  FROM {name} CROSS JOIN UNNEST({name}.ks) AS one(k) LEFT JOIN {links} ON {links}.parent = one.k
    CROSS JOIN UNNEST(ARRAY[one.k, {links}.child]) AS more(k)
  WHERE {deeper}
  GROUP BY {name}.n, {name}.depth
  HAVING count(DISTINCT more.k) > {name}.n
)"
    )
}
