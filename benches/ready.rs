//! How long the table of readiness takes for an account of 200 users and 200 roles, whose organization keeps a quarantine on.
//!
//! `cargo bench --bench ready`

#![allow(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

#[allow(dead_code, missing_docs, reason = "shared with other benches")]
mod large_account;

use divan::{Bencher, black_box};
use oust::collect::Trails;
use oust::policy::PolicyText;
use oust::ready::{Facts, readiness};
use oust::verdict::Standing;

fn main() {
    divan::main();
}

/// Without a name that is spared it keeps the quarantine on by a tag, so that everybody is asked tagged and untagged.
const KEEPS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:DetachUserPolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AWSDenyAll"},"StringNotEquals":{"aws:PrincipalTag/team":"response"}}}]}"#;

#[divan::bench(sample_count = 3, sample_size = 1, args = [false, true])]
fn of_four_hundred(bencher: Bencher<'_, '_>, is_kept_on: bool) {
    let mut account = large_account::account(1, 200, 200, 300);
    if is_kept_on {
        let guards = account.guards.as_mut().unwrap();
        guards.scps[1].insert("keeps".to_owned(), PolicyText::new(KEEPS));
    }
    let responder = account.users.values().next().unwrap();
    let who = account.user_arn(responder);
    let standing = Standing::of_user(&account, responder);
    let trails = Trails::default();
    bencher.bench_local(|| {
        black_box(readiness(Facts {
            account: &account,
            responder: &who,
            standing: Ok(&standing),
            signs: false,
            twin: false,
            trails: &trails,
            kept: &[],
            table: None,
            simulated: Err("not asked"),
            organizer: Err("not asked"),
            delegation: None,
            unread: &[],
            now: large_account::MADE.plus_seconds(60),
        }))
    });
}
