//! One request through the twin: read, authenticate, authorize, operate, write it to the trail, answer.

use super::audit::{self, Happened};
use super::request::{Asked, Protocol, Request};
use super::weather::Mishap;
use super::{
    Call, Caller, Fault, Node, Operation, Params, State, authenticate, authorize, operation, s3, somebody, xml,
};
use crate::ids::AccessKeyId;
use crate::policy::PrincipalKind;
use crate::time::Moment;
use crate::verdict::Standing;
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

/// The answer to a request.
#[derive(Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Content type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The request's ID.
    pub request_id: String,
    /// The same answer as a tree, for callers in the same process.
    pub outcome: Result<Node, Fault>,
    /// Whether the answer gets lost: the caller hears nothing.
    pub silent: bool,
}

impl fmt::Debug for Reply {
    /// The body may hold credentials: it is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// The table of operations, by service and name.
pub(super) fn operations() -> &'static HashMap<(&'static str, &'static str), Operation> {
    static TABLE: OnceLock<HashMap<(&'static str, &'static str), Operation>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let iam = super::iam::operations().map(|row| (("iam", row.name), row));
        let sts = super::sts::operations().map(|row| (("sts", row.name), row));
        let trail = super::cloudtrail::operations().map(|row| (("cloudtrail", row.name), row));
        let regions = super::regions::operations().map(|row| (("account", row.name), row));
        let organizations = super::organizations::operations().map(|row| (("organizations", row.name), row));
        iam.chain(sts)
            .chain(trail)
            .chain(regions)
            .chain(organizations)
            .collect()
    })
}

/// Handles one request at `now`, in the weather that there is. The only way to change the state.
pub fn handle(state: &mut State, request: &Request, now: Moment) -> Reply {
    let asked = request.asked();
    let (operation, json) = match &asked {
        Ok(asked) => (asked.operation.as_str(), asked.protocol == Protocol::Json),
        Err(_) => ("", false),
    };
    let call = state.weather.count(operation);
    for drift in state.weather.due_drift(call, now) {
        somebody::changes(state, &drift, now);
    }
    let mishap = state.weather.strikes(operation);
    if mishap == Some(Mishap::Lost) {
        return unheard(state.mint.uuid());
    }
    let reply = answer(state, request, mishap, now);
    match mishap {
        Some(Mishap::Done) => unheard(reply.request_id),
        Some(Mishap::FailureDone) => {
            let protocol = if json { Protocol::Json } else { Protocol::Query };
            refused(protocol, Mishap::FailureDone.fault(json), reply.request_id)
        }
        _ => reply,
    }
}

/// No answer.
fn unheard(request_id: String) -> Reply {
    Reply {
        silent: true,
        ..refused(Protocol::Query, Mishap::Done.fault(false), request_id)
    }
}

fn answer(state: &mut State, request: &Request, mishap: Option<Mishap>, now: Moment) -> Reply {
    state.late.settle(&state.account, now);
    let request_id = state.mint.uuid();
    let asked = match request.asked() {
        Ok(asked) => asked,
        Err(fault) => return refused(Protocol::Query, fault, request_id),
    };
    let key = match authenticate::authenticate(state, request, asked.protocol, now) {
        Ok(key) => key,
        Err(fault) => {
            // A signature that is wrong proves nothing about who called: it is nobody's record.
            if fault.code != "SignatureDoesNotMatch" {
                let key = request.scope().and_then(|scope| scope.key.parse().ok());
                record(
                    state,
                    request,
                    &asked,
                    key.as_ref(),
                    &Err(fault.clone()),
                    &request_id,
                    now,
                );
            }
            return refused(asked.protocol, fault, request_id);
        }
    };
    note_use(state, &key, &asked, now);
    let mut body = Vec::new();
    let outcome = match state.weather.refuses(&asked, mishap, now) {
        Some(fault) => Err(fault),
        None => serve(state, request, &asked, &key, now, &mut body),
    };
    record(state, request, &asked, Some(&key), &outcome, &request_id, now);
    match outcome {
        Err(fault) => refused(asked.protocol, fault, request_id),
        Ok(node) => answered(&asked, node, body, request_id),
    }
}

/// A call by `key` to an operation of a service that the twin does not model, in process: may it? It is asked, decided and recorded like
/// any other.
///
/// # Errors
/// AWS's error for a dead key or a call that is not allowed.
pub fn plain(
    state: &mut State,
    key: &AccessKeyId,
    action: &str,
    resource: &str,
    source_ip: &str,
    now: Moment,
) -> Result<(), Fault> {
    let (service, name) = action.split_once(':').unwrap_or(("", action));
    let name = if service == "s3" { s3::operation(name) } else { name };
    let asked = Asked {
        protocol: Protocol::Rest,
        service: service.to_owned(),
        region: "us-east-1".to_owned(),
        operation: name.to_owned(),
        params: bucket_params(resource),
    };
    let request = Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        headers: vec![("user-agent".to_owned(), "aws-cli/2.31.0".to_owned())],
        body: Vec::new(),
        source_ip: source_ip.to_owned(),
    };
    state.late.settle(&state.account, now);
    let request_id = state.mint.uuid();
    let outcome = authenticate::alive(state, key, Protocol::Rest, now).and_then(|()| {
        permitted(state, &request, &asked, key, operation::Asked::on(resource), now).map(|_| Node::empty())
    });
    note_use(state, key, &asked, now);
    record(state, &request, &asked, Some(key), &outcome, &request_id, now);
    outcome.map(drop)
}

/// Bucket and key of an object's ARN, as S3's data events name them.
fn bucket_params(resource: &str) -> Params {
    let Some(path) = resource.split(":::").nth(1) else {
        return Params::default();
    };
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let pairs = [("bucketName", bucket), ("key", key)];
    Params(
        pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

fn serve(
    state: &mut State,
    request: &Request,
    asked: &Asked,
    key: &AccessKeyId,
    now: Moment,
    body: &mut Vec<u8>,
) -> Result<Node, Fault> {
    if asked.service == "s3" {
        let question = operation::Asked::on(s3::resource(&state.account, &asked.params));
        permitted(state, request, asked, key, question, now)?;
        *body = s3::operate(&mut state.account, &asked.operation, &asked.params, request.body.len())?;
        return Ok(Node::empty());
    }
    let row = operations().get(&(asked.service.as_str(), asked.operation.as_str()));
    let Some(row) = row else {
        permitted(state, request, asked, key, operation::Asked::on("*"), now)?;
        let message = format!("the twin does not model {}:{}", asked.service, asked.operation);
        return Err(Fault::new(501, "NotModelled", message));
    };
    let caller = caller(state, key, now)?;
    let question = (row.asks)(&state.account, &caller, &asked.params);
    permitted(state, request, asked, key, question, now)?;
    let told = match asked.service.as_str() {
        "cloudtrail" => state.weather.told(&state.trail, now),
        _ => state.trail.len(),
    };
    let run = |state: &mut State| {
        // STS asks what is in force; IAM shows and changes what is.
        let account = match asked.service.as_str() {
            "sts" => state.late.in_force_mut(&mut state.account),
            _ => &mut state.account,
        };
        let mut call = Call {
            account,
            issue: &mut state.mint,
            caller: &caller,
            params: &asked.params,
            region: &asked.region,
            trail: state.trail.get(..told).unwrap_or_default(),
            now,
        };
        (row.handler)(&mut call)
    };
    if row.read_only {
        run(state)
    } else {
        state.changing(now, run)
    }
}

/// Asks the policies, unless authorization is off.
fn permitted(
    state: &State,
    request: &Request,
    asked: &Asked,
    key: &AccessKeyId,
    mut question: operation::Asked,
    now: Moment,
) -> Result<(), Fault> {
    let organizer = asked.service == "organizations" && state.mint.organizer.as_ref() == Some(key);
    if !state.enforce || organizer {
        return Ok(());
    }
    let standing = Standing::of(state.in_force(), &state.mint.sessions, key, now)
        .map_err(|dead| Fault::new(403, "InvalidClientTokenId", dead.to_string()))?;
    let agent = request.header("user-agent").unwrap_or_default();
    let mut context = question.context.clone();
    authorize::request_keys(&mut context, &asked.region, &request.source_ip, agent, now);
    state.compute.put_keys(&mut context, key, &request.source_ip);
    question.context = context;
    let name = if asked.service == "s3" {
        s3::action(&asked.operation)
    } else {
        &asked.operation
    };
    authorize::authorize(&standing, &format!("{}:{name}", asked.service), &question)
}

/// The caller as handlers see it. With authorization off, a key that nobody knows counts as root's.
fn caller(state: &State, key: &AccessKeyId, now: Moment) -> Result<Caller, Fault> {
    match Standing::of(state.in_force(), &state.mint.sessions, key, now) {
        Ok(standing) => {
            let user = matches!(standing.principal.kind, PrincipalKind::User)
                .then(|| standing.principal.arn.name().to_owned());
            Ok(Caller {
                key: key.clone(),
                session: standing.session.cloned(),
                user_name: user,
                principal: standing.principal,
            })
        }
        Err(_) if !state.enforce => Ok(Caller {
            key: key.clone(),
            principal: crate::verdict::root_principal(state.in_force()),
            session: None,
            user_name: None,
        }),
        Err(dead) => Err(Fault::new(403, "InvalidClientTokenId", dead.to_string())),
    }
}

/// When a long-term key was last used, as GetAccessKeyLastUsed tells it.
fn note_use(state: &mut State, key: &AccessKeyId, asked: &Asked, now: Moment) {
    if state.in_force().owner_of_key(key).is_some() {
        let used = (now.whole_second(), asked.service.clone(), asked.region.clone());
        state.mint.last_used.insert(key.clone(), used);
    }
}

fn record(
    state: &mut State,
    request: &Request,
    asked: &Asked,
    key: Option<&AccessKeyId>,
    outcome: &Result<Node, Fault>,
    request_id: &str,
    now: Moment,
) {
    // A key that belongs to nobody belongs to no account: there is no trail that it could land in.
    if let Some((key, identity)) = key.and_then(|key| Some((key, audit::identity(state, key)?))) {
        record_as(state, identity, request, asked, outcome, request_id, now);
        if let Some(record) = state.trail.last_mut() {
            state.compute.put_marks(record, key, &request.source_ip);
        }
    }
}

/// Writes the call of whoever `identity` says to the trail.
pub(super) fn record_as(
    state: &mut State,
    identity: serde_json::Value,
    request: &Request,
    asked: &Asked,
    outcome: &Result<Node, Fault>,
    request_id: &str,
    now: Moment,
) {
    let event_id = state.mint.uuid();
    let read_only = operations()
        .get(&(asked.service.as_str(), asked.operation.as_str()))
        .is_none_or(|row| row.read_only);
    let happened = Happened {
        identity,
        request,
        asked,
        outcome,
        request_id,
        event_id: &event_id,
        read_only,
        now,
    };
    let record = audit::record(&state.account, &happened);
    state.trail.push(record);
}

fn answered(asked: &Asked, node: Node, body: Vec<u8>, request_id: String) -> Reply {
    let (content_type, body) = match asked.protocol {
        Protocol::Query => (
            "text/xml",
            xml::answer(&asked.service, &asked.operation, &node, &request_id).into_bytes(),
        ),
        Protocol::Json => (
            "application/x-amz-json-1.1",
            xml::json(&node, str::to_owned).to_string().into_bytes(),
        ),
        Protocol::Rest if matches!(asked.operation.as_str(), "GetObject" | "HeadObject") => {
            ("binary/octet-stream", body)
        }
        Protocol::Rest => ("application/xml", body),
    };
    Reply {
        status: 200,
        content_type,
        body,
        request_id,
        outcome: Ok(node),
        silent: false,
    }
}

fn refused(protocol: Protocol, fault: Fault, request_id: String) -> Reply {
    let (content_type, body) = xml::fault(protocol, &fault, &request_id);
    Reply {
        status: fault.status,
        content_type,
        body: body.into_bytes(),
        request_id,
        outcome: Err(fault),
        silent: false,
    }
}
