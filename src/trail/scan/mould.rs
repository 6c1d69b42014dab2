//! What the identities of one role or user are written like: the same texts with every session, and gaps for what is another with each.
//!
//! A session brings its own name, key and moment, and nothing else that is new. So an identity that fits into a known mould is understood by comparing texts, and
//! only its key is looked at.

use super::step::quote;
use super::{TIME, plain};
use crate::time::Moment;
use crate::trail::facts::{Who, number_of};
use memchr::memmem::find_iter;

/// What stands behind a text of the mould.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// The name of the session, in its principal ID.
    Session,
    /// The same name once more.
    Again,
    /// The access key ID.
    Key,
    /// A moment, as CloudTrail writes it.
    Moment,
    /// Nothing: the record goes on with its time.
    End,
}

/// The length of an access key ID as AWS gives them, and of a moment as CloudTrail writes it: `2026-11-10T03:04:05Z`.
pub(super) const LONG: usize = 20;

const PRINCIPAL: &[u8] = b"\"principalId\":\"";
const ARN: &[u8] = b"\",\"arn\":\"";
const KEY: &[u8] = b"\"accessKeyId\":\"";
const CREATED: &[u8] = b"\"creationDate\":\"";

/// So many texts with a gap behind them a mould has, one of each kind.
const PARTS: usize = 5;

/// A mould.
#[derive(Debug)]
pub(super) struct Mould {
    /// The texts one behind the other; the last is what the record goes on with.
    text: Box<[u8]>,
    /// Where each of them ends, and what stands behind it.
    parts: [(usize, Gap); PARTS],
    /// How long an identity is whose session has no name, and how often the name stands in it.
    nameless: usize,
    names: usize,
    /// Who calls; the key and the moment are the gaps', where there is one for them.
    who: Who,
}

/// What an identity says that came out of a mould.
pub(super) struct Fit<'t> {
    /// Who calls.
    pub(super) who: Who,
    /// How long the identity is.
    pub(super) length: usize,
    /// Where the key must be another with each session: what stands there, which must be one.
    pub(super) key: Option<&'t [u8; LONG]>,
    /// The same for the moment at which the session was issued.
    pub(super) since: Option<&'t [u8; LONG]>,
}

/// Whether nothing in a text can end it or have another meaning.
fn is_graphic(text: &[u8]) -> bool {
    text.iter().fold(true, |all, byte| all & byte.is_ascii_graphic())
}

/// Whether a text is an access key ID as AWS gives them.
pub(super) fn is_key(text: &[u8; LONG]) -> bool {
    let is_one = |byte: &u8| byte.is_ascii_uppercase() | byte.is_ascii_digit();
    text.iter().fold(true, |all, byte| all & is_one(byte))
}

/// The moment that a text is, in seconds since 1970.
pub(super) fn seconds(text: &[u8; LONG]) -> Option<u32> {
    let moment: Moment = std::str::from_utf8(text).ok()?.parse().ok()?;
    u32::try_from(moment.seconds()).ok()
}

impl Mould {
    /// The mould that this identity came out of, which was read: `who` calls.
    pub(super) fn of(identity: &[u8], who: Who) -> Self {
        let mut gaps = sessions(identity);
        gaps.extend(only(identity, KEY, Gap::Key, |text| {
            is_key(text) && number_of(text) == who.key
        }));
        gaps.extend(only(identity, CREATED, Gap::Moment, |text| {
            seconds(text) == Some(who.since)
        }));
        gaps.sort_unstable_by_key(|(at, ..)| *at);
        let (mut text, mut parts, mut from) = (Vec::new(), [(0, Gap::End); PARTS], 0);
        for ((at, length, gap), part) in gaps.into_iter().zip(&mut parts) {
            text.extend_from_slice(identity.get(from..at).unwrap_or_default());
            *part = (text.len(), gap);
            from = at + length;
        }
        text.extend_from_slice(identity.get(from..).unwrap_or_default());
        let count = |wanted: &[Gap]| parts.iter().filter(|(_, gap)| wanted.contains(gap)).count();
        let (names, others) = (count(&[Gap::Session, Gap::Again]), count(&[Gap::Key, Gap::Moment]));
        let nameless = text.len() + others * LONG;
        text.extend_from_slice(TIME);
        // Behind the last text nothing is left to compare.
        let ends = parts.iter_mut().filter(|(_, gap)| *gap == Gap::End);
        ends.for_each(|(to, _)| *to = text.len());
        Mould {
            text: text.into(),
            parts,
            nameless,
            names,
            who,
        }
    }

    /// What the identity says that a text begins with; `None` where it doesn't fit, or the record doesn't go on with its time.
    pub(super) fn fits<'t>(&self, text: &'t [u8]) -> Option<Fit<'t>> {
        // Moulds of one role differ at their ends, and so in their lengths.
        let ends = |session: usize| {
            let length = self.nameless + self.names * session;
            text.get(length..)?.starts_with(TIME).then_some(length)
        };
        let mut length = if self.names == 0 { ends(0)? } else { 0 };
        let mut rest = text;
        let (mut from, mut session, mut who) = (0, &text[..0], self.who);
        let (mut key, mut since) = (None, None);
        for (to, gap) in &self.parts {
            rest = rest.strip_prefix(self.text.get(from..*to)?)?;
            from = *to;
            match gap {
                Gap::Session => {
                    (session, rest) = rest.split_at_checked(quote(rest)?)?;
                    length = ends(session.len())?;
                }
                Gap::Again => rest = rest.strip_prefix(session)?,
                Gap::Key => {
                    let (text, behind) = rest.split_first_chunk()?;
                    who.key = number_of(text);
                    (key, rest) = (Some(text), behind);
                }
                Gap::Moment => {
                    let (text, behind) = rest.split_first_chunk()?;
                    (since, rest) = (Some(text), behind);
                }
                Gap::End => break,
            }
        }
        Some(Fit {
            who,
            length,
            key,
            since,
        })
    }
}

/// A gap: where it begins, and how long it is in the identity that it was found in.
type Found = (usize, usize, Gap);

/// Where the session's name stands: behind the colon of the principal ID, and as the last part of the ARN that follows.
fn sessions(identity: &[u8]) -> Vec<Found> {
    let named = || {
        // The type stands before it: what lies deeper isn't the caller's.
        let kind = identity.strip_prefix(b"{\"type\":\"")?;
        let kind = kind.get(..quote(kind)?)?;
        let at = b"{\"type\":\"".len() + kind.len() + b"\",".len();
        let from = at + PRINCIPAL.len();
        identity.get(at..from).filter(|name| *name == PRINCIPAL)?;
        let principal = plain(identity, from)?;
        let colon = principal.iter().position(|byte| *byte == b':')?;
        let session = principal.get(colon + 1..).filter(|name| !name.is_empty())?;
        is_graphic(session).then_some((from + colon + 1, session, from + principal.len()))
    };
    let Some((at, session, end)) = named() else {
        return Vec::new();
    };
    let arn_from = end + ARN.len();
    let again = identity
        .get(end..arn_from)
        .filter(|name| *name == ARN)
        .and_then(|_| plain(identity, arn_from))
        .filter(|arn| arn.strip_suffix(session).is_some_and(|role| role.ends_with(b"/")))
        .map(|arn| (arn_from + arn.len() - session.len(), session.len(), Gap::Again));
    [Some((at, session.len(), Gap::Session)), again]
        .into_iter()
        .flatten()
        .collect()
}

/// The text behind the one member of this name.
fn only(identity: &[u8], name: &[u8], gap: Gap, is_one: impl Fn(&[u8; LONG]) -> bool) -> Option<Found> {
    let mut met = find_iter(identity, name);
    let at = met.next()? + name.len();
    let is_plain = identity.get(at..)?.first_chunk().is_some_and(is_one) && identity.get(at + LONG) == Some(&b'"');
    (is_plain && met.next().is_none()).then_some((at, LONG, gap))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::trail::identity;
    use proptest::prelude::*;

    const ROLE: &str = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:me","arn":"arn:aws:sts::123456789012:assumed-role/Deploy/me","accountId":"123456789012","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::123456789012:role/Deploy","accountId":"123456789012","userName":"Deploy"},"attributes":{"creationDate":"2026-11-10T03:04:05Z","mfaAuthenticated":"false"}}}"#;
    const USER: &str = r#"{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::123456789012:user/me","accountId":"123456789012","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"me"}"#;
    const GUEST: &str = r#"{"type":"FederatedUser","principalId":"123456789012:me","arn":"arn:aws:sts::123456789012:federated-user/me","accountId":"123456789012","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLE","userName":"me"},"attributes":{"creationDate":"2026-11-10T03:04:05Z"}}}"#;

    fn read(identity: &str) -> Who {
        identity::who(identity.as_bytes()).unwrap()
    }

    /// What the mould of `model` says of another identity.
    fn told(model: &str, other: &str) -> Option<(Who, usize)> {
        let record = format!("{other},\"eventTime\":\"2026-11-10T03:04:06Z\"");
        let mut fit = Mould::of(model.as_bytes(), read(model)).fits(record.as_bytes())?;
        if let Some(since) = fit.since {
            fit.who.since = seconds(since)?;
        }
        fit.key.is_none_or(is_key).then_some((fit.who, fit.length))
    }

    #[test]
    fn another_session_of_the_same_role_fits_and_another_role_does_not() {
        for model in [ROLE, USER, GUEST] {
            let key = if model == USER { "AKIA" } else { "ASIA" };
            let other = model
                .replace(&format!("{key}IOSFODNN7EXAMPLE"), &format!("{key}IOSFODNN7EXAMPL2"))
                .replace("2026-11-10T03", "2025-01-30T23")
                .replace(":me\"", ":somebody-else@2\"")
                .replace("federated-user/me\"", "federated-user/somebody-else@2\"")
                .replace("Deploy/me\"", "Deploy/somebody-else@2\"");
            assert_ne!(read(model), read(&other));
            for fitting in [model, other.as_str()] {
                assert_eq!(told(model, fitting), Some((read(fitting), fitting.len())));
            }
        }
        for odd in [
            ROLE.replace("role/Deploy/me", "role/Deploy/you"),
            ROLE.replace("Deploy", "Deplox"),
            ROLE.replace("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLES"),
            ROLE.replace("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EX\\\"PLE"),
            ROLE.replace("05Z", "05"),
            ROLE.replace("me\"", "m\\u0065\""),
            ROLE.replace("}}}", "},\"invokedBy\":\"ec2.amazonaws.com\"}}"),
            USER.to_owned(),
        ] {
            assert_eq!(told(ROLE, &odd), None, "{odd}");
        }
    }

    #[test]
    fn a_key_that_lies_deeper_or_comes_twice_is_part_of_the_text() {
        let deeper = USER.replace(
            "\"userName\"",
            "\"sessionContext\":{\"accessKeyId\":\"ASIAIOSFODNN7EXAMPLE\"},\"userName\"",
        );
        let other = deeper.replace("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL2");
        assert_eq!(told(&deeper, &deeper), Some((read(&deeper), deeper.len())));
        assert_eq!(told(&deeper, &other), None);
        let alone = USER.replace("accessKeyId", "credentialId").replace(
            "\"userName\"",
            "\"sessionContext\":{\"accessKeyId\":\"ASIAIOSFODNN7EXAMPLE\"},\"userName\"",
        );
        assert_eq!(told(&alone, &alone.replace("ASIA", "ASIB")), None);
        assert_eq!(told(&alone, &alone), Some((read(&alone), alone.len())));
    }

    proptest! {
        /// Whatever two identities are cut and joined to: what fits is read as it would be parsed.
        #[test]
        fn what_fits_is_read_rightly(
            model in 0_usize..3, other in 0_usize..3,
            at in 0_usize..500, cut in 0_usize..30, put in "[A-Z0-9:/\",{}\\\\a-c]{0,30}",
        ) {
            let all = [ROLE, USER, GUEST];
            let mut changed = all[other].to_owned();
            let from = at.min(changed.len());
            let to = (from + cut).min(changed.len());
            changed.replace_range(from..to, &put);
            if let Some((who, length)) = told(all[model], &changed) {
                let whole = changed.get(..length).unwrap();
                prop_assert_eq!(identity::who(whole.as_bytes()).ok(), Some(who), "{}", whole);
            }
        }
    }
}
