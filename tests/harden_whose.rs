//! Whose calls count as use of an account, what a call tells of others that the trail lacks, and how many there were.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/incidents.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod incidents;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod records;

use incidents::PEOPLE;
use oust::account::{Account, MfaDevice};
use oust::harden::{Call, Detector, Finding, Once, Prevention, Sample, Usage, found, prevention};
use oust::lineage::trace;
use oust::tabletop::{Scenario, Stage};
use oust::trail::{Sift, Window};
use serde_json::{Value, json};
use std::sync::Arc;

const OTHER: &str = "210987654321";
const KEY: &str = "AKIABBBBBBBBBBBBBBBB";
const SESSION: &str = "ASIACCCCCCCCCCCCCCCC";
const LATER: &str = "ASIADDDDDDDDDDDDDDDD";
const ROOT: &str = r#"{"AWS":"arn:aws:iam::123456789012:root"}"#;

/// An account with a user who has an MFA device, and a role that trusts these.
fn account(principal: &str) -> Account {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
    );
    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let role = format!("\n[[role]]\nname = \"R\"\ntrust = '''{trust}'''\n[role.inline]\nAll = '''{all}'''\n");
    let scenario = Scenario::parse(&PEOPLE.replace("\n[[move]]", &format!("{role}\n[[move]]"))).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let mut account = stage.twin.account();
    let held = account.users.get_mut("ann").unwrap().credentials.as_mut().unwrap();
    held.mfa_devices.push(MfaDevice {
        serial: "arn:aws:iam::123456789012:mfa/ann".to_owned(),
        enabled: "2026-11-01T08:00:00Z".parse().unwrap(),
    });
    account
}

fn told_since(account: &Account, trail: &[Value], seen_since: Option<&str>) -> Prevention {
    let calls: Vec<Call> = trail.iter().filter_map(Call::of).collect();
    assert_eq!(calls.len(), trail.len());
    let sample = Sample {
        seen_since: seen_since.map(|since| since.parse().unwrap()),
        left_out: 0,
    };
    let now = "2026-11-02T12:00:00Z".parse().unwrap();
    let lineage = trace(&Default::default(), &[]);
    prevention(account, &lineage, &calls, &[], None, now, sample)
}

fn told(account: &Account, trail: &[Value]) -> Prevention {
    told_since(account, trail, None)
}

fn of<'p>(told: &'p Prevention, kind: &str) -> Option<&'p Finding> {
    told.findings.iter().find(|finding| finding.kind == kind)
}

/// Ann, by a key or a session.
fn ann(account: &Account, key: &str) -> Value {
    let mut who = records::user("ann", key);
    who["principalId"] = account.users["ann"].id.clone().into();
    who
}

/// A session of the role.
fn role(account: &Account, session: &str, key: &str) -> Value {
    let mut who = records::role("R", session, key);
    who["principalId"] = format!("{}:{session}", account.roles["R"].id).into();
    who
}

/// The same caller in another account.
fn abroad(who: &Value) -> Value {
    serde_json::from_str(&who.to_string().replace("123456789012", OTHER)).unwrap()
}

fn look(who: Value, at: &'static str, from: &'static str, id: usize) -> Value {
    records::call(who, at, "ec2", "DescribeInstances").from(from).record(id)
}

fn take(who: Value, at: &'static str, name: &str, key: &str, id: usize) -> Value {
    let request = json!({"roleArn": records::role_arn("R"), "roleSessionName": name});
    records::call(who, at, "sts", "AssumeRole")
        .sent(request)
        .from("198.51.100.7")
        .gave(key)
        .record(id)
}

/// A call that a service makes on somebody's behalf.
fn forwarded(mut who: Value, by: &'static str, at: &'static str, id: usize) -> Value {
    who["invokedBy"] = by.into();
    records::call(who, at, "ec2", "DescribeInstances").from(by).record(id)
}

fn recorded_abroad(mut record: Value) -> Value {
    record["recipientAccountId"] = OTHER.into();
    record
}

/// An organization's trail has users and roles of the same name in other accounts.
#[test]
fn another_accounts_user_of_the_same_name_is_somebody_else() {
    let account = account(ROOT);
    let own = [
        look(ann(&account, KEY), "09:00:00", "198.51.100.7", 1),
        take(ann(&account, KEY), "09:01:00", "ann", SESSION, 2),
        look(role(&account, "ann", SESSION), "09:02:00", "198.51.100.7", 3),
    ];
    let theirs = [
        recorded_abroad(look(
            abroad(&ann(&account, "AKIAXXXXXXXXXXXXXXXX")),
            "08:00:00",
            "203.0.113.9",
            4,
        )),
        recorded_abroad(look(
            abroad(&role(&account, "x", "ASIAXXXXXXXXXXXXXXXX")),
            "09:03:00",
            "203.0.113.9",
            5,
        )),
    ];
    let only_theirs = told(&account, &theirs);
    assert!(
        of(&only_theirs, "address-free-user").is_none(),
        "{:#?}",
        only_theirs.findings
    );
    assert_eq!((only_theirs.legitimate, only_theirs.since), (0, None));
    let both: Vec<Value> = own.iter().chain(&theirs).cloned().collect();
    let with = told(&account, &both);
    assert_eq!(with.legitimate, 3);
    for kind in ["address-free-user", "address-free-role", "trust-too-wide"] {
        let finding = of(&with, kind).unwrap();
        assert!(finding.is_ready(), "{finding:#?}");
        assert!(
            !format!("{:?}", finding.measure).contains("203.0.113.9"),
            "{finding:#?}"
        );
    }
    // Nor is what another account did as early as that this one's use.
    let since = told_since(&account, &both, Some("2026-11-02T08:00:00Z"));
    assert!(!of(&since, "address-free-user").unwrap().is_ready());
    let since = told_since(&account, &both, Some("2026-11-02T09:00:00Z"));
    assert!(of(&since, "address-free-user").unwrap().is_ready());
}

/// Who takes a role from another account stays somebody of that account, by whichever of the two it was recorded, and came once.
#[test]
fn who_comes_from_another_account_stays_a_stranger() {
    let account = account(&format!(r#"{{"AWS":"arn:aws:iam::{OTHER}:root"}}"#));
    let ask = |who: Value, id: usize| {
        let mut record = take(who, "09:00:00", "x", SESSION, id);
        record["requestParameters"]["externalId"] = "ours".into();
        record
    };
    let there = recorded_abroad(ask(abroad(&ann(&account, "AKIAXXXXXXXXXXXXXXXX")), 1));
    let here = ask(
        json!({"type": "AWSAccount", "principalId": "AIDAX", "accountId": OTHER}),
        2,
    );
    for trail in [vec![there.clone()], vec![here.clone()], vec![there, here]] {
        let told = told(&account, &trail);
        let finding = of(&told, "external-id-missing").unwrap();
        assert!(finding.evidence[0].contains("always sent ours"), "{finding:#?}");
        assert!(finding.is_ready(), "{finding:#?}");
        assert_eq!(told.legitimate, 1);
    }
}

/// What a service did on somebody's behalf he asked for by a call of his own: where the trail lacks it, nothing that it would tell is known.
#[test]
fn a_call_on_somebodys_behalf_proves_one_that_the_trail_lacks() {
    let account = account(ROOT);
    let by_key = forwarded(ann(&account, KEY), "s3.amazonaws.com", "09:00:00", 1);
    let with_mfa = look(records::with_mfa(ann(&account, SESSION)), "09:10:00", "198.51.100.7", 2);
    let unseen = told(&account, &[by_key.clone(), with_mfa.clone()]);
    for kind in ["mfa-not-required", "token-without-mfa", "address-free-user"] {
        let finding = of(&unseen, kind).unwrap();
        assert!(!finding.is_ready(), "{finding:#?}");
        assert!(
            finding.doubt.as_ref().unwrap().contains("on its behalf"),
            "{finding:#?}"
        );
        assert!(!finding.evidence[0].contains("with MFA"), "{finding:#?}");
    }
    let alone = told(&account, &[by_key.clone(), by_key]);
    assert!(!of(&alone, "mfa-not-required").unwrap().is_ready());
    assert!(!of(&alone, "token-without-mfa").unwrap().is_ready());
    // By the session of the call that is there it is explained.
    let session = records::with_mfa(ann(&account, LATER));
    let explained = told(
        &account,
        &[
            forwarded(session, "cloudformation.amazonaws.com", "09:11:00", 3),
            with_mfa,
        ],
    );
    for kind in ["mfa-not-required", "token-without-mfa", "address-free-user"] {
        assert!(of(&explained, kind).unwrap().is_ready(), "{kind}");
    }
}

/// A name tells who took a session only of one that began when he did: another of the same name may be anybody's.
#[test]
fn a_session_of_a_known_name_that_began_at_another_time_is_not_his() {
    let account = account(r#"{"AWS":"arn:aws:iam::123456789012:root","Service":"ec2.amazonaws.com"}"#);
    let taken = take(ann(&account, KEY), "09:00:00", "deploy", SESSION, 1);
    let used = |name: &str, key: &str, began: &str| {
        let who = records::issued(role(&account, name, key), began);
        look(who, "09:40:00", "198.51.100.7", 2)
    };
    let doubt = |record: Value| {
        let told = told(&account, &[taken.clone(), record]);
        let finding = of(&told, "trust-too-wide").unwrap();
        assert_eq!(finding.is_ready(), finding.doubt.is_none(), "{finding:#?}");
        finding.doubt.clone()
    };
    assert_eq!(doubt(used("deploy", SESSION, "09:00:00")), None);
    // The console calls by other keys of one session, and the trail begins amid others.
    assert_eq!(doubt(used("deploy", LATER, "09:00:01")), None);
    assert_eq!(doubt(used("deploy", LATER, "08:00:00")), None);
    assert!(doubt(used("deploy", LATER, "09:30:00")).unwrap().contains("(deploy)"));
    // Not every name that begins as an instance's is one's.
    assert_eq!(doubt(used("i-0123456789abcdef0", LATER, "09:30:00")), None);
    assert_eq!(doubt(used("i-0123abcd", LATER, "09:30:00")), None);
    for name in ["i-sync", "i-0123456789", "i-0123ABCD"] {
        assert!(doubt(used(name, LATER, "09:30:00")).unwrap().contains(name));
    }
}

/// A service's own session isn't called on anybody's behalf, and bears no function's ARN.
#[test]
fn a_functions_role_that_another_service_takes_is_not_bound_to_functions() {
    let both = account(r#"{"Service":["lambda.amazonaws.com","cloudformation.amazonaws.com"]}"#);
    let alone = account(r#"{"Service":"lambda.amazonaws.com"}"#);
    let function = |account: &Account| {
        let mut who = role(account, "nightly", SESSION);
        who["inScopeOf"] = json!({"issuerType": "AWS::Lambda::Function",
            "credentialsIssuedTo": "arn:aws:lambda:us-east-1:123456789012:function:nightly"});
        look(who, "09:00:00", "198.51.100.9", 1)
    };
    let by_service = |account: &Account, key: &str| {
        forwarded(
            role(account, "AWSCloudFormation", key),
            "cloudformation.amazonaws.com",
            "09:05:00",
            2,
        )
    };
    let finding = |account: &Account, trail: &[Value]| of(&told(account, trail), "function-unbound").unwrap().clone();
    assert!(finding(&alone, &[function(&alone)]).is_ready());
    let trusted = finding(&both, &[function(&both)]);
    assert!(
        !trusted.is_ready() && trusted.doubt.as_ref().unwrap().contains("cloudformation"),
        "{trusted:#?}"
    );
    // What can't be told apart isn't called spared.
    let seen = finding(&alone, &[function(&alone), by_service(&alone, LATER)]);
    assert_eq!(seen.proof.as_ref().unwrap().doubtful, 1, "{seen:#?}");
    assert!(!seen.is_ready());
    // On behalf of the function itself it is.
    let own = finding(&alone, &[function(&alone), by_service(&alone, SESSION)]);
    assert!(own.is_ready(), "{own:#?}");
}

/// The rule that is fitted to somebody tells nothing of the very calls that it was written by.
#[test]
fn a_fitted_rule_does_not_tell_of_whom_it_was_written_by() {
    let account = account(ROOT);
    let home = |id| look(ann(&account, KEY), "09:00:00", "198.51.100.7", id);
    let through = |address: &'static str| {
        let call = records::call(ann(&account, KEY), "09:10:00", "ec2", "DescribeInstances");
        call.through("vpce-1", address).record(2)
    };
    let mut beside = forwarded(ann(&account, KEY), "AWS Internal", "09:10:00", 2);
    beside["sourceIPAddress"] = "192.0.2.99".into();
    let trails = [
        vec![home(1), through("10.0.0.9")],
        vec![home(1), through("100.64.3.4")],
        vec![home(1), through("fd00::7")],
        vec![home(1), through("2001:db8::5")],
        vec![home(1), through("2001:db8:1:2:3:4:5:6")],
        vec![
            home(1),
            forwarded(ann(&account, KEY), "ec2.amazonaws.com.cn", "09:10:00", 2),
        ],
        vec![home(1), beside],
        vec![look(ann(&account, KEY), "09:00:00", "2001:DB8:0:0:0:0:0:2", 1)],
    ];
    for trail in trails {
        let told = told(&account, &trail);
        let rule = of(&told, "address-free-user").unwrap().fitted.as_deref().unwrap();
        let hits = |records: &[Value]| {
            let sift = Sift::of(Window::default(), Box::new(Detector::default));
            sift.feed("trail", json!({"Records": records}).to_string().as_bytes());
            let told = found(sift.finish().0, &[rule]).unwrap();
            let told = told.hits.into_iter().filter(|hit| hit.rule == rule.written.id);
            told.count()
        };
        assert_eq!(hits(&trail), 0, "{:#}", rule.written.eventbridge.as_ref().unwrap());
        for strange in ["203.0.113.66", "2001:db8:9:9::1"] {
            assert_eq!(
                hits(&[look(ann(&account, KEY), "09:00:00", strange, 1)]),
                1,
                "{strange}"
            );
        }
    }
}

/// A call counts once, however many copies of its record there are, and only if it went through, whatever stands first.
#[test]
fn calls_that_went_through_are_counted_once_each() {
    let account = account(ROOT);
    let went = |id| look(ann(&account, KEY), "09:00:00", "198.51.100.7", id);
    let refused = |id| {
        let call = records::call(ann(&account, KEY), "09:00:00", "ec2", "DescribeInstances");
        call.from("198.51.100.7").refused().record(id)
    };
    let take = |id| take(ann(&account, KEY), "09:00:00", "ann", SESSION, id);
    let counted = |files: &[Vec<Value>], is_pretty: bool| -> u64 {
        let once: Arc<Once> = Arc::default();
        // Each file by another reader.
        let sieves = files.iter().flat_map(|records| {
            let once = once.clone();
            let make = Box::new(move || Usage::default().counting(once.clone()));
            let sift = Sift::of(Window::default(), make);
            let text = json!({"Records": records});
            let text = if is_pretty {
                format!("{text:#}")
            } else {
                text.to_string()
            };
            sift.feed("trail", text.as_bytes());
            sift.finish().0
        });
        let gathered = Usage::gathered(sieves.collect());
        gathered.calls.iter().map(|call| call.count).sum()
    };
    for is_pretty in [false, true] {
        let counted = |files: &[Vec<Value>]| counted(files, is_pretty);
        assert_eq!(counted(&[vec![went(1), refused(2), refused(3)]]), 1);
        assert_eq!(counted(&[vec![refused(2), refused(3), went(1)]]), 1);
        assert_eq!(counted(&[vec![went(1), went(2), take(3)]]), 3);
        assert_eq!(counted(&[vec![went(1), went(2), take(3), went(1), take(3)]]), 3);
        let file = vec![went(1), went(2), take(3)];
        assert_eq!(counted(&[file.clone(), file]), 3);
    }
}

/// An hour and a half isn't an hour, and an address that changes every day holds nobody.
#[test]
fn lengths_and_addresses_are_told_as_they_are() {
    let mut account = account(ROOT);
    account.roles.get_mut("R").unwrap().max_session_seconds = Some(5_400);
    let trail = [
        take(ann(&account, KEY), "09:00:00", "ann", SESSION, 1),
        look(ann(&account, KEY), "09:00:00", "2001:db8:1:2:3:4:5:6", 2),
    ];
    let told_of = told(&account, &trail);
    let title = &of(&told_of, "session-long").unwrap().title;
    assert!(title.contains("may last 90 minutes"), "{title}");
    account.roles.get_mut("R").unwrap().max_session_seconds = Some(7_200);
    let told_of = told(&account, &trail);
    assert!(of(&told_of, "session-long").unwrap().title.contains("may last 2 hours"));
    let finding = of(&told_of, "address-free-user").unwrap();
    assert!(
        !finding.is_ready() && finding.doubt.as_ref().unwrap().contains("/64"),
        "{finding:#?}"
    );
}
