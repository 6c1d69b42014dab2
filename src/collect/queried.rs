//! A trail through queries, where one machine is not enough: the recursion as a few of them, each over no more days than the keys in it can have
//! lived, and one more for who else carries the rights of the same users and roles. Athena answers them over a table of a trail's files, CloudTrail Lake
//! over an event data store.

mod athena;
mod columns;
mod dialect;
mod kin;
mod lake;
mod room;
mod round;
mod sql;
mod store;
mod table;
mod tally;

pub use athena::Athena;
pub use store::{Store, StoreError};
pub use table::{NameError, Partition, Table, checked};

use super::lookup::Found;
use super::s3::weigh;
use super::search::Search;
use crate::ids::AccessKeyId;
use crate::lineage::Related;
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::{CREDENTIAL, SIGN_IN, Window};
use lake::Lake;
use room::{KEY_LETTERS, parts, room, windows};
use round::Round;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tally::Tally;

/// Who answers queries.
#[derive(Debug)]
enum Engine {
    Athena(Athena),
    Lake(Lake),
}

impl Engine {
    fn name(&self) -> &'static str {
        match self {
            Engine::Athena(_) => "Athena",
            Engine::Lake(_) => "CloudTrail Lake",
        }
    }

    /// How many letters one query may have.
    /// <https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html>
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html>
    fn most(&self) -> usize {
        match self {
            Engine::Athena(_) => 262_144,
            Engine::Lake(_) => 10_000,
        }
    }

    async fn run(&mut self, sql: &str, tell: &dyn Fn(&str)) -> Result<Vec<Option<Value>>, AwsError> {
        match self {
            Engine::Athena(athena) => athena.run(sql, tell).await,
            Engine::Lake(lake) => lake.run(sql, tell).await,
        }
    }

    /// What is not told of a record.
    fn lacks(&self, table: &Table) -> Option<String> {
        let lacks = match self {
            Engine::Athena(_) => table.lacks(),
            // What has no column stands in the whole record alone.
            Engine::Lake(lake) if lake.is_partial => [CREDENTIAL, SIGN_IN].map(|column| column.source).join(", "),
            Engine::Lake(_) => String::new(),
        };
        Some(lacks).filter(|lacks| !lacks.is_empty())
    }

    fn tally(&self) -> Tally {
        match self {
            Engine::Athena(athena) => athena.tally,
            Engine::Lake(lake) => lake.tally,
        }
    }
}

/// A table, who is asked for it, and what was scanned so far.
#[derive(Debug)]
pub struct Queried {
    table: Table,
    engine: Engine,
    clients: Clients,
    /// What was weighed last: the family's first query and the one for its kin are over the same days.
    weighed: Option<(Window, String)>,
    /// Users and roles that were asked for already: who else uses them.
    kin: Related,
}

/// How many objects are counted before a query to tell what it will scan.
const MOST_WEIGHED: u64 = 100_000;

impl Queried {
    /// Prepares to ask `table` in Athena. Where its partitions were not given (`known`), Athena is asked for them; where it can't tell, the documented
    /// ones are taken.
    pub async fn athena(clients: &Clients, workgroup: &str, table: Table, known: bool, tell: &dyn Fn(&str)) -> Self {
        let athena = Athena::of(clients, workgroup, table.database());
        let mut table = table;
        if !known {
            match athena.describe(&mut table).await {
                Ok(()) => {}
                Err(error) => tell(&format!(
                    "how the table is parted is not known ({error}): it is taken to be parted by `timestamp`, as AWS documents it"
                )),
            }
        }
        if let Some(most) = athena.limit().await {
            tell(&format!(
                "the workgroup stops a query that scans more than {most} bytes"
            ));
        }
        Queried::of(clients, table, Engine::Athena(athena))
    }

    /// Prepares to ask an event data store of CloudTrail Lake. Nothing is asked yet.
    pub fn lake(clients: &Clients, store: &Store) -> Self {
        let lake = Lake::of(clients, store);
        Queried::of(clients, Table::of_store(store), Engine::Lake(lake))
    }

    fn of(clients: &Clients, table: Table, engine: Engine) -> Self {
        Queried {
            table,
            engine,
            clients: clients.clone(),
            weighed: None,
            kin: Related::default(),
        }
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
            for window in windows(window, self.engine.most()) {
                let room = room(&window, self.engine.most());
                for round in Round::of(&questions, &window).parts(room / KEY_LETTERS) {
                    let sql = sql::round(&self.table, &round.window, &round.called, &round.back);
                    let count = round.called.union(&round.back).count();
                    let what = format!("{count} keys");
                    self.ask(&sql, &round.window, &what, &mut search, &mut found, tell)
                        .await?;
                }
            }
        }
        found.asked = search.into_asked();
        Ok(found)
    }

    /// Says what is asked, asks it, and takes in the answer; gives how many rows that was.
    async fn ask(
        &mut self,
        sql: &str,
        window: &Window,
        what: &str,
        search: &mut Search,
        found: &mut Found,
        tell: &dyn Fn(&str),
    ) -> Result<usize, AwsError> {
        let weight = self.weight(window).await;
        let name = self.engine.name();
        tell(&format!("{name}: {what}, {}{weight}", self.before(window)));
        let records = self.engine.run(sql, tell).await?;
        for record in &records {
            match record {
                Some(record) => search.take(name, record, &mut found.evidence),
                None => found
                    .evidence
                    .damaged(name, None, "a row without the columns of a record"),
            }
        }
        Ok(records.len())
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
        let names = users.keys().map(String::as_str).collect();
        let mut search = Search::default();
        for window in windows(&window, self.engine.most()) {
            for names in parts(&names, room(&window, self.engine.most()) / 2) {
                let sql = sql::sign_ins(&self.table, &window, &names);
                let what = format!("sign-ins of {} users whom the family let in", names.len());
                self.ask(&sql, &window, &what, &mut search, &mut found, tell).await?;
            }
        }
        Ok(found)
    }

    /// Asks which sessions of these roles were given since the family opened them, by ARN and since when.
    ///
    /// # Errors
    /// The query failed.
    pub async fn comings(
        &mut self,
        roles: &BTreeMap<String, Moment>,
        window: &Window,
        tell: &dyn Fn(&str),
    ) -> Result<Found, AwsError> {
        let mut found = Found::default();
        let Some(first) = roles.values().min().copied() else {
            return Ok(found);
        };
        let mut window = window.clone();
        window.since = Some(window.since.map_or(first, |since| since.max(first)));
        let roles = roles.keys().map(String::as_str).collect();
        let mut search = Search::default();
        for window in windows(&window, self.engine.most()) {
            for some in parts(&roles, room(&window, self.engine.most()) / 2) {
                let sql = sql::comings(&self.table, &window, &some);
                let what = format!("sessions of {} roles that the family opened", some.len());
                self.ask(&sql, &window, &what, &mut search, &mut found, tell).await?;
            }
        }
        Ok(found)
    }

    /// Asks what was called in sessions that began with these sign-ins, whoever called; nothing where the table doesn't tell sign-ins.
    ///
    /// # Errors
    /// The query failed.
    pub async fn bearing(
        &mut self,
        sign_ins: &BTreeSet<String>,
        window: &Window,
        tell: &dyn Fn(&str),
    ) -> Result<Found, AwsError> {
        let mut found = Found::default();
        let mut search = Search::default();
        let sign_ins = sign_ins.iter().map(String::as_str).collect();
        for window in windows(window, self.engine.most()) {
            for some in parts(&sign_ins, room(&window, self.engine.most()) / 2) {
                let Some(sql) = sql::bearing(&self.table, &window, &some) else {
                    break;
                };
                let what = format!("sessions of {} sign-ins of the family", some.len());
                self.ask(&sql, &window, &what, &mut search, &mut found, tell).await?;
            }
        }
        Ok(found)
    }

    /// Asks what others did who carry the rights of the family's users and roles, and how they came by them: sessions that no mint is known of, and whom a
    /// revocation hits besides; and who switched to a role, who set a user's password, and what the records of a mint share. Each is asked for once.
    ///
    /// # Errors
    /// The query failed.
    pub async fn kin(&mut self, related: &Related, window: &Window, tell: &dyn Fn(&str)) -> Result<Found, AwsError> {
        let mut found = Found::default();
        let fresh = related.beyond(&self.kin);
        self.kin.add(&fresh);
        let names = kin::names(&fresh);
        let names = names.iter().map(String::as_str).collect();
        let mut search = Search::default();
        let mut asked: Vec<(Window, BTreeSet<&str>)> = Vec::new();
        for window in windows(window, self.engine.most()) {
            let some = parts(&names, room(&window, self.engine.most()) / 2);
            asked.extend(some.into_iter().map(|some| (window.clone(), some)));
        }
        for (window, some) in asked {
            let sql = kin::sql(&self.table, &window, &some);
            let what = format!("who else uses the same {} users and roles", kin::principals(&some));
            let rows = self.ask(&sql, &window, &what, &mut search, &mut found, tell).await?;
            if rows > sql::MOST_OF_OTHERS {
                found.gap(format!(
                    "more than {} calls of the family's users and roles are not the family's: only so many were fetched, and who else uses them is not \
                     fully known; a narrower --since and --until helps",
                    sql::MOST_OF_OTHERS
                ));
            }
        }
        Ok(found)
    }

    /// Whether anybody among them was not asked for yet.
    pub fn is_beyond(&self, related: &Related) -> bool {
        related.beyond(&self.kin) != Related::default()
    }

    /// Says what the rows are of, and what they cost.
    pub fn cover(&self, window: &Window, found: &mut Found) {
        let Tally { bytes, queries, rows } = self.engine.tally();
        let (name, kind) = (self.engine.name(), self.kind());
        found.evidence.note(format!(
            "{name}, {kind} {}, {}: rows about the family and about who uses the same users and roles; {queries} queries scanned {bytes} bytes",
            self.table.name(),
            self.before(window)
        ));
        found.evidence.lacks.extend(self.engine.lacks(&self.table));
        if rows == 0 {
            let check = match self.engine {
                Engine::Athena(_) => "the table, its partitions,",
                Engine::Lake(_) => "which events it takes, how long it keeps them,",
            };
            found.gap(format!(
                "the {kind} {} holds no call of these keys: check {check} --since and --until",
                self.table.name()
            ));
        }
    }

    fn kind(&self) -> &'static str {
        match self.engine {
            Engine::Athena(_) => "table",
            Engine::Lake(_) => "event data store",
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
        let is_store = self.table.is_store();
        let by_day = is_store || parted(Partition::Timestamp) || parted(Partition::YearMonthDay);
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
        if is_store {
            parts.push("CloudTrail doesn't tell before how many bytes that is".to_owned());
        }
        parts.join(", ")
    }
}

/// The whole search as one query, for engines that run elsewhere.
pub fn whole_query(table: &Table, window: &Window, keys: &[AccessKeyId]) -> String {
    sql::whole(table, window, keys)
}

#[cfg(test)]
mod tests;
