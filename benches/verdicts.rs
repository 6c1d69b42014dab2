//! Verdicts on a lineage of 1,000 credentials in a large account, the first time and after a step that changes one role: `cargo bench --bench verdicts`.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![allow(missing_docs, reason = "a benchmark is no library")]

mod large_account;

use divan::{Bencher, black_box};
use oust::account::{Account, Holder, Session, SessionKind};
use oust::policy::PolicyText;
use oust::verdict::{Memory, Verdict};

const CREDENTIALS: usize = 1_000;

fn main() {
    divan::main();
}

/// Role sessions and GetSessionToken sessions, of fifty roles and ten users.
fn sessions(account: &Account) -> Vec<Session> {
    let roles: Vec<_> = account.roles.values().take(50).collect();
    let users: Vec<_> = account.users.values().take(10).collect();
    let session = |n: usize| {
        let (role, user) = (roles[n % roles.len()], users[n % users.len()]);
        let is_role = !n.is_multiple_of(5);
        Session {
            key: format!("ASIA{n:016}").parse().unwrap(),
            holder: match is_role {
                true => Holder::Role {
                    name: role.name.clone(),
                    id: role.id.clone(),
                    session: format!("s{n}"),
                },
                false => Holder::User {
                    name: user.name.clone(),
                    id: user.id.clone(),
                },
            },
            kind: if is_role {
                SessionKind::AssumeRole
            } else {
                SessionKind::GetSessionToken
            },
            issued: large_account::MADE,
            expires: large_account::MADE.plus_seconds(43_200),
            mfa: Some(false),
            policy: None,
            policy_arns: Vec::new(),
            source_identity: None,
            tags: Default::default(),
            is_untold: false,
            minted_by: None,
        }
    };
    (0..CREDENTIALS).map(session).collect()
}

fn all(memory: &mut Memory, account: &Account, sessions: &[Session]) -> Vec<Verdict> {
    memory.look_at(account);
    let now = large_account::MADE.plus_seconds(60);
    let verdicts = sessions
        .iter()
        .map(|one| memory.verdict(account, sessions, &one.key, now));
    verdicts.collect()
}

/// The account with every older session of one role revoked.
fn revoked(account: &Account, name: &str) -> Account {
    let mut account = account.clone();
    let cut = large_account::MADE.plus_seconds(120);
    let deny = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{cut}"}}}}}}]}}"#
    );
    let role = account.roles.get_mut(name).unwrap();
    role.inline
        .insert("AWSRevokeOlderSessions".into(), PolicyText::new(deny));
    account
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn first_verdicts_on_1000_credentials(bencher: Bencher<'_, '_>) {
    let account = large_account::account(1, 5_000, 1_000, 1_500);
    let sessions = sessions(&account);
    bencher.bench_local(|| all(&mut Memory::default(), black_box(&account), &sessions));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn after_a_step_that_changes_one_role(bencher: Bencher<'_, '_>) {
    let account = large_account::account(1, 5_000, 1_000, 1_500);
    let sessions = sessions(&account);
    let role = account.roles.values().nth(1).unwrap().name.clone();
    let later = revoked(&account, &role);
    let before = all(&mut Memory::default(), &account, &sessions);
    let after = all(&mut Memory::default(), &later, &sessions);
    assert!(
        before
            .iter()
            .zip(&after)
            .any(|(one, two)| !one.is_contained() && two.is_contained())
    );
    let ready = || {
        let mut memory = Memory::default();
        all(&mut memory, &account, &sessions);
        memory
    };
    bencher
        .with_inputs(ready)
        .bench_local_refs(|memory| all(memory, black_box(&later), &sessions));
}
