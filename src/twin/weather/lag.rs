//! How late each kind of change takes effect.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use super::{Span, WeatherError};
use std::collections::BTreeMap;
use std::str::FromStr;

/// What kind of change it is, as far as lags may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An access key is made, deleted, or its status set.
    Key,
    /// A user, group or role is made, changed or deleted.
    Entity,
    /// A policy: inline, attached, or the document of a managed one.
    Policy,
    /// Somebody joins or leaves a group.
    Group,
    /// A permissions boundary.
    Boundary,
    /// A role's trust policy.
    Trust,
    /// The organization's guards: service control policies are measured in minutes.
    Guards,
    /// No change, but the telling of one: CloudTrail's event history, which is up to a quarter of an hour late.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>
    Trail,
}

impl Kind {
    const ALL: [(Kind, &'static str); 8] = [
        (Kind::Key, "key"),
        (Kind::Entity, "entity"),
        (Kind::Policy, "policy"),
        (Kind::Group, "group"),
        (Kind::Boundary, "boundary"),
        (Kind::Trust, "trust"),
        (Kind::Guards, "guards"),
        (Kind::Trail, "trail"),
    ];
}

/// How late changes take effect, by kind. What is measured in AWS is 3 to 4 seconds:
/// <https://www.offensai.com/blog/aws-iam-eventual-consistency-persistence>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    usual: Span,
    special: BTreeMap<Kind, Span>,
}

impl Lag {
    /// The same span for every kind of change.
    pub fn usual(span: Span) -> Self {
        Lag {
            usual: span,
            special: BTreeMap::new(),
        }
    }

    /// The same, but for one kind.
    pub fn but(mut self, kind: Kind, span: Span) -> Self {
        self.special.insert(kind, span);
        self
    }

    /// The span of one kind. What the trail tells it tells at once, unless it is named.
    pub fn of(&self, kind: Kind) -> Span {
        let usual = match kind {
            Kind::Trail => Span::between(0, 0),
            _ => self.usual,
        };
        self.special.get(&kind).copied().unwrap_or(usual)
    }

    /// The longest that any change can take by itself, in milliseconds.
    pub fn longest(&self) -> i64 {
        let changes = self.special.iter().filter(|(kind, _)| **kind != Kind::Trail);
        let special = changes.map(|(_, span)| span.longest());
        special.fold(self.usual.longest(), i64::max)
    }
}

impl FromStr for Lag {
    type Err = WeatherError;

    /// `4s`, `3s..5s`, and a span for single kinds behind it: `4s,key=2s..6s,guards=5m,trail=2m..10m`. Kinds that aren't named and have no usual span take effect at once.
    fn from_str(text: &str) -> Result<Self, WeatherError> {
        let mut lag = Lag::usual(Span::between(0, 0));
        for part in text.split(',') {
            match part.split_once('=') {
                None => lag.usual = part.parse()?,
                Some((name, span)) => {
                    let found = Kind::ALL.into_iter().find(|(_, known)| *known == name);
                    let (kind, _) = found.ok_or_else(|| {
                        let names: Vec<&str> = Kind::ALL.iter().map(|(_, name)| *name).collect();
                        WeatherError(format!("`{name}` is no kind of change; there are {}", names.join(", ")))
                    })?;
                    lag.special.insert(kind, span.parse()?);
                }
            }
        }
        Ok(lag)
    }
}
