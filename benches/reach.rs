//! Reach over an account of 5,000 users, 1,000 roles and 1,500 managed policies: `cargo bench --bench reach`. Each round begins with an account whose
//! policies were never parsed, as a first look at one does.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![allow(missing_docs, reason = "a benchmark is no library")]

mod large_account;

use divan::{Bencher, black_box};
use oust::account::Account;
use oust::reach::Reach;
use oust::verdict::Standing;

fn main() {
    divan::main();
}

/// A copy whose policies are text again.
fn unparsed(account: &Account) -> Account {
    serde_json::from_str(&serde_json::to_string(account).unwrap()).unwrap()
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn from_one_credential(bencher: Bencher<'_, '_>) {
    let account = large_account::account(1, 5_000, 1_000, 1_500);
    bencher.with_inputs(|| unparsed(&account)).bench_local_refs(|account| {
        let user = account.users.values().next().unwrap();
        let standing = Standing::of_user(account, user);
        black_box(Reach::of(account, large_account::MADE).from(&standing))
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn from_everybody(bencher: Bencher<'_, '_>) {
    let account = large_account::account(1, 5_000, 1_000, 1_500);
    bencher
        .with_inputs(|| unparsed(&account))
        .bench_local_refs(|account| black_box(Reach::of(account, large_account::MADE).everybody()));
}
