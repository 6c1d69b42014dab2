//! Somebody else in the account: changes that come from nobody whom the twin's callers know, by the account's root user.

use super::handle::{operations, record_as};
use super::request::{Asked, Protocol, Request};
use super::weather::Drift;
use super::{Call, Caller, Fault, Node, Params, State};
use crate::time::Moment;
use serde_json::json;

/// The address that the changes come from: of the block that is kept for documentation, RFC 5737.
const SOURCE_IP: &str = "198.51.100.7";

/// Makes the change, which no policy refuses, and writes it to the trail. One that fails, such as on a user who is gone, changes nothing.
pub(super) fn changes(state: &mut State, drift: &Drift, now: Moment) {
    let asked = Asked {
        protocol: Protocol::Query,
        service: "iam".to_owned(),
        region: "us-east-1".to_owned(),
        operation: drift.operation.clone(),
        params: Params(drift.params.iter().cloned().collect()),
    };
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![("user-agent".to_owned(), "console.amazonaws.com".to_owned())],
        body: Vec::new(),
        source_ip: SOURCE_IP.to_owned(),
    };
    state.late.settle(&state.account, now);
    let principal = crate::verdict::root_principal(&state.account);
    let identity = json!({
        "type": "Root", "principalId": state.account.id, "arn": principal.arn, "accountId": state.account.id,
    });
    let outcome = operate(state, &asked, principal, now);
    let request_id = state.mint.uuid();
    record_as(state, identity, &request, &asked, &outcome, &request_id, now);
}

fn operate(state: &mut State, asked: &Asked, principal: crate::policy::Principal, now: Moment) -> Result<Node, Fault> {
    let row = operations().get(&("iam", asked.operation.as_str()));
    let row = row.ok_or_else(|| Fault::new(501, "NotModelled", "the twin does not model it"))?;
    // The root user's console session: no key of the account.
    let key = state.mint.access_key_id("ASIA", &state.account.id);
    let caller = Caller {
        key,
        principal,
        session: None,
        user_name: None,
    };
    state.changing(now, |state| {
        let mut call = Call {
            account: &mut state.account,
            issue: &mut state.mint,
            caller: &caller,
            params: &asked.params,
            region: &asked.region,
            trail: &state.trail,
            now,
        };
        (row.handler)(&mut call)
    })
}
