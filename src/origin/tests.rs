use super::*;

fn of(key: &str) -> Origin {
    Origin::of(&key.parse().unwrap())
}

/// The vectors are from published write-ups: <https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489>,
/// <https://github.com/trufflesecurity/test_keys>.
#[test]
fn an_id_tells_its_account_as_a_hint_or_not_at_all() {
    let origin = of("ASIAQNZGKIQY56JQ7WML");
    assert_eq!(origin.decoded_account.as_ref().unwrap().as_str(), "029608264753");
    let told = origin.explain();
    assert!(told[1].contains("029608264753: a hint"), "{told:?}");
    assert!(told[2].contains("CloudTrail alone"), "{told:?}");
    let old = of("AKIAIOSFODNN7EXAMPLE");
    assert!(old.explain()[1].contains("carries no account"), "{:?}", old.explain());
}

#[test]
fn what_aws_says_goes_before_what_the_id_carries() {
    let mut origin = of("AKIAYVP4CIPPERUVIFXG");
    origin.account = Some("111122223333".parse().unwrap());
    assert!(origin.explain()[1].contains("names account 111122223333, though the ID carries 595918472158"));
    origin.asked_account = Some("444455556666".parse().unwrap());
    assert!(origin.out_of_reach().unwrap().contains("111122223333"));
}

#[test]
fn the_owner_is_told_with_status_and_last_use_or_as_a_suspicion() {
    let mut origin = of("AKIAYVP4CIPPERUVIFXG");
    assert!(origin.explain()[2].contains("only the account can"));
    origin.root_has_keys = Some(true);
    assert!(origin.may_be_root() && origin.explain()[2].contains("may be the root user's"));
    origin.user = Some("bob".to_owned());
    origin.status = Some(KeyStatus::Inactive);
    origin.last_used = Some(LastUsed {
        at: "2026-03-24T09:00:00Z".parse().unwrap(),
        service: "s3".to_owned(),
        region: "us-east-1".to_owned(),
    });
    assert_eq!(
        origin.explain()[2],
        "user `bob` holds it, and it is Inactive; last used 2026-03-24T09:00:00Z with s3 in us-east-1"
    );
    assert!(!origin.may_be_root());
}

#[test]
fn what_is_no_key_has_no_owner() {
    let origin = of("AROAU7JNXC7KTG25ETGRN");
    assert!(origin.out_of_reach().unwrap().contains("a role, not a key"));
    assert_eq!(origin.explain().len(), 2);
}
