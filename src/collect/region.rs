//! LookupEvents in one Region: page by page, never faster than CloudTrail allows, and on from where it was when throttled.

use super::search::Question;
use crate::mount::{AwsError, Clients, Pace, Trouble};
use crate::time::Moment;
use crate::trail::Window;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use serde_json::Value;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Two requests a second for each account and Region, whoever makes them.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const BETWEEN: Duration = Duration::from_millis(500);

/// How often one page is asked for before the Region is given up.
const ATTEMPTS: u32 = 8;

/// Asks in one Region.
#[derive(Debug)]
pub(super) struct Asker {
    region: String,
    client: aws_sdk_cloudtrail::Client,
    clients: Clients,
    pace: Pace,
    window: (Option<DateTime>, Option<DateTime>),
}

impl Asker {
    /// Asks in `region` about what lies within `window`.
    pub(super) fn new(clients: &Clients, region: &str, window: &Window) -> Self {
        let date = |at: Moment| DateTime::from_secs(at.seconds());
        Asker {
            region: region.to_owned(),
            client: clients.cloudtrail_in(region),
            clients: clients.clone(),
            pace: clients.pace(BETWEEN),
            window: (window.since.map(date), window.until.map(date)),
        }
    }

    /// The Region.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Asks each question to the end. What was read before a failure stays in `records`.
    pub(super) async fn ask(&mut self, questions: &[Question], records: &mut Vec<Value>) -> Result<(), AwsError> {
        for question in questions {
            let wanted = self.wanted(question);
            self.ask_for(&wanted, records).await?;
        }
        Ok(())
    }

    /// Asks for every call of this name, whoever made it.
    pub(super) async fn ask_calls(&mut self, name: &str, records: &mut Vec<Value>) -> Result<(), AwsError> {
        let wanted = Wanted(LookupAttributeKey::EventName, name.to_owned(), self.window.0);
        self.ask_for(&wanted, records).await
    }

    async fn ask_for(&mut self, wanted: &Wanted, records: &mut Vec<Value>) -> Result<(), AwsError> {
        let mut token = None;
        loop {
            token = match self.page(wanted, token.as_deref(), records).await {
                Ok(next) => next,
                // A token lives for a while only: the question is asked anew, and copies count once.
                Err(error) if token.is_some() && error.code.as_deref() == Some("InvalidNextTokenException") => {
                    self.page(wanted, None, records).await?
                }
                Err(error) => return Err(error),
            };
            if token.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(
        &mut self,
        wanted: &Wanted,
        token: Option<&str>,
        records: &mut Vec<Value>,
    ) -> Result<Option<String>, AwsError> {
        let mut attempt = 1;
        loop {
            self.pace.turn().await;
            match self.request(wanted, token, records).await {
                Ok(next) => return Ok(next),
                Err(error) if attempt < ATTEMPTS && error.trouble.passes() => {
                    self.clients.pause(back_off(attempt)).await;
                    attempt += 1;
                }
                // Others may be there by now, or another Region has found them already: once more.
                Err(error) if attempt == 1 && error.trouble == Trouble::Credentials => {
                    let _ = self.clients.renew(None).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn wanted(&self, question: &Question) -> Wanted {
        let start = self.window.0;
        let behind = |since: Moment| {
            let since = DateTime::from_secs(since.seconds());
            Some(start.map_or(since, |start| if start.secs() > since.secs() { start } else { since }))
        };
        match question {
            Question::CallsOf(key, _) => Wanted(LookupAttributeKey::AccessKeyId, key.to_string(), start),
            // CloudTrail indexes an issued key as a resource of the mint.
            Question::MintOf(key) => Wanted(LookupAttributeKey::ResourceName, key.to_string(), start),
            Question::CallsAs(name, since) => Wanted(LookupAttributeKey::Username, name.clone(), behind(*since)),
            Question::CallsOn(resource, since) => {
                let start = since.map_or(start, behind);
                Wanted(LookupAttributeKey::ResourceName, resource.clone(), start)
            }
        }
    }

    async fn request(
        &self,
        Wanted(name, value, start): &Wanted,
        token: Option<&str>,
        records: &mut Vec<Value>,
    ) -> Result<Option<String>, AwsError> {
        let attribute = LookupAttribute::builder()
            .attribute_key(name.clone())
            .attribute_value(value)
            .build()
            .map_err(|error| AwsError {
                operation: "cloudtrail:LookupEvents".to_owned(),
                trouble: Trouble::Refused,
                code: None,
                message: error.to_string(),
            })?;
        let request = self
            .client
            .lookup_events()
            .lookup_attributes(attribute)
            .set_start_time(*start)
            .set_end_time(self.window.1)
            .set_next_token(token.map(str::to_owned));
        let page = request.send().await;
        let page = page.map_err(|error| AwsError::of("cloudtrail:LookupEvents", error))?;
        let texts = page.events().iter().filter_map(|event| event.cloud_trail_event());
        records.extend(texts.filter_map(|text| serde_json::from_str(text).ok()));
        Ok(page.next_token().filter(|token| !token.is_empty()).map(str::to_owned))
    }
}

/// What is looked up: an attribute, its value, and from when on.
struct Wanted(LookupAttributeKey, String, Option<DateTime>);

/// Doubles from half a second to sixteen, less up to a half by chance, so that the Regions and other tools do not come back all at once.
fn back_off(attempt: u32) -> Duration {
    let most = 500u64 << (attempt - 1).min(5);
    let chance = RandomState::new().build_hasher().finish() % (most / 2 + 1);
    Duration::from_millis(most - chance)
}
