//! A twin that can be held: shared state and a clock. Forking gives a twin that shares nothing.

use super::intruder::{Did, Grip, Identity, Intruder};
use super::request::Request;
use super::{Fault, Node, Reply, State, Weather, handle, plain, signed};
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
    /// Who fights back in it. Locked behind the state, never before.
    intruder: Option<Arc<Mutex<Intruder>>>,
}

impl Twin {
    /// A twin on a clock that moves by itself only a little with each request.
    pub fn on_manual_clock(state: State, clock: ManualClock) -> Self {
        Twin {
            state: Arc::new(Mutex::new(state)),
            hands: Hands::Manual(clock),
            intruder: None,
        }
    }

    /// A twin on another clock, such as the system's.
    pub fn on_clock(state: State, clock: Arc<dyn Clock>) -> Self {
        Twin {
            state: Arc::new(Mutex::new(state)),
            hands: Hands::Other(clock),
            intruder: None,
        }
    }

    /// The twin's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.hands {
            Hands::Manual(clock) => Arc::new(clock.clone()),
            Hands::Other(clock) => clock.clone(),
        }
    }

    /// The present moment by the clock of whoever calls.
    pub fn now(&self) -> Moment {
        self.clock().now()
    }

    /// The present moment by IAM's own clock: another one only where the clocks differ ([`Weather::skew_millis`]).
    pub fn service_now(&self) -> Moment {
        self.now().plus_millis(self.as_left().weather.skew_millis)
    }

    /// How long a served twin lets its callers wait.
    pub(super) fn latency_millis(&self) -> Option<u64> {
        u64::try_from(self.as_left().weather.latency_millis?).ok()
    }

    /// The longest that its trail takes to tell of a call, in whole seconds.
    pub(super) fn trail_delay_seconds(&self) -> i64 {
        let weather = &self.as_left().weather;
        let longest = weather
            .lag
            .as_ref()
            .map_or(0, |lag| lag.of(super::weather::Kind::Trail).longest());
        longest.div_euclid(1000) + i64::from(longest % 1000 != 0)
    }

    /// Whether its clock stands still between requests.
    pub(super) fn is_moved_by_hand(&self) -> bool {
        matches!(self.hands, Hands::Manual(_))
    }

    /// Moves a manual clock on by what a request takes.
    fn tick(&self) {
        if let Hands::Manual(clock) = &self.hands {
            clock.advance_millis(self.as_left().weather.latency_millis.unwrap_or(TICK_MILLIS));
        }
    }

    /// The state as the last call left it.
    fn as_left(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same twin with an intruder in it, who acts whenever its time has come.
    #[must_use]
    pub fn inhabited_by(self, intruder: Intruder) -> Self {
        Twin {
            intruder: Some(Arc::new(Mutex::new(intruder))),
            ..self
        }
    }

    /// The same twin in other weather from now on. What is under way already arrives as it was to. Forks keep the weather.
    #[must_use]
    pub fn in_weather(self, weather: Weather) -> Self {
        self.lock().weather = weather;
        self
    }

    /// The account as authentication and authorization see it now; [`Twin::account`] is what Get and List tell.
    pub fn effective(&self) -> Account {
        let state = self.lock();
        let now = self.now().plus_millis(state.weather.skew_millis);
        state.effective(now).into_owned()
    }

    /// When the last change that is under way takes effect; `None` where everything is in force.
    pub fn settled_at(&self) -> Option<Moment> {
        let state = self.lock();
        let skew = state.weather.skew_millis;
        let last = state.settled_at(self.now().plus_millis(skew))?;
        Some(last.plus_millis(-skew))
    }

    /// The state, in which the intruder has done all that was due.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.as_left();
        let now = self.now().plus_millis(state.weather.skew_millis);
        if let Some(mut intruder) = self.intruder() {
            intruder.act_until(now, &mut |request, at| handle(&mut state, request, at));
        }
        state
    }

    fn intruder(&self) -> Option<MutexGuard<'_, Intruder>> {
        let intruder = self.intruder.as_ref()?;
        Some(intruder.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another twin in the same state, on a manual clock of its own that stands at the same moment.
    pub fn fork(&self) -> Twin {
        self.fork_on(ManualClock::starting_at(self.now()))
    }

    /// Another twin in the same state on `clock`; an intruder goes on in both, each for itself.
    pub fn fork_on(&self, clock: ManualClock) -> Twin {
        let state = self.state();
        let fork = Twin::on_manual_clock(state, clock);
        match self.intruder() {
            Some(intruder) => fork.inhabited_by(intruder.clone()),
            None => fork,
        }
    }

    /// What the intruder has now: judged by calls of its own, on a fork that nobody else sees. `None` where there is no intruder.
    pub fn grip(&self) -> Option<Grip> {
        let mut state = self.lock().clone();
        let intruder = self.intruder()?;
        let account = state.account.clone();
        let now = self.now().plus_millis(state.weather.skew_millis);
        state.weather = Weather::default();
        Some(intruder.grip(&account, now, &mut |request, at| handle(&mut state, request, at)))
    }

    /// What the intruder did since this was last asked.
    pub fn overheard(&self) -> Vec<Did> {
        drop(self.lock());
        self.intruder()
            .map(|mut intruder| intruder.overheard())
            .unwrap_or_default()
    }

    /// The users and roles that the intruder made and that are in the account.
    pub fn intruder_made(&self) -> Vec<Identity> {
        let state = self.lock();
        let entities = |intruder: MutexGuard<'_, Intruder>| intruder.entities(&state.account);
        self.intruder().map(entities).unwrap_or_default()
    }

    /// The credentials that the intruder holds, in the order in which it got them.
    pub fn intruder_holds(&self) -> Vec<AccessKeyId> {
        drop(self.lock());
        self.intruder().map(|intruder| intruder.holds()).unwrap_or_default()
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

    /// The part of it that is told by now: CloudTrail is late where the weather says so.
    pub fn told_trail(&self) -> Vec<serde_json::Value> {
        let (now, state) = (self.service_now(), self.lock());
        let told = state.weather.told(&state.trail, now);
        state.trail.get(..told).unwrap_or_default().to_vec()
    }

    /// Handles a request; a manual clock moves on a little.
    pub fn handle(&self, request: &Request) -> Reply {
        self.tick();
        let now = self.service_now();
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
        self.handle(&signed::query(keys, service, operation, params, source_ip, self.now()))
            .outcome
    }

    /// A call to any other service: may the credential do it?
    ///
    /// # Errors
    /// AWS's error for a dead key or a call that is not allowed.
    pub fn plain(&self, keys: &Keys, action: &str, resource: &str, source_ip: &str) -> Result<(), Fault> {
        self.tick();
        let now = self.service_now();
        plain(&mut self.lock(), &keys.key, action, resource, source_ip, now)
    }
}
