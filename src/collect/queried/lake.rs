//! One query of CloudTrail Lake at a time: started, waited for, fetched.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html>

use super::dialect::WHOLE;
use super::store::Store;
use super::tally::Tally;
use crate::mount::{AwsError, Clients, Trouble};
use crate::trail::record_of_row;
use aws_sdk_cloudtrail::types::QueryStatus;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::time::Duration;

/// Between two looks at a query that runs: the first soon, since many are short.
const LOOKS_MILLIS: [u64; 5] = [100, 300, 1000, 2000, 4000];

/// Ten queries run at once for an account at most; AWS says to wait a minute. So long is waited for a place, in seconds, one time after another.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html>
const WAITS_SECONDS: [u64; 9] = [1, 2, 5, 10, 20, 30, 60, 60, 60];

/// Queries of one event data store, with what they scanned.
#[derive(Debug)]
pub(super) struct Lake {
    clients: Clients,
    client: aws_sdk_cloudtrail::Client,
    store: String,
    owner: Option<String>,
    pub(super) tally: Tally,
    /// Whether rows came without the whole record.
    pub(super) is_partial: bool,
}

impl Lake {
    pub(super) fn of(clients: &Clients, store: &Store) -> Self {
        Lake {
            clients: clients.clone(),
            client: clients.cloudtrail_lake(store.region.as_deref()),
            store: store.id.clone(),
            owner: store.owner.as_ref().map(|owner| owner.as_str().to_owned()),
            tally: Tally::default(),
            is_partial: false,
        }
    }

    /// Runs a query; gives its records, and nothing for a row that is none.
    pub(super) async fn run(&mut self, sql: &str, tell: &dyn Fn(&str)) -> Result<Vec<Option<Value>>, AwsError> {
        let id = self.start(sql, tell).await?;
        let bytes = self.wait(&id).await?;
        let rows = self.fetch(&id).await?;
        self.tally.add(bytes, rows.len());
        self.is_partial |= rows.iter().any(|row| row.get(WHOLE).is_none_or(Value::is_null));
        tell(&format!(
            "CloudTrail Lake: {} rows, {bytes} bytes scanned ({} in all)",
            rows.len(),
            self.tally.bytes
        ));
        Ok(rows.iter().map(record).collect())
    }

    /// Starts a query, as soon as there is a place for it.
    async fn start(&self, sql: &str, tell: &dyn Fn(&str)) -> Result<String, AwsError> {
        let mut waits = WAITS_SECONDS.iter();
        loop {
            let started = self
                .client
                .start_query()
                .query_statement(sql)
                .set_event_data_store_owner_account_id(self.owner.clone())
                .send()
                .await;
            let error = match started.map_err(|error| AwsError::of("cloudtrail:StartQuery", error)) {
                Ok(started) => return Ok(started.query_id().unwrap_or_default().to_owned()),
                Err(error) => error,
            };
            let is_full = error.code.as_deref() == Some("MaxConcurrentQueriesException");
            let Some(seconds) = waits.next().filter(|_| is_full) else {
                return Err(self.explained(error));
            };
            tell(&format!(
                "CloudTrail Lake: as many queries run already as may at once; trying again in {seconds} s"
            ));
            self.clients.pause(Duration::from_secs(*seconds)).await;
        }
    }

    /// The same refusal with what a person needs to know about the store.
    fn explained(&self, mut error: AwsError) -> AwsError {
        let (trouble, what) = match error.code.as_deref() {
            Some("EventDataStoreNotFoundException" | "EventDataStoreARNInvalidException") => (
                Trouble::NoSuchEntity,
                "is not there; its ARN says in which Region and account to look, --region does so for an ID",
            ),
            Some("InactiveEventDataStoreException") => (
                Trouble::Refused,
                "is not active: it is being made or deleted, and answers no query",
            ),
            Some("MaxConcurrentQueriesException") => (
                Trouble::Throttled,
                "was not asked: other queries of the account took every place all the time",
            ),
            _ => return error,
        };
        error.trouble = trouble;
        error.message = format!("event data store {} {what}: {}", self.store, error.message);
        error
    }

    /// Waits for a query to end; gives how many bytes it scanned.
    async fn wait(&self, id: &str) -> Result<u64, AwsError> {
        let mut looks = LOOKS_MILLIS.iter().copied();
        let mut millis = 0;
        loop {
            millis = looks.next().unwrap_or(millis);
            self.clients.pause(Duration::from_millis(millis)).await;
            let found = self
                .client
                .describe_query()
                .query_id(id)
                .set_event_data_store_owner_account_id(self.owner.clone())
                .send()
                .await;
            let found = found.map_err(|error| AwsError::of("cloudtrail:DescribeQuery", error))?;
            match found.query_status() {
                Some(QueryStatus::Queued | QueryStatus::Running) => {}
                Some(QueryStatus::Finished) => {
                    let bytes = found.query_statistics().and_then(|told| told.bytes_scanned());
                    return Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default());
                }
                Some(status) => return Err(ended(status, found.error_message())),
                None => return Err(ended_as("without a status", found.error_message())),
            }
        }
    }

    async fn fetch(&self, id: &str) -> Result<Vec<Value>, AwsError> {
        let mut pages = self
            .client
            .get_query_results()
            .query_id(id)
            .set_event_data_store_owner_account_id(self.owner.clone())
            .max_query_results(1_000)
            .into_paginator()
            .send();
        let (mut rows, mut promised) = (Vec::new(), 0);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("cloudtrail:GetQueryResults", error))?;
            let told = page.query_statistics().and_then(|told| told.total_results_count());
            promised = promised.max(told.and_then(|count| usize::try_from(count).ok()).unwrap_or(0));
            rows.extend(page.query_result_rows().iter().map(|cells| row(cells)));
        }
        if rows.len() < promised {
            let how = format!("with {} of its {promised} rows", rows.len());
            return Err(ended_as(&how, None));
        }
        Ok(rows)
    }
}

/// A query that ended otherwise than it should. One that ran for an hour ends so; of what it had found by then nothing is taken, for the rest is missing.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-results.html>
fn ended(status: &QueryStatus, why: Option<&str>) -> AwsError {
    match status {
        QueryStatus::TimedOut => ended_as("as TIMED_OUT, and a narrower --since and --until helps", why),
        other => ended_as(&format!("as {}", other.as_str()), why),
    }
}

fn ended_as(how: &str, why: Option<&str>) -> AwsError {
    AwsError {
        operation: "cloudtrail:StartQuery".to_owned(),
        trouble: Trouble::Refused,
        code: None,
        message: format!("the query ended {how}: {}", why.unwrap_or("no reason is given")),
    }
}

/// A row as an object of texts by column; an empty one is a cell without a value.
fn row(cells: &[HashMap<String, String>]) -> Value {
    let cells = cells.iter().flatten();
    let each = cells.map(|(name, text)| {
        let value = match text.as_str() {
            "" => Value::Null,
            text => Value::from(text),
        };
        (name.to_ascii_lowercase(), value)
    });
    Value::Object(each.collect())
}

/// The record that a row is of: whole where the store has it so, else from its columns.
fn record(row: &Value) -> Option<Value> {
    let whole = row.get(WHOLE).and_then(Value::as_str);
    let whole = whole
        .and_then(|text| serde_json::from_str(text).ok())
        .filter(Value::is_object);
    whole.or_else(|| {
        let mut row = row.clone();
        for name in ["requestparameters", "responseelements"] {
            if let Some(cell) = row.get_mut(name) {
                *cell = opened(cell);
            }
        }
        record_of_row(&row)
    })
}

/// A map of texts with what is inside of them. A policy is a text in the record too.
fn opened(cell: &Value) -> Value {
    let members = cell
        .as_str()
        .and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let Some(members) = members else { return Value::Null };
    let open = |name: &str, value: Value| {
        let is_policy = name.ends_with("olicy") || name.ends_with("ocument");
        let inside = value.as_str().filter(|text| !is_policy && text.starts_with(['{', '[']));
        inside.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(value)
    };
    let each = members.into_iter().map(|(name, value)| {
        let value = open(&name, value);
        (name, value)
    });
    Value::Object(each.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::lineage::mint_of;
    use crate::trail::Event;
    use serde_json::json;

    fn cells(given: &[(&str, &str)]) -> Vec<HashMap<String, String>> {
        let cell = |(name, text): &(&str, &str)| HashMap::from([((*name).to_owned(), (*text).to_owned())]);
        given.iter().map(cell).collect()
    }

    /// A store that has no whole records gives them by their columns: timestamps, and JSON in a map of texts.
    #[test]
    fn a_row_without_the_whole_record_is_read_by_its_columns() {
        let given = cells(&[
            ("eventID", "e1"),
            ("eventtime", "2026-03-24 09:04:00.000"),
            ("eventsource", "sts.amazonaws.com"),
            ("eventname", "AssumeRole"),
            ("errorcode", ""),
            ("identity_type", "IAMUser"),
            ("identity_accesskeyid", "AKIAQAAAAAAAAAAAAAAA"),
            ("session_creationdate", "2026-03-24 08:00:00.000"),
            ("readonly", "true"),
            (
                "requestparameters",
                r#"{"roleArn":"arn:aws:iam::123456789012:role/R","policy":"{\"Statement\":[]}","tags":"[{\"key\":\"a\",\"value\":\"b\"}]"}"#,
            ),
            (
                "responseelements",
                r#"{"credentials":"{\"accessKeyId\":\"ASIAQAAAAAAAAAAAAAAA\",\"sessionToken\":\"\"}"}"#,
            ),
            ("eventjson", ""),
        ]);
        let event = Event::parse(&record(&row(&given)).unwrap()).unwrap();
        assert_eq!(event.at, "2026-03-24T09:04:00Z".parse().unwrap());
        assert_eq!(event.identity.session_created, "2026-03-24T08:00:00Z".parse().ok());
        assert_eq!(event.error, None);
        let minted = mint_of(&event).unwrap();
        assert_eq!(minted.key.as_str(), "ASIAQAAAAAAAAAAAAAAA");
        assert_eq!(minted.mint.tags.get("a").map(String::as_str), Some("b"));
        assert!(minted.mint.policy.is_some());
        // What a store has whole is believed before its columns.
        let whole = json!({"eventID": "e1", "eventName": "other"}).to_string();
        let given = cells(&[("eventid", "e1"), ("eventjson", &whole)]);
        assert_eq!(record(&row(&given)).unwrap()["eventName"], "other");
        assert_eq!(record(&row(&cells(&[("eventid", "e1")]))), None);
    }
}
