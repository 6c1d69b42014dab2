//! What an account is used for, as its trail tells: one call of each kind, so that a large archive stays small.

use super::networks::makes_one;
use super::once::Once;
use crate::time::Moment;
use crate::trail::{Event, Glance, Sieve};
use rapidhash::fast::RandomState;
use rapidhash::v3::rapidhash_v3;
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a console sign-in is called. It is signed by nobody's key, and is somebody's use of the account.
pub(super) const SIGN_IN: &str = "ConsoleLogin";

/// One call, or one of many that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The record.
    pub event: Event,
    /// The VPC endpoint that it came through.
    pub endpoint: Option<String>,
    /// The version of the metadata service that handed out the instance's credential: `1.0` or `2.0`.
    pub delivery: Option<String>,
    /// The function that the credential was issued to.
    pub function: Option<String>,
    /// How many calls are alike: the same caller, key, call, address and endpoint.
    pub count: u64,
    /// The first of those.
    pub first: Moment,
    /// The last of those.
    pub last: Moment,
}

impl Call {
    /// The call that a record tells of; `None` when it is none.
    pub fn of(record: &Value) -> Option<Call> {
        let mut event = Event::parse(record).ok()?;
        let text = |place: &str| record.pointer(place).and_then(Value::as_str).map(str::to_owned);
        // Of a sign-in the record tells elsewhere whether it brought MFA, and one that failed bears no error code.
        // <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
        if event.name == SIGN_IN {
            if event.answered("/ConsoleLogin").as_deref() == Some("Failure") {
                return None;
            }
            event.identity.mfa = text("/additionalEventData/MFAUsed").map(|used| used == "Yes");
        }
        // <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
        let issued_to = text("/userIdentity/inScopeOf/credentialsIssuedTo");
        Some(Call {
            endpoint: text("/vpcEndpointId"),
            delivery: text("/userIdentity/sessionContext/ec2RoleDelivery"),
            function: issued_to.filter(|arn| arn.contains(":lambda:") && arn.contains(":function:")),
            ..Call::from(event)
        })
    }
}

impl Call {
    /// The same call as this event tells it, which may stand for many that are alike.
    pub fn of_event(&self, event: &Event) -> Call {
        Call {
            endpoint: self.endpoint.clone(),
            delivery: self.delivery.clone(),
            function: self.function.clone(),
            ..Call::from(event.clone())
        }
    }
}

impl From<Event> for Call {
    /// The call of an event of which the rest of the record isn't known.
    fn from(event: Event) -> Call {
        Call {
            endpoint: None,
            delivery: None,
            function: None,
            count: event.times,
            first: event.at,
            last: event.at,
            event,
        }
    }
}

/// How many calls are alike, and when the first and the last of them was made.
#[derive(Debug, Clone, Copy)]
struct Times {
    count: u64,
    first: Moment,
    last: Moment,
}

impl Times {
    fn once(at: Moment) -> Times {
        Times {
            count: 1,
            first: at,
            last: at,
        }
    }

    fn and(self, other: Times) -> Times {
        Times {
            count: self.count + other.count,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Keeps one call of each kind. Calls that give credentials, sign in, or make instances and VPC endpoints are all kept, as far as they fit: what is
/// asked of them differs.
#[derive(Debug)]
pub struct Usage {
    /// The intruder's keys.
    family: Arc<HashSet<String>>,
    /// What they did before is their owner's.
    stolen: Option<Moment>,
    callers: HashMap<u64, Who, RandomState>,
    kinds: HashMap<u64, Times, RandomState>,
    kept: HashMap<u64, (Value, u64), RandomState>,
    /// How many of those are kept each, and how many may.
    each: usize,
    most_each: usize,
    /// How many were not kept, since too many were.
    left_out: u64,
    /// Calls of the family by `eventID`, where they tell more than their event.
    theirs: HashMap<String, Call>,
    /// Whose record is read next, and of which kind it is.
    is_theirs: bool,
    last: u64,
    /// When the last was made, where only its whole record tells whether it was refused, or which VPC endpoint it came through.
    through: Option<Moment>,
    once: Arc<Once>,
}

impl Default for Usage {
    fn default() -> Self {
        Usage::beside(Arc::default(), None)
    }
}

/// What several of them kept.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Everybody's calls but the intruder's, in order of time.
    pub calls: Vec<Call>,
    /// Of the intruder's, by `eventID`, those that tell more than their event: endpoint, delivery, function.
    pub theirs: HashMap<String, Call>,
    /// So many calls that give credentials, sign in, or make instances and VPC endpoints are told by caller and role alone: there are too many of them.
    pub left_out: u64,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// A credential of the account that isn't the family's.
    Other,
    /// Nobody's credential: another account, a provider's token, a password. Only what it is given counts, and sign-ins.
    Outside,
    /// The intruder's family.
    Family,
    /// A service.
    Nobody,
}

impl Who {
    fn of(identity: &[u8], family: &HashSet<String>) -> Who {
        let identity: Value = serde_json::from_slice(identity).unwrap_or_default();
        let text = |name: &str| identity.get(name).and_then(Value::as_str);
        // A credential for one service signs with no key: its ID stands in another member.
        match (text("accessKeyId").or(text("credentialId")), text("type")) {
            (Some(key), _) if family.contains(key) => Who::Family,
            (Some(_), _) => Who::Other,
            (None, Some("AWSService") | None) => Who::Nobody,
            (None, Some(_)) => Who::Outside,
        }
    }
}

/// So many calls that are kept each are kept by one of those that read side by side, however much alike.
const MOST_EACH: usize = 200_000;

/// Members that tell what an event lacks.
const BESIDE: [&[u8]; 3] = [b"\"vpcEndpointId\"", b"\"ec2RoleDelivery\"", b"\"credentialsIssuedTo\""];

impl Usage {
    /// One that passes over the calls of `family` since it was `stolen`, or all of them.
    pub fn beside(family: Arc<HashSet<String>>, stolen: Option<Moment>) -> Self {
        Usage {
            family,
            stolen,
            callers: HashMap::default(),
            kinds: HashMap::default(),
            kept: HashMap::default(),
            each: 0,
            most_each: MOST_EACH,
            left_out: 0,
            theirs: HashMap::new(),
            is_theirs: false,
            last: 0,
            through: None,
            once: Arc::default(),
        }
    }

    /// The same, which counts no call that one of those that share `once` counted.
    #[must_use]
    pub fn counting(self, once: Arc<Once>) -> Self {
        Usage { once, ..self }
    }

    /// The same, which keeps so many of the calls that are kept each, and beyond those the first of each caller and role.
    #[must_use]
    pub fn of_mints(self, most_each: usize) -> Self {
        Usage { most_each, ..self }
    }

    /// What several of them kept.
    pub fn gathered(all: Vec<Usage>) -> Gathered {
        let mut gathered = Gathered::default();
        let mut kinds: HashMap<u64, (Value, u64)> = HashMap::new();
        let mut times: HashMap<u64, Times> = HashMap::new();
        for usage in all {
            for (kind, some) in usage.kinds {
                let all = times.get(&kind).map_or(some, |other| other.and(some));
                times.insert(kind, all);
            }
            for (place, kept) in usage.kept {
                kinds.entry(place).or_insert(kept);
            }
            gathered.theirs.extend(usage.theirs);
            gathered.left_out += usage.left_out;
        }
        let calls = kinds.into_values().filter_map(|(record, kind)| {
            let call = Call::of(&record)?;
            // Each of these is there itself.
            if is_kept_each(&call.event.name) {
                return Some(call);
            }
            let times = times.get(&kind).copied().unwrap_or(Times::once(call.event.at));
            Some(Call {
                count: times.count,
                first: times.first,
                last: times.last,
                ..call
            })
        });
        gathered.calls = calls.filter(|call| call.event.error.is_none()).collect();
        gathered
            .calls
            .sort_by(|one, two| (one.event.at, &one.event.id).cmp(&(two.event.at, &two.event.id)));
        gathered
    }

    /// Whether a call of the kind that was told last is kept: the first always, of others not more than fit.
    fn is_kept(&mut self, times: Times, is_each: bool) -> bool {
        let is_kept = times.count == 1 || is_each && self.each < self.most_each;
        self.left_out += u64::from(is_each && !is_kept);
        is_kept
    }

    /// Where the call that was looked at last is kept: by itself, or with all that are alike.
    fn place(&self, is_each: bool, id: &[u8]) -> u64 {
        if is_each { rapidhash_v3(id) } else { self.last }
    }

    fn seen(&mut self, at: Moment) -> Times {
        let once = Times::once(at);
        let times = self.kinds.entry(self.last);
        *times.and_modify(|times| *times = times.and(once)).or_insert(once)
    }
}

fn is_mint(name: &str) -> bool {
    name.starts_with("AssumeRole") || matches!(name, "GetSessionToken" | "GetFederationToken")
}

/// Whether a call may have been refused or have come through a VPC endpoint: only the whole record tells.
fn is_unclear(glance: &Glance<'_>) -> bool {
    let has = |member: &[u8]| memchr::memmem::find(glance.text, member).is_some();
    glance.text.is_empty() || has(b"\"errorCode\"") || has(b"\"vpcEndpointId\"")
}

/// Whether an address is one of the world's, and none that only a network within has.
pub(super) fn is_public(address: std::net::IpAddr) -> bool {
    match address {
        // And those that carriers share, 100.64.0.0/10, which VPCs may have too.
        std::net::IpAddr::V4(four) => {
            let is_shared = four.octets()[0] == 100 && four.octets()[1] & 0xc0 == 64;
            !four.is_private() && !four.is_loopback() && !four.is_link_local() && !is_shared
        }
        std::net::IpAddr::V6(six) => !six.is_loopback() && !six.is_unique_local(),
    }
}

/// Whether each such call is kept: what is asked of those that give credentials differs, whether a sign-in brought MFA, and which instance or VPC
/// endpoint is made.
fn is_kept_each(name: &str) -> bool {
    is_mint(name) || name == SIGN_IN || makes_one(name)
}

/// The role that a call asks for, as its text has it.
fn role_in(text: &[u8]) -> &[u8] {
    let name = b"\"roleArn\"";
    let after = memchr::memmem::find(text, name).and_then(|at| text.get(at + name.len()..));
    let value = after.and_then(|after| after.get(memchr::memchr(b'"', after)? + 1..));
    value
        .and_then(|value| value.get(..memchr::memchr(b'"', value)?))
        .unwrap_or_default()
}

impl Sieve for Usage {
    fn glance(&mut self, glance: &Glance<'_>) -> bool {
        let family = &self.family;
        let who = self.callers.entry(glance.caller);
        self.is_theirs = false;
        match who.or_insert_with(|| Who::of(glance.identity, family)) {
            Who::Family if self.stolen.is_none_or(|stolen| glance.at >= stolen) => {
                self.is_theirs = true;
                let tells = |member: &&[u8]| memchr::memmem::find(glance.text, member).is_some();
                return glance.text.is_empty() || BESIDE.iter().any(tells);
            }
            Who::Family | Who::Other => {}
            Who::Outside if is_kept_each(Glance::text_of(glance.name)) => {}
            Who::Outside | Who::Nobody => return false,
        }
        let [source, name, address] = [glance.source, glance.name, glance.address].map(Glance::text_of);
        let text = format!("{:x} {source} {name} {address}", glance.caller);
        self.last = rapidhash_v3(text.as_bytes());
        let is_each = is_kept_each(name);
        if is_each {
            self.last ^= rapidhash_v3(role_in(glance.text));
        }
        self.through = is_unclear(glance).then_some(glance.at);
        if self.through.is_some() {
            return true;
        }
        // A copy tells nothing new, unless what it is a copy of was never read whole.
        if !self.once.is_first(glance.id) {
            let place = self.place(is_each, glance.id);
            return !self.kept.contains_key(&place) && (!is_each || self.each < self.most_each);
        }
        let times = self.seen(glance.at);
        self.is_kept(times, is_each)
    }

    fn record(&mut self, record: &Value) {
        let id = record.get("eventID").and_then(Value::as_str).unwrap_or_default();
        if self.is_theirs {
            let call = Call::of(record);
            let tells = |call: &Call| call.endpoint.is_some() || call.delivery.is_some() || call.function.is_some();
            self.theirs.extend(call.filter(tells).map(|call| (id.to_owned(), call)));
            return;
        }
        let codes = [record.get("errorCode"), record.pointer("/responseElements/errorCode")];
        let is_refused = codes.iter().flatten().any(|code| !code.is_null());
        let name = record.get("eventName").and_then(Value::as_str).unwrap_or_default();
        let is_each = is_kept_each(name);
        if let Some(at) = self.through.take() {
            // A refused call says nothing of use; another of its kind may succeed.
            if is_refused {
                return;
            }
            if let Some(endpoint) = record.get("vpcEndpointId").and_then(Value::as_str) {
                self.last = rapidhash_v3(format!("{:x} {endpoint}", self.last).as_bytes());
            }
            let is_room = match self.once.is_first(id.as_bytes()) {
                true => {
                    let times = self.seen(at);
                    self.is_kept(times, is_each)
                }
                false => self.each < self.most_each,
            };
            if is_each && !is_room {
                return;
            }
        }
        let place = self.place(is_each, id.as_bytes());
        if let Entry::Vacant(place) = self.kept.entry(place) {
            place.insert((record.clone(), self.last));
            self.each += usize::from(is_each);
        }
    }
}
