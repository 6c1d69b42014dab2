//! A detection as data: what a record must say, and what several records must say together. Every form that is written of it, and `--detect`,
//! read the same value, so they can't differ.

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
pub enum Is {
    /// One of these texts.
    Any(&'static [&'static str]),
    /// Begins with one of these.
    Begins(&'static [&'static str]),
    /// Holds one of these.
    Holds(&'static [&'static str]),
    /// None of these texts.
    NotAny(&'static [&'static str]),
    /// Begins with none of these.
    NotBegins(&'static [&'static str]),
    /// Ends with none of these.
    NotEnds(&'static [&'static str]),
    /// Holds none of these.
    NotHolds(&'static [&'static str]),
    /// It is there.
    There,
    /// It isn't there, or is null.
    Absent,
    /// The same text as that other member.
    SameAs(&'static str),
    /// Another text than that other member, which is there too.
    OtherThan(&'static str),
}

/// One thing that must hold of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test {
    /// The member, by its place: `userIdentity.accessKeyId`.
    pub field: &'static str,
    /// What it must be.
    pub is: Is,
}

/// What one record must say: all tests of one of these lists.
pub type Records = &'static [&'static [Test]];

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
pub enum Shape {
    /// One record.
    One(Records),
    /// So many records that have these members in common.
    Count {
        /// Which records.
        of: Records,
        /// What they have in common.
        by: &'static [&'static str],
        /// How many at least.
        at_least: usize,
        /// Within so many seconds.
        seconds: i64,
    },
    /// Records that have these members in common, with two or more texts in another.
    Several {
        /// Which records.
        of: Records,
        /// What they have in common.
        by: &'static [&'static str],
        /// Of what there are several.
        field: &'static str,
        /// Within which time.
        within: Within,
    },
    /// A record, and a later one that is joined to it.
    Then {
        /// The earlier.
        first: Records,
        /// The later.
        then: Records,
        /// A member of the earlier, and the member of the later that has the same text.
        joined: &'static [(&'static str, &'static str)],
        /// Within so many seconds.
        seconds: i64,
    },
}

impl Shape {
    /// Every list of records that the shape names.
    pub fn records(&self) -> Vec<Records> {
        match self {
            Shape::One(of) | Shape::Count { of, .. } | Shape::Several { of, .. } => vec![of],
            Shape::Then { first, then, .. } => vec![first, then],
        }
    }
}

/// One detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub id: &'static str,
    /// What it finds, in a line.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// When it is innocent.
    pub innocent: &'static str,
    /// The row that it is of.
    pub row: Row,
    /// How much a match means.
    pub level: Level,
    /// MITRE ATT&CK, as Sigma tags it.
    pub attack: &'static str,
    /// The page that it rests on.
    pub source: &'static str,
    /// What it looks for.
    pub shape: Shape,
}
