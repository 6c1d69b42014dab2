//! Reach over an account of 5,000 users, 1,000 roles and 1,500 managed policies: from one credential, and from everybody.

#![allow(missing_docs, reason = "criterion's macros make items without docs")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod large_account;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use oust::reach::Reach;
use oust::verdict::Standing;
use std::hint::black_box;

fn reach(criterion: &mut Criterion) {
    let account = large_account::account(1, 5_000, 1_000, 1_500);
    let mut group = criterion.benchmark_group("reach");
    group.sample_size(10);
    let copy = || {
        // A copy that was never parsed: what a first look at an account costs.
        let text = serde_json::to_string(&account).unwrap();
        serde_json::from_str::<oust::account::Account>(&text).unwrap()
    };
    group.bench_function("one_credential_of_5000_users_1000_roles_1500_policies", |bencher| {
        let user = account.users.values().next().unwrap();
        bencher.iter_batched_ref(
            copy,
            |account| {
                let standing = Standing::of_user(account, user);
                black_box(Reach::of(account, large_account::MADE).from(&standing))
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("everybody_of_5000_users_1000_roles_1500_policies", |bencher| {
        bencher.iter_batched_ref(
            copy,
            |account| black_box(Reach::of(account, large_account::MADE).everybody()),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, reach);
criterion_main!(benches);
