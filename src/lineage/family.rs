//! Who comes from whom: back from the asked key to the origin, forward to everything that was minted.

use super::carried::Carried;
use super::holder::holder_of;
use super::mint::Issue;
use super::session::{Stamp, caller, follows, is_of};
use super::{Credential, Kind};
use crate::account::{Holder, Tags};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A user's or the root user's session lives 36 hours at most, a role's 12, those of services are not documented.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
const LONGEST_SECONDS: i64 = 129_600;

/// One credential of the family.
#[derive(Clone)]
pub(super) struct Member<'a> {
    /// Its key.
    pub(super) key: AccessKeyId,
    /// What its calls bear.
    pub(super) stamp: Stamp,
    /// How it came into being, where the evidence tells.
    pub(super) issue: Option<&'a Issue<'a>>,
    /// The place of the member that minted it; `None` for an origin.
    pub(super) parent: Option<usize>,
    /// A call of its own, which tells who it is.
    own: Option<&'a Event>,
    /// Whether MFA was given, by the first of its own calls that says.
    mfa: Option<bool>,
    /// A call that a service made with it, where none of its own is known and no mint: then nobody held it.
    forwarded: Option<&'a Event>,
}

/// The members, the origins first, parents before children.
pub(super) struct Family<'a> {
    /// In the order in which the walk found them.
    pub(super) members: Vec<Member<'a>>,
}

/// Where events and issues stand, by key.
struct Index<'a> {
    issued: BTreeMap<&'a AccessKeyId, Vec<usize>>,
    asked_for_by: BTreeMap<&'a AccessKeyId, Vec<usize>>,
    used: BTreeMap<&'a AccessKeyId, Vec<&'a Event>>,
    forwarded: BTreeMap<&'a AccessKeyId, &'a Event>,
}

impl<'a> Index<'a> {
    fn of(events: &[&'a Event], issues: &'a [Issue<'a>]) -> Self {
        let mut index = Index {
            issued: BTreeMap::new(),
            asked_for_by: BTreeMap::new(),
            used: BTreeMap::new(),
            forwarded: BTreeMap::new(),
        };
        for (place, issue) in issues.iter().enumerate() {
            // A key that was made active again had been there before.
            if !issue.is_revival() {
                index.issued.entry(&issue.key).or_default().push(place);
            }
            for by in issue.askers() {
                index.asked_for_by.entry(by).or_default().push(place);
            }
        }
        for event in events.iter().copied() {
            match &event.identity.key {
                Some(key) if event.is_forwarded() => {
                    index.forwarded.entry(key).or_insert(event);
                }
                Some(key) => index.used.entry(key).or_default().push(event),
                None => {}
            }
        }
        index
    }

    /// The first call of `key` in the session with this stamp.
    fn own(&self, key: &AccessKeyId, stamp: &Stamp) -> Option<&'a Event> {
        let used = self.used.get(key)?;
        used.iter().copied().find(|event| is_of(event, key, stamp))
    }

    /// Whether calls of `key` in the session with this stamp say that MFA was given.
    fn mfa(&self, key: &AccessKeyId, stamp: &Stamp) -> Option<bool> {
        let mut own = self.used.get(key)?.iter().filter(|event| is_of(event, key, stamp));
        own.find_map(|event| event.identity.mfa)
    }
}

impl<'a> Family<'a> {
    /// The family of the `asked` keys: of one incident.
    pub(super) fn of(asked: &[AccessKeyId], events: &[&'a Event], issues: &'a [Issue<'a>]) -> Self {
        let index = Index::of(events, issues);
        Family::from(origins(asked, &index, issues), &index, issues)
    }

    /// Everything that was minted from these origins.
    fn from(mut members: Vec<Member<'a>>, index: &Index<'a>, issues: &'a [Issue<'a>]) -> Self {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut known: BTreeMap<AccessKeyId, Vec<Stamp>> = BTreeMap::new();
        for member in &members {
            known.entry(member.key.clone()).or_default().push(member.stamp.clone());
        }
        let long_term = |(place, member): (usize, &Member<'_>)| {
            let is_one = member.key.kind() == KeyKind::LongTerm;
            is_one.then(|| (member.key.clone(), place))
        };
        let mut held: BTreeMap<AccessKeyId, usize> = members.iter().enumerate().filter_map(long_term).collect();
        let mut waiting: VecDeque<usize> = (0..members.len()).collect();
        while let Some(next) = waiting.pop_front() {
            let Some(parent) = members.get(next) else { continue };
            let born = parent.born();
            let children: Vec<usize> = index
                .asked_for_by
                .get(&parent.key)
                .into_iter()
                .flatten()
                .copied()
                .filter(|place| {
                    issues.get(*place).is_some_and(|issue| {
                        is_by(issue, &parent.key, &parent.stamp)
                            && born.is_none_or(|born| follows(issue.event.at, born))
                    })
                })
                .filter(|place| found.insert(*place))
                .collect();
            for issue in children.into_iter().filter_map(|place| issues.get(place)) {
                let stamp = Stamp::of_issue(issue);
                let there = held.get(&issue.key).copied();
                if let Some((place, member)) = there.and_then(|place| Some((place, members.get_mut(place)?)))
                    && (issue.is_revival() || member.stamp.since.is_some())
                {
                    // It may have been the family's from earlier on.
                    if member.is_since(stamp.since, index) {
                        waiting.push_back(place);
                    }
                    continue;
                }
                // Who is a member already, by another way, is one once.
                let same = known.entry(issue.key.clone()).or_default();
                if issue.joined.is_some() && same.iter().any(|other| other.agrees(&stamp)) {
                    continue;
                }
                same.push(stamp.clone());
                if issue.key.kind() == KeyKind::LongTerm {
                    held.entry(issue.key.clone()).or_insert(members.len());
                }
                waiting.push_back(members.len());
                members.push(Member {
                    own: index.own(&issue.key, &stamp),
                    mfa: index.mfa(&issue.key, &stamp),
                    key: issue.key.clone(),
                    stamp,
                    issue: Some(issue),
                    parent: Some(next),
                    forwarded: None,
                });
            }
        }
        Family { members }
    }

    /// The member at this place, as it is told.
    pub(super) fn credential(&self, place: usize, label: String, carried: &[Carried]) -> Option<Credential> {
        let member = self.members.get(place)?;
        let parent = member.parent.and_then(|parent| self.members.get(parent));
        let carried = carried.get(place)?;
        Some(Credential {
            source_identity: carried.source_identity.clone(),
            tags: carried.tags.clone(),
            is_untold: carried.is_untold,
            ..member.credential(label, parent.map(|parent| &parent.key))
        })
    }
}

/// The origins of the asked keys, each once. A key that another one's family made, such as one of CreateAccessKey, is no origin beside it.
fn origins<'a>(asked: &[AccessKeyId], index: &Index<'a>, issues: &'a [Issue<'a>]) -> Vec<Member<'a>> {
    let mut origins: Vec<Member<'_>> = Vec::new();
    for found in asked.iter().flat_map(|key| comes_from(key, index, issues)) {
        let is_found = |known: &Member<'_>| known.key == found.key && known.stamp.agrees(&found.stamp);
        if !origins.iter().any(is_found) {
            origins.push(found);
        }
    }
    let mut place = 0;
    while let Some(one) = origins.get(place).filter(|_| origins.len() > 1) {
        let others = origins.iter().enumerate().filter(|(other, _)| *other != place);
        let others = others.map(|(_, other)| other.clone()).collect();
        let made = Family::from(others, index, issues).members.into_iter();
        // One that was made active again was somebody's before, who was asked about, too.
        let mut made =
            made.filter(|member| member.parent.is_some() && member.key == one.key && member.stamp.since.is_none());
        if made.any(|member| member.stamp.agrees(&one.stamp)) {
            origins.remove(place);
        } else {
            place += 1;
        }
    }
    origins
}

/// Whether this key may have asked, in the session with this stamp.
fn is_by(issue: &Issue<'_>, key: &AccessKeyId, stamp: &Stamp) -> bool {
    key.kind() == KeyKind::LongTerm || stamp.agrees(&issue.asker_bears())
}

/// Where the walk back is.
struct Walk {
    key: AccessKeyId,
    stamp: Stamp,
    /// Not later than this.
    before: Option<Moment>,
    /// The issues that it came by.
    came_by: Vec<usize>,
}

/// Walks back while mints tell who asked. A long-term key is its own origin: who created it, perhaps years ago and rightly, is another
/// matter, and so is a session that nobody's key asked for. Where several may have asked, it goes to each of them.
fn comes_from<'a>(asked: &AccessKeyId, index: &Index<'a>, issues: &'a [Issue<'a>]) -> Vec<Member<'a>> {
    let mut origins = Vec::new();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut next = vec![Walk {
        key: asked.clone(),
        stamp: first_stamp(asked, index, issues),
        before: None,
        came_by: Vec::new(),
    }];
    while let Some(at) = next.pop() {
        let places = index.issued.get(&at.key).into_iter().flatten().copied();
        let mut fitting: Vec<usize> = places.filter(|place| may_have_given(issues.get(*place), &at)).collect();
        // Of several, the last: what was issued later is what still lives, and what was in use. Of those by which one session was joined, each.
        let last = fitting.pop().and_then(|place| Some((place, issues.get(place)?)));
        let is_joined = |place: &usize| issues.get(*place).is_some_and(|issue| issue.joined.is_some());
        fitting.retain(|place| last.is_some_and(|(_, issue)| issue.joined.is_some()) && is_joined(place));
        let ends = at.key.kind() == KeyKind::LongTerm
            || last
                .is_none_or(|(place, issue)| issue.by().is_none() || issue.is_let_in() || at.came_by.contains(&place));
        if ends {
            origins.push(origin(at.key, at.stamp, last.map(|(_, issue)| issue), index));
            continue;
        }
        for place in fitting.into_iter().chain(last.map(|(place, _)| place)) {
            // What another way came by is walked from there.
            let Some(issue) = issues.get(place).filter(|_| seen.insert(place)) else {
                continue;
            };
            let came_by = [&at.came_by[..], &[place]].concat();
            next.extend(issue.askers().map(|key| Walk {
                key: key.clone(),
                stamp: issue.asker_bears(),
                before: Some(issue.event.at),
                came_by: came_by.clone(),
            }));
        }
    }
    origins
}

/// Whether this gave the key that the walk back is at.
fn may_have_given(issue: Option<&Issue<'_>>, at: &Walk) -> bool {
    issue.is_some_and(|issue| {
        at.before.is_none_or(|before| follows(before, issue.event.at)) && Stamp::of_issue(issue).agrees(&at.stamp)
    })
}

fn origin<'a>(key: AccessKeyId, stamp: Stamp, issue: Option<&'a Issue<'a>>, index: &Index<'a>) -> Member<'a> {
    let stamp = match key.kind() {
        KeyKind::LongTerm => Stamp::default(),
        _ => stamp,
    };
    let own = index.own(&key, &stamp);
    let told = own.is_some() || issue.is_some() || key.kind() == KeyKind::LongTerm;
    Member {
        forwarded: index.forwarded.get(&key).copied().filter(|_| !told),
        mfa: index.mfa(&key, &stamp),
        own,
        key,
        stamp,
        issue,
        parent: None,
    }
}

/// What the calls of the asked key say of its session: if there are several sessions of that ID, the one that called most, then the earliest.
/// Where a mint is in the evidence, it says so itself.
fn first_stamp(asked: &AccessKeyId, index: &Index<'_>, issues: &[Issue<'_>]) -> Stamp {
    if asked.kind() == KeyKind::LongTerm {
        return Stamp::default();
    }
    if let Some(issue) = index.issued.get(asked).and_then(|places| issues.get(*places.last()?)) {
        return Stamp::of_issue(issue);
    }
    type Session<'a> = (Option<&'a String>, Option<Moment>);
    let mut sessions: BTreeMap<Session<'_>, (u64, Moment)> = BTreeMap::new();
    for event in index.used.get(asked).into_iter().flatten() {
        let session = (event.identity.principal_id.as_ref(), event.identity.session_created);
        let seen = sessions.entry(session).or_insert((0, event.at));
        seen.0 += event.times;
    }
    let most = sessions
        .into_iter()
        .max_by_key(|(_, (calls, first))| (*calls, std::cmp::Reverse(*first)));
    most.map_or_else(Stamp::default, |((principal, created), _)| Stamp {
        principal: principal.cloned(),
        issued: created.into_iter().collect(),
        since: None,
    })
}

impl<'a> Member<'a> {
    /// From when on what it asked for is the family's.
    fn born(&self) -> Option<Moment> {
        let issue = self.issue.filter(|issue| !issue.is_revival());
        self.stamp.since.or_else(|| issue.map(|issue| issue.event.at))
    }

    /// Takes it that this key, which was made active again, was the family's `since` then, or all along. Says whether that is news.
    fn is_since(&mut self, since: Option<Moment>, index: &Index<'a>) -> bool {
        let is_news = match (self.stamp.since, since) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(known), Some(since)) => since < known,
        };
        if is_news {
            self.stamp.since = since;
            self.own = index.own(&self.key, &self.stamp);
            self.mfa = index.mfa(&self.key, &self.stamp);
        }
        is_news
    }

    /// A call of its own.
    pub(super) fn own(&self) -> Option<&'a Event> {
        self.own
    }

    /// Whether it is a session that may have tags of its own: a role's, a federated user's, or one of which nothing is known.
    pub(super) fn may_be_tagged(&self) -> bool {
        let holder = self.issue.and_then(|issue| issue.holder.clone());
        let holder = holder.or_else(|| self.own.and_then(holder_of));
        let is_users = matches!(holder, Some(Holder::User { .. } | Holder::Root));
        self.key.kind() != KeyKind::LongTerm && !is_users
    }

    /// The member as it is told, before its uses are counted. `by` is the key of the member that minted it.
    fn credential(&self, label: String, by: Option<&AccessKeyId>) -> Credential {
        let issue = self.issue;
        let minted = issue.zip(by).map(|(issue, by)| issue.mint(by));
        let own_holder = self.own.and_then(holder_of);
        let holder = match issue.and_then(|issue| issue.holder.clone()) {
            // Keys that were made for somebody else tell their owner's unique ID by their own calls.
            Some(Holder::User { name, id }) if id.is_empty() => Some(match own_holder {
                Some(Holder::User { id, .. }) => Holder::User { name, id },
                _ => Holder::User { name, id },
            }),
            known => known.or(own_holder),
        };
        let created = self.own.and_then(|event| event.identity.session_created);
        let kind = self.kind(holder.as_ref());
        let issued = match kind {
            Kind::LongTerm => None,
            _ => issue.map(|issue| issue.event.at).or(created),
        };
        Credential {
            label,
            key: self.key.clone(),
            kind,
            account: issue
                .and_then(|issue| issue.account.clone())
                .or_else(|| self.own?.identity.account.clone()),
            holder,
            provenance: issue.filter(|_| minted.is_none()).map(Issue::provenance).or_else(|| {
                let event = self.forwarded?;
                let by = event.identity.invoked_by.as_deref()?;
                Some(format!(
                    "a forward-access session: {by} called with it for {}, nobody held it",
                    caller(event)
                ))
            }),
            minted,
            issued,
            since: self.stamp.since,
            mfa: self.mfa,
            source_identity: None,
            tags: Tags::new(),
            is_untold: false,
            expires: match kind {
                Kind::LongTerm => None,
                _ => issue
                    .and_then(|issue| issue.expires)
                    .or_else(|| created.map(|created| created.plus_seconds(LONGEST_SECONDS))),
            },
            uses: Vec::new(),
            expiry_is_logged: issue.is_some_and(|issue| issue.is_logged),
            source_ips: BTreeSet::new(),
            user_agents: BTreeSet::new(),
            forwarded: 0,
        }
    }

    fn kind(&self, holder: Option<&Holder>) -> Kind {
        match (self.issue, self.key.kind(), holder) {
            (_, KeyKind::LongTerm, _) => Kind::LongTerm,
            (Some(issue), ..) => issue.kind,
            (None, _, Some(Holder::Role { .. })) => Kind::RoleSession,
            (None, _, Some(Holder::FederatedUser { .. })) => Kind::FederationToken,
            _ => Kind::Unknown,
        }
    }
}
