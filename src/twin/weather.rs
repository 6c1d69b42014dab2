//! The weather over a twin: what lies between a call and its effect in AWS, drawn from a seed so that a storm can be met again.
//!
//! Changes take effect late ([`Lag`]), answers are refused for their number ([`Throttle`]), calls fail or their answers get lost ([`Faults`]),
//! the clocks of both sides differ, answers take time, and somebody else changes the account meanwhile ([`Drift`]). Calm is the default: a
//! twin without weather behaves as if this room were not there.

mod drift;
mod faults;
mod lag;
mod late;
mod member;
mod span;
mod throttle;

pub use drift::{Drift, When};
pub use faults::{Faults, Mishap, Scripted};
pub use lag::{Kind, Lag};
pub(super) use late::Late;
pub use span::{Length, Span};
pub use throttle::Throttle;

use super::Fault;
use super::request::{Asked, Protocol};
use crate::time::Moment;
use sha2::{Digest, Sha256};

/// Weather that cannot be understood, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WeatherError(pub String);

/// What a twin's calls meet. Cloning it with its twin keeps what it has drawn so far.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    seed: u64,
    draws: u64,
    calls: faults::Counted,
    /// How late changes take effect; at once without it.
    pub lag: Option<Lag>,
    /// How many requests are answered; all of them without it.
    pub throttle: Option<Throttle>,
    /// What goes wrong.
    pub faults: Faults,
    /// How long an answer takes, in milliseconds: a manual clock moves by it, and a served twin waits. As ever without it.
    pub latency_millis: Option<i64>,
    /// How far the twin's clock is ahead of everybody else's, in milliseconds; behind when negative. An intruder in the twin goes by the twin's.
    pub skew_millis: i64,
    /// What somebody else changes, each once.
    pub drift: Vec<Drift>,
}

impl Weather {
    /// Calm weather in which everything to come is drawn from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Weather {
            seed,
            ..Weather::default()
        }
    }

    /// The same, in which changes take effect late.
    #[must_use]
    pub fn with_lag(self, lag: Lag) -> Self {
        Weather { lag: Some(lag), ..self }
    }

    /// The same, with a change that somebody else makes.
    #[must_use]
    pub fn with_drift(mut self, drift: Drift) -> Self {
        self.drift.push(drift);
        self
    }

    /// Counts a call, and tells its number among all.
    pub(super) fn count(&mut self, operation: &str) -> u64 {
        self.calls.count(operation)
    }

    /// What the call that was counted last meets, if anything.
    pub(super) fn strikes(&self, operation: &str) -> Option<Mishap> {
        if self.faults == Faults::default() {
            return None;
        }
        let chance = number(self.seed, "fault", self.calls.all());
        self.faults.strike(&self.calls, operation, chance)
    }

    /// Why a call by somebody who was recognized is not even looked at: the service fails, or it is one too many.
    pub(super) fn refuses(&mut self, asked: &Asked, mishap: Option<Mishap>, now: Moment) -> Option<Fault> {
        let json = asked.protocol == Protocol::Json;
        if let Some(mishap) = mishap.filter(|mishap| !mishap.takes_effect()) {
            return Some(mishap.fault(json));
        }
        let admits = |throttle: &mut Throttle| throttle.admits(&asked.service, &asked.operation, &asked.region, now);
        let admitted = self.throttle.as_mut().is_none_or(admits);
        (!admitted).then(|| Mishap::Throttled.fault(json))
    }

    /// The scripted changes that are due at the call numbered `call`, taken out.
    pub(super) fn due_drift(&mut self, call: u64, now: Moment) -> Vec<Drift> {
        if self.drift.is_empty() {
            return Vec::new();
        }
        let (due, later) = self.drift.drain(..).partition(|drift| drift.when.is_due(call, now));
        self.drift = later;
        due
    }

    /// How many of the records of a trail are told at `now`, of those that are in it; each record is told as late as is drawn for it, and none before
    /// those that were written before it.
    pub(super) fn told(&self, trail: &[serde_json::Value], now: Moment) -> usize {
        let Some(lag) = &self.lag else { return trail.len() };
        let span = lag.of(Kind::Trail);
        if span.longest() == 0 {
            return trail.len();
        }
        let is_late = |(n, record): (usize, &serde_json::Value)| {
            let at = record["eventTime"].as_str().and_then(|at| at.parse::<Moment>().ok());
            let late = span.at(number(self.seed, "trail", n as u64));
            at.is_some_and(|at| at.plus_millis(late) > now)
        };
        let mut records = trail.iter().enumerate();
        records.position(is_late).unwrap_or(trail.len())
    }

    /// How late a change of this kind takes effect, in milliseconds.
    fn delay(&mut self, kind: Kind) -> i64 {
        let Some(lag) = &self.lag else { return 0 };
        self.draws += 1;
        lag.of(kind).at(number(self.seed, "lag", self.draws))
    }
}

/// A number that depends on the seed, on what it is for and on its turn, and on nothing else.
fn number(seed: u64, purpose: &str, turn: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(purpose.as_bytes());
    hash.update(turn.to_be_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    bytes
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
