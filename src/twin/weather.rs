//! The weather over a twin: what lies between a call and its effect in AWS, drawn from a seed so that a storm can be met again.
//!
//! Changes take effect late ([`Lag`]). Calm is the default: a twin without weather behaves as if this room were not there.

mod lag;
mod late;
mod member;
mod span;

pub use lag::{Kind, Lag};
pub(super) use late::Late;
pub use span::Span;

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
    /// How late changes take effect; at once without it.
    pub lag: Option<Lag>,
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

    /// How late a change of this kind takes effect, in milliseconds; `None` for at once.
    fn delay(&mut self, kind: Kind) -> Option<i64> {
        let lag = self.lag.as_ref()?;
        self.draws += 1;
        Some(lag.of(kind).at(number(self.seed, "lag", self.draws)))
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
