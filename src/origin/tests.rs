use super::*;

fn of(key: &str) -> Origin {
    Origin::of(&key.parse().unwrap())
}

#[test]
fn a_key_of_another_account_is_out_of_reach_and_what_aws_says_goes_before_what_the_id_carries() {
    let mut origin = of("AKIAYVP4CIPPERUVIFXG");
    assert_eq!(origin.decoded_account.as_ref().unwrap().as_str(), "595918472158");
    origin.asked_account = Some("444455556666".parse().unwrap());
    assert_eq!(origin.out_of_reach(), None, "what the ID carries is only a hint");
    origin.account = Some("111122223333".parse().unwrap());
    assert!(origin.out_of_reach().unwrap().contains("111122223333"));
    origin.asked_account = origin.account.clone();
    assert_eq!(origin.out_of_reach(), None);
}

#[test]
fn a_key_may_be_root_s_only_where_nobody_has_it_and_root_has_keys() {
    let mut origin = of("AKIAYVP4CIPPERUVIFXG");
    assert!(!origin.may_be_root(), "not known");
    origin.root_has_keys = Some(true);
    assert!(origin.may_be_root());
    origin.user = Some("bob".to_owned());
    assert!(!origin.may_be_root());
}

#[test]
fn what_is_no_key_is_out_of_reach() {
    assert!(
        of("AROAU7JNXC7KTG25ETGRN")
            .out_of_reach()
            .unwrap()
            .contains("a role, not a key")
    );
}
