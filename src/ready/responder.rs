//! Who responds.

use super::{Check, Facts, State};
use crate::ids::PrincipalArn;

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let id = "contain.responder";
    let arn = facts.responder;
    let fix = "respond as a role of your own for it: `oust ready --template cloudformation` writes one; --responder names who is to be checked";
    let check = match (PrincipalArn::of(arn), facts.standing) {
        (Some(PrincipalArn::Root), _) => {
            let found = "the responder would be root, whom no policy limits and no undo protects; it is the last way in, not the first";
            Check::new(id, State::NotReady, found, fix)
        }
        (_, Err(why)) => Check::new(id, State::Unknown, format!("nothing is known of {arn}: {why}"), fix),
        (_, Ok(standing)) => {
            let passed = match standing.session {
                Some(_) => "; a session policy, if he was given one, cannot be seen",
                None => "",
            };
            Check::new(id, State::Ready, format!("{arn}{passed}"), fix)
        }
    };
    vec![check]
}
