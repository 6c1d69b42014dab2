//! Accounts with one way to stay in, and accounts with none: a plan that is carried out must tell the two apart.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::{Account, Holder, LoginProfile, Resource, Role, User};
use oust::lineage::{Lineage, Made, Unjudged, Untold, bystanders};
use oust::plan::{Facts, State, footholds, plan, see_doors};
use oust::playbook::End;
use oust::policy::PolicyText;
use oust::rehearse::{Rehearsed, judge, rehearse};
use serde_json::json;
use support::story;

const DENY_LITTLE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["s3:PutObject"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2099-01-01T00:00:00Z"}}}]}"#;

/// The story's account and family, changed, planned and rehearsed.
fn rehearsed(change: impl FnOnce(&mut Account, &mut Lineage)) -> Rehearsed {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stage = story::played();
        let (mount, mut lineage, _) = story::planned(&stage, End::Contain).await;
        let mut account = story::account(&mount).await;
        account.resources = Some(Default::default());
        change(&mut account, &mut lineage);
        see_doors(&mut lineage, &account, stage.twin.now());
        let others = bystanders(&story::evidence(&stage.twin), &lineage);
        let facts = Facts {
            account: &account,
            lineage: &lineage,
            bystanders: &others,
        };
        let plan = plan(&story::playbook(), End::Contain, facts, stage.twin.now());
        let caller = story::caller(&mount).await;
        let key = &stage.names["responder-key"];
        rehearse(plan, &account, &caller, Some(key), stage.twin.now())
            .await
            .unwrap()
    })
}

fn document(statement: serde_json::Value) -> PolicyText {
    PolicyText::new(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

fn bob(account: &Account, may: Option<serde_json::Value>) -> User {
    let like = account.users.values().next().unwrap();
    User {
        name: "bob".into(),
        id: "AIDABOB".into(),
        inline: may.map(|may| ("P".to_owned(), document(may))).into_iter().collect(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: Some(Default::default()),
        ..like.clone()
    }
}

fn made(lineage: &mut Lineage, call: &str, what: &str) {
    let root = lineage.credentials[0].key.clone();
    let at = lineage.credentials[1].minted.as_ref().unwrap().at;
    lineage.made.push(Made {
        by: root,
        at,
        service: "iam".into(),
        call: call.into(),
        what: what.into(),
        names_nobody: false,
        event: format!("{call}-{what}"),
    });
}

fn role(account: &mut Account) -> &mut Role {
    account.roles.get_mut("MyBucketRole").unwrap()
}

fn everything() -> serde_json::Value {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

fn trusting(principal: serde_json::Value) -> PolicyText {
    document(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}))
}

#[test]
fn the_story_itself_is_contained() {
    let rehearsed = rehearsed(|_, _| {});
    assert!(rehearsed.contains(), "{:#?}", rehearsed.proof());
}

#[test]
fn a_password_that_was_set_for_another_user_is_deleted_and_one_that_cannot_be_seen_is_a_doubt() {
    let set = |there: bool, read: bool| {
        rehearsed(move |account, lineage| {
            let mut user = bob(account, Some(everything()));
            let profile = LoginProfile {
                created: user.created,
                password_reset_required: false,
            };
            let held = user.credentials.as_mut().unwrap();
            held.login_profile = there.then_some(profile);
            if !read {
                user.credentials = None;
            }
            account.users.insert("bob".into(), user);
            made(lineage, "CreateLoginProfile", "bob");
        })
    };
    let deleted = set(true, true);
    assert!(deleted.contains(), "{:#?}", deleted.proof().footholds);
    let deletes = |step: &oust::plan::Step| step.api.contains("DeleteLoginProfile UserName=bob");
    assert!(deleted.plan().steps.iter().any(deletes));
    assert!(set(false, true).contains());
    assert!(!set(true, false).contains());
}

#[test]
fn a_user_who_is_denied_only_without_mfa_is_open_to_who_made_him() {
    let is_closed = |deny: serde_json::Value| {
        let mut is_closed = false;
        rehearsed(|account, lineage| {
            let at = lineage.credentials[1].minted.as_ref().unwrap().at;
            let mut user = bob(account, Some(everything()));
            user.inline.insert("D".into(), document(deny));
            // Whoever bears the name and was made at another time is somebody else.
            user.created = at;
            let profile = LoginProfile {
                created: user.created,
                password_reset_required: false,
            };
            user.credentials.as_mut().unwrap().login_profile = Some(profile);
            account.users.insert("bob".into(), user);
            made(lineage, "CreateUser", "bob");
            // As it stands, before a plan denies him.
            let footholds = footholds(lineage, account, at.plus_seconds(3600));
            is_closed = footholds.iter().all(|one| one.state.is_closed());
        });
        is_closed
    };
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    assert!(is_closed(deny.clone()));
    let mut without_mfa = deny.clone();
    without_mfa["Condition"] = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}});
    assert!(!is_closed(without_mfa));
    let mut on_keys = deny;
    on_keys["Condition"] = json!({"Null": {"aws:TokenIssueTime": "true"}});
    assert!(!is_closed(on_keys));
}

#[test]
fn a_role_that_trusts_the_intruders_own_account_is_open_until_it_may_do_nothing() {
    let with = |may: Option<serde_json::Value>| {
        rehearsed(move |account, lineage| {
            let mut back = role(account).clone();
            back.name = "Back".into();
            back.id = "AROABACK".into();
            back.trust = trusting(json!({"AWS": "999999999999"}));
            back.attached.clear();
            back.inline = may.map(|may| ("P".to_owned(), document(may))).into_iter().collect();
            account.roles.insert("Back".into(), back);
            made(lineage, "UpdateAssumeRolePolicy", "Back");
        })
    };
    assert!(!with(Some(everything())).contains());
    assert!(with(None).contains());
}

#[test]
fn a_role_that_anybody_may_assume_is_open_though_nobody_of_the_family_made_it_so() {
    let open = rehearsed(|account, _| role(account).trust = trusting(json!("*")));
    assert!(!open.contains());
    assert_eq!(open.plan().outlook.open_doors.len(), 1);
    let within = document(json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}}));
    // It is a question for the responder only because the family assumed that role.
    assert!(!rehearsed(|account, _| role(account).trust = within).contains());
}

#[test]
fn a_trust_that_was_changed_to_principals_of_the_account_itself_opens_nothing() {
    let inside = rehearsed(|_, lineage| made(lineage, "UpdateAssumeRolePolicy", "MyBucketRole"));
    assert!(inside.contains(), "{:#?}", inside.proof().footholds);
}

#[test]
fn code_that_was_left_running_is_a_doubt_and_a_tag_is_none() {
    assert!(!rehearsed(|_, lineage| made(lineage, "CreateFunction20150331", "f")).contains());
    assert!(!rehearsed(|_, lineage| made(lineage, "RunInstances", "")).contains());
    assert!(rehearsed(|_, lineage| made(lineage, "TagRole", "MyBucketRole")).contains());
}

#[test]
fn a_revocation_that_the_intruder_only_made_look_like_one_is_written_over() {
    let fooled = rehearsed(|account, _| {
        let policy = PolicyText::new(DENY_LITTLE);
        role(account).inline.insert("AWSRevokeOlderSessions".into(), policy);
    });
    assert!(fooled.contains(), "{:#?}", fooled.proof());
}

#[test]
fn policies_on_resources_do_not_outlive_a_deny() {
    let named = rehearsed(|account, _| {
        let grants = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::prod/*", "Principal": {"AWS": [
            "arn:aws:iam::123456789012:user/support-user",
            "arn:aws:iam::123456789012:role/MyBucketRole",
            "arn:aws:iam::123456789012:root"
        ]}});
        let resource = Resource {
            policy: Some(document(grants)),
            ..Resource::default()
        };
        let resources = account.resources.as_mut().unwrap();
        resources.insert("arn:aws:s3:::prod".parse().unwrap(), resource);
    });
    assert!(named.contains(), "{:#?}", named.proof());
}

#[test]
fn an_organization_that_stops_the_responders_deny_is_seen_in_rehearsal() {
    let guarded = rehearsed(|account, _| {
        let full = document(everything());
        let guard = document(json!({"Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": "*"}));
        account.guards = Some(oust::account::Guards {
            management_account: false,
            scps: vec![[("full".to_owned(), full), ("guard".to_owned(), guard)].into()],
            rcps: Default::default(),
        });
    });
    assert!(!guarded.contains() && !guarded.missing().is_empty());
}

/// What is in no table is not safe for that: one thing to look at for each service.
#[test]
fn changes_that_nobody_judged_are_a_doubt_told_in_few_lines() {
    let rehearsed = rehearsed(|_, lineage| {
        let root = lineage.credentials[0].key.clone();
        let at = lineage.credentials[1].minted.as_ref().unwrap().at;
        for n in 0..20 {
            lineage.unjudged.push(Unjudged {
                service: if n < 12 { "iot".into() } else { "eks".into() },
                call: format!("CreateThing{n}"),
                by: [root.clone()].into(),
                count: 3,
                first: at,
                last: at,
            });
        }
    });
    assert!(!rehearsed.contains());
    let footholds = &rehearsed.proof().footholds;
    assert_eq!(footholds.len(), 2, "{footholds:?}");
    assert!(
        footholds.iter().all(|one| matches!(one.state, State::Unknown(_))),
        "{footholds:?}"
    );
    let iot = footholds.iter().find(|one| one.what.starts_with("iot ")).unwrap();
    assert!(
        iot.what.contains("CreateThing0 x3") && iot.what.contains("4 more"),
        "{iot}"
    );
    assert!(iot.state.why().contains("36 times"), "{iot}");
}

/// A key that was given and isn't told: the role's sessions are revoked, and that it may have gone on stays a doubt.
#[test]
fn a_key_that_no_record_tells_has_its_role_revoked_and_is_a_doubt() {
    let rehearsed = rehearsed(|account, lineage| {
        let mut other = role(account).clone();
        other.name = "OtherRole".into();
        other.id = "AROAOTHER".into();
        other.inline.insert("P".into(), document(everything()));
        account.roles.insert("OtherRole".into(), other);
        lineage.untold.push(Untold {
            by: lineage.credentials[0].key.clone(),
            at: lineage.credentials[1].minted.as_ref().unwrap().at,
            call: "AssumeRole".into(),
            event: "e".into(),
            holder: Some(Holder::Role {
                name: "OtherRole".into(),
                id: String::new(),
                session: "s".into(),
            }),
            account: Some(account.id.clone()),
        });
    });
    assert!(!rehearsed.contains());
    let [one] = &rehearsed.proof().footholds[..] else {
        panic!("{:?}", rehearsed.proof().footholds)
    };
    assert!(
        matches!(&one.state, State::Unknown(why) if why.contains("denied everything")),
        "{one}"
    );
}

/// Two sessions of a family may have one key ID: each is judged by itself.
#[test]
fn sessions_with_one_key_id_have_a_verdict_each() {
    let stage = story::played();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let judged = runtime.block_on(async {
        let (mount, mut lineage, _) = story::planned(&stage, End::Contain).await;
        let mut account = story::account(&mount).await;
        account.resources = Some(Default::default());
        let mut weak = role(&mut account).clone();
        weak.name = "Weak".into();
        weak.id = "AROAWEAK".into();
        (weak.inline, weak.attached) = Default::default();
        account.roles.insert("Weak".into(), weak);
        let c = lineage
            .credentials
            .iter()
            .find(|one| one.role().is_some())
            .unwrap()
            .clone();
        let mut same = c.clone();
        same.holder = Some(Holder::Role {
            name: "Weak".into(),
            id: "AROAWEAK".into(),
            session: "s".into(),
        });
        lineage.credentials = vec![c, same];
        judge(&account, &lineage, stage.twin.now())
    });
    assert!(
        !judged[0].verdict.is_contained() && judged[1].verdict.is_contained(),
        "{judged:?}"
    );
}
