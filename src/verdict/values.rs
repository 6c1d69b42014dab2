//! Values of a free condition key that stand for all values: one for every way in which the conditions at hand can take it.

use crate::policy::{Condition, Glob, Quantity, Range, Steps, Test, Value, atoms, keys_in, of_glob, of_parts};
use crate::time::Moment;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The values to try for one key.
pub(super) struct Values {
    /// Each with all values that the key has at once; empty for an absent key.
    pub(super) each: Vec<Vec<String>>,
    /// Whether they stand for all values that there are. When they don't, all of them together prove nothing.
    pub(super) exact: bool,
}

/// Keys that every request brings.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const ALWAYS: [&str; 5] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:useragent",
];

/// Keys of one service that requests to other services bring too, because they are properties of the session.
const OF_SESSIONS: [&str; 6] = ["ec2:", "lambda:", "ssm:", "codebuild:", "glue:", "identitystore:"];

/// Whether `key` (in lower case) belongs to another service than the one that is called, so that a request doesn't bring it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn is_of_another_service(key: &str, service: &str) -> bool {
    let prefix = key.split(':').next().unwrap_or_default();
    let is_service = crate::catalogue::catalogue().services.contains_key(prefix);
    is_service && prefix != service && prefix != "aws" && !OF_SESSIONS.iter().any(|session| key.starts_with(session))
}

/// What the conditions at hand compare a key with.
#[derive(Default)]
struct Compared {
    texts: Vec<Steps>,
    numbers: Vec<f64>,
    dates: Vec<Moment>,
    ranges: Vec<Range>,
    booleans: bool,
    sets: usize,
    exact: bool,
}

/// The values of `key`, in lower case, that stand for all others in `conditions`. `as_variable` says that its value is put into other texts.
pub(super) fn values(key: &str, conditions: &[&Condition], as_variable: bool) -> Values {
    let mut compared = Compared {
        exact: !as_variable,
        ..Compared::default()
    };
    for condition in conditions.iter().filter(|condition| condition.lower_key() == key) {
        compared.add(condition);
    }
    // A key that is put beside another takes that one's values too.
    for condition in conditions.iter().filter(|_| as_variable) {
        if condition
            .values()
            .iter()
            .any(|text| keys_in(text).any(|used| used.eq_ignore_ascii_case(key)))
        {
            compared.texts.push(of_glob(&Glob::exact("oust-example")));
        }
    }
    let always = ALWAYS.contains(&key);
    let mut single = compared.single();
    let exact = compared.exact && single.exact;
    if single.each.is_empty() {
        single.each.push(
            if key == "aws:securetransport" {
                "true"
            } else {
                "oust-example"
            }
            .to_owned(),
        );
    }
    let mut each: Vec<Vec<String>> = single.each.iter().map(|value| vec![value.clone()]).collect();
    if compared.sets > 0 {
        let values = &single.each;
        let pairs = values.iter().enumerate();
        each.extend(pairs.flat_map(|(n, one)| {
            let rest = values.iter().skip(n + 1);
            rest.map(move |two| vec![one.clone(), two.clone()])
        }));
        each.push(values.clone());
    }
    if !always {
        each.push(Vec::new());
    }
    Values {
        each,
        // With more set operators than two on one key, larger sets than pairs can differ.
        exact: exact && compared.sets <= 2,
    }
}

/// Single values and whether they stand for all.
struct Single {
    each: Vec<String>,
    exact: bool,
}

impl Compared {
    fn add(&mut self, condition: &Condition) {
        match condition.test() {
            Test::Null(_) => {}
            Test::Unsupported => self.exact = false,
            Test::Compare { quantity, values, .. } => {
                self.sets += usize::from(*quantity != Quantity::Single);
                self.booleans |= condition.operator().to_ascii_lowercase().contains("bool");
                let folds = condition.operator().to_ascii_lowercase().contains("ignorecase");
                for (value, written) in values.iter().zip(condition.values()) {
                    self.exact &= !folds && !(written.contains("${"));
                    self.value(value, written, folds);
                }
            }
        }
    }

    fn value(&mut self, value: &Value, written: &str, folds: bool) {
        match value {
            Value::Text(_) if self.booleans => {}
            Value::Text(text) => {
                self.texts.extend(text.fixed().map(of_glob));
                if folds {
                    self.texts.push(of_glob(&Glob::exact(&written.to_uppercase())));
                }
            }
            Value::Arn(_, Some(parts)) => self.texts.push(of_parts(parts)),
            Value::Arn(text, None) => self.texts.extend(text.fixed().map(of_glob)),
            Value::Number(number) => self.numbers.push(*number),
            Value::Date(date) => self.dates.push(*date),
            Value::Range(range) => self.ranges.push(*range),
            Value::Odd(_) => self.exact = false,
        }
    }

    fn single(&self) -> Single {
        let mut each = BTreeSet::new();
        let mut kinds = 0;
        let mut exact = true;
        if self.booleans {
            kinds += 1;
            each.extend(["true".to_owned(), "false".to_owned()]);
        }
        if !self.texts.is_empty() {
            kinds += 1;
            // A key that is there has a value; the shortest text of a combination must not be the empty one, which no request brings.
            match atoms(&of_glob(&Glob::wild("?*")), &self.texts) {
                Some(found) => each.extend(found),
                None => exact = false,
            }
        }
        if !self.numbers.is_empty() {
            kinds += 1;
            each.extend(between(&self.numbers, 1.0).into_iter().map(|number| number.to_string()));
        }
        if !self.dates.is_empty() {
            kinds += 1;
            let seconds: Vec<f64> = self.dates.iter().map(|date| date.seconds() as f64).collect();
            let moments = between(&seconds, 60.0).into_iter();
            each.extend(moments.map(|at| Moment::from_millis((at * 1000.0) as i64).to_string()));
        }
        if !self.ranges.is_empty() {
            kinds += 1;
            each.extend(self.ranges.iter().flat_map(around));
            each.extend(["192.0.2.1".to_owned(), "2001:db8::1".to_owned()]);
        }
        Single {
            each: each.into_iter().collect(),
            exact: exact && kinds <= 1,
        }
    }
}

/// The thresholds, a number between any two, and one beyond each end.
fn between(thresholds: &[f64], beyond: f64) -> Vec<f64> {
    let mut sorted = thresholds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (first, last) = (sorted.first().copied(), sorted.last().copied());
    let mut all: Vec<f64> = sorted.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0).collect();
    all.extend(first.map(|first| first - beyond));
    all.extend(last.map(|last| last + beyond));
    all.extend(sorted);
    all
}

/// The ends of a range, and what lies just outside.
fn around(range: &Range) -> Vec<String> {
    let numbers = [
        Some(range.first),
        Some(range.last),
        range.first.checked_sub(1),
        range.last.checked_add(1),
    ];
    let numbers = numbers.into_iter().flatten();
    let texts = numbers.filter_map(|number| match range.is_v4 {
        true => Some(Ipv4Addr::from(u32::try_from(number).ok()?).to_string()),
        false => Some(Ipv6Addr::from(number).to_string()),
    });
    texts.collect()
}
