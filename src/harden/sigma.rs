//! A rule in Sigma, with a correlation rule where several records count together.
//! <https://sigmahq.io/docs/basics/rules.html>, <https://sigmahq.io/docs/meta/correlations.html>

use super::denied::BOTH;
use super::rule::{Is, Records, Rule, Shape, Test, Within};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The day that the rules were written on.
const DATE: &str = "2026-11-25";

/// Longer than any session of a user lives.
const LONGEST_HOURS: i64 = 36;

/// How far back Sigma looks where the other forms look back however long.
const LONGEST_LOOK_SECONDS: i64 = 30 * 86_400;

/// Why a rule can't be said in Sigma.
pub const NO_SIGMA: &str = "Sigma joins all records of a correlation by the same members, and in a ring each is joined to the next alone; `oust harden` writes loop-into-* for the loops of this account";

/// The rule as Sigma's YAML; `None` where Sigma can't say it. What Sigma says otherwise than the other forms is in a comment above it.
pub fn sigma(rule: &Rule<'_>) -> Option<String> {
    Some(match rule.shape {
        Shape::One(of) => one(rule, rule.id, "", of),
        Shape::Count {
            of,
            by,
            at_least,
            seconds,
        } => {
            let base = one(rule, &format!("{}-record", rule.id), " (the record)", of);
            let body = format!(
                "  type: event_count\n  rules:\n    - {}-record\n  group-by:\n{}  timespan: {}\n  condition:\n    gte: {at_least}\n",
                rule.id,
                list(by, "    "),
                span(seconds)
            );
            format!("{base}---\n{}", correlation(rule, &body))
        }
        Shape::Several {
            of,
            by,
            field,
            at_least,
            within,
        } => {
            let base = one(rule, &format!("{}-record", rule.id), " (the record)", of);
            let seconds = match within {
                Within::Seconds(seconds) => seconds,
                Within::SameHour => 3_600,
                Within::Life => LONGEST_HOURS * 3_600,
            };
            let body = format!(
                "  type: value_count\n  rules:\n    - {}-record\n  group-by:\n{}  timespan: {}\n  condition:\n    field: {field}\n    gte: {at_least}\n",
                rule.id,
                list(by, "    "),
                span(seconds)
            );
            let remark = match within {
                Within::SameHour => "# The hour slides here; in the other forms it is one of the clock's.\n",
                _ => "",
            };
            format!("{remark}{base}---\n{}", correlation(rule, &body))
        }
        Shape::Ring { .. } => return None,
        Shape::Then {
            first,
            then,
            joined,
            until,
            began,
            within,
        } => {
            let seconds = match within {
                Within::Seconds(seconds) => seconds,
                Within::SameHour | Within::Life => LONGEST_LOOK_SECONDS,
            };
            let mut remarks = String::new();
            if within == Within::Life {
                remarks.push_str("# Sigma wants a timespan: what comes later than this one isn't told.\n");
            }
            if until.is_some() {
                remarks.push_str("# Sigma can't say that something didn't happen between: what comes after the earlier was taken back is told too.\n");
            }
            if began.is_some() {
                remarks.push_str(
                    "# Sigma compares no times of records: a session that began after the earlier is told too.\n",
                );
            }
            let names = [format!("{}-first", rule.id), format!("{}-then", rule.id)];
            let mut aliases = String::new();
            let mut by = Vec::new();
            for (n, (one, two)) in joined.iter().enumerate() {
                let _ = write!(
                    aliases,
                    "    joined{n}:\n      {}: {one}\n      {}: {two}\n",
                    names[0], names[1]
                );
                by.push(format!("joined{n}"));
            }
            let by: Vec<&str> = by.iter().map(String::as_str).collect();
            let body = format!(
                "  type: temporal_ordered\n  rules:\n    - {}\n    - {}\n  aliases:\n{aliases}  group-by:\n{}  timespan: {}\n",
                names[0],
                names[1],
                list(&by, "    "),
                span(seconds)
            );
            let (one_of, other) = (
                one(rule, &names[0], " (the earlier)", first),
                one(rule, &names[1], " (the later)", then),
            );
            format!("{remarks}{one_of}---\n{other}---\n{}", correlation(rule, &body))
        }
    })
}

fn span(seconds: i64) -> String {
    match seconds {
        days if days % 86_400 == 0 && days > 2 * 86_400 => format!("{}d", days / 86_400),
        hours if hours % 3_600 == 0 => format!("{}h", hours / 3_600),
        seconds => format!("{}m", seconds / 60),
    }
}

fn list(items: &[&str], indent: &str) -> String {
    items.iter().map(|item| format!("{indent}- {item}\n")).collect()
}

/// A text of YAML; Sigma's own wildcards are escaped.
fn quoted(text: &str) -> String {
    let plain: String = text
        .chars()
        .flat_map(|letter| {
            let escape = matches!(letter, '*' | '?' | '\\').then_some('\\');
            escape.into_iter().chain([letter])
        })
        .collect();
    format!("'{}'", plain.replace('\'', "''"))
}

/// An ID of a rule that is the same wherever it is written.
fn uuid(name: &str) -> String {
    let hash: String = Sha256::digest(format!("oust/{name}").as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    // A version and a variant, as a UUID has them.
    [
        part(0, 8),
        part(8, 12),
        &format!("4{}", part(13, 16)),
        &format!("8{}", part(17, 20)),
        part(20, 32),
    ]
    .join("-")
}

fn head(rule: &Rule<'_>, id: &str, title: &str) -> String {
    format!(
        "title: {}\nid: {}\nstatus: experimental\ndescription: {}\nreferences:\n  - {}\nauthor: oust\ndate: {DATE}\ntags:\n  - {}\n",
        quoted(title),
        uuid(id),
        quoted(rule.why),
        rule.source,
        rule.attack
    )
}

fn one(rule: &Rule<'_>, name: &str, which: &str, of: Records<'_>) -> String {
    let mut text = head(rule, name, &format!("{}{which}", rule.title));
    if name != rule.id {
        text = text.replacen("\nid: ", &format!("\nname: {name}\nid: "), 1);
    }
    text.push_str("logsource:\n  product: aws\n  service: cloudtrail\ndetection:\n");
    let mut conditions = Vec::new();
    for (n, tests) in of.iter().enumerate() {
        let name = format!("selection_{}", n + 1);
        let _ = writeln!(text, "  {name}:");
        for line in tests.iter().flat_map(|test| selects(test, tests)) {
            let _ = writeln!(text, "    {line}");
        }
        let filters: Vec<&Test<'_>> = tests.iter().filter(|test| excludes(test).is_some()).collect();
        let mut condition = name;
        for (m, line) in filters.iter().filter_map(|test| excludes(test)).enumerate() {
            let filter = format!("filter_{}_{}", n + 1, m + 1);
            let _ = writeln!(text, "  {filter}:\n    {line}");
            let _ = write!(condition, " and not {filter}");
        }
        conditions.push(match filters.is_empty() || of.len() == 1 {
            true => condition,
            false => format!("({condition})"),
        });
    }
    let level = if name == rule.id {
        rule.level.word()
    } else {
        "informational"
    };
    let _ = write!(
        text,
        "  condition: {}\nfalsepositives:\n  - {}\nlevel: {level}\n",
        conditions.join(" or "),
        quoted(rule.innocent)
    );
    text
}

fn values(texts: &[&str]) -> String {
    match texts {
        [one] => format!(" {}", quoted(one)),
        many => many.iter().map(|text| format!("\n      - {}", quoted(text))).collect(),
    }
}

/// What a record must have, as lines of a selection.
fn selects(test: &Test<'_>, beside: &[Test<'_>]) -> Vec<String> {
    let field = test.field;
    let there = || {
        // Once is enough, and what is compared with a text is there.
        let before = beside.iter().take_while(|other| !std::ptr::eq(*other, test));
        let is_told = before.clone().any(|other| other.field == field);
        let is_compared = beside
            .iter()
            .any(|other| other.field == field && matches!(other.is, Is::Any(_) | Is::Begins(_) | Is::Holds(_)));
        match is_told || is_compared {
            true => Vec::new(),
            false => vec![format!("{field}|exists: true")],
        }
    };
    match test.is {
        Is::Any(texts) => vec![format!("{field}:{}", values(texts))],
        Is::Begins(fronts) => vec![format!("{field}|startswith:{}", values(fronts))],
        Is::Holds(parts) => vec![format!("{field}|contains:{}", values(parts))],
        Is::Absent => vec![format!("{field}|exists: false")],
        Is::SameAs(other) => vec![format!("{field}|fieldref: {other}")],
        Is::OtherThan(other) => {
            let mut lines = there();
            lines.push(format!("{other}|exists: true"));
            lines
        }
        Is::Denies(what) => vec![format!("{field}|re: '{}'", what.expression().replace('\'', "''"))],
        Is::There | Is::NotLike(_) | Is::DeniesNeither => there(),
    }
}

/// What a pattern wants held, whatever stands before and behind.
fn held(pattern: &str) -> Option<&str> {
    pattern
        .strip_prefix('*')?
        .strip_suffix('*')
        .filter(|part| !part.contains('*'))
}

/// What a pattern wants in front, whatever stands behind.
fn begins(pattern: &str) -> Option<&str> {
    pattern.strip_suffix('*').filter(|front| !front.contains('*'))
}

/// What a record must not have, as the line of a filter.
fn excludes(test: &Test<'_>) -> Option<String> {
    let field = test.field;
    Some(match test.is {
        Is::NotLike(patterns) if patterns.iter().all(|pattern| held(pattern).is_some()) => {
            let parts: Vec<&str> = patterns.iter().filter_map(|pattern| held(pattern)).collect();
            format!("{field}|contains:{}", values(&parts))
        }
        Is::NotLike(patterns) if patterns.iter().all(|pattern| begins(pattern).is_some()) => {
            let fronts: Vec<&str> = patterns.iter().filter_map(|pattern| begins(pattern)).collect();
            format!("{field}|startswith:{}", values(&fronts))
        }
        Is::NotLike(patterns) => {
            // A star is Sigma's own wildcard too.
            let each = patterns
                .iter()
                .map(|pattern| format!("\n      - '{}'", pattern.replace('\'', "''")));
            format!("{field}:{}", each.collect::<String>())
        }
        Is::OtherThan(other) => format!("{field}|fieldref: {other}"),
        Is::DeniesNeither => {
            let each = BOTH.map(|what| format!("\n      - '{}'", what.expression().replace('\'', "''")));
            format!("{field}|re:{}", each.concat())
        }
        _ => return None,
    })
}

fn correlation(rule: &Rule<'_>, body: &str) -> String {
    format!(
        "{}correlation:\n{body}falsepositives:\n  - {}\nlevel: {}\n",
        head(rule, rule.id, rule.title),
        quoted(rule.innocent),
        rule.level.word()
    )
}
