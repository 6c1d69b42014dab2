//! One query of Athena at a time: started, waited for, fetched.
//! <https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html>

use super::columns::Columns;
use super::table::Table;
use super::tally::Tally;
use crate::mount::{AwsError, Clients, Trouble};
use crate::trail::record_of_row;
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState, Row};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two looks at a query that runs: the first soon, since many are short.
const LOOKS_MILLIS: [u64; 5] = [100, 300, 500, 1000, 2000];

/// The one catalogue that tables of trails are in.
const CATALOGUE: &str = "AwsDataCatalog";

/// Queries through one workgroup, with what they scanned.
#[derive(Debug)]
pub struct Athena {
    clients: Clients,
    client: aws_sdk_athena::Client,
    workgroup: String,
    database: String,
    pub(super) tally: Tally,
}

impl Athena {
    /// Whether the table is known and the workgroup takes queries, without making one.
    ///
    /// # Errors
    /// The first of them that isn't so.
    pub async fn reachable(clients: &Clients, workgroup: &str, mut table: Table) -> Result<(), AwsError> {
        let athena = Athena::of(clients, workgroup, table.database());
        athena.describe(&mut table).await?;
        athena.is_open().await
    }

    pub(super) fn of(clients: &Clients, workgroup: &str, database: &str) -> Self {
        Athena {
            clients: clients.clone(),
            client: clients.athena(),
            workgroup: workgroup.to_owned(),
            database: database.to_owned(),
            tally: Tally::default(),
        }
    }

    /// Looks up how the table is parted and which columns it has.
    pub(super) async fn describe(&self, table: &mut Table) -> Result<(), AwsError> {
        let found = self
            .client
            .get_table_metadata()
            .catalog_name(CATALOGUE)
            .database_name(&self.database)
            .table_name(table.table())
            .work_group(&self.workgroup)
            .send()
            .await;
        let found = found.map_err(|error| AwsError::of("athena:GetTableMetadata", error))?;
        let Some(known) = found.table_metadata() else {
            return Ok(());
        };
        let location = known.parameters().and_then(|all| all.get("location"));
        table.location = location.and_then(|text| text.parse().ok());
        // A day that is written in another way than the documented one can't be compared with ours: it leaves nothing out then.
        let format = known
            .parameters()
            .and_then(|all| all.get("projection.timestamp.format"));
        let is_documented = format.is_none_or(|format| format == "yyyy/MM/dd");
        let parts = known.partition_keys().iter().map(|column| column.name());
        table.parted_by(parts.filter(|name| *name != "timestamp" || is_documented));
        let columns: BTreeMap<String, String> = known
            .columns()
            .iter()
            .map(|column| {
                let kind = column.r#type().unwrap_or_default();
                (column.name().to_ascii_lowercase(), kind.to_owned())
            })
            .collect();
        if !columns.is_empty() {
            table.columns = Columns::Told(columns);
        }
        Ok(())
    }

    /// Whether the workgroup is there and takes queries.
    async fn is_open(&self) -> Result<(), AwsError> {
        let found = self.client.get_work_group().work_group(&self.workgroup).send().await;
        let found = found.map_err(|error| AwsError::of("athena:GetWorkGroup", error))?;
        let refused = |trouble, message| {
            Err(AwsError {
                operation: "athena:GetWorkGroup".to_owned(),
                trouble,
                code: None,
                message,
            })
        };
        match found.work_group().map(|group| group.state()) {
            None => refused(Trouble::Rubbish, "the answer has no workgroup".to_owned()),
            Some(Some(aws_sdk_athena::types::WorkGroupState::Disabled)) => {
                refused(Trouble::Refused, format!("workgroup `{}` is disabled", self.workgroup))
            }
            Some(_) => Ok(()),
        }
    }

    /// At how many bytes the workgroup stops a query, if it does.
    pub(super) async fn limit(&self) -> Option<i64> {
        let found = self
            .client
            .get_work_group()
            .work_group(&self.workgroup)
            .send()
            .await
            .ok()?;
        found.work_group()?.configuration()?.bytes_scanned_cutoff_per_query()
    }

    /// Runs a query; gives its records, and nothing for a row that is none.
    pub(super) async fn run(&mut self, sql: &str, tell: &dyn Fn(&str)) -> Result<Vec<Option<Value>>, AwsError> {
        let context = QueryExecutionContext::builder()
            .catalog(CATALOGUE)
            .database(&self.database);
        let started = self
            .client
            .start_query_execution()
            .query_string(sql)
            .work_group(&self.workgroup)
            .query_execution_context(context.build())
            .send()
            .await;
        let started = started.map_err(|error| AwsError::of("athena:StartQueryExecution", error))?;
        let id = started.query_execution_id().unwrap_or_default().to_owned();
        let bytes = self.wait(&id).await?;
        let rows = self.fetch(&id).await?;
        self.tally.add(bytes, rows.len());
        tell(&format!(
            "Athena: {} rows, {bytes} bytes scanned ({} in all)",
            rows.len(),
            self.tally.bytes
        ));
        Ok(rows.iter().map(record_of_row).collect())
    }

    /// Waits for a query to end; gives how many bytes it scanned.
    async fn wait(&self, id: &str) -> Result<u64, AwsError> {
        let mut looks = LOOKS_MILLIS.iter().copied();
        let mut millis = 0;
        loop {
            millis = looks.next().unwrap_or(millis);
            self.clients.pause(Duration::from_millis(millis)).await;
            let found = self.client.get_query_execution().query_execution_id(id).send().await;
            let found = found.map_err(|error| AwsError::of("athena:GetQueryExecution", error))?;
            let execution = found.query_execution();
            let status = execution.and_then(|execution| execution.status());
            match status.and_then(|status| status.state()) {
                Some(QueryExecutionState::Succeeded) => {
                    let bytes = execution.and_then(|execution| execution.statistics()?.data_scanned_in_bytes());
                    return Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default());
                }
                Some(state @ (QueryExecutionState::Failed | QueryExecutionState::Cancelled)) => {
                    let why = status
                        .and_then(|status| status.state_change_reason())
                        .unwrap_or("no reason is given");
                    return Err(AwsError {
                        operation: "athena:StartQueryExecution".to_owned(),
                        trouble: Trouble::Refused,
                        code: None,
                        message: format!("the query ended as {}: {why}", state.as_str()),
                    });
                }
                _ => {}
            }
        }
    }

    async fn fetch(&self, id: &str) -> Result<Vec<Value>, AwsError> {
        let mut pages = self
            .client
            .get_query_results()
            .query_execution_id(id)
            .into_paginator()
            .send();
        let mut names: Vec<String> = Vec::new();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("athena:GetQueryResults", error))?;
            let Some(set) = page.result_set() else { continue };
            if names.is_empty()
                && let Some(known) = set.result_set_metadata()
            {
                names = known
                    .column_info()
                    .iter()
                    .map(|column| column.name().to_owned())
                    .collect();
            }
            // The first row of all repeats the names.
            let fresh = set.rows().iter().filter(|row| !is_header(row, &names));
            rows.extend(fresh.map(|row| object(row, &names)));
        }
        Ok(rows)
    }
}

fn cells(row: &Row) -> impl Iterator<Item = Option<&str>> {
    row.data().iter().map(|cell| cell.var_char_value())
}

fn is_header(row: &Row, names: &[String]) -> bool {
    !names.is_empty() && cells(row).eq(names.iter().map(|name| Some(name.as_str())))
}

fn object(row: &Row, names: &[String]) -> Value {
    let cells = cells(row).map(|cell| cell.map_or(Value::Null, Value::from));
    let members: Map<String, Value> = names.iter().cloned().zip(cells).collect();
    Value::Object(members)
}
