//! Service-specific credentials that the family made: dead once they are gone or inactive, and as useless as their user; never by a name alone.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::{Account, KeyStatus, ServiceSpecificCredential};
use oust::lineage::{Credential, Kind, Lineage, Made, Mint};
use oust::playbook::End;
use oust::policy::PolicyText;
use oust::rehearse::judge;
use oust::time::Moment;
use oust::verdict::{Dead, Verdict};
use support::story;

const ID: &str = "ACCAEXAMPLEEXAMPLE12";

/// The story, in which the family made the credential for `alice`, whose unique ID the record of that doesn't tell.
fn made() -> (Account, Lineage, Moment) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let stage = story::played();
        let (mount, mut lineage, _) = story::planned(&stage, End::Contain).await;
        let mut account = story::account(&mount).await;
        account.resources = Some(Default::default());
        let like = lineage.credentials.iter().find(|one| one.minted.is_some()).unwrap();
        let at = stage.twin.now();
        let made = Credential {
            label: "Z".to_owned(),
            key: ID.parse().unwrap(),
            kind: Kind::ServiceSpecific,
            holder: Some(oust::account::Holder::User {
                name: "alice".to_owned(),
                id: String::new(),
            }),
            account: Some(account.id.clone()),
            minted: like.minted.clone().map(|mint| Mint { at, ..mint }),
            ..like.clone()
        };
        lineage.credentials = vec![made];
        hold(&mut account, KeyStatus::Active, at);
        (account, lineage, at)
    })
}

fn hold(account: &mut Account, status: KeyStatus, created: Moment) {
    let alice = account.users.get_mut("alice").unwrap();
    alice.credentials.as_mut().unwrap().service_specific = vec![ServiceSpecificCredential {
        id: ID.to_owned(),
        service: "codecommit.amazonaws.com".to_owned(),
        service_user_name: None,
        status,
        created,
    }];
}

fn let_go(account: &mut Account) {
    let alice = account.users.get_mut("alice").unwrap();
    alice.credentials.as_mut().unwrap().service_specific.clear();
}

fn verdict((account, lineage, now): &(Account, Lineage, Moment)) -> Verdict {
    judge(account, lineage, *now).remove(0).verdict
}

#[test]
fn one_that_is_gone_or_inactive_is_dead_and_one_that_is_active_is_not_known() {
    let mut there = made();
    assert!(matches!(verdict(&there), Verdict::Unknown(_)));
    let at = there.2;
    hold(&mut there.0, KeyStatus::Inactive, at);
    assert_eq!(verdict(&there), Verdict::Dead(Dead::Inactive));
    let_go(&mut there.0);
    assert_eq!(verdict(&there), Verdict::Dead(Dead::NoSuchKey));
    let alice = there.0.users.get_mut("alice").unwrap();
    let held = alice.credentials.as_mut().unwrap();
    held.unread.insert("service_specific".to_owned());
    assert!(matches!(verdict(&there), Verdict::Unknown(_)));
    there.0.users.get_mut("alice").unwrap().credentials = None;
    assert!(matches!(verdict(&there), Verdict::Unknown(_)));
}

#[test]
fn one_whose_user_is_denied_everything_is_denied_whatever_the_user_is_called() {
    let mut denied = made();
    let mut alice = denied.0.users.remove("alice").unwrap();
    alice.name = "zoe".to_owned();
    denied.0.users.insert("zoe".to_owned(), alice);
    assert!(matches!(verdict(&denied), Verdict::Unknown(_)));
    let deny = PolicyText::new(oust::action::DENY_ALL);
    let zoe = denied.0.users.get_mut("zoe").unwrap();
    zoe.inline.insert("Deny".to_owned(), deny);
    assert!(matches!(verdict(&denied), Verdict::DeniedEverything(_)));
}

/// Its user may go by another name, and somebody else by his.
#[test]
fn a_name_alone_proves_nothing() {
    let mut gone = made();
    let_go(&mut gone.0);
    let mut renamed = gone.clone();
    renamed.0.users.remove("alice");
    assert!(matches!(verdict(&renamed), Verdict::Unknown(_)));
    let mut later = gone.clone();
    later.0.users.get_mut("alice").unwrap().created = gone.2.plus_seconds(600);
    assert!(matches!(verdict(&later), Verdict::Unknown(_)));
    let mut swapped = gone.clone();
    swapped.1.made.push(Made {
        service: "iam".to_owned(),
        call: "UpdateUser".to_owned(),
        what: "alice".to_owned(),
        by: ID.parse().unwrap(),
        at: gone.2,
        names_nobody: false,
        event: "E".to_owned(),
    });
    assert!(matches!(verdict(&swapped), Verdict::Unknown(_)));
    // Where the record tells the user's unique ID, that counts.
    for (id, dead) in [
        (gone.0.users["alice"].id.clone(), true),
        ("AIDAANOTHER".to_owned(), false),
    ] {
        let name = "alice".to_owned();
        swapped.1.credentials[0].holder = Some(oust::account::Holder::User { name, id });
        assert_eq!(verdict(&swapped) == Verdict::Dead(Dead::NoSuchKey), dead);
    }
}
