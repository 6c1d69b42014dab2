//! The table of a trail in Athena, and the statement that makes one.
//! <https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html>

use super::columns::{Columns, SCHEMA};
use super::store::Store;
use crate::collect::s3::Location;
use crate::trail::Window;
use std::collections::BTreeSet;

/// A part of a table's name that can't be put into a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a table, a database or a workgroup: letters, digits, `_` and `-` were expected")]
pub struct NameError(String);

/// A name that holds nothing but what names are made of.
///
/// # Errors
/// Anything else: it would be read as SQL.
pub fn checked(name: &str) -> Result<String, NameError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_name = (1..=255).contains(&name.len()) && name.chars().all(plain) && !name.contains("..");
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(NameError(name.to_owned()))
    }
}

/// By what the documented tables are parted. Others may be there; they are not used to leave anything out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// `timestamp`, a day as `2026/11/24`, by partition projection.
    Timestamp,
    /// `account`.
    Account,
    /// `region`.
    Region,
    /// `year`, `month` and `day`, as texts with leading zeros.
    YearMonthDay,
}

/// A table of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    database: Option<String>,
    table: String,
    /// By what it is parted.
    pub partitions: BTreeSet<Partition>,
    /// Where its files lie, where that is known.
    pub(super) location: Option<Location>,
    /// Its columns; taken for those of the documented table, where they are not known.
    pub(super) columns: Columns,
}

impl Table {
    /// A table `[DATABASE.]TABLE`, as it is documented: parted by `timestamp` alone.
    ///
    /// # Errors
    /// A name that is none.
    pub fn named(text: &str) -> Result<Table, NameError> {
        let (database, table) = match text.split_once('.') {
            Some((database, table)) => (Some(checked(database)?), checked(table)?),
            None => (None, checked(text)?),
        };
        if table.contains('.') {
            return Err(NameError(text.to_owned()));
        }
        Ok(Table {
            database,
            table,
            partitions: [Partition::Timestamp].into(),
            location: None,
            columns: Columns::default(),
        })
    }

    /// An event data store, which is parted by nothing: of all conditions only that on the time of the events lets it scan less.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake-queries.html>
    pub(super) fn of_store(store: &Store) -> Table {
        Table {
            database: None,
            table: store.id.clone(),
            partitions: BTreeSet::new(),
            location: None,
            columns: Columns::Store,
        }
    }

    /// The database; Athena's `default` where none was named.
    pub fn database(&self) -> &str {
        self.database.as_deref().unwrap_or("default")
    }

    /// The name of the table alone.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The name in a query.
    pub fn name(&self) -> String {
        match &self.database {
            None if self.is_store() => self.table.clone(),
            Some(database) => format!("\"{database}\".\"{}\"", self.table),
            None => format!("\"{}\"", self.table),
        }
    }

    /// The same table, made by the statement of [`Table::ddl`].
    #[must_use]
    pub fn of_statement(mut self) -> Table {
        self.parted_by(["account", "region", "timestamp"]);
        self.columns = Columns::Whole;
        self
    }

    /// Parts the table by these columns, of which the documented ones are used.
    pub fn parted_by<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let is = |wanted: &[&str]| wanted.iter().all(|name| names.contains(name));
        let all = [
            (Partition::Timestamp, is(&["timestamp"])),
            (Partition::Account, is(&["account"])),
            (Partition::Region, is(&["region"])),
            (Partition::YearMonthDay, is(&["year", "month", "day"])),
        ];
        self.partitions = all
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(one, _)| one)
            .collect();
    }

    /// The statement that makes the table over a trail at `location`, an organization's too, parted by account, Region and day by projection: no
    /// partition needs to be added, and a query reads only those that it names. Columns as AWS documents them, and three more fields of the caller
    /// that the lineage reads: <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>.
    pub fn ddl(&self, location: &Location, window: &Window) -> String {
        let folder = format!("s3://{}/{}", location.bucket, location.prefix.trim_end_matches('/'));
        let folder = folder.trim_end_matches('/').to_owned();
        let database = self
            .database
            .as_ref()
            .map(|name| format!("`{name}`."))
            .unwrap_or_default();
        // Without a list, the accounts are those that a query names.
        let accounts: Vec<&str> = window.accounts.iter().map(|one| one.as_str()).collect();
        let accounts = match accounts.as_slice() {
            [] => "  'projection.account.type'='injected',".to_owned(),
            some => format!(
                "  'projection.account.type'='enum',\n  'projection.account.values'='{}',",
                some.join(",")
            ),
        };
        let regions: Vec<&str> = match window.regions.is_empty() {
            true => crate::ids::REGIONS_BY_DEFAULT.to_vec(),
            false => window.regions.iter().map(String::as_str).collect(),
        };
        let first = window.since.map_or("2020/01/01".to_owned(), |since| {
            since.to_string().get(..10).unwrap_or_default().replace('-', "/")
        });
        format!(
            "CREATE EXTERNAL TABLE {database}`{}` (\n{SCHEMA}\n)\nPARTITIONED BY (`account` STRING, `region` STRING, `timestamp` STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION '{folder}/'
TBLPROPERTIES (
  'projection.enabled'='true',
{accounts}
  'projection.region.type'='enum',
  'projection.region.values'='{}',
  'projection.timestamp.type'='date',
  'projection.timestamp.format'='yyyy/MM/dd',
  'projection.timestamp.interval'='1',
  'projection.timestamp.interval.unit'='DAYS',
  'projection.timestamp.range'='{first},NOW',
  'storage.location.template'='{folder}/${{account}}/CloudTrail/${{region}}/${{timestamp}}'
)",
            self.table,
            regions.join(",")
        )
    }
}
