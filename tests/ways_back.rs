//! What the family left behind is only called closed where nobody can come back by it, whatever he calls himself and whenever he asks.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use oust::account::{Account, Credentials, KeyStatus, LoginProfile, SigningCertificate, SshPublicKey};
use oust::action::Member;
use oust::action::revoke::{Issuer, document as revocation};
use oust::lineage::{Lineage, Made, trace};
use oust::plan::{Facts, footholds, made_by, own_credentials, see_doors};
use oust::policy::PolicyText;
use oust::time::Moment;
use oust::trail::Evidence;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DONE: &str = "2026-03-24T09:00:00Z";
const HOUR: i64 = 3600;

fn done() -> Moment {
    DONE.parse().unwrap()
}

fn later(seconds: i64) -> Moment {
    done().plus_seconds(seconds)
}

fn policy(statements: Value) -> PolicyText {
    PolicyText::new(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn may(action: &str) -> PolicyText {
    policy(json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]))
}

fn trusting(principal: Value) -> PolicyText {
    policy(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

/// An account with the users alice and Carol, the group Dev and the role Prod, who may do everything.
fn account() -> Account {
    let user = |name: &str, id: &str| json!({"name": name, "path": "/", "id": id, "created": "2026-01-01T00:00:00Z", "inline": {"p": may("*")}, "credentials": {}});
    let prod = json!({"name": "Prod", "path": "/", "id": "AROAPROD", "created": "2026-01-01T00:00:00Z",
        "trust": trusting(json!({"AWS": "arn:aws:iam::123456789012:root"})), "inline": {"p": may("*")}, "max_session_seconds": 7200});
    let account = json!({"id": "123456789012", "partition": "aws", "resources": {},
        "users": {"alice": user("alice", "AIDAALICE"), "Carol": user("Carol", "AIDACAROL")}, "roles": {"Prod": prod}});
    serde_json::from_value(account).unwrap()
}

fn held<'a>(account: &'a mut Account, user: &str) -> &'a mut Credentials {
    account.users.get_mut(user).unwrap().credentials.as_mut().unwrap()
}

/// A family that made these calls: service, call, on what, seconds behind the first.
fn family(calls: &[(&str, &str, &str, i64)]) -> Lineage {
    let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
    let mut lineage = trace(&Evidence::default(), std::slice::from_ref(&key));
    lineage.made = calls
        .iter()
        .map(|(service, call, what, behind)| Made {
            by: key.clone(),
            at: later(*behind),
            service: (*service).to_owned(),
            call: (*call).to_owned(),
            what: (*what).to_owned(),
            names_nobody: false,
            event: format!("{call} {what} {behind}"),
        })
        .collect();
    lineage
}

/// Whether all that one call of IAM left behind is called closed, with what is said.
fn closed(account: &Account, call: &str, what: &str) -> (bool, String) {
    judged(&family(&[("iam", call, what, 0)]), account, later(HOUR))
}

fn judged(lineage: &Lineage, account: &Account, now: Moment) -> (bool, String) {
    let found = footholds(lineage, account, now);
    assert!(!found.is_empty());
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    (found.iter().all(|one| one.state.is_closed()), said.join("; "))
}

#[test]
fn a_name_in_another_case_is_the_same_name() {
    let mut known = account();
    let own = known.roles["Prod"].trust.clone();
    known.roles.get_mut("Prod").unwrap().trust = trusting(json!({"AWS": "999999999999"}));
    let (is_closed, said) = closed(&known, "UpdateAssumeRolePolicy", "PROD");
    assert!(!is_closed, "{said}");
    known.roles.get_mut("Prod").unwrap().trust = own;
    let password = LoginProfile {
        created: done(),
        password_reset_required: false,
    };
    held(&mut known, "alice").login_profile = Some(password.clone());
    held(&mut known, "Carol").login_profile = Some(password);
    for (call, what) in [("CreateLoginProfile", "ALICE"), ("UpdateLoginProfile", "carol")] {
        let (is_closed, said) = closed(&known, call, what);
        assert!(!is_closed, "{said}");
    }
    let lineage = family(&[("iam", "CreateLoginProfile", "ALICE", 0)]);
    let facts = Facts {
        account: &known,
        lineage: &lineage,
        bystanders: &[],
    };
    assert!(facts.issuers().contains(&Issuer::User("alice".to_owned())));
    let made = family(&[
        ("iam", "AddUserToGroup", "ALICE DEV", 0),
        ("iam", "PutRolePolicy", "PROD Evil", 0),
    ]);
    let members = [
        Member::GroupMembership {
            user: "alice".to_owned(),
            group: "Dev".to_owned(),
        },
        Member::RolePolicy {
            role: "Prod".to_owned(),
            name: "evil".to_owned(),
        },
    ];
    for member in members {
        assert!(made_by(&made, &member).is_some(), "{member:?}");
    }
}

/// Whoever came in before a door was shut has a session for hours.
#[test]
fn a_door_that_was_shut_again_is_closed_when_whoever_came_in_is_out() {
    let mut known = account();
    let opened = [("iam", "UpdateAssumeRolePolicy", "Prod", 0)];
    let mut lineage = family(&opened);
    let (is_closed, said) = judged(&lineage, &known, later(HOUR));
    assert!(!is_closed && said.contains("UNKNOWN"), "{said}");
    see_doors(&mut lineage, &known, later(HOUR));
    let facts = Facts {
        account: &known,
        lineage: &lineage,
        bystanders: &[],
    };
    assert_eq!(facts.issuers(), [Issuer::Role("Prod".to_owned())]);
    let by = |role: &str| {
        let caller = format!("arn:aws:sts::123456789012:assumed-role/{role}/responder");
        own_credentials(&lineage, &BTreeSet::new(), &caller.parse().unwrap(), None)
    };
    assert!(by("Prod").is_some() && by("Other").is_none());
    let revoked = |cut: i64| {
        let mut revoked = known.clone();
        let role = revoked.roles.get_mut("Prod").unwrap();
        role.inline
            .insert("AWSRevokeOlderSessions".to_owned(), revocation(later(cut)));
        revoked
    };
    // It was seen to be shut after an hour: what was revoked before leaves whoever came in meanwhile.
    let before = revoked(HOUR - 60);
    assert!(!judged(&lineage, &before, later(HOUR + 120)).0);
    let behind = revoked(HOUR + 60);
    let (is_closed, said) = judged(&lineage, &behind, later(HOUR + 120));
    assert!(is_closed, "{said}");
    // The role gives two hours at most.
    assert!(!judged(&lineage, &known, later(3 * HOUR - 60)).0);
    assert!(judged(&lineage, &known, later(3 * HOUR + 60)).0);
    // It was opened once more since, or may have given longer sessions then.
    let mut again = family(&[opened[0], ("iam", "UpdateAssumeRolePolicy", "prod", HOUR + 30)]);
    again.remember(&lineage);
    assert!(!judged(&again, &behind, later(HOUR + 120)).0);
    let mut longer = family(&[opened[0], ("iam", "UpdateRole", "Prod", 1)]);
    longer.remember(&lineage);
    assert!(!judged(&longer, &known, later(3 * HOUR + 60)).0);
    assert!(judged(&longer, &known, later(13 * HOUR + 60)).0);
    // A door that is open is not remembered to be shut.
    known.roles.get_mut("Prod").unwrap().trust = trusting(json!({"AWS": "999999999999"}));
    see_doors(&mut lineage, &known, later(2 * HOUR));
    assert!(lineage.shut.is_empty());
}

#[test]
fn a_deny_that_hangs_on_what_a_caller_chooses_denies_nobody() {
    let under = |condition: Option<Value>| {
        let mut known = account();
        let role = known.roles.get_mut("Prod").unwrap();
        role.trust = trusting(json!({"AWS": "999999999999"}));
        role.tags.insert("team".to_owned(), "a".to_owned());
        let mut deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        if let Some(condition) = condition {
            deny["Condition"] = condition;
        }
        role.inline.insert("deny".to_owned(), policy(json!([deny])));
        closed(&known, "UpdateAssumeRolePolicy", "Prod")
    };
    for condition in [
        json!({"StringNotEquals": {"aws:PrincipalTag/open": "yes"}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "a"}}),
        json!({"Null": {"aws:SourceIdentity": "true"}}),
        json!({"StringNotLike": {"aws:userid": "*:open"}}),
        json!({"DateLessThan": {"aws:TokenIssueTime": "2026-03-24T12:00:00Z"}}),
        json!({"DateLessThan": {"aws:TokenIssueTime": "2036-03-24T12:00:00Z"}}),
    ] {
        let (is_closed, said) = under(Some(condition.clone()));
        assert!(!is_closed, "{condition}: {said}");
    }
    // Every session of a role has a moment of issue.
    assert!(under(Some(json!({"Null": {"aws:TokenIssueTime": "false"}}))).0);
    assert!(under(None).0);
}

#[test]
fn what_was_uploaded_is_known_by_its_id() {
    let mut known = account();
    let key = |id: &str, status| SshPublicKey {
        id: id.to_owned(),
        status,
        uploaded: later(-HOUR),
        body: None,
    };
    let (one, two) = ("APKAAAAAAAAAAAAAAAA1", "APKAAAAAAAAAAAAAAAA2");
    held(&mut known, "alice").ssh_public_keys = vec![key(one, KeyStatus::Active), key(two, KeyStatus::Inactive)];
    // An old key that was made active again.
    assert!(!closed(&known, "UpdateSSHPublicKey", &format!("alice {one}")).0);
    assert!(closed(&known, "UpdateSSHPublicKey", &format!("alice {two}")).0);
    // Where the record doesn't tell which, it may be any.
    assert!(!closed(&known, "UploadSSHPublicKey", "alice").0);
    // The second upload says nothing of the first.
    let both = [format!("alice {one}"), format!("alice {two}")];
    let lineage = family(&[
        ("iam", "UploadSSHPublicKey", &both[0], 0),
        ("iam", "UploadSSHPublicKey", &both[1], 63),
    ]);
    let (is_closed, said) = judged(&lineage, &known, later(HOUR));
    assert!(!is_closed, "{said}");
    let id = "TA7SMP42TDN5Z26OBPJE7EXAMPLE";
    held(&mut known, "alice").signing_certificates = vec![SigningCertificate {
        id: id.to_owned(),
        status: KeyStatus::Active,
        uploaded: later(-HOUR),
        body: String::new(),
    }];
    assert!(!closed(&known, "UpdateSigningCertificate", &format!("alice {id}")).0);
    // A record that names the certificate alone is about its caller, whoever that is.
    assert!(!closed(&known, "UpdateSigningCertificate", id).0);
    let of = |id: &str| Member::SshPublicKey {
        user: "alice".to_owned(),
        id: id.to_owned(),
    };
    let uploaded = family(&[("iam", "UploadSSHPublicKey", &both[0], 0)]);
    assert!(made_by(&uploaded, &of(one)).is_some() && made_by(&uploaded, &of(two)).is_none());
}

#[test]
fn a_service_that_hands_out_credentials_is_no_closed_door() {
    let trusted = |service: &str| {
        let mut known = account();
        let role = known.roles.get_mut("Prod").unwrap();
        role.trust = trusting(json!({"Service": service}));
        role.inline
            .insert("AWSRevokeOlderSessions".to_owned(), revocation(later(HOUR)));
        let mut lineage = family(&[("iam", "UpdateAssumeRolePolicy", "Prod", 0)]);
        see_doors(&mut lineage, &known, later(60));
        judged(&lineage, &known, later(HOUR))
    };
    for service in [
        "credentials.iot.amazonaws.com",
        "rolesanywhere.amazonaws.com",
        "pods.eks.amazonaws.com",
        "ssm.amazonaws.com",
        "greengrass.amazonaws.com",
        "something-new.amazonaws.com",
    ] {
        let (is_closed, said) = trusted(service);
        assert!(!is_closed && said.contains(service), "{said}");
    }
    for service in ["lambda.amazonaws.com", "states.eu-west-1.amazonaws.com"] {
        let (is_closed, said) = trusted(service);
        assert!(is_closed, "{said}");
    }
}

#[test]
fn a_user_of_another_service_is_no_user_of_iam() {
    for service in ["transfer", "identitystore", "sso-directory"] {
        let lineage = family(&[(service, "CreateUser", "sftp-eve", 0)]);
        let (is_closed, said) = judged(&lineage, &account(), later(HOUR));
        assert!(!is_closed, "{service}: {said}");
        let member = Member::User {
            user: "sftp-eve".to_owned(),
        };
        assert!(made_by(&lineage, &member).is_none());
    }
    // One of IAM that is gone doesn't stand for one of the same name elsewhere.
    let lineage = family(&[
        ("transfer", "CreateUser", "sftp-eve", 0),
        ("iam", "CreateUser", "sftp-eve", 1),
    ]);
    assert!(!judged(&lineage, &account(), later(HOUR)).0);
}

/// A name of capitals and digits is no ID: what was given to that user is his, and not the intruder's own.
#[test]
fn a_name_that_looks_like_an_id_is_a_name() {
    let mut known = account();
    let password = LoginProfile {
        created: done(),
        password_reset_required: false,
    };
    for (name, call, what) in [
        ("BACKUPADMINISTRATOR", "CreateLoginProfile", ""),
        ("AIDAAAAAAAAAAAAAAAAAA", "UpdateLoginProfile", ""),
        ("ACCAUSER", "CreateServiceSpecificCredential", " ACCAAAAAAAAAAAAAAAAAA"),
    ] {
        let mut user = known.users["alice"].clone();
        (user.name, user.id) = (name.to_owned(), format!("AIDA{name}"));
        let held = user.credentials.as_mut().unwrap();
        held.login_profile = Some(password.clone());
        held.service_specific = serde_json::from_value(
            json!([{"id": "ACCAAAAAAAAAAAAAAAAAA", "service": "x", "status": "Active",
            "created": DONE}]),
        )
        .unwrap();
        known.users.insert(name.to_owned(), user);
        let (is_closed, said) = closed(&known, call, &format!("{name}{what}"));
        assert!(!is_closed && said.contains("OPEN"), "{said}");
    }
    // A record that names nobody is about its caller.
    let mut lineage = family(&[("iam", "UpdateSSHPublicKey", "APKAAAAAAAAAAAAAAAA1", 0)]);
    lineage.made[0].names_nobody = true;
    let (is_closed, said) = judged(&lineage, &known, later(HOUR));
    assert!(!is_closed && said.contains("which user it is about"), "{said}");
}

/// What was done under a name to one person hides nothing of what was done under it to another before.
#[test]
fn a_call_counts_for_each_who_bore_the_name() {
    let mut known = account();
    known.users.insert("archive".to_owned(), known.users["alice"].clone());
    let archive = known.users.get_mut("archive").unwrap();
    "archive".clone_into(&mut archive.name);
    held(&mut known, "archive").login_profile = Some(LoginProfile {
        created: done(),
        password_reset_required: false,
    });
    known.users.remove("alice");
    let lineage = family(&[
        ("iam", "CreateLoginProfile", "alice", 0),
        ("iam", "UpdateUser", "alice archive", 10),
        ("iam", "CreateUser", "alice", 20),
        ("iam", "CreateLoginProfile", "alice", 30),
        ("iam", "DeleteUser", "alice", 40),
    ]);
    let (is_closed, said) = judged(&lineage, &known, later(HOUR));
    assert!(!is_closed && said.contains("OPEN"), "{said}");
}

/// Whoever came in by a provider before the last role ceased to trust it has a session for hours, of whichever role that was.
#[test]
fn a_provider_that_no_role_trusts_any_more_is_closed_when_whoever_came_in_is_out() {
    for (service, call) in [
        ("iam", "UpdateSAMLProvider"),
        ("iam", "CreateOpenIDConnectProvider"),
        ("rolesanywhere", "CreateTrustAnchor"),
    ] {
        let mut known = account();
        let mut lineage = family(&[(service, call, "", 0)]);
        let (is_closed, said) = judged(&lineage, &known, later(13 * HOUR));
        assert!(!is_closed && said.contains("UNKNOWN"), "{call}: {said}");
        see_doors(&mut lineage, &known, later(HOUR));
        assert!(!judged(&lineage, &known, later(13 * HOUR)).0);
        assert!(judged(&lineage, &known, later(13 * HOUR + 60)).0);
        // It was changed again since, or is trusted again.
        let mut again = family(&[(service, call, "", 0), (service, call, "", HOUR + 30)]);
        again.remember(&lineage);
        assert!(!judged(&again, &known, later(13 * HOUR + 60)).0);
        let role = known.roles.get_mut("Prod").unwrap();
        role.inline
            .insert("AWSRevokeOlderSessions".to_owned(), revocation(later(HOUR - 60)));
        assert!(!judged(&lineage, &known, later(2 * HOUR)).0);
        let role = known.roles.get_mut("Prod").unwrap();
        role.inline
            .insert("AWSRevokeOlderSessions".to_owned(), revocation(later(HOUR + 60)));
        let (is_closed, said) = judged(&lineage, &known, later(2 * HOUR));
        assert!(is_closed, "{call}: {said}");
    }
}

/// What is said of a user of the family's making is true while he is there.
#[test]
fn a_user_who_is_there_is_not_called_gone() {
    let mut known = account();
    known.users.get_mut("alice").unwrap().created = done();
    let (is_closed, said) = closed(&known, "CreateUser", "alice");
    assert!(is_closed && said.contains("no password"), "{said}");
    let id: oust::ids::AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
    held(&mut known, "alice").access_keys =
        serde_json::from_value(json!([{"id": id, "status": "Active", "created": DONE}])).unwrap();
    let (is_closed, said) = closed(&known, "CreateUser", "alice");
    assert!(is_closed && said.contains("but with keys of the family"), "{said}");
}

/// A key is known by its ID, and a user by who he was when he was made, whatever they are called by now.
#[test]
fn who_made_something_is_told_under_another_name_too() {
    let key: oust::ids::AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
    let lineage = family(&[
        ("iam", "CreateUser", "evil", 0),
        ("iam", "CreateAccessKey", &format!("evil {key}"), 1),
        ("iam", "UpdateUser", "evil backup", 2),
    ]);
    let user = "backup".to_owned();
    let members = [
        Member::AccessKey {
            user: user.clone(),
            key: key.clone(),
        },
        Member::User { user: user.clone() },
    ];
    for member in members {
        assert!(made_by(&lineage, &member).is_some(), "{member:?}");
    }
    let other = Member::User {
        user: "alice".to_owned(),
    };
    assert!(made_by(&lineage, &other).is_none());
}
