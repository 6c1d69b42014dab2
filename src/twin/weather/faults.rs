//! What goes wrong with a call: the service fails, or its answer gets lost, before the effect or behind it.

use super::WeatherError;
use crate::twin::Fault;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mishap {
    /// `500`: ServiceFailure, nothing was done.
    Failure,
    /// `503`: ServiceUnavailable, nothing was done.
    Unavailable,
    /// `500-done`: ServiceFailure, and it was done all the same.
    FailureDone,
    /// `timeout-lost`: no answer, the request never arrived.
    Lost,
    /// `timeout-done`: no answer, and it was done.
    Done,
    /// `throttle`: refused for its number, whatever the number.
    Throttled,
}

impl Mishap {
    const ALL: [(Mishap, &'static str); 6] = [
        (Mishap::Failure, "500"),
        (Mishap::Unavailable, "503"),
        (Mishap::FailureDone, "500-done"),
        (Mishap::Lost, "timeout-lost"),
        (Mishap::Done, "timeout-done"),
        (Mishap::Throttled, "throttle"),
    ];

    /// What chance chooses from: requests that are too many have a number of their own.
    const BY_CHANCE: [Mishap; 5] = [
        Mishap::Failure,
        Mishap::Unavailable,
        Mishap::FailureDone,
        Mishap::Lost,
        Mishap::Done,
    ];

    /// Whether the call takes effect all the same.
    pub fn takes_effect(self) -> bool {
        matches!(self, Mishap::FailureDone | Mishap::Done)
    }

    /// Whether no answer comes.
    pub fn is_silent(self) -> bool {
        matches!(self, Mishap::Lost | Mishap::Done)
    }

    /// The service's words where it answers; what the caller's side says where it doesn't.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
    pub(in crate::twin) fn fault(self, json: bool) -> Fault {
        match self {
            Mishap::Failure | Mishap::FailureDone => Fault::new(
                500,
                if json { "InternalFailure" } else { "ServiceFailure" },
                "The request processing has failed because of an unknown error, exception or failure.",
            ),
            Mishap::Unavailable => Fault::new(
                503,
                "ServiceUnavailable",
                "The request has failed due to a temporary failure of the server.",
            ),
            Mishap::Throttled => throttled(json),
            Mishap::Lost | Mishap::Done => Fault::new(504, "NoAnswer", "no answer came: the connection broke off"),
        }
    }
}

/// <https://repost.aws/knowledge-center/iam-sts-throttling-error>
pub(in crate::twin) fn throttled(json: bool) -> Fault {
    let code = if json { "ThrottlingException" } else { "Throttling" };
    Fault::new(400, code, "Rate exceeded")
}

impl FromStr for Mishap {
    type Err = WeatherError;

    fn from_str(text: &str) -> Result<Self, WeatherError> {
        let found = Mishap::ALL.into_iter().find(|(_, name)| *name == text);
        found.map(|(mishap, _)| mishap).ok_or_else(|| {
            let names: Vec<&str> = Mishap::ALL.iter().map(|(_, name)| *name).collect();
            WeatherError(format!("`{text}` is no fault; there are {}", names.join(", ")))
        })
    }
}

/// The `number`th call of `operation`, or the `number`th of all, meets `mishap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    /// The operation, such as `PutUserPolicy`; any without it.
    pub operation: Option<String>,
    /// Which call of it, from 1.
    pub number: u64,
    /// What it meets.
    pub mishap: Mishap,
}

/// What goes wrong: some by a script, some by chance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// How many calls of a million meet something by chance.
    pub per_million: u32,
    /// What is certain.
    pub scripted: Vec<Scripted>,
}

impl Faults {
    /// The same, and the `number`th call of `operation` meets `mishap`.
    pub fn with(mut self, operation: &str, number: u64, mishap: Mishap) -> Self {
        self.scripted.push(Scripted {
            operation: Some(operation.to_owned()),
            number,
            mishap,
        });
        self
    }

    pub(super) fn strike(&self, counted: &Counted, operation: &str, chance: u64) -> Option<Mishap> {
        let scripted = self.scripted.iter().find(|one| match &one.operation {
            Some(name) => name == operation && counted.of(name) == one.number,
            None => counted.all() == one.number,
        });
        if let Some(one) = scripted {
            return Some(one.mishap);
        }
        if chance % 1_000_000 >= u64::from(self.per_million) {
            return None;
        }
        let which = usize::try_from(chance / 1_000_000).unwrap_or(0) % Mishap::BY_CHANCE.len();
        Mishap::BY_CHANCE.get(which).copied()
    }
}

impl FromStr for Faults {
    type Err = WeatherError;

    /// `5%` by chance, `PutUserPolicy:1=timeout-done` by script, `*:7=503` for the seventh call of all; any number of them with commas between.
    fn from_str(text: &str) -> Result<Self, WeatherError> {
        let mut faults = Faults::default();
        for part in text.split(',') {
            if let Some(share) = part.strip_suffix('%') {
                let percent = share.parse::<f64>().ok().filter(|share| (0.0..=100.0).contains(share));
                let percent = percent.ok_or_else(|| WeatherError(format!("`{part}` is no share from 0% to 100%")))?;
                faults.per_million = (percent * 10_000.0).round() as u32;
                continue;
            }
            let parts = part.split_once('=').and_then(|(call, mishap)| {
                let (operation, number) = call.split_once(':')?;
                let number = number.parse::<u64>().ok().filter(|number| *number > 0)?;
                (!operation.is_empty()).then_some((operation, number, mishap))
            });
            let (operation, number, mishap) = parts.ok_or_else(|| {
                WeatherError(format!(
                    "`{part}` is neither a share nor a call and its fault: write 5% or PutUserPolicy:1=timeout-done"
                ))
            })?;
            faults.scripted.push(Scripted {
                operation: (operation != "*").then(|| operation.to_owned()),
                number,
                mishap: mishap.parse()?,
            });
        }
        Ok(faults)
    }
}

/// How many calls there were.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    all: u64,
    each: BTreeMap<String, u64>,
}

impl Counted {
    pub(super) fn count(&mut self, operation: &str) -> u64 {
        self.all += 1;
        *self.each.entry(operation.to_owned()).or_default() += 1;
        self.all
    }

    pub(super) fn all(&self) -> u64 {
        self.all
    }

    fn of(&self, operation: &str) -> u64 {
        self.each.get(operation).copied().unwrap_or(0)
    }
}
