use super::*;
use crate::account::{AccessKey, Account, Credentials, KeyStatus, User};
use crate::ids::AccessKeyId;
use crate::policy::PolicyText;
use crate::time::{ManualClock, Moment};
use crate::twin::{Fault, Keys, Node, State, Twin};

const NOW: Moment = Moment::from_millis(1_774_000_000_000);
const ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;
const ANN: (&str, &str) = ("UserName", "ann");

fn user(name: &str, key: &AccessKeyId) -> User {
    User {
        name: name.into(),
        path: "/".into(),
        id: format!("AIDA{}", name.to_uppercase()),
        created: NOW,
        tags: Default::default(),
        inline: [("Admin".into(), PolicyText::new(ADMIN))].into(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: Some(Credentials {
            access_keys: vec![AccessKey {
                id: key.clone(),
                status: KeyStatus::Active,
                created: NOW,
                last_used: None,
            }],
            ..Default::default()
        }),
    }
}

/// A twin with two administrators: one who acts, and `ann`, on whom is acted.
struct Place {
    twin: Twin,
    clock: ManualClock,
    boss: Keys,
    ann: Keys,
}

impl Place {
    fn in_weather(weather: Weather) -> Self {
        let mut state = State::new(Account::empty("123456789012".parse().unwrap()), Vec::new(), 5);
        let id = state.account.id.clone();
        let keys: Vec<AccessKeyId> = (0..2).map(|_| state.mint.access_key_id("AKIA", &id)).collect();
        for (name, key) in ["boss", "ann"].into_iter().zip(&keys) {
            state.account.users.insert(name.into(), user(name, key));
        }
        let clock = ManualClock::starting_at(NOW);
        let twin = Twin::on_manual_clock(state, clock.clone()).in_weather(weather);
        Place {
            boss: twin.keys(&keys[0]),
            ann: twin.keys(&keys[1]),
            twin,
            clock,
        }
    }

    fn lagging(lag: &str) -> Self {
        Place::in_weather(Weather::seeded(7).with_lag(lag.parse().unwrap()))
    }

    fn by(&self, keys: &Keys, operation: &str, params: &[(&str, &str)]) -> Result<Node, Fault> {
        self.twin.call(keys, "iam", operation, params, "192.0.2.1")
    }

    fn boss(&self, operation: &str, params: &[(&str, &str)]) -> Node {
        self.by(&self.boss, operation, params)
            .unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
    }

    /// The code of the error that the call meets, `ok` where there is none.
    fn code(&self, keys: &Keys, operation: &str, params: &[(&str, &str)]) -> &'static str {
        self.by(keys, operation, params)
            .map_or_else(|fault| fault.code, |_| "ok")
    }

    fn sts(&self, keys: &Keys, operation: &str, params: &[(&str, &str)]) -> Result<Node, Fault> {
        self.twin.call(keys, "sts", operation, params, "192.0.2.1")
    }

    fn keys_in(&self, answer: &Node, member: &str) -> Keys {
        let id = answer
            .get(member)
            .unwrap()
            .get("AccessKeyId")
            .unwrap()
            .as_text()
            .unwrap();
        self.twin.keys(&id.parse().unwrap())
    }
}

mod calls;
mod late;
