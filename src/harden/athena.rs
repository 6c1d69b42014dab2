//! A rule as a query of a trail's table, as AWS documents it: <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html>.

use super::denied::either;
use super::rule::{Is, Records, Rule, Shape, Test, Until, Within};

/// The rule as a query of `table`. Rows tell what matched: of single records the records, of several what they have in common.
pub fn athena(rule: &Rule<'_>, table: &str) -> String {
    let head = format!("-- {}\n-- {}\n", rule.title, rule.why);
    let body = match rule.shape {
        Shape::One(of) => format!(
            "SELECT DISTINCT eventid, eventtime, eventname, useridentity.arn AS arn, useridentity.accesskeyid AS key, sourceipaddress\nFROM {table}\nWHERE {}\nORDER BY eventtime",
            condition(of)
        ),
        Shape::Count {
            of,
            by,
            at_least,
            seconds,
        } => {
            let (named, names) = by_columns(by);
            format!(
                "WITH found AS (\n  SELECT DISTINCT eventid, eventtime, {named}\n  FROM {table}\n  WHERE {}\n), spaced AS (\n  SELECT {names}, eventtime, lag(eventtime, {}) OVER (PARTITION BY {names} ORDER BY eventtime) AS before\n  FROM found\n)\nSELECT {names}, min(before) AS earliest, max(eventtime) AS latest\nFROM spaced\nWHERE date_diff('second', from_iso8601_timestamp(before), from_iso8601_timestamp(eventtime)) <= {seconds}\nGROUP BY {names}",
                condition(of),
                at_least - 1
            )
        }
        Shape::Several {
            of,
            by,
            field,
            at_least,
            within,
        } => several(of, by, field, at_least, within, table),
        Shape::Then {
            first,
            then,
            joined,
            until,
            began,
            within,
        } => {
            let then = Later {
                of: then,
                began,
                within,
            };
            one_after_another(first, &then, joined, until, table)
        }
        Shape::Ring {
            of,
            link,
            step,
            at_least,
            at_most,
            seconds,
        } => {
            let names = [link.0, link.1, step.0, step.1].map(column);
            let named = format!(
                "{} AS gives, {} AS own, {} AS here, {} AS there",
                names[0], names[1], names[2], names[3]
            );
            format!(
                "WITH RECURSIVE hop AS (\n  SELECT DISTINCT eventid, eventtime, {named}\n  FROM {table}\n  WHERE {}\n), chain (first_eventid, earliest, origin, latest, gives, own, there, calls) AS (\n  SELECT eventid, eventtime, here, eventtime, gives, own, there, 1\n  FROM hop\n  WHERE here <> there\n  UNION ALL\n  SELECT chain.first_eventid, chain.earliest, chain.origin, hop.eventtime, hop.gives, hop.own, hop.there, chain.calls + 1\n  FROM chain JOIN hop ON hop.own = chain.gives\n    AND hop.eventtime > chain.latest\n    AND {} <= {seconds}\n  WHERE chain.there <> chain.origin AND chain.calls < {at_most}\n)\nSELECT first_eventid, earliest, origin AS role, own AS key, latest, calls\nFROM chain\nWHERE there = origin AND calls >= {at_least}",
                condition(of),
                apart("chain.latest", "hop.eventtime")
            )
        }
    };
    format!("{head}{body};\n")
}

/// Seconds from one time to another.
fn apart(early: &str, late: &str) -> String {
    format!("date_diff('second', from_iso8601_timestamp({early}), from_iso8601_timestamp({late}))")
}

fn several(of: Records<'_>, by: &[&str], field: &str, at_least: usize, within: Within, table: &str) -> String {
    let (mut named, mut names) = by_columns(by);
    let what = column(field);
    if let Within::Seconds(seconds) = within {
        let same: Vec<String> = (0..by.len()).map(|n| format!("late.by{n} = early.by{n}")).collect();
        let names: Vec<String> = (0..by.len()).map(|n| format!("early.by{n}")).collect();
        let names = names.join(", ");
        return format!(
            "WITH found AS (\n  SELECT DISTINCT eventid, {named}, {what} AS what, eventtime\n  FROM {table}\n  WHERE {}\n)\nSELECT {names}, array_agg(DISTINCT late.what) AS several, early.eventtime AS earliest, max(late.eventtime) AS latest\nFROM found AS early JOIN found AS late ON {}\n  AND late.eventtime >= early.eventtime\n  AND {} <= {seconds}\nGROUP BY early.eventid, early.eventtime, {names}\nHAVING count(DISTINCT late.what) >= {at_least}",
            condition(of),
            same.join(" AND "),
            apart("early.eventtime", "late.eventtime")
        );
    }
    if within == Within::SameHour {
        named.push_str(", substr(eventtime, 1, 13) AS hour");
        names.push_str(", hour");
    }
    format!(
        "WITH found AS (\n  SELECT {named}, {what} AS what, eventtime\n  FROM {table}\n  WHERE {}\n)\nSELECT {names}, array_agg(DISTINCT what) AS several, min(eventtime) AS earliest, max(eventtime) AS latest\nFROM found\nGROUP BY {names}\nHAVING count(DISTINCT what) >= {at_least}",
        condition(of)
    )
}

/// The later of two records.
struct Later<'r> {
    of: Records<'r>,
    began: Option<&'r str>,
    within: Within,
}

fn one_after_another(
    first: Records<'_>,
    then: &Later<'_>,
    joined: &[(&str, &str)],
    until: Option<Until<'_>>,
    table: &str,
) -> String {
    let listed = |fields: &mut dyn Iterator<Item = &str>, name: &str| -> String {
        let each = fields
            .enumerate()
            .map(|(n, field)| format!(", {} AS {name}{n}", column(field)));
        each.collect()
    };
    let mut earlier = listed(&mut joined.iter().map(|(one, _)| *one), "joined");
    earlier += &listed(&mut until.iter().flat_map(|until| until.same.iter().copied()), "same");
    let mut later = listed(&mut joined.iter().map(|(_, two)| *two), "joined");
    let on = |name: &str| -> Vec<String> {
        (0..joined.len())
            .map(|n| format!("earlier.joined{n} = {name}.joined{n}"))
            .collect()
    };
    let mut both = on("later");
    both.push("later.eventtime > earlier.eventtime".to_owned());
    if let Within::Seconds(seconds) = then.within {
        both.push(format!(
            "{} <= {seconds}",
            apart("earlier.eventtime", "later.eventtime")
        ));
    }
    if let Some(field) = then.began {
        later += &format!(", {} AS began", column(field));
        both.push("later.began <= earlier.eventtime".to_owned());
    }
    let (mut back, mut left) = (String::new(), String::new());
    if let Some(until) = until {
        let mut same = on("back");
        same.extend((0..until.same.len()).map(|n| format!("earlier.same{n} IS NOT DISTINCT FROM back.same{n}")));
        back = format!(
            ", back AS (\n  SELECT eventtime{earlier}\n  FROM {table}\n  WHERE {}\n), ended AS (\n  SELECT earlier.eventid, min(back.eventtime) AS ended_at\n  FROM earlier JOIN back ON {}\n    AND back.eventtime > earlier.eventtime\n  GROUP BY earlier.eventid\n)",
            condition(until.of),
            same.join(" AND ")
        );
        left = "\nLEFT JOIN ended ON ended.eventid = earlier.eventid\nWHERE ended.ended_at IS NULL OR later.eventtime <= ended.ended_at".to_owned();
    }
    format!(
        "WITH earlier AS (\n  SELECT DISTINCT eventid, eventtime{earlier}\n  FROM {table}\n  WHERE {}\n), later AS (\n  SELECT DISTINCT eventid, eventtime, eventname, useridentity.accesskeyid AS key, sourceipaddress{later}\n  FROM {table}\n  WHERE {}\n){back}\nSELECT earlier.eventid AS first_eventid, min(earlier.eventtime) AS earliest, later.key AS key, min(later.eventtime) AS later_first, max(later.eventtime) AS later_last, count(DISTINCT later.eventid) AS calls\nFROM earlier JOIN later ON {}{left}\nGROUP BY earlier.eventid, later.key",
        condition(first),
        condition(then.of),
        both.join("\n  AND ")
    )
}

fn by_columns(by: &[&str]) -> (String, String) {
    let name = |n: usize| format!("by{n}");
    let named: Vec<String> = by
        .iter()
        .enumerate()
        .map(|(n, field)| format!("{} AS {}", column(field), name(n)))
        .collect();
    let names: Vec<String> = (0..by.len()).map(name).collect();
    (named.join(", "), names.join(", "))
}

/// The column of a member. What a call was sent and what it was answered are texts of JSON.
fn column(field: &str) -> String {
    for (place, column) in [
        ("requestParameters.", "requestparameters"),
        ("responseElements.", "responseelements"),
    ] {
        if let Some(inner) = field.strip_prefix(place) {
            return format!("json_extract_scalar({column}, '$.{inner}')");
        }
    }
    field.to_ascii_lowercase()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What all alternatives want stands once, in front of them.
fn condition(of: Records<'_>) -> String {
    let joined = |tests: &[&Test<'_>]| tests.iter().map(|test| clause(test)).collect::<Vec<_>>().join(" AND ");
    let first = of.first().copied().unwrap_or_default();
    let common: Vec<&Test<'_>> = first
        .iter()
        .filter(|test| of.iter().all(|tests| tests.contains(test)))
        .collect();
    let rest = of
        .iter()
        .map(|tests| joined(&tests.iter().filter(|test| !common.contains(test)).collect::<Vec<_>>()));
    let rest: Vec<String> = rest.filter(|rest| !rest.is_empty()).collect();
    let rest = match rest.as_slice() {
        // One alternative wants nothing more, or there is one only.
        many if many.len() < of.len() || of.len() == 1 => String::new(),
        many => {
            let many: Vec<String> = many.iter().map(|one| format!("({one})")).collect();
            format!("({})", many.join("\n    OR "))
        }
    };
    let all = [joined(&common), rest].into_iter().filter(|part| !part.is_empty());
    all.collect::<Vec<_>>().join("\n    AND ")
}

/// More patterns than these are shorter as one expression.
const MOST_PATTERNS: usize = 4;

/// A pattern, in which a star stands for any text, as a part of a regular expression.
fn expression(pattern: &str) -> String {
    let each = pattern.chars().map(|letter| match letter {
        '*' => ".*".to_owned(),
        letter if letter.is_ascii_alphanumeric() || " :-_/".contains(letter) => letter.to_string(),
        letter => format!("\\{letter}"),
    });
    each.collect()
}

fn clause(test: &Test<'_>) -> String {
    let column = column(test.field);
    let any = |texts: &[&str], with: &dyn Fn(&str) -> String| {
        let each: Vec<String> = texts.iter().map(|text| with(text)).collect();
        match each.as_slice() {
            [one] => one.clone(),
            _ => format!("({})", each.join(" OR ")),
        }
    };
    let list = |texts: &[&str]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let begins = |front: &str| format!("strpos({column}, {}) = 1", quoted(front));
    let holds = |part: &str| format!("strpos({column}, {}) > 0", quoted(part));
    let like = |pattern: &str| match pattern.contains('*') {
        true => format!("{column} LIKE {}", quoted(&pattern.replace('*', "%"))),
        false => format!("{column} = {}", quoted(pattern)),
    };
    let many = |texts: &[&str], ending: &str| {
        let each: Vec<String> = texts.iter().map(|text| expression(text)).collect();
        format!(
            "regexp_like({column}, {})",
            quoted(&format!("^({}){ending}", each.join("|")))
        )
    };
    match test.is {
        Is::Any([text]) => format!("{column} = {}", quoted(text)),
        Is::Any(texts) => format!("{column} IN ({})", list(texts)),
        Is::Begins(fronts) if fronts.len() > MOST_PATTERNS => many(fronts, ""),
        Is::Begins(fronts) => any(fronts, &begins),
        Is::Holds(parts) => any(parts, &holds),
        Is::NotLike(patterns) if patterns.len() > MOST_PATTERNS => format!("NOT {}", many(patterns, "$")),
        Is::NotLike(patterns) => format!("NOT {}", grouped(&any(patterns, &like))),
        Is::There => format!("{column} IS NOT NULL"),
        Is::Absent => format!("{column} IS NULL"),
        Is::SameAs(other) => format!("{column} = {}", self::column(other)),
        Is::OtherThan(other) => format!("{column} <> {}", self::column(other)),
        Is::Denies(what) => format!("regexp_like({column}, {})", quoted(&what.expression())),
        Is::DeniesNeither => {
            format!("NOT regexp_like({column}, {})", quoted(&either()))
        }
    }
}

fn grouped(text: &str) -> String {
    match text.starts_with('(') {
        true => text.to_owned(),
        false => format!("({text})"),
    }
}
