//! What the twin remembers: the account, issued sessions, its trail, and the seed that all its IDs come from.

use super::compute::Compute;
use super::weather::{Late, Weather};
use crate::account::{Account, Session};
use crate::ids::{AccessKeyId, AccountId};
use crate::time::Moment;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The twin's memory. Cloning it is a fork: nothing is shared.
#[derive(Debug, Clone)]
pub struct State {
    /// The account.
    pub account: Account,
    /// Everything that issues: sessions, IDs, secrets.
    pub mint: Mint,
    /// CloudTrail records, oldest first, in the real record format.
    pub trail: Vec<serde_json::Value>,
    /// Compute, its credentials and its network.
    pub compute: Compute,
    /// Whether policies are asked; `false` only for clients that need the state alone.
    pub enforce: bool,
    /// What calls meet.
    pub(super) weather: Weather,
    /// Changes that are made and not yet in force.
    pub(super) late: Late,
}

/// Issues IDs, secrets and sessions, all derived from one seed, so that one seed gives one run.
#[derive(Debug, Clone)]
pub struct Mint {
    seed: u64,
    count: u64,
    /// Temporary credentials issued or known.
    pub sessions: Vec<Session>,
    /// When each long-term key was last used: time, service, Region.
    pub last_used: BTreeMap<AccessKeyId, (Moment, String, String)>,
    /// The key of somebody in the organization's management account, of whose policies nothing is known here: what he asks of
    /// Organizations is granted.
    pub organizer: Option<AccessKeyId>,
}

impl Mint {
    /// A mint that derives everything from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Mint {
            seed,
            count: 0,
            sessions: Vec::new(),
            last_used: BTreeMap::new(),
            organizer: None,
        }
    }

    fn bytes(&self, purpose: &str, about: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(about.as_bytes());
        hash.finalize().into()
    }

    fn number(&self, purpose: &str, about: &str) -> u64 {
        self.bytes(purpose, about)
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A fresh unique ID such as `AIDA…` or `AKIA…` that carries the account's number, as AWS's do.
    pub fn unique_id(&mut self, prefix: &str, account: &AccountId) -> String {
        self.count += 1;
        let noise = self.number("id", &format!("{prefix}{}", self.count));
        crate::ids::unique_id(prefix, account, noise)
    }

    /// A fresh access key ID that carries the account's number.
    pub fn access_key_id(&mut self, prefix: &str, account: &AccountId) -> AccessKeyId {
        self.count += 1;
        let noise = self.number("id", &format!("{prefix}{}", self.count));
        AccessKeyId::minted(prefix, account, noise)
    }

    /// A fresh UUID-shaped text, for request and event IDs.
    pub fn uuid(&mut self) -> String {
        self.count += 1;
        let bytes = self.bytes("uuid", &self.count.to_string());
        let hex: String = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
        let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    /// The secret of `key`: of this seed alone, never of AWS.
    pub fn secret(&self, key: &AccessKeyId) -> String {
        letters(
            &self.bytes("secret", key.as_str()),
            &self.bytes("secret+", key.as_str()),
            40,
        )
    }

    /// The session token of the temporary credential `key`.
    pub fn token(&self, key: &AccessKeyId) -> String {
        format!(
            "twin//{}",
            letters(
                &self.bytes("token", key.as_str()),
                &self.bytes("token+", key.as_str()),
                48
            )
        )
    }
}

fn letters(first: &[u8], second: &[u8], count: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    first
        .iter()
        .chain(second)
        .take(count)
        .map(|byte| char::from(ALPHABET[usize::from(byte & 63)]))
        .collect()
}

impl State {
    /// A twin of `account` that knows `sessions`, with every ID to come derived from `seed`.
    pub fn new(account: Account, sessions: Vec<Session>, seed: u64) -> Self {
        let mut mint = Mint::seeded(seed);
        mint.sessions = sessions;
        State {
            account,
            mint,
            trail: Vec::new(),
            compute: Compute::default(),
            enforce: true,
            weather: Weather::default(),
            late: Late::default(),
        }
    }

    /// The account as authentication and authorization see it at `now`: what was changed a moment ago may be missing. [`State::account`] is
    /// what Get and List tell. Both are the same where there is no lag.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
    pub fn effective(&self, now: Moment) -> Cow<'_, Account> {
        self.late.effective(&self.account, now)
    }

    /// When the last change that is under way takes effect; `None` where everything that was changed is in force at `now`.
    pub fn settled_at(&self, now: Moment) -> Option<Moment> {
        self.late.last().filter(|last| *last > now)
    }

    /// The account that credentials are judged by, as far as it was settled at the beginning of the call.
    pub(super) fn in_force(&self) -> &Account {
        self.late.in_force(&self.account)
    }

    /// Does what may change the account, and lets what it changed take effect late where there is a lag.
    pub(super) fn changing<T>(&mut self, now: Moment, change: impl FnOnce(&mut State) -> T) -> T {
        let late = self.weather.lag.is_some() || !self.late.is_empty();
        let before = late.then(|| self.account.clone());
        let done = change(self);
        if let Some(before) = before {
            self.late.note(before, &self.account, now, &mut self.weather);
            self.late.settle(&self.account, now);
        }
        done
    }
}
