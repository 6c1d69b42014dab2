//! What whoever asks for a role's session chooses of it: its name, and its tags where the role's trust policy lets them be passed. Nobody has the session yet, so
//! that what hangs on them is possible.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use super::graph::Graph;
use super::index::texts;
use crate::account::{Account, Role};
use crate::policy::Effect;
use crate::verdict::Standing;

/// What a policy that speaks of a caller's tags or of a session's name has in its text, in lower case.
const SPOKEN: [&str; 2] = ["aws:principaltag/", "aws:userid"];

/// Whether any policy of the account, who may assume its roles among them, speaks of what is chosen.
pub(super) fn is_spoken_of(account: &Account) -> bool {
    let trusts = account.roles.values().map(|role| &role.trust);
    let guards = account.guards.iter().flat_map(|guards| &guards.scps);
    let guards = guards.flat_map(|level| level.values());
    texts(account).chain(trusts).chain(guards).any(|text| {
        let lower = text.as_str().to_ascii_lowercase();
        SPOKEN.iter().any(|word| lower.contains(word))
    })
}

impl<'a> Graph<'a> {
    /// The role with that number by a session of whose name and tags nothing is known; `None` for others, and where nothing hangs on them.
    pub(super) fn chosen(&self, n: usize) -> Option<Standing<'a>> {
        if !self.chosen_counts || !self.targets.roles.contains(&n) {
            return None;
        }
        let role = self.account.roles.get(self.targets.arn(n)?.name())?;
        let mut standing = self.standing(n)?;
        let context = &mut standing.context;
        context.unset("aws:userid");
        if takes_tags(role) {
            // Tags of the session stand before those of the role.
            context.unset("aws:PrincipalTag/");
            role.tags
                .keys()
                .for_each(|key| context.unset(&format!("aws:PrincipalTag/{key}")));
        }
        Some(standing)
    }
}

/// Whether the role's trust policy may let somebody pass tags; one that isn't understood may.
fn takes_tags(role: &Role) -> bool {
    role.trust.parse().map_or(true, |trust| {
        let mut allows = trust.statements.iter().filter(|one| one.effect == Effect::Allow);
        allows.any(|one| one.is_about("sts:tagsession"))
    })
}
