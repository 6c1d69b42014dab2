//! Long-term keys that the family made active again. Whoever does that has the key's secret, or gives it to somebody who has: from then on the key is the
//! family's. What was done with it before was its owner's doing.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html>

use super::holder::who;
use super::mint::Issue;
use super::session::follows;
use super::{Credential, Lineage};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;

/// The call.
pub(super) const CALL: &str = "UpdateAccessKey";

/// The key that a call made active. What a record doesn't say is taken for that.
pub(super) fn revived(event: &Event) -> Option<AccessKeyId> {
    let key = event.revived_key().filter(|_| event.error.is_none())?;
    let key: Option<AccessKeyId> = key.parse().ok();
    // Whoever calls with it finds it active already.
    key.filter(|key| key.kind() == KeyKind::LongTerm && event.identity.key.as_ref() != Some(key))
}

/// The same, as a key that was given then.
pub(super) fn issue(event: &Event) -> Option<Issue<'_>> {
    let key = revived(event)?;
    let (kind, holder, account) = who(event);
    Some(Issue {
        event,
        asker: event,
        told: Vec::new(),
        key,
        kind,
        holder,
        account,
        expires: None,
        is_logged: false,
        is_switch: false,
        joined: None,
    })
}

impl Issue<'_> {
    /// Whether the key was there before, and was made active again.
    pub(super) fn is_revival(&self) -> bool {
        self.event.name == CALL
    }
}

impl Credential {
    /// Whether it is a key that was there before the family made it active again: somebody else's.
    pub fn is_revived(&self) -> bool {
        self.since.is_some()
    }

    /// Whether a call with its key at that moment may be the family's.
    pub(super) fn has_called(&self, at: Moment) -> bool {
        self.since.is_none_or(|since| follows(at, since))
    }
}

impl Lineage {
    /// The members from which what is known now is traced again: a key that was made active again is come to from there, and would count with all that its
    /// owner did with it if it were asked for.
    pub fn traced_from(&self) -> Vec<AccessKeyId> {
        let is_one = |member: &&Credential| !member.is_revived() || self.asked.contains(&member.key);
        let all = self.credentials.iter().filter(is_one);
        all.map(|member| member.key.clone()).collect()
    }
}
