//! Sessions that come back from another account: our record names the session there that asked by its unique ID alone, and who minted that one is known.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>

use super::mint::Issue;
use super::session::follows;
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use std::collections::BTreeMap;

/// A role's session lives twelve hours at most, where its record doesn't say when it ends.
const LONGEST_SECONDS: i64 = 43_200;

/// A session by when it was given, when it ends, and its key.
type Held = (Moment, Moment, AccessKeyId);

/// Says who asked for each of `issues` whose record tells neither a key nor a moment: every session of that unique ID and name which lived
/// then, else the last that had begun.
pub(super) fn tell(issues: &mut [Issue<'_>]) {
    let is_untold = |issue: &Issue<'_>| {
        let asker = &issue.asker.identity;
        asker.key.is_none() && asker.session_created.is_none() && issue.told.is_empty()
    };
    if !issues.iter().any(is_untold) {
        return;
    }
    let mut held: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for issue in issues.iter().filter(|issue| issue.key.kind() == KeyKind::Temporary) {
        let at = issue.event.at;
        let logged = issue.expires.filter(|_| issue.is_logged);
        let ends = logged.unwrap_or(at.plus_seconds(LONGEST_SECONDS));
        // A session's ID has its name behind the colon; a user's doesn't, and is no session's.
        if let Some(principal) = issue.principal().filter(|principal| principal.contains(':')) {
            held.entry(principal).or_default().push((at, ends, issue.key.clone()));
        }
    }
    for issue in issues.iter_mut().filter(|issue| is_untold(issue)) {
        let principal = issue.asker.identity.principal_id.as_deref();
        let sessions = principal
            .and_then(|principal| held.get(principal))
            .into_iter()
            .flatten();
        let at = issue.event.at;
        let begun = sessions.filter(|(since, _, key)| follows(at, *since) && *key != issue.key);
        let begun: Vec<&Held> = begun.collect();
        let lived = begun.iter().filter(|(_, ends, _)| follows(*ends, at));
        issue.told = lived.map(|(.., key)| key.clone()).collect();
        // Who is in the other account renews his session there under its name, and only that account's trail tells.
        if issue.told.is_empty() {
            issue.told = begun.last().map(|(.., key)| key.clone()).into_iter().collect();
        }
        issue.told.dedup();
    }
}
