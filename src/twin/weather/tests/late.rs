//! Changes are told at once and take effect late.

use super::*;

const ROLE: (&str, &str) = ("RoleName", "r");
const ASSUME: [(&str, &str); 2] = [
    ("RoleArn", "arn:aws:iam::123456789012:role/r"),
    ("RoleSessionName", "me"),
];

#[test]
fn a_key_that_is_switched_off_is_told_at_once_and_works_on_for_the_lag() {
    let place = Place::lagging("4s..4s");
    let key = ("AccessKeyId", place.ann.key.as_str());
    place.boss("UpdateAccessKey", &[ANN, key, ("Status", "Inactive")]);
    let listed = format!("{:?}", place.by(&place.ann, "ListAccessKeys", &[]).unwrap());
    assert!(listed.contains("Inactive"), "{listed}");
    place.clock.advance_millis(3_900);
    assert_eq!(place.code(&place.ann, "ListUsers", &[]), "ok");
    assert!(place.twin.settled_at().is_some());
    place.clock.advance_millis(100);
    assert_eq!(place.code(&place.ann, "ListUsers", &[]), "InvalidClientTokenId");
    assert_eq!(place.twin.settled_at(), None);
}

/// <https://www.offensai.com/blog/aws-iam-eventual-consistency-persistence>
#[test]
fn a_deleted_key_does_everything_for_the_lag_but_make_a_new_one() {
    let place = Place::lagging("4s..4s");
    place.boss("DeleteAccessKey", &[ANN, ("AccessKeyId", place.ann.key.as_str())]);
    assert_eq!(place.code(&place.ann, "CreateAccessKey", &[]), "InvalidClientTokenId");
    let bob = ("UserName", "bob");
    assert_eq!(place.code(&place.ann, "CreateUser", &[bob]), "ok");
    let calls = place.twin.trail();
    let last = calls.last().unwrap();
    assert_eq!(last["userIdentity"]["accessKeyId"], place.ann.key.as_str());
    // A token that it minted meanwhile is valid at once, and outlives nothing: its user is still there.
    let token = place.sts(&place.ann, "GetSessionToken", &[]).unwrap();
    let token = place.keys_in(&token, "Credentials");
    place.clock.advance_millis(4_100);
    assert_eq!(place.code(&place.ann, "ListUsers", &[]), "InvalidClientTokenId");
    assert!(place.sts(&token, "GetCallerIdentity", &[]).is_ok());
}

#[test]
fn a_deny_bites_late_and_its_removal_later_still() {
    let place = Place::lagging("2s..6s");
    let deny = [ANN, ("PolicyName", "Deny")];
    place.boss("PutUserPolicy", &[deny[0], deny[1], ("PolicyDocument", DENY)]);
    assert_eq!(place.code(&place.ann, "DeleteUserPolicy", &deny), "ok");
    assert_eq!(place.code(&place.boss, "GetUserPolicy", &deny), "NoSuchEntity");
    while place.twin.settled_at().is_some() {
        assert_ne!(place.code(&place.ann, "ListUsers", &[]), "InvalidClientTokenId");
        place.clock.advance_millis(50);
    }
    // However the lags fall, the removal doesn't overtake the deny: in the end she may.
    assert_eq!(place.code(&place.ann, "ListUsers", &[]), "ok");
    assert_eq!(place.twin.effective(), place.twin.account());
}

#[test]
fn what_is_new_becomes_usable_late() {
    let place = Place::lagging("4s..4s");
    let key = place.boss("CreateAccessKey", &[ANN]);
    let key = place.keys_in(&key, "AccessKey");
    place.boss("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)]);
    assert_eq!(place.code(&key, "ListUsers", &[]), "InvalidClientTokenId");
    assert_eq!(
        place.sts(&place.ann, "AssumeRole", &ASSUME).unwrap_err().code,
        "AccessDenied"
    );
    assert_eq!(place.code(&place.ann, "GetRole", &[ROLE]), "ok");
    place.clock.advance_millis(4_000);
    assert_eq!(place.code(&key, "ListUsers", &[]), "ok");
    assert!(place.sts(&place.ann, "AssumeRole", &ASSUME).is_ok());
}

#[test]
fn a_deleted_role_is_assumed_and_its_sessions_live_for_the_lag() {
    let place = Place::lagging("4s..4s");
    place.boss("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)]);
    place.clock.advance_millis(5_000);
    place.boss("DeleteRole", &[ROLE]);
    let session = place.sts(&place.ann, "AssumeRole", &ASSUME).unwrap();
    let session = place.keys_in(&session, "Credentials");
    assert!(place.sts(&session, "GetCallerIdentity", &[]).is_ok());
    assert_eq!(place.code(&place.boss, "GetRole", &[ROLE]), "NoSuchEntity");
    place.clock.advance_millis(4_000);
    assert!(place.sts(&session, "GetCallerIdentity", &[]).is_err());
    assert!(place.sts(&place.ann, "AssumeRole", &ASSUME).is_err());
}

#[test]
fn a_trust_policy_is_late_too() {
    let place = Place::lagging("0s,trust=4s..4s");
    place.boss("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)]);
    let closed = TRUST.replace("Allow", "Deny");
    place.boss("UpdateAssumeRolePolicy", &[ROLE, ("PolicyDocument", &closed)]);
    assert!(place.sts(&place.ann, "AssumeRole", &ASSUME).is_ok());
    place.clock.advance_millis(4_000);
    assert!(place.sts(&place.ann, "AssumeRole", &ASSUME).is_err());
}

#[test]
fn a_fork_meets_what_is_under_way_and_draws_the_same_lags() {
    let place = Place::lagging("2s..6s");
    let put = [ANN, ("PolicyName", "Deny"), ("PolicyDocument", DENY)];
    place.boss("PutUserPolicy", &put);
    let fork = place.twin.fork();
    assert_eq!(fork.settled_at(), place.twin.settled_at());
    let detach = [ANN, ("PolicyName", "Admin")];
    place.boss("DeleteUserPolicy", &detach);
    fork.call(&place.boss, "iam", "DeleteUserPolicy", &detach, "192.0.2.1")
        .unwrap();
    assert_eq!(fork.settled_at(), place.twin.settled_at());
}

/// The account with its keys in order: which of two new ones arrives first says nothing.
fn in_order(mut account: Account) -> Account {
    for held in account.users.values_mut().filter_map(|user| user.credentials.as_mut()) {
        held.access_keys.sort_by(|one, other| one.id.cmp(&other.id));
    }
    account
}

/// A call by chance: who, what, on whom.
fn some_call(place: &Place, one: u8, other: u8) -> String {
    let who = if one & 1 == 0 { &place.boss } else { &place.ann };
    let user = ("UserName", ["ann", "bob", "cat"][usize::from(other % 3)]);
    let (role, group) = (("RoleName", "r"), ("GroupName", "g"));
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let text = ["Deny", "Allow"][usize::from(other / 3 % 2)];
    let document = ("PolicyDocument", if text == "Deny" { DENY } else { ADMIN });
    let keys = place.twin.account().users.get(user.1).cloned();
    let keys = keys.and_then(|user| user.credentials).unwrap_or_default();
    let key = keys
        .access_keys
        .first()
        .map_or("AKIAI44QH8DHBEXAMPLE".to_owned(), |key| key.id.to_string());
    let key = ("AccessKeyId", key.as_str());
    let trust = TRUST.replace("Allow", text);
    let (name, params): (&str, Vec<(&str, &str)>) = match one / 2 % 22 {
        0 => ("CreateUser", vec![user]),
        1 => ("DeleteUser", vec![user]),
        2 => ("CreateAccessKey", vec![user]),
        3 => ("DeleteAccessKey", vec![user, key]),
        4 => ("UpdateAccessKey", vec![user, key, ("Status", "Inactive")]),
        5 => ("UpdateAccessKey", vec![user, key, ("Status", "Active")]),
        6 => ("PutUserPolicy", vec![user, ("PolicyName", "P"), document]),
        7 => ("DeleteUserPolicy", vec![user, ("PolicyName", "P")]),
        8 => ("AttachUserPolicy", vec![user, ("PolicyArn", admin)]),
        9 => ("DetachUserPolicy", vec![user, ("PolicyArn", admin)]),
        10 => ("PutUserPermissionsBoundary", vec![user, ("PermissionsBoundary", admin)]),
        11 => ("DeleteUserPermissionsBoundary", vec![user]),
        12 => ("CreateGroup", vec![group]),
        13 => ("DeleteGroup", vec![group]),
        14 => ("AddUserToGroup", vec![group, user]),
        15 => ("RemoveUserFromGroup", vec![group, user]),
        16 => ("PutGroupPolicy", vec![group, ("PolicyName", "P"), document]),
        17 => ("CreateRole", vec![role, ("AssumeRolePolicyDocument", TRUST)]),
        18 => ("UpdateAssumeRolePolicy", vec![role, ("PolicyDocument", &trust)]),
        19 => ("DeleteRole", vec![role]),
        20 => ("CreateLoginProfile", vec![user, ("Password", "x")]),
        _ => ("DeleteGroupPolicy", vec![group, ("PolicyName", "P")]),
    };
    format!("{name} {:?}", place.by(who, name, &params).map_err(|fault| fault.code))
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    /// Without a lag, and with one of nothing, every answer, the trail and the account are the same as on a twin that has no weather.
    #[test]
    fn calm_weather_changes_nothing(calls in proptest::collection::vec((0u8.., 0u8..), 1..40)) {
        let mut calm = Place::in_weather(Weather::default());
        calm.twin = Twin::on_manual_clock(calm.twin.state(), calm.clock.clone());
        let others = [Place::in_weather(Weather::seeded(3)), Place::lagging("0s")];
        for (one, other) in calls {
            let expected = some_call(&calm, one, other);
            for place in &others {
                proptest::prop_assert_eq!(&some_call(place, one, other), &expected);
            }
        }
        for place in &others {
            proptest::prop_assert_eq!(place.twin.trail(), calm.twin.trail());
            proptest::prop_assert_eq!(place.twin.account(), calm.twin.account());
            proptest::prop_assert_eq!(place.twin.effective(), calm.twin.account());
        }
    }

    /// Whatever was done, when the last lag has passed what is in force is what is there: change by change, not only at the end.
    #[test]
    fn everything_arrives(calls in proptest::collection::vec((0u8.., 0u8.., 0i64..3_000), 1..60), seed in 0u64..) {
        let place = Place::in_weather(Weather::seeded(seed).with_lag("0s..5s,key=1s..9s,entity=2s".parse().unwrap()));
        for (one, other, pause) in calls {
            some_call(&place, one, other);
            place.clock.advance_millis(pause);
            let state = place.twin.state();
            let applied = state.late.applied(&state.account);
            proptest::prop_assert_eq!(in_order(applied), in_order(state.account));
        }
        if let Some(last) = place.twin.settled_at() {
            place.clock.advance_to(last);
        }
        proptest::prop_assert_eq!(place.twin.settled_at(), None);
        proptest::prop_assert_eq!(place.twin.effective(), place.twin.account());
    }
}
