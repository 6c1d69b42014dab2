//! Sessions of the family's principals that nothing tells whose they are, and what they left: that may be the intruder's.

use super::foothold::{Foothold, State};
use crate::lineage::{Lineage, Unresolved};

/// So many things that one session left are told by name.
const MOST: usize = 8;

/// What a person must look at, one for each session that left something.
pub(super) fn unresolved(lineage: &Lineage) -> Vec<Foothold> {
    let all = lineage.unresolved.iter().filter(|one| !one.left.is_empty());
    // A key that was asked for since, or was joined by what the trail told later, is a member.
    let all = all.filter(|one| lineage.member(&one.key).is_none());
    all.map(foothold).collect()
}

fn foothold(one: &Unresolved) -> Foothold {
    let named = one.left.iter().take(MOST).map(|(what, at)| format!("{what} at {at}"));
    let mut named: Vec<String> = named.collect();
    match one.left.len().saturating_sub(MOST) {
        0 => {}
        more => named.push(format!("{more} more, which trace --format json tells")),
    }
    Foothold {
        what: format!("session {} of {}", one.key, one.arn),
        at: one.first,
        state: State::Unknown(format!(
            "it may be the intruder's ({}), and what it left doesn't end with its principal: {}; look at it by hand, or ask for that key too",
            one.why,
            named.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;
    use crate::trail::Evidence;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_session_that_left_something_is_a_doubt_and_one_that_left_nothing_is_none() {
        let (key, other) = ("AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE");
        let (Ok(key), Ok(other)) = (key.parse(), other.parse()) else {
            return;
        };
        let at = Moment::from_millis(0);
        let mut lineage = crate::lineage::trace(&Evidence::default(), &[key]);
        lineage.unresolved.push(Unresolved {
            key: other,
            more_keys: BTreeSet::new(),
            arn: "arn:aws:iam::123456789012:user/u".to_owned(),
            issued: None,
            first: at,
            last: at,
            why: "a gap".to_owned(),
            left: BTreeMap::new(),
        });
        assert_eq!(unresolved(&lineage), []);
        lineage.unresolved[0].left.insert("CreateUser ops-sync".to_owned(), at);
        let [only] = &unresolved(&lineage)[..] else {
            panic!("one session, one doubt")
        };
        assert!(matches!(&only.state, State::Unknown(why) if why.contains("CreateUser ops-sync at 1970")));
        assert!(only.what.contains("ASIAIOSFODNN7EXAMPLE"));
    }
}
