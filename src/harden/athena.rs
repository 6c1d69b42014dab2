//! A rule as a query of a trail's table, as AWS documents it: <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html>.

use super::rule::{Is, Records, Rule, Shape, Test, Within};

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
                "WITH found AS (\n  SELECT DISTINCT eventid, eventtime, {named}\n  FROM {table}\n  WHERE {}\n), spaced AS (\n  SELECT {names}, eventtime, lag(eventtime, {}) OVER (PARTITION BY {names} ORDER BY eventtime) AS before\n  FROM found\n)\nSELECT {names}, min(before) AS first, max(eventtime) AS last\nFROM spaced\nWHERE date_diff('second', from_iso8601_timestamp(before), from_iso8601_timestamp(eventtime)) <= {seconds}\nGROUP BY {names}",
                condition(of),
                at_least - 1
            )
        }
        Shape::Several { of, by, field, within } => {
            let (mut named, mut names) = by_columns(by);
            if within == Within::SameHour {
                named.push_str(", substr(eventtime, 1, 13) AS hour");
                names.push_str(", hour");
            }
            let what = column(field);
            format!(
                "WITH found AS (\n  SELECT {named}, {what} AS what, eventtime\n  FROM {table}\n  WHERE {}\n)\nSELECT {names}, array_agg(DISTINCT what) AS several, min(eventtime) AS first, max(eventtime) AS last\nFROM found\nGROUP BY {names}\nHAVING count(DISTINCT what) > 1",
                condition(of)
            )
        }
        Shape::Then {
            first,
            then,
            joined,
            seconds,
        } => {
            let side = |right: bool| {
                let each = joined.iter().enumerate().map(|(n, (one, two))| {
                    let field = if right { two } else { one };
                    format!("{} AS joined{n}", column(field))
                });
                each.collect::<Vec<_>>().join(", ")
            };
            let on: Vec<String> = (0..joined.len())
                .map(|n| format!("earlier.joined{n} = later.joined{n}"))
                .collect();
            format!(
                "WITH earlier AS (\n  SELECT DISTINCT eventid, eventtime, {}\n  FROM {table}\n  WHERE {}\n), later AS (\n  SELECT DISTINCT eventid, eventtime, eventname, useridentity.accesskeyid AS key, sourceipaddress, {}\n  FROM {table}\n  WHERE {}\n)\nSELECT earlier.eventid AS first_eventid, min(earlier.eventtime) AS first, later.key AS key, min(later.eventtime) AS later_first, max(later.eventtime) AS later_last, count(DISTINCT later.eventid) AS calls\nFROM earlier JOIN later ON {}\n  AND later.eventtime > earlier.eventtime\n  AND date_diff('second', from_iso8601_timestamp(earlier.eventtime), from_iso8601_timestamp(later.eventtime)) <= {seconds}\nGROUP BY earlier.eventid, later.key",
                side(false),
                condition(first),
                side(true),
                condition(then),
                on.join(" AND ")
            )
        }
    };
    format!("{head}{body};\n")
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

fn condition(of: Records<'_>) -> String {
    let each: Vec<String> = of
        .iter()
        .map(|tests| tests.iter().map(clause).collect::<Vec<_>>().join("\n    AND "))
        .collect();
    match each.as_slice() {
        [one] => one.clone(),
        many => {
            let many: Vec<String> = many.iter().map(|one| format!("({one})")).collect();
            format!("({})", many.join("\n    OR "))
        }
    }
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
    match test.is {
        Is::Any(texts) => format!("{column} IN ({})", list(texts)),
        Is::Begins(fronts) => any(fronts, &begins),
        Is::Holds(parts) => any(parts, &holds),
        Is::NotLike(patterns) => format!("NOT {}", grouped(&any(patterns, &like))),
        Is::There => format!("{column} IS NOT NULL"),
        Is::Absent => format!("{column} IS NULL"),
        Is::SameAs(other) => format!("{column} = {}", self::column(other)),
        Is::OtherThan(other) => format!("{column} <> {}", self::column(other)),
    }
}

fn grouped(text: &str) -> String {
    match text.starts_with('(') {
        true => text.to_owned(),
        false => format!("({text})"),
    }
}
