//! What an organization's policies would have stopped: an account that the intruder lets into a role, and the root user's key.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/incidents.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod incidents;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod records;

use incidents::PEOPLE;
use oust::account::{Account, Guards, Holder, Organization, Session, SessionKind, Snapshot};
use oust::harden::{Call, Finding, Measure, Prevention, Sample, prevention};
use oust::ids::AccessKeyId;
use oust::lineage::trace;
use oust::policy::PolicyText;
use oust::tabletop::{Scenario, Stage};
use oust::time::ManualClock;
use oust::trail::Evidence;
use oust::twin::Twin;
use serde_json::{Value, json};
use std::process::Command;

const KEY: &str = "AKIAAAAAAAAAAAAAAAAA";
const ROOT_KEY: &str = "AKIARRRRRRRRRRRRRRRR";
const STRANGER: &str = "666666666666";
const PARTNER: &str = "210987654321";
const FULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Who may take the role, as the intruder leaves it.
fn trust() -> Value {
    let accounts = [PARTNER, STRANGER].map(|id| format!("arn:aws:iam::{id}:root"));
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:user/ann"}, "Action": "sts:AssumeRole"},
    ]})
}

/// A member account of an organization, with a role that a partner takes.
fn stage() -> Stage {
    let role = format!(
        "\n[[role]]\nname = \"R\"\ntrust = \'\'\'{}\'\'\'\n[role.inline]\nAll = \'\'\'{FULL}\'\'\'\n",
        trust()
    );
    let scenario = Scenario::parse(&PEOPLE.replace("\n[[move]]", &format!("{role}\n[[move]]"))).unwrap();
    let mut stage = Stage::set(&scenario, scenario.start()).unwrap();
    let mut state = stage.twin.state();
    let level = || [("FullAWSAccess".to_owned(), PolicyText::new(FULL))].into();
    state.account.guards = Some(Guards {
        scps: vec![level(), level()],
        ..Guards::default()
    });
    state.account.organization = Some(Organization {
        id: "o-exampleorgid".to_owned(),
        management_account: "999999999999".parse().unwrap(),
        scps_enabled: true,
        targets: vec!["r-exam".to_owned(), "123456789012".to_owned()],
        policy_ids: Default::default(),
        unattached: Default::default(),
        responder: None,
    });
    stage.twin = Twin::on_manual_clock(state, ManualClock::starting_at(scenario.start()));
    stage
}

/// Another account takes the role.
fn from_account(account: &str, at: &'static str, gives: &str, id: usize) -> Value {
    let who = json!({"type": "AWSAccount", "principalId": "AIDAX", "accountId": account});
    let request = json!({"roleArn": records::role_arn("R"), "roleSessionName": "x"});
    records::call(who, at, "sts", "AssumeRole")
        .sent(request)
        .gave(gives)
        .record(id)
}

fn with_role(account: &Account, key: &str, at: &'static str, id: usize) -> Value {
    let mut who = records::role("R", "x", key);
    who["principalId"] = format!("{}:x", account.roles["R"].id).into();
    records::call(who, at, "ec2", "DescribeInstances").record(id)
}

fn told(account: &Account, of: &str, legitimate: &[Value], intruder: &[Value], sample: Sample) -> Prevention {
    let mut evidence = Evidence::default();
    intruder.iter().for_each(|record| evidence.add_record(record).unwrap());
    let lineage = trace(&evidence, &[of.parse().unwrap()]);
    let calls = |records: &[Value]| records.iter().filter_map(Call::of).collect::<Vec<Call>>();
    let now = "2026-11-02T12:00:00Z".parse().unwrap();
    prevention(
        account,
        &lineage,
        &calls(legitimate),
        &calls(intruder),
        None,
        now,
        sample,
    )
}

fn of<'p>(told: &'p Prevention, kind: &str) -> Option<&'p Finding> {
    told.findings.iter().find(|finding| finding.kind == kind)
}

/// The intruder writes a trust policy that lets his own account in, and comes back by it.
fn let_in() -> Vec<Value> {
    let request = json!({"roleName": "R", "policyDocument": trust().to_string()});
    let call = records::call(records::user("ann", KEY), "09:00:00", "iam", "UpdateAssumeRolePolicy");
    vec![call.sent(request).record(1)]
}

/// No key of his signs that, and it is his all the same; the partner, who came before, is spared.
#[test]
fn an_account_that_the_intruder_lets_in_is_kept_out() {
    let account = stage().twin.account();
    let everybody = [
        from_account(PARTNER, "08:00:00", "ASIAPPPPPPPPPPPPPPPP", 2),
        with_role(&account, "ASIAPPPPPPPPPPPPPPPP", "08:01:00", 3),
        from_account(STRANGER, "09:10:00", "ASIASSSSSSSSSSSSSSSS", 4),
        with_role(&account, "ASIASSSSSSSSSSSSSSSS", "09:11:00", 5),
        from_account(PARTNER, "10:00:00", "ASIAQQQQQQQQQQQQQQQQ", 6),
    ];
    let told_of = |account: &Account| told(account, KEY, &everybody, &let_in(), Sample::default());
    let told = told_of(&account);
    assert_eq!(told.legitimate, 3);
    let finding = of(&told, "roles-open-to-strangers").unwrap();
    let proof = finding.proof.as_ref().unwrap();
    let stops = proof.stops_at.as_deref().unwrap();
    assert!(
        stops.contains(STRANGER) && stops.contains("role/R") && stops.contains("09:10"),
        "{stops}"
    );
    assert_eq!((proof.stopped, proof.asked, proof.untouched), (2, 3, 3), "{finding:#?}");
    assert!(finding.is_ready(), "{finding:#?}");
    let document = finding.measure.as_ref().unwrap().document().unwrap();
    let outside = &document["Statement"][0]["Condition"]["StringNotEqualsIfExists"];
    assert_eq!(
        outside,
        &json!({"aws:PrincipalOrgID": "o-exampleorgid", "aws:PrincipalAccount": [PARTNER]})
    );
    // It is there already; and where none binds.
    let mut kept = account.clone();
    let text = PolicyText::new(document.to_string());
    kept.guards.as_mut().unwrap().rcps.insert("Ours".to_owned(), text);
    assert!(of(&told_of(&kept), "roles-open-to-strangers").is_none());
    let mut managing = account.clone();
    managing.guards.as_mut().unwrap().management_account = true;
    assert!(of(&told_of(&managing), "roles-open-to-strangers").is_none());
    let mut alone = account.clone();
    (alone.guards, alone.organization) = (None, None);
    assert!(of(&told_of(&alone), "roles-open-to-strangers").is_none());
}

/// Who is trusted and never came would be kept out: that is said.
#[test]
fn who_is_trusted_and_never_came_keeps_the_policy_from_being_ready() {
    let account = stage().twin.account();
    let stranger = [from_account(STRANGER, "09:10:00", "ASIASSSSSSSSSSSSSSSS", 4)];
    let told = told(&account, KEY, &stranger, &let_in(), Sample::default());
    let finding = of(&told, "roles-open-to-strangers").unwrap();
    let doubt = finding.doubt.as_deref().unwrap();
    assert!(doubt.contains(PARTNER) && !doubt.contains(STRANGER), "{doubt}");
}

fn root(key: &str, at: &'static str, call: &'static str, id: usize) -> Value {
    let who = json!({"type": "Root", "principalId": "123456789012", "arn": "arn:aws:iam::123456789012:root",
        "accountId": "123456789012", "accessKeyId": key});
    records::call(who, at, "iam", call).record(id)
}

fn root_is_stopped_on_the_twin(measure: Option<&Measure>) -> bool {
    let mut state = stage().twin.state();
    if let Some(Measure::ServiceControl { document, .. }) = measure {
        let levels = &mut state.account.guards.as_mut().unwrap().scps;
        levels
            .last_mut()
            .unwrap()
            .insert("Given".to_owned(), PolicyText::new(document.to_string()));
    }
    let start = "2026-11-02T09:00:00Z".parse().unwrap();
    let key: AccessKeyId = "ASIARRRRRRRRRRRRRRRR".parse().unwrap();
    state.mint.sessions.push(Session {
        key: key.clone(),
        holder: Holder::Root,
        kind: SessionKind::Console,
        issued: start,
        expires: start.plus_seconds(3_600),
        mfa: Some(false),
        policy: None,
        policy_arns: Vec::new(),
        source_identity: None,
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    });
    let twin = Twin::on_manual_clock(state, ManualClock::starting_at(start));
    let keys = twin.keys(&key);
    twin.plain(&keys, "ec2:DescribeInstances", "*", "203.0.113.66").is_err()
}

#[test]
fn a_stolen_key_of_root_is_stopped_where_the_policy_says() {
    let account = stage().twin.account();
    let work = records::call(records::user("ann", KEY), "08:00:00", "ec2", "DescribeInstances").record(9);
    let stolen = [
        root(ROOT_KEY, "09:00:00", "ListUsers", 1),
        root(ROOT_KEY, "09:01:00", "CreateAccessKey", 2),
    ];
    let told_with = |work: &[Value], sample: Sample| told(&account, ROOT_KEY, work, &stolen, sample);
    let since = Sample {
        seen_since: Some("2026-11-02T08:00:00Z".parse().unwrap()),
        left_out: 0,
    };
    let doubted = told_with(std::slice::from_ref(&work), Sample::default());
    let finding = of(&doubted, "root-not-denied").unwrap();
    let proof = finding.proof.as_ref().unwrap();
    assert!(
        proof.stops_at.as_deref().unwrap().contains("iam:ListUsers"),
        "{finding:#?}"
    );
    assert_eq!((proof.stopped, proof.asked), (2, 2));
    assert!(!finding.is_ready() && finding.doubt.is_some());
    let told = told_with(std::slice::from_ref(&work), since);
    let finding = of(&told, "root-not-denied").unwrap();
    assert!(finding.is_ready(), "{finding:#?}");
    assert!(!root_is_stopped_on_the_twin(None) && root_is_stopped_on_the_twin(finding.measure.as_ref()));
    // Where the owner works as root, that would break.
    let own = [work, root("AKIAOOOOOOOOOOOOOOOO", "08:30:00", "ListUsers", 8)];
    let told = told_with(&own, since);
    let broken = of(&told, "root-not-denied").unwrap();
    assert!(
        !broken.is_ready() && broken.proof.as_ref().unwrap().broken.len() == 1,
        "{broken:#?}"
    );
}

/// The command reads the organization too: what it leaves open is told, and its SCPs refuse in the proofs what they refuse.
#[test]
fn the_command_reads_the_organization() {
    let folder = tempfile::tempdir().unwrap();
    let (snapshot, logs) = (folder.path().join("snap.json"), folder.path().join("logs.json"));
    let trail = [
        let_in(),
        vec![
            from_account(STRANGER, "09:10:00", "ASIASSSSSSSSSSSSSSSS", 4),
            records::call(records::user("ann", KEY), "09:20:00", "ec2", "DescribeInstances").record(5),
        ],
    ];
    std::fs::write(&logs, json!({"Records": trail.concat()}).to_string()).unwrap();
    let told = |account: &Account| -> Value {
        let kept = Snapshot::new("2026-11-02T12:00:00Z".parse().unwrap(), account.clone(), Vec::new());
        std::fs::write(&snapshot, kept.to_json().unwrap()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_oust"))
            .env_clear()
            .env("HOME", "/nonexistent")
            .args(["harden", KEY, "--format", "json", "--quiet", "--snapshot"])
            .arg(&snapshot)
            .arg("--logs")
            .arg(&logs)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let proof = |told: &Value, kind: &str| {
        let findings = told["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|one| one["kind"] == kind)
            .map(|one| one["proof"].clone())
    };
    let mut account = stage().twin.account();
    let open = told(&account);
    assert!(proof(&open, "root-not-denied").is_some(), "{open:#}");
    let stops = |told: &Value| proof(told, "roles-open-to-strangers").unwrap()["stops_at"].clone();
    assert!(stops(&open).as_str().unwrap().contains(STRANGER), "{open:#}");
    let not_read = |told: &Value| told["gaps"].to_string().contains("the organization's policies");
    assert!(!not_read(&open), "{open:#}");
    // A call that an SCP refuses goes through in no proof.
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:UpdateAssumeRolePolicy","Resource":"*"}]}"#;
    let asked = |told: &Value| proof(told, "roles-open-to-strangers").unwrap()["asked"].clone();
    let guards = account.guards.as_mut().unwrap();
    guards.scps[1].insert("NoTrust".to_owned(), PolicyText::new(deny));
    let refused = told(&account);
    assert_ne!(asked(&open), asked(&refused), "{refused:#}");
}
