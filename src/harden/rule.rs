//! A detection as data: what a record must say, and what several records must say together. Every form that is written of it, and `--detect`,
//! read the same value, so they can't differ.

use super::denied::Denied;
use serde::Serialize;

/// Which rows of "Securing AWS Temporary Tokens" a measure belongs to: the kind of credential that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A permanent key.
    PermanentKey,
    /// A role session.
    RoleSession,
    /// A GetSessionToken or GetFederationToken session.
    SessionToken,
}

impl Row {
    /// The row in words.
    pub fn describe(self) -> &'static str {
        match self {
            Row::PermanentKey => "permanent key",
            Row::RoleSession => "role session",
            Row::SessionToken => "session token",
        }
    }
}

/// How much a match means, in Sigma's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Often innocent.
    Low,
    /// To be looked at.
    Medium,
    /// Seldom innocent.
    High,
}

impl Level {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
        }
    }
}

/// What a member of a record must be. All but [`Is::Absent`] want it to be there, as EventBridge's patterns do:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is<'r> {
    /// One of these texts.
    Any(&'r [&'r str]),
    /// Begins with one of these.
    Begins(&'r [&'r str]),
    /// Holds one of these.
    Holds(&'r [&'r str]),
    /// None of these, in which a star stands for any text.
    NotLike(&'r [&'r str]),
    /// It is there.
    There,
    /// It isn't there, or is null.
    Absent,
    /// The same text as that other member.
    SameAs(&'r str),
    /// Another text than that other member, which is there too.
    OtherThan(&'r str),
    /// A policy document that denies this.
    Denies(Denied),
    /// A policy document that denies neither everything nor everything to older sessions.
    DeniesNeither,
}

/// One thing that must hold of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test<'r> {
    /// The member, by its place: `userIdentity.accessKeyId`.
    pub field: &'r str,
    /// What it must be.
    pub is: Is<'r>,
}

/// What one record must say: all tests of one of these lists.
pub type Records<'r> = &'r [&'r [Test<'r>]];

/// Within which time several records count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// So many seconds from the first to the last.
    Seconds(i64),
    /// The same hour of the day, in UTC.
    SameHour,
    /// However long: what they have in common has an end of its own, such as a session's key.
    Life,
}

/// What a rule looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'r> {
    /// One record.
    One(Records<'r>),
    /// So many records that have these members in common.
    Count {
        /// Which records.
        of: Records<'r>,
        /// What they have in common.
        by: &'r [&'r str],
        /// How many at least.
        at_least: usize,
        /// Within so many seconds.
        seconds: i64,
    },
    /// Records that have these members in common, with several texts in another.
    Several {
        /// Which records.
        of: Records<'r>,
        /// What they have in common.
        by: &'r [&'r str],
        /// Of what there are several.
        field: &'r str,
        /// How many at least.
        at_least: usize,
        /// Within which time.
        within: Within,
    },
    /// A record, and a later one that is joined to it.
    Then {
        /// The earlier.
        first: Records<'r>,
        /// The later.
        then: Records<'r>,
        /// A member of the earlier, and the member of the later that has the same text.
        joined: &'r [(&'r str, &'r str)],
        /// What takes the earlier back.
        until: Option<Until<'r>>,
        /// A member of the later that tells a time, which lies before the earlier.
        began: Option<&'r str>,
        /// Within which time: seconds, or however long.
        within: Within,
    },
    /// Records of which each is made with what the one before gave, and the last of which leads back to where the first came from.
    Ring {
        /// Which records.
        of: Records<'r>,
        /// What a record gives, and the member of the next that has the same text.
        link: (&'r str, &'r str),
        /// Where a record comes from, and where it leads.
        step: (&'r str, &'r str),
        /// How many records at least: fewer are another rule's.
        at_least: usize,
        /// How many at most.
        at_most: usize,
        /// Within so many seconds of the one before.
        seconds: i64,
    },
}

/// What takes an earlier record back: from then on it counts no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until<'r> {
    /// Which records, with the same texts as the earlier in all members that it is joined by.
    pub of: Records<'r>,
    /// Members in which both have the same text, or which both lack.
    pub same: &'r [&'r str],
}

impl<'r> Shape<'r> {
    /// Every list of records that the shape names: of two the earlier first, and last what takes that back.
    pub fn records(&self) -> Vec<Records<'r>> {
        match self {
            Shape::One(of) | Shape::Count { of, .. } | Shape::Several { of, .. } | Shape::Ring { of, .. } => vec![of],
            Shape::Then { first, then, until, .. } => {
                let lists = [Some(*first), Some(*then), until.map(|until| until.of)];
                lists.into_iter().flatten().collect()
            }
        }
    }
}

/// One detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'r> {
    /// Its stable name.
    pub id: &'r str,
    /// What it finds, in a line.
    pub title: &'r str,
    /// Why that matters.
    pub why: &'r str,
    /// When it is innocent.
    pub innocent: &'r str,
    /// The row that it is of.
    pub row: Row,
    /// How much a match means.
    pub level: Level,
    /// MITRE ATT&CK, as Sigma tags it.
    pub attack: &'r str,
    /// The page that it rests on.
    pub source: &'r str,
    /// What it looks for.
    pub shape: Shape<'r>,
}
