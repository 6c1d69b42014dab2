//! One session under many keys. The console signs its calls with ever new ones, and no record names them when they are given: they bear the principal and,
//! to the second in every case that was measured, the moment of issue of their session; newer ones bear the ARN of their sign-in.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
//!
//! Two sessions of one principal may begin in one second, in programs more often than in a browser: something must say that they are of the console.
//! A group of keys comes from the mint that gave a key to that principal at that moment, else from a sign-in that somebody let it in by, else from a session
//! whose calls bore the same sign-in before, whoever's it was; else its keys come from the one that called first.

use super::Kind;
use super::asker::Askers;
use super::given::{Given, Own, is_by_another};
use super::holder::holder_of;
use super::mint::Issue;
use super::session::{Stamp, near};
use super::sign_in::{Joined, Way, Ways};
use super::switch::{Switcher, Switches};
use super::unminted::{Unminted, unminted};
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// A user's console session lasts twelve hours at most, and so does what `aws login` renews.
const SIGNED_IN_SECONDS: i64 = 43_200;

/// A session whose end isn't known is taken to live as long as any: 36 hours.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
const LONGEST_SECONDS: i64 = 129_600;

/// Every session that no mint gave a key for, as far as it can be said where it comes from.
pub(super) fn entered<'a>(
    events: &[&'a Event],
    issues: &[Issue<'a>],
    askers: &Askers<'a>,
    switches: &'a Switches<'a>,
) -> Vec<Issue<'a>> {
    let sessions = unminted(events, issues);
    let ways = Ways::of(events, askers, switches);
    let given = Given::of(events, issues);
    let mut found: Vec<Issue<'a>> = groups(&sessions, &ways, &given)
        .iter()
        .flat_map(|group| came(group, &ways, &given))
        .collect();
    found.sort_by(|one, two| (one.event.at, &one.event.id, &one.key).cmp(&(two.event.at, &two.event.id, &two.key)));
    found
}

type Group<'s, 'a> = Vec<&'s Unminted<'a>>;

/// Sessions that are one: first by the moment, then those by a sign-in whose beginning isn't told.
fn groups<'s, 'a>(sessions: &'s [Unminted<'a>], ways: &Ways<'a>, given: &Given<'a, '_>) -> Vec<Group<'s, 'a>> {
    let mut by_moment: BTreeMap<(&str, Moment), Group<'s, 'a>> = BTreeMap::new();
    let mut groups: Vec<Group<'s, 'a>> = Vec::new();
    for session in sessions {
        match session.principal.zip(session.created) {
            Some(moment) => by_moment.entry(moment).or_default().push(session),
            None => groups.push(vec![session]),
        }
    }
    for group in by_moment.into_values() {
        match is_of_console(&group, ways) {
            true => groups.push(group),
            false => groups.extend(group.into_iter().map(|session| vec![session])),
        }
    }
    groups.sort_by_key(|group| group.first().map(|first| (first.first.at, &first.first.id, first.key)));
    // In the order of their first calls: what joins two groups joins the later to the earlier.
    let mut joined: Vec<Group<'s, 'a>> = Vec::new();
    let mut by_sign_in: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        let has_begun = ways.by_sign_in(&group).is_some() && direct(&group, ways, given).is_none();
        let sign_ins: Vec<&str> = group.iter().filter_map(|session| session.sign_in).collect();
        let known = sign_ins.iter().find_map(|sign_in| by_sign_in.get(sign_in)).copied();
        let place = known.filter(|_| !has_begun).unwrap_or(joined.len());
        match joined.get_mut(place) {
            Some(earlier) => earlier.extend(group),
            None => joined.push(group),
        }
        for sign_in in sign_ins.into_iter().filter(|_| !has_begun) {
            by_sign_in.entry(sign_in).or_insert(place);
        }
    }
    joined
}

/// Whether something says that the sessions are of the console: a call of theirs, or a sign-in or a switch at their moment.
fn is_of_console(group: &[&Unminted<'_>], ways: &Ways<'_>) -> bool {
    let entered = |session: &Unminted<'_>| {
        let (principal, created) = (session.principal?, session.created?);
        let switch = || ways.switches.to(principal, created);
        ways.login(principal, created).or_else(switch)
    };
    let mut sessions = group.iter();
    sessions.any(|session| session.is_of_console || session.sign_in.is_some() || entered(session).is_some())
}

/// How a group came in, by what one of its sessions bears itself.
enum Direct<'a, 'i> {
    /// By a mint; by one of several, where they gave sessions at the same moment; or by a switch, where that is nearer.
    Mints(Vec<&'i Issue<'a>>, Option<Switch<'a>>),
    /// By one of these calls, which gave no key, or of these mints.
    Tokens(Vec<Way<'a>>, Vec<&'i Issue<'a>>),
    Way(Way<'a>),
    Switch(Switch<'a>),
}

/// A switch, and the sessions that may have switched.
type Switch<'a> = (&'a Event, Vec<&'a Switcher>);

fn direct<'a, 'i>(group: &[&Unminted<'a>], ways: &Ways<'a>, given: &Given<'a, 'i>) -> Option<Direct<'a, 'i>> {
    let console = is_of_console(group, ways);
    let mut switches = group.iter().map(|session| switched(session, group, ways));
    let switch = switches.find_map(|switch| switch);
    // What one of them asked for itself is not where they come from.
    let mut given = group.iter().filter_map(|session| {
        let mut mints = given.mints_of(session, console, ways);
        mints.retain(|mint| is_by_another(group, mint.askers()));
        Some((session.created?, mints)).filter(|(_, mints)| !mints.is_empty())
    });
    let given = given.next();
    let is_minted = |(created, mints): &(Moment, Vec<&Issue<'a>>)| {
        let mut moments = mints.iter().flat_map(|mint| Stamp::of_issue(mint).issued);
        moments.any(|at| near(at, *created))
    };
    // A session that is issued when a mint gave a key is of that; else it was signed in to by whoever asked for it before.
    if !given.as_ref().is_some_and(is_minted) {
        let mut tokens = group.iter().map(|session| ways.by_token(session, group));
        if let Some(tokens) = tokens.find(|tokens| !tokens.is_empty()) {
            return Some(Direct::Tokens(tokens, given.map_or_else(Vec::new, |(_, mints)| mints)));
        }
    }
    if let Some((created, mints)) = given {
        // What a record says of who asked for the console leaves out the switch tells.
        let is_untold = mints.iter().all(|mint| mint.is_switch && mint.by().is_none());
        return Some(match switch {
            Some(switch) if is_untold => Direct::Switch(switch),
            switch => {
                let nearest = mints.iter().flat_map(|mint| Stamp::of_issue(mint).issued);
                let nearest = nearest.map(|at| apart(at, created)).min();
                let is_nearer = |(event, _): &Switch<'_>| nearest.is_some_and(|mint| apart(event.at, created) < mint);
                Direct::Mints(mints, switch.filter(is_nearer))
            }
        });
    }
    let mut by_password = group.iter().filter_map(|session| ways.by_password(session));
    let way = by_password.find(|way| is_by_another(group, way.by_keys()));
    way.map(Direct::Way).or(switch.map(Direct::Switch))
}

/// How many seconds lie between two moments.
fn apart(one: Moment, two: Moment) -> i64 {
    (one.seconds() - two.seconds()).abs()
}

/// How somebody switched to this session, who is none of its own group.
fn switched<'a>(session: &Unminted<'a>, group: &[&Unminted<'a>], ways: &Ways<'a>) -> Option<Switch<'a>> {
    let switch = ways.switches.to(session.principal?, session.created?)?;
    let mut from = ways.switches.from(switch);
    from.retain(|one| group.iter().all(|session| *session.key != one.key));
    (!from.is_empty()).then_some((switch, from))
}

/// Where the keys of a group come from.
fn came<'a>(group: &[&Unminted<'a>], ways: &Ways<'a>, given: &Given<'a, '_>) -> Vec<Issue<'a>> {
    let Some((first, others)) = group.split_first() else {
        return Vec::new();
    };
    let beside_all = |of: Own<'a>, rest: &[&Unminted<'a>]| -> Vec<Issue<'a>> {
        rest.iter().filter_map(|session| beside(session, of.clone())).collect()
    };
    let by_first = Own {
        call: first.first,
        key: first.key.clone(),
    };
    match direct(group, ways, given) {
        Some(Direct::Mints(mints, nearer)) => {
            let switchers = || {
                nearer
                    .iter()
                    .flat_map(|(_, from)| from.iter().map(|one| one.key.clone()))
            };
            let of_each = |mint: &&Issue<'a>| -> Vec<Issue<'a>> {
                let rivals = || rivals(mint, &mints).into_iter().chain(switchers()).collect();
                match (mint.by(), given.first_call(mint)) {
                    (Some(_), _) => group.iter().map(|session| of_mint(session, mint, rivals())).collect(),
                    (None, Some(call)) if mints.len() == 1 && nearer.is_none() => beside_all(call, group),
                    (None, _) => group.iter().map(|session| of_key(session, mint, rivals())).collect(),
                }
            };
            let mut found: Vec<Issue<'a>> = mints.iter().flat_map(of_each).collect();
            if let Some(switch) = &nearer {
                let minted = mints.iter().map(|mint| mint.by().unwrap_or(&mint.key).clone());
                found.extend(by_switchers(first, switch, &minted.collect::<Vec<AccessKeyId>>()));
                found.extend(beside_all(by_first, others));
            }
            found
        }
        Some(Direct::Tokens(tokens, mints)) => {
            let askers = tokens.iter().flat_map(Way::by_keys).cloned();
            let askers: Vec<AccessKeyId> = askers
                .chain(mints.iter().flat_map(|mint| mint.askers().cloned()))
                .collect();
            let rivals = |own: &[&AccessKeyId]| -> Vec<AccessKeyId> {
                askers.iter().filter(|key| !own.contains(key)).cloned().collect()
            };
            let by_token = tokens.iter().flat_map(|way| {
                let rivals = rivals(&way.by_keys().collect::<Vec<&AccessKeyId>>());
                group
                    .iter()
                    .map(move |session| by_one_way(session, way, rivals.clone()))
            });
            let by_mint = mints.iter().flat_map(|mint| {
                let rivals = rivals(&mint.askers().collect::<Vec<&AccessKeyId>>());
                group.iter().map(move |session| of_mint(session, mint, rivals.clone()))
            });
            by_token.chain(by_mint).collect()
        }
        Some(Direct::Way(way)) => {
            let mut found = vec![by_way(first, &way)];
            found.extend(beside_all(by_first, others));
            found
        }
        Some(Direct::Switch(switch)) => {
            let mut found = by_switchers(first, &switch, &[]);
            found.extend(beside_all(by_first, others));
            found
        }
        None => match (ways.by_sign_in(group), given.of_sign_in(group)) {
            (Some(way), _) => group.iter().map(|session| by_way(session, &way)).collect(),
            (None, Some(call)) => beside_all(call, group),
            (None, None) => beside_all(by_first, others),
        },
    }
}

fn issue<'a>(session: &Unminted<'a>, event: &'a Event, asker: &'a Event, joined: Joined) -> Issue<'a> {
    Issue {
        event,
        asker,
        told: Vec::new(),
        key: session.key.clone(),
        kind: Kind::Console,
        holder: holder_of(session.first),
        account: session.first.identity.account.clone(),
        expires: None,
        is_logged: false,
        is_switch: false,
        joined: Some(joined),
    }
}

fn by_way<'a>(session: &Unminted<'a>, way: &Way<'a>) -> Issue<'a> {
    by_one_way(session, way, Vec::new())
}

/// The same, where these others may have let it in instead.
fn by_one_way<'a>(session: &Unminted<'a>, way: &Way<'a>, rivals: Vec<AccessKeyId>) -> Issue<'a> {
    let joined = Joined {
        by: way.by.clone(),
        stamp: Stamp::of_event(session.first),
        is_let_in: way.is_let_in,
        beside: None,
        of: None,
        rivals,
    };
    Issue {
        told: way.told.clone(),
        expires: Some(way.event.at.plus_seconds(SIGNED_IN_SECONDS)),
        ..issue(session, way.event, way.asker, joined)
    }
}

/// A session that somebody switched to, whose mint isn't in the evidence: by each of the sessions that may have. These others may have asked for it, too.
fn by_switchers<'a>(session: &Unminted<'a>, (switch, from): &Switch<'a>, others: &[AccessKeyId]) -> Vec<Issue<'a>> {
    let all: Vec<&AccessKeyId> = from.iter().map(|one| &one.key).chain(others).collect();
    let each = from.iter().map(|one| {
        let rivals = all.iter().filter(|key| **key != &one.key);
        by_switch(session, switch, one, rivals.map(|key| (*key).clone()).collect())
    });
    each.collect()
}

/// The same by this one of them.
fn by_switch<'a>(session: &Unminted<'a>, switch: &'a Event, by: &Switcher, rivals: Vec<AccessKeyId>) -> Issue<'a> {
    let whose = switch.switched_from.as_ref().map(ToString::to_string);
    let joined = Joined {
        by: format!(
            "its mint is not in the evidence; joined by the switch, which names {} alone",
            whose.unwrap_or_default()
        ),
        stamp: Stamp::of_event(session.first),
        is_let_in: false,
        beside: None,
        of: Some(by.stamp.clone()),
        rivals,
    };
    Issue {
        told: vec![by.key.clone()],
        expires: Some(switch.at.plus_seconds(SIGNED_IN_SECONDS)),
        ..issue(session, switch, switch, joined)
    }
}

/// Keys that may have let a session in instead of that which asked for this mint, or of that which it gave where nobody's key asked.
fn rivals(mint: &Issue<'_>, mints: &[&Issue<'_>]) -> Vec<AccessKeyId> {
    let others = mints.iter().filter(|other| other.key != mint.key);
    others.map(|other| other.by().unwrap_or(&other.key).clone()).collect()
}

/// By what a session was joined to another key of its own, and to which.
fn joined(session: &Unminted<'_>, other: &AccessKeyId) -> Joined {
    Joined {
        by: format!("another key of the session of {other}: joined by {}", by_what(session)),
        stamp: Stamp::of_event(session.first),
        is_let_in: false,
        beside: Some(other.clone()),
        of: None,
        rivals: Vec::new(),
    }
}

/// Another key of a session that a mint gave a key for.
fn of_mint<'a>(session: &Unminted<'a>, mint: &Issue<'a>, rivals: Vec<AccessKeyId>) -> Issue<'a> {
    let joined = Joined {
        rivals,
        ..joined(session, &mint.key)
    };
    let given = issue(session, mint.event, mint.asker, joined);
    Issue {
        told: mint.told.clone(),
        holder: given.holder.clone().or_else(|| mint.holder.clone()),
        expires: mint.expires,
        is_logged: mint.is_logged,
        is_switch: mint.is_switch,
        ..given
    }
}

/// Another key of a session that a mint gave a key for which nobody's key asked for, as whoever signs in through SAML has it: that key is where it comes from.
fn of_key<'a>(session: &Unminted<'a>, mint: &Issue<'a>, rivals: Vec<AccessKeyId>) -> Issue<'a> {
    let joined = Joined {
        of: Some(Stamp::of_issue(mint)),
        rivals,
        ..joined(session, &mint.key)
    };
    Issue {
        told: vec![mint.key.clone()],
        expires: session.created.map(|created| created.plus_seconds(LONGEST_SECONDS)),
        ..issue(session, mint.event, mint.event, joined)
    }
}

/// Another key of the session that made this call under one of its keys.
fn beside<'a>(session: &Unminted<'a>, own: Own<'a>) -> Option<Issue<'a>> {
    let (first, other) = (own.call, own.key);
    if other == *session.key {
        return None;
    }
    let joined = joined(session, &other);
    Some(Issue {
        told: vec![other],
        expires: session.created.map(|created| created.plus_seconds(LONGEST_SECONDS)),
        ..issue(session, first, first, joined)
    })
}

fn by_what(session: &Unminted<'_>) -> String {
    match session.sign_in {
        Some(sign_in) => format!("the principal and the moment of issue, or the sign-in {sign_in}"),
        None => "the principal and the moment of issue".to_owned(),
    }
}
