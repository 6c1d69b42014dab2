//! Access key IDs: their shape, what their prefix says, and the account number that newer ones carry.

use super::{AccountId, IdError, shown_as_text};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An access key ID, long-term (`AKIA…`) or temporary (`ASIA…`), or another unique ID that came in its place.
///
/// AWS warns that prefixes are no guarantee and that IDs may have up to 128 characters, so the length is
/// not checked beyond that: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKeyId(String);
shown_as_text!(AccessKeyId);

/// What the prefix says about an ID.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// `AKIA`: a long-term key of an IAM user or of the account's root user.
    LongTerm,
    /// `ASIA`: any temporary credential: role session, GetSessionToken, federation, console.
    Temporary,
    /// `ABIA`: an STS service bearer token.
    ServiceBearer,
    /// `ACCA`: a context-specific credential, such as a CodeCommit or Bedrock one.
    ContextSpecific,
    /// The unique ID of an entity that is no key: what it is instead, with its article.
    NotAKey(&'static str),
    /// A prefix that AWS doesn't list.
    Unlisted,
}

impl KeyKind {
    /// The kind in words, for a report.
    pub fn describe(self) -> &'static str {
        match self {
            KeyKind::LongTerm => "a long-term key of an IAM user or of the root user",
            KeyKind::Temporary => "a temporary credential (a session)",
            KeyKind::ServiceBearer => "an STS service bearer token",
            KeyKind::ContextSpecific => "a service-specific credential (CodeCommit, Keyspaces, Bedrock...)",
            KeyKind::NotAKey(what) => what,
            KeyKind::Unlisted => "of a kind that AWS does not list",
        }
    }
}

const EXPECTED: &str = "an access key ID: 16 to 128 characters, A-Z, 0-9 and `_`, such as AKIA... or ASIA...";

impl AccessKeyId {
    /// A key ID of the newer generation: `prefix` (`AKIA` or `ASIA`), the account, and 39 bits of `noise`.
    pub(crate) fn minted(prefix: &str, account: &AccountId, noise: u64) -> Self {
        AccessKeyId(unique_id(prefix, account, noise))
    }

    /// The ID in a text, if there is nothing else in it, without making a copy of it.
    pub(crate) fn shaped(text: &str) -> Option<&str> {
        let is_one = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let trimmed = text.trim();
        ((16..=128).contains(&trimmed.len()) && trimmed.bytes().all(is_one)).then_some(trimmed)
    }

    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind that the first four characters name.
    pub fn kind(&self) -> KeyKind {
        match self.0.get(..4).unwrap_or_default() {
            "AKIA" => KeyKind::LongTerm,
            "ASIA" => KeyKind::Temporary,
            "ABIA" => KeyKind::ServiceBearer,
            "ACCA" => KeyKind::ContextSpecific,
            "AGPA" => KeyKind::NotAKey("the unique ID of a group, not a key"),
            "AIDA" => KeyKind::NotAKey("the unique ID of an IAM user, not a key"),
            "AIPA" => KeyKind::NotAKey("the unique ID of an instance profile, not a key"),
            "ANPA" => KeyKind::NotAKey("the unique ID of a managed policy, not a key"),
            "ANVA" => KeyKind::NotAKey("the unique ID of a managed policy version, not a key"),
            "APKA" => KeyKind::NotAKey("the unique ID of a public key, not an access key"),
            "AROA" => KeyKind::NotAKey("the unique ID of a role, not a key"),
            "ASCA" => KeyKind::NotAKey("the unique ID of a certificate, not a key"),
            "ASOR" => KeyKind::NotAKey("a sign-in refresh token, not a key"),
            _ => KeyKind::Unlisted,
        }
    }

    /// The account that the ID carries, where it is of the newer generation. A hint: there is no
    /// checksum, so it never proves that the key exists. Algorithm and correction by Tal Be'ery:
    /// <https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489>; the generation bit by
    /// WithSecure: <https://labs.withsecure.com/publications/a-bitwise-analysis-of-aws-access-key-identifiers.html>.
    pub fn account(&self) -> Option<AccountId> {
        account_in_unique_id(&self.0)
    }
}

impl FromStr for AccessKeyId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match AccessKeyId::shaped(text) {
            Some(id) => Ok(AccessKeyId(id.to_owned())),
            None => Err(IdError::new(text, EXPECTED)),
        }
    }
}

/// Decodes the account number from a unique ID of the newer generation (also AIDA and AROA IDs).
fn account_in_unique_id(id: &str) -> Option<AccountId> {
    let body = id.as_bytes().get(4..20)?;
    let mut bits: u128 = 0;
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u128::from(value);
    }
    // 16 characters of 5 bits are 80 bits; the first is the generation, the next 40 the account.
    let new_generation = bits >> 79 & 1 == 1;
    let account = (bits >> 39) as u64 & 0xff_ffff_ffff;
    new_generation.then(|| AccountId::from_number(account)).flatten()
}

/// Encodes `account` and 39 bits of `noise` behind a four-letter `prefix`, as AWS's newer generation of
/// unique IDs does; the inverse of [`AccessKeyId::account`]. 20 characters for keys; one character more
/// for entities, as AWS does.
pub(crate) fn unique_id(prefix: &str, account: &AccountId, noise: u64) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: u128 = 1 << 79 | u128::from(account.number()) << 39 | u128::from(noise & 0x7f_ffff_ffff);
    let letter = |value: u128| char::from(ALPHABET[(value & 31) as usize]);
    let mut id = prefix.to_owned();
    id.extend((0..16).rev().map(|place| letter(bits >> (5 * place))));
    if !matches!(prefix, "AKIA" | "ASIA") {
        id.push(letter(u128::from(noise >> 39)));
    }
    id
}
