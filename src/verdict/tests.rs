use super::*;
use crate::account::{AccessKey, Credentials, Holder, KeyStatus, Role, SessionKind, User};
use crate::policy::PolicyText;

const NOW: Moment = Moment::from_millis(1_774_000_000_000);
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

fn key(text: &str) -> AccessKeyId {
    text.parse().unwrap()
}

fn account() -> Account {
    let mut account = Account::empty("123456789012".parse().unwrap());
    account.resources = Some(Default::default());
    let user = User {
        name: "ann".into(),
        path: "/".into(),
        id: "AIDAANN".into(),
        created: NOW,
        tags: Default::default(),
        inline: [("Read".to_owned(), PolicyText::new(ALLOW))].into(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: Some(Credentials {
            access_keys: vec![AccessKey {
                id: key("AKIAAAAAAAAAAAAAAAAA"),
                status: KeyStatus::Active,
                created: NOW,
                last_used: None,
            }],
            ..Credentials::default()
        }),
    };
    let role = Role {
        name: "R".into(),
        path: "/".into(),
        id: "AROAR".into(),
        created: NOW,
        trust: PolicyText::new(
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"},"Action":"sts:AssumeRole"}]}"#,
        ),
        max_session_seconds: Some(3600),
        tags: Default::default(),
        inline: [("Read".to_owned(), PolicyText::new(ALLOW))].into(),
        attached: Default::default(),
        boundary: None,
        instance_profiles: Default::default(),
    };
    account.users.insert("ann".into(), user);
    account.roles.insert("R".into(), role);
    account
}

fn session(kind: SessionKind, holder: Holder) -> Session {
    Session {
        key: key("ASIAAAAAAAAAAAAAAAAA"),
        holder,
        kind,
        issued: NOW,
        expires: NOW.plus_seconds(3600),
        mfa: Some(false),
        policy: None,
        policy_arns: vec![],
        source_identity: None,
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    }
}

fn token() -> Session {
    session(
        SessionKind::GetSessionToken,
        Holder::User {
            name: "ann".into(),
            id: "AIDAANN".into(),
        },
    )
}

fn judge_session(account: &Account, session: Session, now: Moment) -> Verdict {
    let key = session.key.clone();
    verdict(account, &[session], &key, now)
}

#[test]
fn an_active_key_is_alive_and_an_inactive_or_missing_one_is_dead() {
    let mut account = account();
    let held = key("AKIAAAAAAAAAAAAAAAAA");
    assert!(
        matches!(verdict(&account, &[], &held, NOW), Verdict::Allowed { action, .. } if action == "sts:AssumeRole")
    );
    account
        .users
        .get_mut("ann")
        .unwrap()
        .credentials
        .as_mut()
        .unwrap()
        .access_keys[0]
        .status = KeyStatus::Inactive;
    assert_eq!(verdict(&account, &[], &held, NOW), Verdict::Dead(Dead::Inactive));
    assert_eq!(
        verdict(&account, &[], &key("AKIABBBBBBBBBBBBBBBB"), NOW),
        Verdict::Dead(Dead::NoSuchKey)
    );
}

#[test]
fn a_key_that_may_belong_to_a_user_who_was_not_read_is_unknown() {
    let mut account = account();
    account.users.get_mut("ann").unwrap().credentials = None;
    assert!(matches!(
        verdict(&account, &[], &key("AKIABBBBBBBBBBBBBBBB"), NOW),
        Verdict::Unknown(_)
    ));
}

#[test]
fn a_deny_on_the_user_ends_its_tokens_and_not_the_role_sessions() {
    let mut account = account();
    account
        .users
        .get_mut("ann")
        .unwrap()
        .inline
        .insert("Deny".into(), PolicyText::new(DENY));
    assert!(matches!(
        judge_session(&account, token(), NOW),
        Verdict::DeniedEverything(_)
    ));
    let role = session(
        SessionKind::AssumeRole,
        Holder::Role {
            name: "R".into(),
            id: "AROAR".into(),
            session: "s".into(),
        },
    );
    assert!(matches!(judge_session(&account, role, NOW), Verdict::Allowed { .. }));
}

#[test]
fn sessions_end_with_their_time_and_with_their_holder() {
    let mut account = account();
    assert_eq!(
        judge_session(&account, token(), NOW.plus_seconds(3600)),
        Verdict::Dead(Dead::Expired)
    );
    account.users.get_mut("ann").unwrap().id = "AIDAOTHER".into();
    assert_eq!(judge_session(&account, token(), NOW), Verdict::Dead(Dead::HolderGone));
}

#[test]
fn a_session_whose_unique_id_is_not_known_is_never_called_dead_for_it() {
    let account = account();
    let role = session(
        SessionKind::AssumeRole,
        Holder::Role {
            name: "R".into(),
            id: String::new(),
            session: "s".into(),
        },
    );
    assert!(matches!(judge_session(&account, role, NOW), Verdict::Allowed { .. }));
}

#[test]
fn a_trust_policy_that_names_the_user_keeps_it_alive_without_any_policy_of_its_own() {
    let mut account = account();
    account.users.get_mut("ann").unwrap().inline.clear();
    assert!(
        matches!(judge_session(&account, token(), NOW), Verdict::Allowed { action, .. } if action == "sts:AssumeRole")
    );
}

#[test]
fn nothing_allowed_is_only_said_when_resource_policies_were_read() {
    let mut account = account();
    account.users.get_mut("ann").unwrap().inline.clear();
    account.roles.clear();
    assert_eq!(judge_session(&account, token(), NOW), Verdict::NothingAllowed);
    account.resources = None;
    assert!(!judge_session(&account, token(), NOW).is_contained());
}

#[test]
fn a_deny_under_a_free_key_and_an_unread_policy_are_never_proof() {
    let mut account = account();
    let conditional = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#;
    account
        .users
        .get_mut("ann")
        .unwrap()
        .inline
        .insert("Deny".into(), PolicyText::new(conditional));
    assert!(!judge_session(&account, token(), NOW).is_contained());
    let user = account.users.get_mut("ann").unwrap();
    user.inline.clear();
    user.attached
        .insert("arn:aws:iam::aws:policy/SomethingNew".parse().unwrap());
    account.roles.clear();
    assert!(matches!(judge_session(&account, token(), NOW), Verdict::Unknown(_)));
}

#[test]
fn a_federation_token_without_session_policy_has_no_rights() {
    let mut account = account();
    account.roles.clear();
    let holder = Holder::FederatedUser {
        user: "ann".into(),
        user_id: "AIDAANN".into(),
        name: "fed".into(),
    };
    let verdict = judge_session(&account, session(SessionKind::GetFederationToken, holder), NOW);
    assert!(!matches!(verdict, Verdict::Allowed { .. }), "{verdict}");
}

#[test]
fn what_is_allowed_to_every_value_of_a_key_but_one_is_alive() {
    let mut account = account();
    account.roles.clear();
    let elsewhere = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:List*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}"#;
    account.users.get_mut("ann").unwrap().inline = [("P".to_owned(), PolicyText::new(elsewhere))].into();
    let verdict = judge_session(&account, token(), NOW);
    assert!(matches!(verdict, Verdict::Allowed { .. }), "{verdict}");
}

#[test]
fn an_allow_on_what_the_call_is_never_asked_on_keeps_nobody_alive() {
    let mut account = account();
    account.roles.clear();
    let odd = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","ec2:Describe*"],"Resource":"arn:aws:iam::123456789012:*"}]}"#;
    account.users.get_mut("ann").unwrap().inline = [("P".to_owned(), PolicyText::new(odd))].into();
    assert_eq!(judge_session(&account, token(), NOW), Verdict::NothingAllowed);
}

#[test]
fn an_active_key_that_is_denied_only_without_a_token_is_alive_by_the_token_that_it_can_mint() {
    let mut account = account();
    account.roles.clear();
    let on_keys = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":{"aws:TokenIssueTime":"true"}}}]}"#;
    let user = account.users.get_mut("ann").unwrap();
    user.inline.insert("D".into(), PolicyText::new(on_keys));
    let held = key("AKIAAAAAAAAAAAAAAAAA");
    assert!(matches!(verdict(&account, &[], &held, NOW), Verdict::Allowed { .. }));
    assert!(matches!(verdict_on_key_of(&account, &held), Verdict::Allowed { .. }));
    let user = account.users.get_mut("ann").unwrap();
    user.inline.insert("D".into(), PolicyText::new(DENY));
    assert!(matches!(
        verdict(&account, &[], &held, NOW),
        Verdict::DeniedEverything(_)
    ));
}

fn verdict_on_key_of(account: &Account, held: &AccessKeyId) -> Verdict {
    Memory::default().verdict_on_key_of(account, "ann", held, NOW)
}

/// The usual deny without MFA decides nothing about a session of which it isn't known whether it has MFA.
#[test]
fn where_mfa_is_not_known_a_deny_without_it_denies_nothing_surely() {
    const WITHOUT_MFA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;
    let mut account = account();
    let role = account.roles.get_mut("R").unwrap();
    role.inline.insert("Deny".into(), PolicyText::new(WITHOUT_MFA));
    let judged = |mfa: Option<bool>| {
        let holder = Holder::Role {
            name: "R".into(),
            id: "AROAR".into(),
            session: "s".into(),
        };
        let session = Session {
            mfa,
            ..session(SessionKind::AssumeRole, holder)
        };
        judge_session(&account, session, NOW)
    };
    assert!(matches!(judged(Some(false)), Verdict::DeniedEverything(_)));
    assert!(matches!(judged(Some(true)), Verdict::Allowed { .. }));
    let unknown = judged(None);
    assert!(!matches!(unknown, Verdict::DeniedEverything(_)), "{unknown:?}");
}

/// A guard that spares whoever has a tag or a source identity is no proof against a session of which it isn't known how it was issued.
#[test]
fn what_hangs_on_tags_that_are_not_known_is_no_proof() {
    for asked in ["aws:PrincipalTag/team", "aws:SourceIdentity"] {
        let guard = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"{asked}":"sec"}}}}}}]}}"#
        );
        let mut account = account();
        let role = account.roles.get_mut("R").unwrap();
        role.inline.insert("Guard".into(), PolicyText::new(guard));
        role.tags.insert("team".into(), "other".into());
        let holder = Holder::Role {
            name: "R".into(),
            id: "AROAR".into(),
            session: "s".into(),
        };
        let mut one = session(SessionKind::AssumeRole, holder);
        assert!(judge_session(&account, one.clone(), NOW).is_contained(), "{asked}");
        one.is_untold = true;
        assert!(!judge_session(&account, one.clone(), NOW).is_contained(), "{asked}");
        // What is known of it counts all the same.
        one.tags.insert("team".into(), "other".into());
        one.source_identity = Some("other".into());
        assert!(judge_session(&account, one, NOW).is_contained(), "{asked}");
    }
}
