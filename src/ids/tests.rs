use super::*;
use proptest::prelude::*;

fn account_of(key: &str) -> Option<String> {
    key.parse::<AccessKeyId>().unwrap().account().map(String::from)
}

/// Published keys whose accounts are known; sources are named where the decoder is.
#[test]
fn known_keys_decode_to_their_accounts() {
    for (key, account) in [
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("ASIAVJ2E6QGR2WZILJFM", "364679954851"),
        ("AKIASP2TPHJSQH3FJXYZ", "171436882533"),
        ("AKIAYVP4CIPPERUVIFXG", "595918472158"),
        ("AIDAYVP4CIPPJ5M54LRCY", "595918472158"),
        ("AKIATFQR7NSCUXC3DDDP", "218007301253"),
        ("ASIATFQR7NSCZLRUEGMR", "218007301253"),
        ("AKIAU7JNXC7K7XNL3F6J", "342082656213"),
        ("AKIAU7JNXC7KZLY6XYHJ", "342082656213"),
        ("ASIAU7JNXC7KQJVBYBDA", "342082656213"),
        ("ASIAU7JNXC7K3OCC55XI", "342082656213"),
        ("AROAU7JNXC7KTG25ETGRN", "342082656213"),
    ] {
        assert_eq!(account_of(key).as_deref(), Some(account), "{key}");
    }
}

#[test]
fn old_generation_and_invented_keys_do_not_decode() {
    for key in [
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAJ7WTMUK276RKAG4A",
        "ASIAJUMHIZPTOKTBMK5A",
        "AKIAQ1111111111118Q9",
        "AKIAQAAAAAAAAAAAA",
    ] {
        assert_eq!(account_of(key), None, "{key}");
    }
}

#[test]
fn garbled_keys_are_refused_with_the_text_and_the_shape() {
    for text in [
        "",
        "AKIA",
        "akiaiosfodnn7example",
        "AKIA IOSFODNN7EXAMP",
        "AKIAÄÖÜAAAAAAAAAA",
    ] {
        let error = text.parse::<AccessKeyId>().unwrap_err().to_string();
        assert!(error.contains("is not an access key ID"), "{error}");
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn principals_are_read_from_their_arns() {
    let of = |text: &str| PrincipalArn::of(&text.parse().unwrap());
    assert_eq!(of("arn:aws:iam::123456789012:root"), Some(PrincipalArn::Root));
    assert_eq!(
        of("arn:aws:iam::123456789012:user/a/b/ann"),
        Some(PrincipalArn::User("ann".into()))
    );
    assert_eq!(
        of("arn:aws:sts::123456789012:assumed-role/R/s@x"),
        Some(PrincipalArn::RoleSession {
            role: "R".into(),
            session: "s@x".into()
        })
    );
    assert_eq!(of("arn:aws:s3:::bucket/user/x"), None);
}

proptest! {
    #[test]
    fn a_unique_id_carries_its_account(number in 0u64..1_000_000_000_000, noise in any::<u64>()) {
        let account = AccountId::from_number(number).unwrap();
        let id = unique_id("AKIA", &account, noise);
        prop_assert_eq!(id.len(), 20);
        prop_assert_eq!(id.parse::<AccessKeyId>().unwrap().account(), Some(account));
    }

    #[test]
    fn parsing_a_key_never_panics(text in ".*") {
        let _ = text.parse::<AccessKeyId>().map(|key| (key.account(), key.kind()));
    }
}
