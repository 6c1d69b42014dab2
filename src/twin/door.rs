//! A twin that can be held: shared state and a clock. Forking gives a twin that shares nothing.

use super::request::Request;
use super::signature::Signing;
use super::{Fault, Node, Reply, State, handle, plain};
use crate::account::{Account, Session};
use crate::ids::AccessKeyId;
use crate::time::{Clock, ManualClock, Moment};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far each request moves a manual clock, in milliseconds: back-off and sleeps do not, so that a run can be repeated.
const TICK_MILLIS: i64 = 20;

/// What signs a call. The secret and the token are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key ID.
    pub key: AccessKeyId,
    /// The secret access key.
    pub secret: String,
    /// The session token, of a temporary credential.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (secret not shown)", self.key)
    }
}

/// The hands of the twin's clock.
#[derive(Debug, Clone)]
enum Hands {
    Manual(ManualClock),
    Other(Arc<dyn Clock>),
}

/// A twin. Clones are the same twin; [`Twin::fork`] gives another.
#[derive(Debug, Clone)]
pub struct Twin {
    state: Arc<Mutex<State>>,
    hands: Hands,
}

impl Twin {
    /// A twin on a clock that moves by itself only a little with each request.
    pub fn on_manual_clock(state: State, clock: ManualClock) -> Self {
        Twin {
            state: Arc::new(Mutex::new(state)),
            hands: Hands::Manual(clock),
        }
    }

    /// A twin on another clock, such as the system's.
    pub fn on_clock(state: State, clock: Arc<dyn Clock>) -> Self {
        Twin {
            state: Arc::new(Mutex::new(state)),
            hands: Hands::Other(clock),
        }
    }

    /// The twin's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.hands {
            Hands::Manual(clock) => Arc::new(clock.clone()),
            Hands::Other(clock) => clock.clone(),
        }
    }

    /// The twin's present moment.
    pub fn now(&self) -> Moment {
        self.clock().now()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another twin in the same state, on a manual clock of its own that stands at the same moment.
    pub fn fork(&self) -> Twin {
        let clock = ManualClock::starting_at(self.now());
        Twin::on_manual_clock(self.state(), clock)
    }

    /// A copy of the state.
    pub fn state(&self) -> State {
        self.lock().clone()
    }

    /// A copy of the account.
    pub fn account(&self) -> Account {
        self.lock().account.clone()
    }

    /// A copy of every session that was issued or known.
    pub fn sessions(&self) -> Vec<Session> {
        self.lock().mint.sessions.clone()
    }

    /// A copy of the trail, oldest record first.
    pub fn trail(&self) -> Vec<serde_json::Value> {
        self.lock().trail.clone()
    }

    /// Handles a request; a manual clock moves on a little.
    pub fn handle(&self, request: &Request) -> Reply {
        if let Hands::Manual(clock) = &self.hands {
            clock.advance_millis(TICK_MILLIS);
        }
        let now = self.now();
        handle(&mut self.lock(), request, now)
    }

    /// What signs as `key`, with the secret that this twin made for it.
    pub fn keys(&self, key: &AccessKeyId) -> Keys {
        let state = self.lock();
        let session = state.mint.sessions.iter().any(|session| session.key == *key);
        Keys {
            key: key.clone(),
            secret: state.mint.secret(key),
            token: session.then(|| state.mint.token(key)),
        }
    }

    /// A signed call to IAM or STS, through the same way as any client's.
    ///
    /// # Errors
    /// The service's error.
    pub fn call(
        &self,
        keys: &Keys,
        service: &str,
        operation: &str,
        params: &[(&str, &str)],
        source_ip: &str,
    ) -> Result<Node, Fault> {
        let version = if service == "sts" { "2011-06-15" } else { "2010-05-08" };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", version);
        params.iter().for_each(|(name, value)| {
            form.append_pair(name, value);
        });
        self.handle(&self.signed(keys, service, form.finish().into_bytes(), source_ip))
            .outcome
    }

    /// A call to any other service: may the credential do it?
    ///
    /// # Errors
    /// AWS's error for a dead key or a call that is not allowed.
    pub fn plain(&self, keys: &Keys, action: &str, resource: &str, source_ip: &str) -> Result<(), Fault> {
        if let Hands::Manual(clock) = &self.hands {
            clock.advance_millis(TICK_MILLIS);
        }
        let now = self.now();
        plain(&mut self.lock(), &keys.key, action, resource, source_ip, now)
    }

    fn signed(&self, keys: &Keys, service: &str, body: Vec<u8>, source_ip: &str) -> Request {
        let date_time = self.now().basic();
        let date = date_time.get(..8).unwrap_or_default().to_owned();
        let mut headers = vec![
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("host".to_owned(), format!("{service}.amazonaws.com")),
            ("user-agent".to_owned(), "aws-cli/2.31.0".to_owned()),
            ("x-amz-date".to_owned(), date_time),
        ];
        let mut signed_headers = "content-type;host;x-amz-date".to_owned();
        if let Some(token) = &keys.token {
            headers.push(("x-amz-security-token".to_owned(), token.clone()));
            signed_headers.push_str(";x-amz-security-token");
        }
        let mut request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers,
            body,
            source_ip: source_ip.to_owned(),
        };
        let signing = Signing {
            secret: &keys.secret,
            date: &date,
            region: "us-east-1",
            service,
            signed_headers: &signed_headers,
        };
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{date}/us-east-1/{service}/aws4_request, SignedHeaders={signed_headers}, Signature={}",
            keys.key,
            signing.signature(&request)
        );
        request.headers.push(("authorization".to_owned(), authorization));
        request
    }
}
