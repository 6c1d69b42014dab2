//! What leads to what in the printed query. Each fact of a record is a link between two texts: keys, which have no space in them, and what begins with a letter
//! and a space.
//!
//! | | |
//! |---|---|
//! | `m` | a principal and ten seconds in which a session of it was issued |
//! | `w` | a principal and ten minutes, for sign-ins by an address that lives a quarter of an hour |
//! | `s` | a sign-in |
//! | `h` | what the records of one call in several accounts share |
//! | `a` | who switched to a role, by ARN; of a role's session without the name of that |
//! | `u` | a user whose password was set, by name |
//! | `r` | a role of which somebody said who may assume it, by name |
//! | `o` | a user with a long-term key, by name: of a record without a key he alone is told |
//!
//! What happened at a moment is linked to the ten seconds that five seconds before and five behind it lie in: what is no further away lies in one of them.

use super::super::{
    IS_LONG_TERM, IS_TEMPORARY, OPENS, SETS_KEY, SETS_PASSWORD, SWITCHES, Table, bearer, child, is_mint, key, made_for,
    opened_role, revived, role_name, whose,
};
use crate::trail::SIGN_IN;
use crate::trail::apart::{ADDRESS_SECONDS, ISSUE_SECONDS, LOGIN_SECONDS};

/// The session that a mint gave a key for, as its calls name it.
const SESSION: &str = r#"coalesce(nullif(regexp_extract(responseelements, '"assumedRoleId" *: *"([^"]+)"', 1), ''),
      nullif(regexp_extract(responseelements, '"federatedUserId" *: *"([^"]+)"', 1), ''), useridentity.principalid)"#;

/// The moment of issue that a call bears.
const CREATED: &str = "useridentity.sessioncontext.attributes.creationdate";

/// One side of a link.
#[derive(Clone, Copy)]
pub(super) enum Node {
    /// A text of [`facts`] as it is.
    Own(&'static str),
    /// One with its letter before it.
    Named(char, &'static str),
    /// The ten seconds that a principal's moment lies in.
    At(&'static str, &'static str),
    /// Those that it may be near to.
    Near(&'static str, &'static str),
    /// The ten minutes that a principal's moment lies in.
    Within(&'static str, &'static str),
    /// Those that an address may have been used in which was asked for then.
    Addressed(&'static str, &'static str),
}

use Node::{Addressed, At, Named, Near, Own, Within};

/// The key that called; the same, where nothing gave it to this session; who called without a key; what was given to whom; a key that is no long-term one; the
/// key of a session that was made one of the console, and that which the console was given for a switch; one that was made active again.
const K: Node = Own("k");
const LONE: Node = Own("lone");
const CHILD: Node = Own("child");
const SESSION_KEY: Node = Own("session_key");
const TOKEN: Node = Own("token");
const SIGNED: Node = Named('s', "sign_in");
const SHARED: Node = Named('h', "shared");
const SWITCHED: Node = Named('a', "from_arn");
const ARN: Node = Named('a', "arn");
const SWITCH_KEY: Node = Own("switch_key");
const REVIVED: Node = Own("revived");
const SET: Node = Named('u', "whose");
const USER: Node = Named('u', "u");
const OPENED: Node = Named('r', "opened");
const OUTSIDER: Node = Named('r', "into_role");
const OWN_MOMENT: Node = At("p", "created");
const NEAR_OWN: Node = Near("p", "created");
const OWNER: Node = Named('o', "owner");
const OWNED: Node = Named('o', "made_for");
const KEYLESS_OWNER: Node = Named('o', "untold_owner");
const KEYLESS_MOMENT: Node = At("untold", "created");
const NEAR_KEYLESS: Node = Near("untold", "created");

/// From a key to those that may have given it.
pub(super) const BACK: [(Node, Node); 24] = [
    (LONE, OWN_MOMENT),
    (NEAR_OWN, LONE),
    (K, SIGNED),
    (SIGNED, K),
    (NEAR_KEYLESS, SIGNED),
    (SIGNED, KEYLESS_MOMENT),
    // A long-term key is its own origin.
    (SESSION_KEY, K),
    (SESSION_KEY, KEYLESS_MOMENT),
    (SESSION_KEY, SHARED),
    (SESSION_KEY, KEYLESS_OWNER),
    (SHARED, KEYLESS_OWNER),
    (OWNER, K),
    (OWNED, CHILD),
    (SHARED, K),
    (SHARED, KEYLESS_MOMENT),
    // What nothing gave is of the session that was issued like it, and of one that was made one of the console before.
    (Near("child_p", "done_at"), CHILD),
    (NEAR_KEYLESS, TOKEN),
    (LONE, Within("p", "created")),
    (Addressed("token_p", "done_at"), TOKEN),
    (Addressed("token_p", "done_at"), KEYLESS_MOMENT),
    (Near("switched_p", "done_at"), SWITCHED),
    (SWITCH_KEY, ARN),
    (ARN, K),
    // One of the same moment that never called may have switched.
    (ARN, OWN_MOMENT),
];

/// From a key to those that may come of it.
pub(super) const FORWARD: [(Node, Node); 37] = [
    (K, OWN_MOMENT),
    (NEAR_OWN, LONE),
    (K, SIGNED),
    (SIGNED, K),
    (NEAR_KEYLESS, SIGNED),
    (SIGNED, KEYLESS_MOMENT),
    (K, CHILD),
    (NEAR_KEYLESS, CHILD),
    (K, SHARED),
    (NEAR_KEYLESS, SHARED),
    (SHARED, CHILD),
    (K, OWNER),
    (CHILD, OWNED),
    (KEYLESS_OWNER, CHILD),
    (KEYLESS_OWNER, SHARED),
    (KEYLESS_OWNER, SET),
    (CHILD, At("child_p", "done_at")),
    // What was made one of the console may bear the moment of the session that asked.
    (TOKEN, OWN_MOMENT),
    (TOKEN, Addressed("token_p", "done_at")),
    (NEAR_KEYLESS, Addressed("token_p", "done_at")),
    (Within("p", "created"), LONE),
    (K, ARN),
    (NEAR_OWN, ARN),
    (SWITCHED, At("switched_p", "done_at")),
    (ARN, SWITCH_KEY),
    (K, SET),
    (NEAR_KEYLESS, SET),
    (USER, LONE),
    (TOKEN, SHARED),
    (K, OPENED),
    (NEAR_KEYLESS, OPENED),
    (KEYLESS_OWNER, OPENED),
    // Nobody's key of the account asked for it.
    (OUTSIDER, CHILD),
    // A key that was there before is the family's since one of it made it active again.
    (K, REVIVED),
    (NEAR_KEYLESS, REVIVED),
    (KEYLESS_OWNER, REVIVED),
    (REVIVED, OWNED),
];

impl Node {
    /// The texts, as expressions over the columns of [`facts`].
    fn texts(self) -> Vec<String> {
        let named = |letter: char, who: &str, at: String, letters: u8| {
            format!("'{letter} ' || {who} || ' ' || substr(CAST({at} AS varchar), 1, {letters})")
        };
        let after = |at: &str, seconds: i64| match seconds {
            0 => at.to_owned(),
            ..0 => format!("{at} - INTERVAL '{}' SECOND", -seconds),
            1.. => format!("{at} + INTERVAL '{seconds}' SECOND"),
        };
        // `2026-03-24 09:04:1` is ten seconds of a minute.
        let each = |letter, who, at: &str, letters, seconds: &[i64]| {
            let each = seconds.iter();
            each.map(|seconds| named(letter, who, after(at, *seconds), letters))
                .collect()
        };
        let (issue, login) = (i64::from(ISSUE_SECONDS), i64::from(ISSUE_SECONDS + LOGIN_SECONDS));
        let address = i64::from(ADDRESS_SECONDS) + login;
        match self {
            Own(text) => vec![text.to_owned()],
            Named(letter, text) => vec![format!("'{letter} ' || {text}")],
            At(who, at) => each('m', who, at, 18, &[0]),
            Near(who, at) => each('m', who, at, 18, &[-issue, issue]),
            Within(who, at) => each('w', who, at, 15, &[0]),
            // No further from each other than ten minutes.
            Addressed(who, at) => each('w', who, at, 15, &[-login, 600 - login, address]),
        }
    }
}

/// The links, as a query over `called`.
pub(super) fn of(links: &[(Node, Node)]) -> String {
    let pairs = links.iter().flat_map(|(from, to)| {
        let to = to.texts();
        from.texts().into_iter().flat_map(move |from| {
            let each: Vec<String> = to.iter().map(|to| format!("    ARRAY[{from}, {to}]")).collect();
            each
        })
    });
    let pairs: Vec<String> = pairs.collect();
    format!(
        "  SELECT DISTINCT link.pair[1], link.pair[2]
  FROM called CROSS JOIN UNNEST(ARRAY[
{}
  ]) AS link(pair)
  WHERE link.pair[1] IS NOT NULL AND link.pair[2] IS NOT NULL",
        pairs.join(",\n")
    )
}

/// What each record tells, every fact once: `facts`; and `called`, the same with whether nothing gave the caller its key. A service that called for somebody is
/// nobody, unless it is the console, for somebody who switched to a role.
pub(super) fn facts(table: &Table, where_: &dyn Fn(&str) -> String) -> String {
    let (key, child, is_mint) = (key(table), child(table), is_mint());
    let moment = |text: &str| format!("TRY_CAST(replace(replace({text}, 'T', ' '), 'Z', '') AS timestamp)");
    let (created, at) = (moment(CREATED), moment("eventtime"));
    let is_done = "coalesce(errorcode, '') = ''";
    let gave = format!("({is_mint}\n      AND {is_done})");
    let gave_or_sets = format!("({gave} OR {SETS_PASSWORD} OR {OPENS} OR {SETS_KEY})");
    let is_token = format!("eventname = 'GetSigninToken' AND {gave}");
    let is_switch = format!("{SWITCHES} AND {is_done}");
    let held = format!(
        "(coalesce(useridentity.invokedby, '') = '' OR ({gave}\n      AND {SESSION} IN (SELECT p FROM switches)))"
    );
    let given = format!("nullif(nullif({child}, ''), coalesce({key}, ''))");
    let switched_from = table
        .switched_from()
        .unwrap_or_else(|| "CAST(NULL AS varchar)".to_owned());
    let sign_in = table
        .source(&SIGN_IN)
        .unwrap_or_else(|| "CAST(NULL AS varchar)".to_owned());
    let switches = where_(&is_switch);
    let all = where_(&format!(
        "({IS_TEMPORARY} OR {IS_LONG_TERM} OR {key} IS NULL AND {CREATED} IS NOT NULL OR {is_mint}\n      OR {SWITCHES} OR {SETS_PASSWORD} OR {OPENS} OR {SETS_KEY})"
    ));
    let is_user = format!("{held} AND {CREATED} IS NULL AND useridentity.type IN ('IAMUser', 'Root')");
    let owner = "coalesce(nullif(useridentity.username, ''), useridentity.principalid)";
    let when =
        |condition: &str, value: &str, name: &str| format!("    CASE WHEN {condition} THEN {value} END AS {name}");
    let columns = [
        when(&held, &key, "k"),
        when(&held, "useridentity.principalid", "p"),
        when(
            &format!("{held} AND {key} IS NULL"),
            "useridentity.principalid",
            "untold",
        ),
        when(&format!("{IS_TEMPORARY} OR {gave}"), &bearer("useridentity.arn"), "arn"),
        when(IS_TEMPORARY, "useridentity.username", "u"),
        when(&format!("{is_user} AND {IS_LONG_TERM}"), owner, "owner"),
        when(
            &format!("{is_user} AND coalesce({key}, '') = '' AND {gave_or_sets}"),
            owner,
            "untold_owner",
        ),
        format!(
            "    CASE WHEN {gave} AND {child} LIKE 'AKIA%' THEN {} WHEN {SETS_KEY} AND {is_done} THEN {} END AS made_for",
            made_for(table),
            whose(table)
        ),
        format!("    {created} AS created"),
        format!("    {sign_in} AS sign_in"),
        when(&format!("{gave} OR {is_switch}"), &at, "done_at"),
        when(&gave, "sharedeventid", "shared"),
        when(&gave, &given, "child"),
        when(&gave, SESSION, "child_p"),
        when(&format!("{gave} AND {child} NOT LIKE 'AKIA%'"), &given, "session_key"),
        // Without a key of its own it is the asking session's that somebody signs in with.
        when(&is_token, &format!("coalesce({given}, {key})"), "token"),
        when(
            &format!("{held} AND {gave} AND coalesce(useridentity.invokedby, '') <> ''"),
            &given,
            "switch_key",
        ),
        when(&is_token, "useridentity.principalid", "token_p"),
        when(&is_switch, "useridentity.principalid", "switched_p"),
        when(&is_switch, &bearer(&switched_from), "from_arn"),
        when(&format!("{SETS_PASSWORD} AND {is_done}"), &whose(table), "whose"),
        when(&format!("{OPENS} AND {is_done}"), &opened_role(table), "opened"),
        when(
            &format!("{gave} AND coalesce({key}, '') = ''"),
            &role_name(table),
            "into_role",
        ),
        when(&format!("{SETS_KEY} AND {is_done}"), &revived(table), "revived"),
    ];
    format!(
        "switches(p) AS (
  SELECT DISTINCT useridentity.principalid
  {switches}
),
facts AS (
  SELECT DISTINCT
{}
  {all}
),
given(k, p, done_at) AS (
  SELECT DISTINCT child, child_p, done_at FROM facts WHERE child IS NOT NULL
),
called AS (
  SELECT facts.*, CASE WHEN given.k IS NULL AND facts.k LIKE 'ASIA%' THEN facts.k END AS lone
  FROM facts LEFT JOIN given ON given.k = facts.k AND given.p = facts.p
    AND facts.created BETWEEN given.done_at - INTERVAL '{ISSUE_SECONDS}' SECOND AND given.done_at + INTERVAL '{ISSUE_SECONDS}' SECOND
)",
        columns.join(",\n")
    )
}
