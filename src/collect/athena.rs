//! A trail through Athena, where one machine is not enough: the recursion as a few queries, each over no more days than the keys in it can have
//! lived, and one more for who else carries the rights of the same users and roles.
//! <https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html>

mod columns;
mod query;
mod sql;
mod table;

pub use table::{NameError, Partition, Table, checked};

use super::lookup::Found;
use super::s3::weigh;
use super::search::{Question, Search};
use crate::account::Holder;
use crate::ids::{AccessKeyId, KeyKind};
use crate::lineage::Lineage;
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::{Window, record_of_row};
use query::Queries;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The longest that a temporary credential lives, and an hour for clocks and slow starts, in seconds: 36 hours.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
const LONGEST_SECONDS: i64 = 129_600 + 3_600;

/// A table, a workgroup to ask it through, and what was scanned so far.
#[derive(Debug)]
pub struct Athena {
    table: Table,
    queries: Queries,
    clients: Clients,
    /// What was weighed last: the family's first query and the one for its kin are over the same days.
    weighed: Option<(Window, String)>,
}

/// How many objects are counted before a query to tell what it will scan.
const MOST_WEIGHED: u64 = 100_000;

impl Athena {
    /// Prepares to ask `table`. Where its partitions were not given (`known`), Athena is asked for them; where it can't tell, the documented ones
    /// are taken.
    pub async fn open(clients: &Clients, workgroup: &str, table: Table, known: bool, tell: &dyn Fn(&str)) -> Self {
        let queries = Queries::of(clients, workgroup, table.database());
        let mut table = table;
        if !known {
            match queries.describe(&mut table).await {
                Ok(()) => {}
                Err(error) => tell(&format!(
                    "how the table is parted is not known ({error}): it is taken to be parted by `timestamp`, as AWS documents it"
                )),
            }
        }
        if let Some(most) = queries.limit().await {
            tell(&format!(
                "the workgroup stops a query that scans more than {most} bytes"
            ));
        }
        Athena {
            table,
            queries,
            clients: clients.clone(),
            weighed: None,
        }
    }

    /// Whether the table is known and the workgroup takes queries, without making one.
    ///
    /// # Errors
    /// The first of them that isn't so.
    pub async fn reachable(clients: &Clients, workgroup: &str, mut table: Table) -> Result<(), AwsError> {
        let queries = Queries::of(clients, workgroup, table.database());
        queries.describe(&mut table).await?;
        queries.is_open().await
    }

    /// Bytes that were scanned, in how many queries.
    pub fn scanned(&self) -> (u64, u32) {
        self.queries.scanned()
    }

    /// Asks for everything that bears on the family of `keys` within `window`, until nothing is new.
    ///
    /// # Errors
    /// A query failed: without it the family would be incomplete.
    pub async fn family(
        &mut self,
        keys: &[AccessKeyId],
        window: &Window,
        tell: &dyn Fn(&str),
    ) -> Result<Found, AwsError> {
        let mut found = Found::default();
        let mut search = Search::default();
        keys.iter().for_each(|key| search.add(key, true, None));
        while let Some(questions) = search.next() {
            let round = Round::of(&questions, window);
            let sql = sql::round(&self.table, &round.window, &round.called, &round.back);
            let count = round.called.union(&round.back).count();
            let weight = self.weight(&round.window).await;
            tell(&format!("Athena: {count} keys, {}{weight}", self.before(&round.window)));
            for row in self.queries.run(&sql, tell).await? {
                take(&row, &mut search, &mut found);
            }
        }
        found.asked = search.into_asked();
        Ok(found)
    }

    /// Asks how those signed in whom the family let in, by user and since when, and what they did with the keys that they got then.
    ///
    /// # Errors
    /// The query failed.
    pub async fn sign_ins(
        &mut self,
        users: &BTreeMap<String, Moment>,
        window: &Window,
        tell: &dyn Fn(&str),
    ) -> Result<Found, AwsError> {
        let mut found = Found::default();
        let Some(first) = users.values().min().copied() else {
            return Ok(found);
        };
        let mut window = window.clone();
        window.since = Some(window.since.map_or(first, |since| since.max(first)));
        let names: BTreeSet<&str> = users.keys().map(String::as_str).collect();
        let weight = self.weight(&window).await;
        tell(&format!(
            "Athena: sign-ins of {} users whom the family let in, {}{weight}",
            names.len(),
            self.before(&window)
        ));
        let mut search = Search::default();
        for row in self
            .queries
            .run(&sql::sign_ins(&self.table, &window, &names), tell)
            .await?
        {
            take(&row, &mut search, &mut found);
        }
        Ok(found)
    }

    /// Asks what others did who carry the rights of the family's users and roles, and how they came by them: sessions that no mint is known of,
    /// and whom a revocation hits besides.
    ///
    /// # Errors
    /// The query failed.
    pub async fn kin(&mut self, lineage: &Lineage, window: &Window, tell: &dyn Fn(&str)) -> Result<Found, AwsError> {
        let mut found = Found::default();
        let principals = principals(lineage);
        if principals.is_empty() {
            return Ok(found);
        }
        let weight = self.weight(window).await;
        tell(&format!(
            "Athena: who else uses the same {} users and roles, {}{weight}",
            principals.len(),
            self.before(window)
        ));
        let rows = self
            .queries
            .run(&sql::kin(&self.table, window, &principals), tell)
            .await?;
        if rows.len() > sql::MOST_OF_OTHERS {
            found.gap(format!(
                "more than {} calls of the family's users and roles are not the family's: only so many were fetched, and who else uses them is not \
                 fully known; a narrower --since and --until helps",
                sql::MOST_OF_OTHERS
            ));
        }
        let mut search = Search::default();
        rows.iter().for_each(|row| take(row, &mut search, &mut found));
        Ok(found)
    }

    /// Says what the rows are of, and what they cost.
    pub fn cover(&self, window: &Window, found: &mut Found) {
        let (bytes, queries) = self.scanned();
        found.evidence.note(format!(
            "Athena, table {}, {}: rows about the family and about who uses the same users and roles; {queries} queries scanned {bytes} bytes",
            self.table.name(),
            self.before(window)
        ));
        if self.queries.rows() == 0 {
            found.gap(format!(
                "the table {} holds no call of these keys: check the table, its partitions, --since and --until",
                self.table.name()
            ));
        }
    }

    /// How many bytes a query over `window` will scan at most, by the listing of the table's files; nothing where they can't be listed.
    async fn weight(&mut self, window: &Window) -> String {
        let Some(location) = &self.table.location else {
            return String::new();
        };
        if let Some((_, text)) = self.weighed.as_ref().filter(|(known, _)| known == window) {
            return text.clone();
        }
        let text = match weigh(&self.clients, location, window, MOST_WEIGHED).await {
            Err(_) => String::new(),
            Ok(weight) => {
                let more = if weight.or_more { "more than" } else { "about" };
                format!(": {more} {} bytes in {} files", weight.bytes, weight.objects)
            }
        };
        self.weighed = Some((window.clone(), text.clone()));
        text
    }

    /// What a query over `window` will read, as far as it can be said before.
    fn before(&self, window: &Window) -> String {
        let day = |at: Moment| at.to_string().get(..10).unwrap_or_default().to_owned();
        let parted = |partition: Partition| self.table.partitions.contains(&partition);
        let mut parts = Vec::new();
        let by_day = parted(Partition::Timestamp) || parted(Partition::YearMonthDay);
        parts.push(match (window.since, window.until) {
            _ if !by_day => "all days, for the table is not parted by day".to_owned(),
            (None, None) => "all days; --since and --until make it less".to_owned(),
            (Some(since), None) => format!("days from {} on", day(since)),
            (None, Some(until)) => format!("days up to {}", day(until)),
            (Some(since), Some(until)) => format!("days from {} to {}", day(since), day(until)),
        });
        if parted(Partition::Region) && !window.regions.is_empty() {
            parts.push(format!("{} Regions", window.regions.len()));
        }
        if parted(Partition::Account) && !window.accounts.is_empty() {
            parts.push(format!("{} accounts", window.accounts.len()));
        }
        parts.join(", ")
    }
}

/// The whole search as one query, for engines that run elsewhere.
pub fn whole_query(table: &Table, window: &Window, keys: &[AccessKeyId]) -> String {
    sql::whole(table, window, keys)
}

fn take(row: &Value, search: &mut Search, found: &mut Found) {
    match record_of_row(row) {
        Some(record) => search.take("Athena", &record, &mut found.evidence),
        None => found
            .evidence
            .damaged("Athena", None, "a row without the columns of a record"),
    }
}

/// The users and roles whose rights the family carries, by unique ID.
fn principals(lineage: &Lineage) -> BTreeSet<String> {
    let ids = lineage
        .credentials
        .iter()
        .filter_map(|member| match member.holder.as_ref()? {
            Holder::User { id, .. } | Holder::Role { id, .. } => Some(id.clone()),
            Holder::FederatedUser { user_id, .. } => Some(user_id.clone()),
            Holder::Root => None,
        });
    let plain = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    ids.filter(plain).collect()
}

/// The keys of one query, and the days that they can have been used in.
struct Round {
    called: BTreeSet<AccessKeyId>,
    back: BTreeSet<AccessKeyId>,
    window: Window,
}

impl Round {
    fn of(questions: &[Question], window: &Window) -> Self {
        let mut round = Round {
            called: BTreeSet::new(),
            back: BTreeSet::new(),
            window: window.clone(),
        };
        // A session is used from its mint on and no longer than it lives; of anything else the whole window must be read.
        let mut span: Option<(Moment, Moment)> = None;
        let mut bounded = true;
        for question in questions {
            match question {
                Question::CallsOf(key, Some(minted)) if key.kind() == KeyKind::Temporary => {
                    let (first, last) = span.unwrap_or((*minted, *minted));
                    span = Some((first.min(*minted), last.max(*minted)));
                    round.called.insert(key.clone());
                }
                // Names are asked about in a query of their own.
                Question::CallsAs(..) => {}
                Question::CallsOf(key, _) => {
                    bounded = false;
                    round.called.insert(key.clone());
                }
                Question::MintOf(key) => {
                    bounded = false;
                    round.back.insert(key.clone());
                }
            }
        }
        if let Some((first, last)) = span.filter(|_| bounded) {
            let first = first.plus_seconds(-300);
            let last = last.plus_seconds(LONGEST_SECONDS);
            round.window.since = Some(window.since.map_or(first, |since| since.max(first)));
            round.window.until = Some(window.until.map_or(last, |until| until.min(last)));
        }
        round
    }
}

#[cfg(test)]
mod tests;
