//! The policies that are printed: a responder who has exactly that carries the plan out, and with anything less doesn't.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::permissions::{MANAGED_POLICY_QUOTA, policy, standing};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const OUST: &str = env!("CARGO_BIN_EXE_oust");
const STOLEN: &str = "AKIARZPUZDIKJA7PRP33";
const ADMIN: &str = "attached = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]";

fn oust(args: &[&str]) -> Output {
    let command = &mut Command::new(OUST);
    command.args(args).env_clear().env("COLUMNS", "200").output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// The story with a user who holds something of every kind that a plan removes, and a responder whose rights are put in.
fn scenario(rights: &str) -> String {
    let text = support::story::SCENARIO_TEXT.replace(
        ADMIN,
        &format!("{rights}\n\n[[user]]\nname = \"boss\"\nkeys = [\"boss-key\"]\n{ADMIN}"),
    );
    let mut moves = String::new();
    for (call, params) in [
        (
            "iam:CreateLoginProfile",
            "UserName = \"support-user\", Password = \"Correct-horse-7\"",
        ),
        ("iam:CreateVirtualMFADevice", "VirtualMFADeviceName = \"phone\""),
        (
            "iam:EnableMFADevice",
            "UserName = \"support-user\", SerialNumber = \"arn:aws:iam::123456789012:mfa/phone\", AuthenticationCode1 = \"123456\", AuthenticationCode2 = \"654321\"",
        ),
        (
            "iam:UploadSSHPublicKey",
            "UserName = \"support-user\", SSHPublicKeyBody = \"ssh-rsa AAAA me\"",
        ),
        (
            "iam:UploadSigningCertificate",
            "UserName = \"support-user\", CertificateBody = \"-----BEGIN CERTIFICATE-----A-----END CERTIFICATE-----\"",
        ),
        (
            "iam:CreateServiceSpecificCredential",
            "UserName = \"support-user\", ServiceName = \"codecommit.amazonaws.com\"",
        ),
        (
            "iam:AttachUserPolicy",
            "UserName = \"support-user\", PolicyArn = \"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess\"",
        ),
    ] {
        moves += &format!(
            "[[move]]\nminute = 13\nby = \"boss-key\"\ncall = \"{call}\"\nparams = {{ {params} }}\ninnocent = true\nsays = \"{call}\"\n\n"
        );
    }
    text.replace("[reaction]", &format!("{moves}[reaction]"))
}

fn inline(policies: &[&Value]) -> String {
    let each = policies.iter().enumerate();
    let lines = each.map(|(n, policy)| format!("Part{n} = '''{policy}'''\n"));
    format!("[user.inline]\n{}", lines.collect::<String>())
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the plan of `end` as a responder with these policies; gives what was said, the exit code, and the journal.
fn run(folder: &Path, policies: &[&Value], end: &str) -> (String, Option<i32>, String) {
    let file = write(folder, "limited.toml", &scenario(&inline(policies)));
    let cases = folder.join("cases");
    let _ = std::fs::remove_dir_all(&cases);
    let output = oust(&[
        "run",
        STOLEN,
        "--scenario",
        &file,
        "--end",
        end,
        "--yes",
        "--trace-calls",
        "--cases",
        cases.to_str().unwrap(),
    ]);
    let case = std::fs::read_dir(&cases).ok().and_then(|mut all| all.next()?.ok());
    let journal = case.map(|case| std::fs::read_to_string(case.path().join("journal.jsonl")).unwrap());
    (said(&output), output.status.code(), journal.unwrap_or_default())
}

/// What the plan needs where nobody fights back.
fn needed(folder: &Path, end: &str) -> Value {
    let file = write(folder, "whole.toml", &scenario(ADMIN));
    let mut printed = printed(&file, STOLEN, end);
    let statements = printed["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| !statement["Sid"].as_str().unwrap().starts_with("OustFight"));
    printed
}

fn printed(scenario: &str, key: &str, end: &str) -> Value {
    let printed = oust(&["plan", key, "--scenario", scenario, "--end", end, "--permissions"]);
    assert_eq!(printed.status.code(), Some(0), "{}", said(&printed));
    serde_json::from_slice(&printed.stdout).unwrap()
}

fn list(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect()
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements
        .flat_map(|one| list(&one["Action"]))
        .map(str::to_owned)
        .collect()
}

/// The policy without one action.
fn without(policy: &Value, action: &str) -> Value {
    let mut less = policy.clone();
    let statements = less["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        statement["Action"].as_array_mut().unwrap().retain(|one| one != action);
    }
    statements.retain(|statement| !list(&statement["Action"]).is_empty());
    less
}

/// The calls of a run, as `--trace-calls` lists them, in the words of policies.
fn called(told: &str) -> BTreeSet<String> {
    let lines = told.lines().filter(|line| line.starts_with("call "));
    let calls = lines.map(|line| line.split_whitespace().nth(3).unwrap());
    let named = calls.map(|call| {
        let (service, operation) = call.split_once(':').unwrap();
        format!("{}:{operation}", service.to_lowercase())
    });
    // The first no policy has to allow; to be refused the second is an answer too: there are no rights in Organizations.
    let free = ["sts:GetCallerIdentity", "organizations:DescribeOrganization"];
    named.filter(|call| !free.contains(&call.as_str())).collect()
}

#[test]
fn exactly_the_printed_policy_carries_the_plan_out() {
    let folder = tempfile::tempdir().unwrap();
    for end in ["contain", "strip", "delete"] {
        let policy = needed(folder.path(), end);
        let (told, code, _) = run(folder.path(), &[&policy], end);
        assert_eq!(code, Some(0), "{end}: {told}");
        // No more than what is called, and nothing that is called is left out: the calls are the run's own.
        assert_eq!(actions(&policy), called(&told), "{end}");
        for statement in policy["Statement"].as_array().unwrap() {
            for resource in list(&statement["Resource"]) {
                assert!(resource == "*" || !resource.contains('*'), "{resource} is exact");
            }
            let reads = list(&statement["Action"]).iter().all(|action| {
                let call = action.split(':').nth(1).unwrap();
                ["Get", "List", "Lookup"].iter().any(|verb| call.starts_with(verb))
            });
            let sid = statement["Sid"].as_str().unwrap();
            assert_eq!(sid.starts_with("OustRead"), reads, "{statement}");
        }
    }
}

#[test]
fn with_any_one_action_less_the_plan_is_not_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let policy = needed(folder.path(), "delete");
    let all = actions(&policy);
    assert!(all.len() > 30, "{all:?}");
    for action in all {
        let (told, code, journal) = run(folder.path(), &[&without(&policy, &action)], "delete");
        assert!(told.contains(&action), "{action} is not told: {told}");
        match action.as_str() {
            // The second lock of another kind is not required: the run goes on without it, and tells that it failed.
            "iam:PutUserPermissionsBoundary" => assert!(journal.contains("\"event\":\"failed\""), "{journal}"),
            _ => assert_ne!(code, Some(0), "{action}: {told}"),
        }
        let writes = !["Get", "List", "Lookup"]
            .iter()
            .any(|verb| action.contains(&format!(":{verb}")));
        if writes && action != "iam:PutUserPermissionsBoundary" {
            assert!(told.contains("rehearsal.missing_permissions"), "{action}: {told}");
            assert_eq!(journal, "", "{action}: nothing is begun");
        }
    }
}

/// Whether a responder with these policies wins the fight that is played: 1, or 0.
fn fight_won(folder: &Path, policies: &[&Value]) -> (u64, String) {
    let text = include_str!("../playbooks/scenarios/fights-back.toml");
    let (head, responder) = text.split_once("name = \"responder\"").unwrap();
    let limited = responder.replacen(ADMIN, &inline(policies), 1);
    let file = write(folder, "fight.toml", &format!("{head}name = \"responder\"{limited}"));
    let plan = oust(&["plan", FOUGHT, "--scenario", &file, "--odds", "1", "--format", "json"]);
    let told: Value = serde_json::from_slice(&plan.stdout).unwrap();
    let orders = told["odds"]["orders"].as_array().unwrap();
    let planned = orders.iter().find(|order| order["order"] == "as_planned").unwrap();
    (planned["out"].as_u64().unwrap(), said(&plan))
}

/// The stolen key of `fights-back`.
const FOUGHT: &str = "AKIARZPUZDIKFKF3RY4X";

#[test]
#[ignore = "it plays fights: minutes with a debug build"]
fn what_a_fight_needs_is_printed_in_statements_of_its_own_and_suffices() {
    let folder = tempfile::tempdir().unwrap();
    let whole = printed("fights-back", FOUGHT, "contain");
    let (won, told) = fight_won(folder.path(), &[&whole]);
    assert_eq!(won, 1, "{told}");
    let mut less = whole.clone();
    let statements = less["Statement"].as_array_mut().unwrap();
    let is_of_fights = |one: &Value| one["Sid"].as_str().unwrap().starts_with("OustFight");
    assert!(statements.iter().any(is_of_fights), "{whole}");
    statements.retain(|one| !is_of_fights(one));
    let (won, _) = fight_won(folder.path(), &[&less]);
    assert_eq!(won, 0);
    // And whoever lacks it is told so before the first change.
    let file = folder.path().join("fight.toml");
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let run = [
        "run",
        FOUGHT,
        "--scenario",
        file.to_str().unwrap(),
        "--yes",
        "--cases",
        &cases,
    ];
    let told = said(&oust(&run));
    assert!(told.contains("should somebody fight back"), "{told}");
    assert!(told.contains("iam:AttachRolePolicy on"), "{told}");
}

/// Whoever may not touch what an intruder calls himself is told so by the plan, before anything is done; and the odds are played with what he may.
#[test]
fn what_is_lacking_on_names_that_nobody_has_yet_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../playbooks/scenarios/fights-back.toml");
    let (head, responder) = text.split_once("name = \"responder\"").unwrap();
    let everything = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let but = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:Put*", "Resource": "arn:aws:iam::*:user/notyet*"}]});
    let limited = responder.replacen(ADMIN, &inline(&[&everything, &but]), 1);
    let file = write(
        folder.path(),
        "fight.toml",
        &format!("{head}name = \"responder\"{limited}"),
    );
    for args in [["plan", FOUGHT], ["run", FOUGHT]] {
        let told = oust(&[&args[..], &["--scenario", &file, "--odds", "0"]].concat());
        let lines = said(&told).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(lines.contains("should somebody fight back"), "{lines}");
        assert!(
            lines.contains("iam:PutUserPolicy on arn:aws:iam::123456789012:user/notyetx"),
            "{lines}"
        );
        assert!(
            !lines.contains("iam:PutRolePolicy on arn:aws:iam::123456789012:role/notyet"),
            "{lines}"
        );
    }
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let policy = needed(folder.path(), "delete");
    let less = [
        "iam:DeleteUser",
        "iam:GetUser",
        "iam:UpdateAccessKey",
        "iam:ListGroupsForUser",
    ];
    let little = less.iter().fold(policy, |policy, action| without(&policy, action));
    let (told, code, _) = run(folder.path(), &[&little], "delete");
    assert_eq!(code, Some(6), "{told}");
    for action in less {
        assert!(told.contains(action), "{action}: {told}");
    }
}

#[test]
fn the_standing_policies_suffice_for_every_end_and_fit_a_managed_policy() {
    let folder = tempfile::tempdir().unwrap();
    let printed = oust(&["plan", "--permissions", "standing"]);
    assert_eq!(printed.status.code(), Some(0), "{}", said(&printed));
    let all: Value = serde_json::from_slice(&printed.stdout).unwrap();
    for name in ["read", "write", "undo"] {
        let text = all[name].to_string();
        let counted = text.chars().filter(|c| !c.is_whitespace()).count();
        assert!(counted <= MANAGED_POLICY_QUOTA, "{name}: {counted}");
        let reads = actions(&all[name]).iter().all(|action| {
            let verbs = [":Get", ":List", ":Lookup", ":Describe", ":Simulate"];
            verbs.iter().any(|verb| action.contains(verb))
        });
        assert_eq!(reads, name == "read", "{text}");
    }
    for end in ["contain", "strip", "delete"] {
        let (told, code, _) = run(folder.path(), &[&all["read"], &all["write"]], end);
        assert_eq!(code, Some(0), "{end}: {told}");
        let (told, code, _) = run(folder.path(), &[&all["read"]], end);
        assert_eq!(code, Some(6), "{end}: {told}");
    }
    let china = oust(&["plan", "--permissions", "standing", "--region", "cn-north-1"]);
    assert!(said(&china).contains("arn:aws-cn:iam::*:user/*"), "{}", said(&china));
}

/// Who holds the standing policies can ask everything that readiness asks, and isn't refused a single call.
#[test]
fn the_standing_policies_suffice_to_ask_whether_one_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let all = standing("aws");
    let organization = "[organization]\nid = \"o-exampleorgid\"\nmanagement_account = \"999999999999\"\npath = [\"r-exam\"]\nadministrator = \"responder\"\n\n[reaction]";
    let ask = |read: &Value| {
        let rights = inline(&[read, &all.write, &all.undo]);
        let text = scenario(&rights).replace("[reaction]", organization);
        let file = write(folder.path(), "ready.toml", &text);
        said(&oust(&[
            "ready",
            "--scenario",
            &file,
            "--trace-calls",
            "--format",
            "json",
        ]))
    };
    let told = ask(&all.read);
    assert!(!told.contains("AccessDenied"), "{told}");
    let asked: BTreeSet<String> = called(&told).iter().map(|call| call.to_ascii_lowercase()).collect();
    for call in [
        "cloudtrail:DescribeTrails",
        "organizations:DescribeResourcePolicy",
        "iam:SimulatePrincipalPolicy",
    ] {
        assert!(asked.contains(&call.to_ascii_lowercase()), "{call}: {asked:?}");
        // And it is these policies that let him.
        let told = ask(&without(&all.read, call));
        assert!(told.contains("AccessDenied"), "{call}: {told}");
    }
}

/// Whatever a plan asks for, the standing policies allow it by name.
#[test]
fn the_standing_policies_know_every_action_of_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let all = standing("aws");
    let known: BTreeSet<String> = actions(&all.read).union(&actions(&all.write)).cloned().collect();
    let mut of_plan = actions(&needed(folder.path(), "delete"));
    of_plan.extend(actions(&printed("fights-back", FOUGHT, "delete")));
    assert_eq!(of_plan.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(policy([])["Statement"], serde_json::json!([]));
}
