//! Readiness: what is missing is told, what cannot be known is never ready, and what is to be deployed does what it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use aws_credential_types::Credentials;
use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use hcl::{Expression, Map};
use oust::account::{Account, Guards, Organization, Recorded, Responder, Root, Trail, User};
use oust::collect::{Caller, Kept, Simulated, Trails};
use oust::harden::{RULES, pattern};
use oust::ids::Arn;
use oust::mount::{AwsError, Mount, Trouble, Twin as TwinWorld};
use oust::permissions::for_anybody;
use oust::policy::PolicyText;
use oust::ready::{Check, Facts, Readiness, State, asked, readiness, template};
use oust::rehearse::stand_in;
use oust::time::{ManualClock, Moment};
use oust::twin::{State as TwinState, Twin};
use oust::verdict::Standing;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use support::peers;

const OUST: &str = env!("CARGO_BIN_EXE_oust");
const NOW: Moment = Moment::from_millis(1_770_000_000_000);
const ACCOUNT: &str = "210987654321";
const MANAGEMENT: &str = "999999999999";

fn oust(args: &[&str]) -> Output {
    let command = &mut Command::new(OUST);
    command.args(args).env_clear().env("COLUMNS", "200").output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

// --- the templates ----------------------------------------------------------------------------------------------------------------------

/// The parameters as somebody gives them, under both of their names.
fn given() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "ResponderPrincipals",
            "responder_principals",
            json!(["arn:aws:iam::210987654321:user/ann", "arn:aws:iam::999999999999:root"]),
        ),
        ("ResponderRoleName", "responder_role_name", json!("Responder")),
        ("QuarantinePolicyName", "quarantine_policy_name", json!("Quarantine")),
        ("Path", "path", json!("/security/")),
        ("TrailBucket", "trail_bucket", json!("our-trail")),
        ("RuleNamePrefix", "rule_name_prefix", json!("Ours")),
        ("AlertEmail", "alert_email", json!("security@example.com")),
        ("AthenaDatabase", "athena_database", json!("sec")),
        ("AthenaTable", "athena_table", json!("our_trail")),
        ("AthenaWorkGroup", "athena_work_group", json!("primary")),
        ("TargetIds", "target_ids", json!(["r-exam"])),
        (
            "SparedPrincipals",
            "spared_principals",
            json!(["arn:aws:iam::*:role/deployer"]),
        ),
    ]
}

/// A part of the template of CloudFormation as CloudFormation would fill it in.
fn filled(value: &Value, mfa: bool) -> Value {
    let parameter = |name: &str| match name {
        "AWS::Partition" => json!("aws"),
        "AWS::AccountId" => json!(ACCOUNT),
        "Alerts" => json!("topic"),
        _ => given()
            .iter()
            .find(|(known, ..)| *known == name)
            .unwrap_or_else(|| panic!("{name}"))
            .2
            .clone(),
    };
    match value {
        Value::Object(members) if members.len() == 1 => {
            let (key, inner) = members.iter().next().unwrap();
            match key.as_str() {
                "Ref" => parameter(inner.as_str().unwrap()),
                "Fn::If" => filled(&inner[if mfa { 1 } else { 2 }], mfa),
                "Fn::Sub" => {
                    // With names of its own, or without.
                    let text = inner.as_str().or(inner[0].as_str()).unwrap();
                    let parameter = |name: &str| match inner[1].get(name) {
                        Some(own) => own.clone(),
                        None => parameter(name),
                    };
                    let mut parts = text.split("${");
                    let mut out = parts.next().unwrap().to_owned();
                    for part in parts {
                        let (name, rest) = part.split_once('}').unwrap();
                        match name.strip_prefix('!') {
                            Some(literal) => out += &format!("${{{literal}}}{rest}"),
                            None => out += &format!("{}{rest}", parameter(name).as_str().unwrap()),
                        }
                    }
                    json!(out)
                }
                _ => json!({ key: filled(inner, mfa) }),
            }
        }
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), filled(value, mfa)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| filled(item, mfa)).collect(),
        other => other.clone(),
    }
}

/// The documents of the template of CloudFormation, by the name of what holds each.
fn of_cloudformation(mfa: bool) -> BTreeMap<String, Value> {
    let [whole, queries] = [template::cloudformation(), template::queries_of_cloudformation()]
        .map(|text| serde_json::from_str::<Value>(&text).unwrap());
    let mut found = BTreeMap::new();
    let resources = [&whole, &queries].map(|template| template["Resources"].as_object().unwrap());
    for resource in resources.iter().flat_map(|resources| resources.values()) {
        let properties = &resource["Properties"];
        for (name, document) in [
            ("ManagedPolicyName", "PolicyDocument"),
            ("RoleName", "AssumeRolePolicyDocument"),
            ("Name", "EventPattern"),
            ("Name", "Content"),
            ("Name", "QueryString"),
            ("Topics", "PolicyDocument"),
        ] {
            if !properties[name].is_null() && !properties[document].is_null() {
                let name = filled(&properties[name], mfa);
                let name = name.as_str().map_or_else(|| "topic".to_owned(), str::to_owned);
                let name = if document == "QueryString" {
                    format!("{name} as a query")
                } else {
                    name
                };
                found.insert(name, filled(&properties[document], mfa));
            }
        }
    }
    found
}

fn encode(args: FuncArgs) -> Result<hcl::Value, String> {
    let value = serde_json::to_value(&args[0]).unwrap();
    Ok(hcl::Value::from(value.to_string()))
}

/// The same of the configuration of Terraform: evaluated, as Terraform would.
fn of_terraform(mfa: bool) -> BTreeMap<String, Value> {
    let text = template::terraform();
    let body = hcl::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut context = Context::new();
    context.declare_func("jsonencode", FuncDef::builder().param(ParamType::Any).build(encode));
    let mut variables: Map<String, hcl::Value> = given()
        .into_iter()
        .map(|(_, name, value)| (name.to_owned(), serde_json::from_value(value).unwrap()))
        .collect();
    variables.insert("require_mfa".to_owned(), mfa.into());
    let declared: BTreeSet<String> = body
        .blocks()
        .filter(|block| block.identifier() == "variable")
        .map(|block| block.labels()[0].as_str().to_owned())
        .collect();
    assert_eq!(declared, variables.keys().cloned().collect());
    context.declare_var("var", hcl::Value::from(variables));
    let data = json!({"aws_partition": {"current": {"partition": "aws"}}, "aws_caller_identity": {"current": {"account_id": ACCOUNT}}});
    context.declare_var("data", serde_json::from_value::<hcl::Value>(data).unwrap());
    let topic = json!({"alerts": {"arn": "topic"}});
    context.declare_var("aws_sns_topic", serde_json::from_value::<hcl::Value>(topic).unwrap());
    let mut locals = Map::new();
    for block in body.blocks().filter(|block| block.identifier() == "locals") {
        for one in block.body().attributes() {
            locals.insert(
                one.key().to_owned(),
                Expression::evaluate(one.expr(), &context).unwrap(),
            );
        }
    }
    context.declare_var("local", hcl::Value::from(locals));
    let mut found = BTreeMap::new();
    for resource in body.blocks().filter(|block| block.identifier() == "resource") {
        let attribute = |name: &str| {
            let one = resource.body().attributes().find(|one| one.key() == name)?;
            Some(Expression::evaluate(one.expr(), &context).unwrap())
        };
        for document in ["policy", "assume_role_policy", "event_pattern", "content"] {
            if let Some(text) = attribute(document) {
                let name =
                    attribute("name").map_or_else(|| "topic".to_owned(), |name| name.as_str().unwrap().to_owned());
                found.insert(name, serde_json::from_str(text.as_str().unwrap()).unwrap());
            }
        }
        if let Some(text) = attribute("query") {
            let name = format!("{} as a query", attribute("name").unwrap().as_str().unwrap());
            found.insert(name, serde_json::to_value(text).unwrap());
        }
    }
    found
}

/// One source, two forms.
#[test]
fn both_templates_hold_the_same_documents() {
    for mfa in [true, false] {
        let (one, other) = (of_cloudformation(mfa), of_terraform(mfa));
        assert_eq!(one, other);
        let names: Vec<&str> = one
            .keys()
            .map(String::as_str)
            .filter(|name| !name.starts_with("Ours"))
            .collect();
        let wanted = [
            "Quarantine",
            "QuarantineKeeper",
            "Responder",
            "ResponderRead",
            "ResponderTrail",
            "ResponderUndo",
            "ResponderWrite",
            "topic",
        ];
        assert_eq!(names, wanted);
        let trust = &one["Responder"]["Statement"][0];
        assert_eq!(trust["Principal"]["AWS"], given()[0].2);
        assert_eq!(trust["Condition"].is_null(), !mfa, "{trust}");
        assert!(
            !one.values().any(|document| document.to_string().contains("[[")),
            "no mark is left"
        );
        let keeper = one["QuarantineKeeper"].to_string();
        assert!(keeper.chars().count() <= 5120, "{} characters", keeper.chars().count());
    }
}

/// `session-token` as the template names it.
fn in_template(rule: &str) -> String {
    let words = rule.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("Ours{}", words.collect::<String>())
}

/// The detections are those of `oust harden --rules`, each of them: as a rule where a single event tells it, and as a query.
#[test]
fn the_templates_carry_every_detection() {
    let documents = of_cloudformation(true);
    let (mut alerts, mut queries) = (0, 0);
    for rule in &RULES {
        let renamed = |text: String| text.replace("/OustQuarantine", "/Quarantine");
        let name = in_template(rule.id);
        let query = documents[&format!("{name} as a query")].as_str().unwrap().to_owned();
        let whole = renamed(oust::harden::athena(rule, "our_trail"));
        assert!(whole.trim_end().ends_with(&query), "{query}");
        assert!(query.contains("FROM our_trail"), "{query}");
        queries += 1;
        let alert = documents.get(&name);
        assert_eq!(alert.is_some(), pattern(rule).value().is_some(), "{}", rule.id);
        let Some(alert) = alert else { continue };
        assert_eq!(alert.to_string(), renamed(pattern(rule).value().unwrap().to_string()));
        // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
        assert!(alert.to_string().len() <= 2_048, "{}", rule.id);
        alerts += 1;
    }
    assert!(alerts >= 8 && queries == RULES.len());
    assert_eq!(
        documents.keys().filter(|name| name.starts_with("Ours")).count(),
        alerts + queries
    );
    // AssumeRole only reads, and such calls are seen in one state alone.
    let whole: Value = serde_json::from_str(&template::cloudformation()).unwrap();
    let resources = whole["Resources"].as_object().unwrap().values();
    let mut rules = resources.filter(|resource| resource["Type"] == "AWS::Events::Rule");
    assert!(rules.all(|rule| rule["Properties"]["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"));
    // They can be handed over without a bucket, with room for more.
    for text in [template::cloudformation(), template::queries_of_cloudformation()] {
        assert!(text.len() <= 51_200 - 4_096, "{} bytes", text.len());
    }
}

/// Their own tools take the templates.
#[test]
fn the_linters_find_no_fault_in_the_templates() {
    let Some(python) = peers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let written = |form: &str, name: &str| {
        let printed = oust(&["ready", "--template", form]);
        assert_eq!(printed.status.code(), Some(0), "{}", said(&printed));
        let path = folder.path().join(name);
        std::fs::write(&path, printed.stdout).unwrap();
        path
    };
    let lint = Command::new(&python)
        .arg(python.with_file_name("cfn-lint"))
        .args(["--regions", "us-east-1", "--"])
        .arg(written("cloudformation", "oust.json"))
        .arg(written("cloudformation-queries", "queries.json"))
        .output()
        .unwrap();
    assert!(lint.status.success(), "{}", said(&lint));
    let script = "import sys, json, hcl2; print(json.dumps(hcl2.load(open(sys.argv[1]))))";
    let parsed = Command::new(&python)
        .args(["-c", script])
        .arg(written("terraform", "oust.tf"))
        .output()
        .unwrap();
    assert!(parsed.status.success(), "{}", said(&parsed));
    let parsed: Value = serde_json::from_slice(&parsed.stdout).unwrap();
    assert!(parsed["resource"].as_array().unwrap().len() > 15, "{parsed}");
}

/// The configuration says what AWS's provider for Terraform takes, and nothing else: each argument is known and of its type, and none is missing. That the
/// check sees such faults is tried on configurations that have them.
#[test]
fn terraform_s_provider_takes_the_configuration() {
    let Some(python) = peers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = template::terraform();
    let spoiled = [
        (
            "  path        = var.path",
            "  way         = var.path",
            "there is no `way`",
        ),
        ("  protocol  = \"email\"\n", "", "`protocol` is missing"),
        (
            "max_session_duration = 14400",
            "max_session_duration = [14400]",
            "`max_session_duration` is list",
        ),
        (
            "  state       = \"ENABLED",
            "  schedule    = [\"x\"]\n  state       = \"ENABLED",
            "there is no `schedule`",
        ),
        (
            "aws_iam_role.responder.name",
            "aws_iam_role.answerer.name",
            "there is no resource `aws_iam_role.answerer`",
        ),
        (
            "aws_iam_policy.quarantine.arn",
            "aws_iam_policy.quarantine.url",
            "`aws_iam_policy` has no `url`",
        ),
        ("= var.path", "= var.way", "there is no variable `way`"),
        (
            "\"aws_sns_topic_policy\"",
            "\"aws_sns_topic_rules\"",
            "there is no such resource",
        ),
    ];
    let mut files = vec![(folder.path().join("whole.tf"), whole.clone(), "")];
    for (n, (from, to, fault)) in spoiled.into_iter().enumerate() {
        assert!(whole.contains(from), "{from}");
        files.push((
            folder.path().join(format!("{n}.tf")),
            whole.replacen(from, to, 1),
            fault,
        ));
    }
    for (path, text, _) in &files {
        std::fs::write(path, text).unwrap();
    }
    let paths: Vec<&std::path::Path> = files.iter().map(|(path, ..)| path.as_path()).collect();
    let Some(told) = peers::faults_of_terraform(&python, &paths) else {
        return;
    };
    for ((_, _, wanted), (resources, faults)) in files.iter().zip(told) {
        assert!(resources > 80, "{resources}");
        match wanted.is_empty() {
            true => assert!(faults.is_empty(), "{faults:?}"),
            false => assert!(
                faults.iter().any(|fault| fault.contains(wanted)),
                "{wanted}: {faults:?}"
            ),
        }
    }
}

// --- an account that is ready ------------------------------------------------------------------------------------------------------------

fn arn(text: &str) -> Arn {
    text.parse().unwrap()
}

/// An account in which everything of the templates is deployed, with another administrator.
fn deployed() -> Account {
    let documents = of_cloudformation(true);
    // Whoever makes a key for a responder of the account, or a role of a spared name, takes everything off: here is neither.
    let own = r#""arn:aws:iam::210987654321:user/ann","#;
    let text = |name: &str| {
        let text = documents[name].to_string();
        text.replace(own, "").replace("arn:aws:iam::*:role/deployer", "none")
    };
    let mut account = Account::empty(ACCOUNT.parse().unwrap());
    let user = |name: &str, more: Value| {
        let mut user = json!({"name": name, "path": "/", "id": format!("AIDA{name}"), "created": NOW.to_string()});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (name.to_owned(), serde_json::from_value(user).unwrap())
    };
    let held = json!({
        "login_profile": {"created": NOW.to_string()},
        "mfa_devices": [{"serial": "arn:aws:iam::210987654321:mfa/boss", "enabled": NOW.to_string()}],
    });
    account.users = [
        user("ann", json!({"credentials": {}})),
        user(
            "boss",
            json!({"attached": ["arn:aws:iam::aws:policy/AdministratorAccess"], "credentials": held}),
        ),
    ]
    .into();
    let inline: BTreeMap<&str, String> = ["ResponderRead", "ResponderWrite", "ResponderUndo"]
        .into_iter()
        .map(|name| (name, text(name)))
        .collect();
    let role = |name: &str, path: &str, more: Value| {
        let mut role = json!({
            "name": name, "path": path, "id": format!("AROA{name}"), "created": NOW.to_string(), "trust": text("Responder"),
        });
        role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (name.to_owned(), serde_json::from_value(role).unwrap())
    };
    account.roles = [
        role("Responder", "/security/", json!({ "inline": inline })),
        role("App", "/", json!({})),
    ]
    .into();
    let quarantine = json!({
        "name": "Quarantine", "path": "/security/", "id": "ANPA", "created": NOW.to_string(), "default_version": "v1",
        "versions": {"v1": {"document": text("Quarantine"), "created": NOW.to_string()}},
    });
    account.policies.insert(
        arn("arn:aws:iam::210987654321:policy/security/Quarantine"),
        serde_json::from_value(quarantine).unwrap(),
    );
    account.root = Some(Root {
        access_keys: 0,
        mfa: true,
    });
    let full = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let level = || BTreeMap::from([("FullAWSAccess".to_owned(), PolicyText::new(full))]);
    let mut own = level();
    own.insert("QuarantineKeeper".to_owned(), PolicyText::new(text("QuarantineKeeper")));
    let without_root = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"Null":{"aws:AssumedRoot":"true"}}}]}"#;
    own.insert("NoRoot".to_owned(), PolicyText::new(without_root));
    let only_ours = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorgid"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}"#;
    let rcps = [("RCPFullAWSAccess", full_rcp()), ("OnlyOurs", only_ours.to_owned())];
    account.guards = Some(Guards {
        scps: vec![level(), own],
        rcps: rcps.map(|(name, text)| (name.to_owned(), PolicyText::new(text))).into(),
        ..Guards::default()
    });
    account.organization = Some(Organization {
        id: "o-exampleorgid".to_owned(),
        management_account: MANAGEMENT.parse().unwrap(),
        scps_enabled: true,
        targets: vec!["r-exam".to_owned(), ACCOUNT.to_owned()],
        policy_ids: BTreeMap::new(),
        unattached: BTreeMap::new(),
        responder: Some(Responder {
            in_organization: arn("arn:aws:iam::999999999999:role/Security"),
            in_account: arn(RESPONDER),
        }),
    });
    account.trails = Some(vec![trail()]);
    account
}

fn full_rcp() -> String {
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
        .to_owned()
}

const RESPONDER: &str = "arn:aws:iam::210987654321:role/security/Responder";

fn trail() -> Trail {
    Trail {
        arn: arn("arn:aws:cloudtrail:us-east-1:210987654321:trail/main"),
        home_region: "us-east-1".to_owned(),
        multi_region: true,
        organization: false,
        global_service_events: true,
        bucket: Some("our-trail".to_owned()),
        prefix: None,
        validated: true,
        logging: Some(true),
        delivery_error: None,
        management: Some(vec![whole()]),
    }
}

fn whole() -> Recorded {
    Recorded {
        reads: true,
        writes: true,
        ..Recorded::default()
    }
}

/// What is known besides the account; each test changes a part of it.
struct Known {
    account: Account,
    trails: Trails,
    kept: Vec<Kept>,
    simulated: Result<BTreeMap<String, Simulated>, String>,
    organizer: Result<BTreeMap<String, Simulated>, String>,
    delegation: Option<Result<Option<PolicyText>, String>>,
    mfa: bool,
}

impl Known {
    fn everything() -> Self {
        let account = deployed();
        let allowed = |calls: Vec<String>| calls.into_iter().map(|call| (call, Simulated::Allowed)).collect();
        let kept = Kept {
            bucket: "our-trail".to_owned(),
            prefix: "AWSLogs/".to_owned(),
            listed: Ok(true),
            opened: Some(Ok(())),
            days: Ok(Some(400)),
        };
        Known {
            trails: Trails {
                regions: ["eu-west-1", "us-east-1"].map(str::to_owned).into(),
                trails: account.trails.clone(),
                ..Trails::default()
            },
            kept: vec![kept],
            simulated: Ok(allowed(asked(&account).into_iter().map(|(call, _)| call).collect())),
            organizer: Ok(allowed(oust::ready::ORGANIZATION_CALLS.map(str::to_owned).into())),
            account,
            delegation: None,
            mfa: true,
        }
    }

    fn table(&self) -> Readiness {
        let who = arn(RESPONDER);
        let mut standing = Standing::of_fresh_role(&self.account, &self.account.roles["Responder"], NOW);
        if self.mfa {
            standing.context.set("aws:MultiFactorAuthPresent", "true");
        }
        readiness(Facts {
            account: &self.account,
            responder: &who,
            standing: Ok(&standing),
            signs: true,
            twin: false,
            trails: &self.trails,
            kept: &self.kept,
            table: None,
            simulated: self.simulated.as_ref().map_err(String::as_str),
            organizer: self.organizer.as_ref().map_err(String::as_str),
            delegation: self
                .delegation
                .as_ref()
                .map(|read| read.as_ref().map(Option::as_ref).map_err(String::as_str)),
            unread: &[],
            now: NOW,
        })
    }

    fn row(&self, id: &str) -> Check {
        self.table().checks.into_iter().find(|check| check.id == id).unwrap()
    }

    fn with_trail(change: impl Fn(&mut Trail)) -> Self {
        let mut known = Known::everything();
        known.trails.trails.iter_mut().flatten().for_each(change);
        known
    }
}

#[test]
fn with_everything_deployed_everything_is_ready() {
    let table = Known::everything().table();
    let open: Vec<&Check> = table
        .checks
        .iter()
        .filter(|check| check.state != State::Ready)
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    assert_eq!(table.state, State::Ready);
}

/// Each single permission that is taken away is told, in the row that it belongs to.
#[test]
fn any_one_permission_less_is_told() {
    let known = Known::everything();
    let needed = for_anybody("aws", &known.account.id);
    let rows = [
        ("trace.permissions", needed.read),
        ("contain.permissions", needed.write),
        ("contain.undo", needed.undo),
    ];
    for (id, needed) in rows {
        assert!(!needed.is_empty());
        for permission in needed {
            let mut less = Known::everything();
            let role = less.account.roles.get_mut("Responder").unwrap();
            for text in role.inline.values_mut() {
                let mut document: Value = serde_json::from_str(text.as_str()).unwrap();
                for statement in document["Statement"].as_array_mut().unwrap() {
                    statement["Action"]
                        .as_array_mut()
                        .unwrap()
                        .retain(|one| *one != permission.action);
                    if statement["Action"] == json!([]) {
                        statement["Action"] = json!(["s3:ListAllMyBuckets"]);
                    }
                }
                *text = PolicyText::new(document.to_string());
            }
            let row = less.row(id);
            assert_eq!(row.state, State::NotReady, "{}: {row:?}", permission.action);
            assert!(
                row.details.iter().any(|detail| detail.contains(&permission.action)),
                "{row:?}"
            );
        }
    }
}

/// Whoever fights back makes himself users and roles: what the responder may not do to such, by their name or path, he isn't ready for.
#[test]
fn whom_nobody_has_made_yet_counts_among_any() {
    let told = |effect: &str, on: Value| {
        let mut known = Known::everything();
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": "iam:*", on["as"].as_str().unwrap(): on["on"]}]});
        let role = known.account.roles.get_mut("Responder").unwrap();
        role.inline
            .insert("Limit".to_owned(), PolicyText::new(policy.to_string()));
        known.row("contain.permissions")
    };
    for (pattern, name) in [
        ("arn:aws:iam::*:user/notyet*", "user/notyetx"),
        ("arn:aws:iam::*:user/div/*", "user/div/x"),
        ("arn:aws:iam::210987654321:role/notyet-??", "role/notyet-xx"),
        ("arn:aws:iam::210987654321:*/div/*", "user/div/x"),
        ("arn:aws:iam::210987654321:user/backdoor", "user/backdoor"),
        ("arn:aws:iam::210987654321:policy/*-own", "policy/x-own"),
        ("arn:aws:iam::210987654321:user/*/?*", "user/oust/any/oust-any"),
    ] {
        let row = told("Deny", json!({"as": "Resource", "on": pattern}));
        assert_eq!(row.state, State::NotReady, "{pattern}: {row:?}");
        assert!(
            row.details.iter().any(|detail| detail.contains(name)),
            "{pattern}: {row:?}"
        );
    }
    // Nobody makes a role of that path, and what is there is asked as it is.
    for pattern in [
        "arn:aws:iam::*:role/aws-service-role/*",
        "arn:aws:s3:::user/notyet*",
        "arn:aws:iam::999999999999:user/notyet*",
    ] {
        let row = told("Deny", json!({"as": "Resource", "on": pattern}));
        assert_eq!(row.state, State::Ready, "{pattern}: {row:?}");
    }
    // Nor such as the organization lets nobody make.
    let guarded = |made: bool| {
        let mut known = Known::everything();
        let role = known.account.roles.get_mut("Responder").unwrap();
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:Put*","Resource":"arn:aws:iam::*:role/landing-zone-*"}]}"#;
        role.inline.insert("Limit".to_owned(), PolicyText::new(deny));
        let scp = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateRole","Resource":"arn:aws:iam::*:role/landing-zone-*"}]}"#;
        if !made {
            let level = known.account.guards.as_mut().unwrap().scps.last_mut().unwrap();
            level.insert("LandingZone".to_owned(), PolicyText::new(scp));
        }
        known.row("contain.permissions").state
    };
    assert_eq!((guarded(true), guarded(false)), (State::NotReady, State::Ready));
}

/// What AWS's simulator refuses is not ready, though everything that could be read allows it; what it allows makes nothing ready.
#[test]
fn the_simulator_takes_away_and_never_gives() {
    let mut known = Known::everything();
    let said = known.simulated.as_mut().unwrap();
    said.insert(
        "iam:PutUserPolicy".to_owned(),
        Simulated::Denied("denied explicitly by the organization's policies".to_owned()),
    );
    let row = known.row("contain.permissions");
    assert_eq!(row.state, State::NotReady);
    assert!(row.details[0].contains("iam:PutUserPolicy"), "{row:?}");
    let mut known = Known::everything();
    known.account.guards = None;
    let table = known.table();
    for id in [
        "contain.permissions",
        "contain.undo",
        "trace.permissions",
        "contain.exempt",
        "organization.policies",
        "organization.quarantine",
    ] {
        let row = table.checks.iter().find(|check| check.id == id).unwrap();
        assert_eq!(row.state, State::Unknown, "{row:?}");
    }
    let mut known = Known::everything();
    known.simulated = Err("not allowed".to_owned());
    assert_eq!(known.row("contain.simulator").state, State::Unknown);
}

/// A condition that nobody can know beforehand is unknown.
#[test]
fn what_hangs_on_a_condition_is_unknown() {
    let mut known = Known::everything();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}"#;
    let role = known.account.roles.get_mut("Responder").unwrap();
    role.inline.insert("Office".to_owned(), PolicyText::new(policy));
    let row = known.row("contain.permissions");
    assert_eq!(row.state, State::Unknown, "{row:?}");
    assert!(row.details[0].to_lowercase().contains("aws:sourceip"), "{row:?}");
}

#[test]
fn a_trail_that_leaves_calls_out_is_not_ready() {
    let row = |change: fn(&mut Trail)| Known::with_trail(change).row("trace.trail");
    let only = |reads: bool, writes: bool| {
        Some(vec![Recorded {
            reads,
            writes,
            ..whole()
        }])
    };
    let writes = Known::with_trail(|trail| trail.management = only(false, true)).row("trace.trail");
    assert_eq!(writes.state, State::NotReady);
    assert!(writes.details[0].contains("AssumeRole"), "{writes:?}");
    let reads = Known::with_trail(|trail| trail.management = only(true, false)).row("trace.trail");
    assert_eq!(reads.state, State::NotReady, "{reads:?}");
    for (state, change) in [
        (State::NotReady, (|trail| trail.logging = Some(false)) as fn(&mut Trail)),
        (State::NotReady, |trail| {
            trail.delivery_error = Some("AccessDenied".to_owned())
        }),
        (State::NotReady, |trail| trail.multi_region = false),
        (State::NotReady, |trail| trail.management = Some(Vec::new())),
        (State::NotReady, |trail| {
            trail.management = Some(vec![Recorded {
                excluded: ["sts.amazonaws.com".to_owned()].into(),
                ..whole()
            }])
        }),
        (State::NotReady, |trail| {
            trail.management = Some(vec![Recorded {
                narrowed_by: ["eventName".to_owned()].into(),
                ..whole()
            }])
        }),
        (State::Unknown, |trail| trail.logging = None),
        (State::Unknown, |trail| trail.management = None),
        (State::Ready, |trail| {
            trail.management = Some(vec![Recorded {
                excluded: ["kms.amazonaws.com".to_owned()].into(),
                ..whole()
            }])
        }),
    ] {
        let row = row(change);
        assert_eq!(row.state, state, "{row:?}");
        assert_eq!(row.fix.is_some(), state != State::Ready);
    }
    let mut two = Known::with_trail(|trail| trail.management = only(true, false));
    let other = Trail {
        arn: arn("arn:aws:cloudtrail:us-east-1:210987654321:trail/other"),
        management: only(false, true),
        ..trail()
    };
    two.trails.trails.as_mut().unwrap().push(other);
    assert_eq!(two.row("trace.trail").state, State::Ready, "one beside the other");
    let mut none = Known::everything();
    none.trails.trails = Some(Vec::new());
    assert_eq!(none.row("trace.trail").state, State::NotReady);
    none.trails.trails = None;
    assert_eq!(none.row("trace.trail").state, State::Unknown);
}

#[test]
fn files_that_are_not_kept_or_not_readable_are_not_ready() {
    let error = |trouble| AwsError {
        operation: "s3:GetObject".to_owned(),
        trouble,
        code: None,
        message: "no".to_owned(),
    };
    for (state, change) in [
        (
            State::NotReady,
            Box::new(|kept: &mut Kept| kept.days = Ok(Some(90))) as Box<dyn Fn(&mut Kept)>,
        ),
        (State::Ready, Box::new(|kept: &mut Kept| kept.days = Ok(None))),
        (State::NotReady, Box::new(|kept: &mut Kept| kept.listed = Ok(false))),
        (
            State::NotReady,
            Box::new(move |kept: &mut Kept| kept.opened = Some(Err(error(Trouble::AccessDenied)))),
        ),
        (
            State::Unknown,
            Box::new(move |kept: &mut Kept| kept.days = Err(error(Trouble::AccessDenied))),
        ),
        (
            State::Unknown,
            Box::new(move |kept: &mut Kept| kept.listed = Err(error(Trouble::NotImplemented))),
        ),
    ] {
        let mut known = Known::everything();
        change(&mut known.kept[0]);
        let row = known.row("trace.retention");
        assert_eq!(row.state, state, "{row:?}");
    }
}

/// The SCP of the template: without it the other administrator takes everything off, with it he cannot, and the responder can.
#[test]
fn the_policy_that_is_written_keeps_the_quarantine_on() {
    let known = Known::everything();
    let row = known.row("organization.quarantine");
    assert!(row.found.contains("policy/security/Quarantine"), "{row:?}");
    let may = |known: &Known, who: &str, action: &str, on: &str, policy: &str| {
        let standing = match known.account.users.get(who) {
            Some(user) => Standing::of_user(&known.account, user),
            None => Standing::of_fresh_role(&known.account, &known.account.roles[who], NOW),
        };
        let mut context = oust::policy::Context::closed();
        context.set("iam:PolicyARN", policy);
        standing.decide(action, on, &context).is_allowed()
    };
    let quarantine = "arn:aws:iam::210987654321:policy/security/Quarantine";
    let ann = "arn:aws:iam::210987654321:user/ann";
    let mut without = Known::everything();
    without.account.guards.as_mut().unwrap().scps[1].remove("QuarantineKeeper");
    for (action, on) in [
        ("iam:DetachUserPolicy", ann),
        ("iam:CreatePolicyVersion", quarantine),
        ("iam:DeletePolicy", quarantine),
        ("iam:PutRolePolicy", RESPONDER),
        ("iam:UpdateAssumeRolePolicy", RESPONDER),
        ("organizations:LeaveOrganization", "*"),
    ] {
        assert!(!may(&known, "boss", action, on, quarantine), "{action}");
        assert!(may(&without, "boss", action, on, quarantine), "{action}");
    }
    assert!(
        may(
            &known,
            "boss",
            "iam:DetachUserPolicy",
            ann,
            "arn:aws:iam::210987654321:policy/Other"
        ),
        "nothing else is kept"
    );
    assert!(may(&known, "boss", "iam:DeleteUserPolicy", ann, quarantine));
    assert!(may(&known, "Responder", "iam:DetachUserPolicy", ann, quarantine));
    assert_eq!(without.row("organization.quarantine").state, State::NotReady);
    let removers = without.row("quarantine.removers");
    assert_eq!(removers.state, State::NotReady);
    assert!(removers.found.contains("user/boss"), "{removers:?}");
    // Who may give himself rights may take it off in two calls.
    let boss = without.account.users.get_mut("boss").unwrap();
    *boss = User {
        groups: Default::default(),
        attached: Default::default(),
        inline: [("Raise".to_owned(), PolicyText::new(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*"}}"#,
        ))]
        .into(),
        ..boss.clone()
    };
    let removers = without.row("quarantine.removers");
    assert!(
        removers.state == State::NotReady && removers.found.contains("user/boss"),
        "{removers:?}"
    );
    // An SCP that spares nobody holds the responder too.
    let mut nobody = Known::everything();
    let own = &mut nobody.account.guards.as_mut().unwrap().scps[1];
    let text = own["QuarantineKeeper"]
        .as_str()
        .replace("role/security/Responder", "role/Nobody");
    own.insert("QuarantineKeeper".to_owned(), PolicyText::new(text));
    assert_eq!(nobody.row("organization.quarantine").state, State::NotReady);
}

#[test]
fn without_another_administrator_and_without_root_there_is_no_break_glass() {
    let mut known = Known::everything();
    known.account.users.remove("boss");
    assert_eq!(known.row("break_glass.administrator").state, State::NotReady);
    let mut known = Known::everything();
    known.account.users.get_mut("boss").unwrap().credentials = Some(Default::default());
    assert_eq!(
        known.row("break_glass.administrator").state,
        State::NotReady,
        "nobody can sign in as him"
    );
    known.account.users.get_mut("boss").unwrap().credentials = None;
    assert_eq!(known.row("break_glass.administrator").state, State::Unknown);
    // A role that somebody may take opens a way for who comes in himself, and for nobody else.
    for (held, state) in [
        (
            Known::everything().account.users["boss"].credentials.clone(),
            State::Ready,
        ),
        (Some(Default::default()), State::NotReady),
    ] {
        let mut known = Known::everything();
        let boss = known.account.users.get_mut("boss").unwrap();
        boss.credentials = held;
        let administrator = std::mem::take(&mut boss.attached);
        boss.inline.insert(
            "Take".to_owned(),
            PolicyText::new(
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#,
            ),
        );
        let mut vault = known.account.roles["Responder"].clone();
        vault.name = "Vault".to_owned();
        vault.id = "AROAVAULT".to_owned();
        vault.attached = administrator;
        vault.trust = PolicyText::new(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:user/boss"},"Action":"sts:AssumeRole"}}"#,
        );
        known.account.roles.insert("Vault".to_owned(), vault);
        let row = known.row("break_glass.administrator");
        assert_eq!(row.state, state, "{row:?}");
    }
    for (state, root) in [
        (State::Unknown, None),
        (
            State::NotReady,
            Some(Root {
                access_keys: 1,
                mfa: true,
            }),
        ),
        (
            State::NotReady,
            Some(Root {
                access_keys: 0,
                mfa: false,
            }),
        ),
    ] {
        let mut known = Known::everything();
        known.account.root = root;
        assert_eq!(known.row("break_glass.root").state, state);
    }
}

#[test]
fn an_account_that_no_policy_of_an_organization_binds_is_not_ready() {
    let state = |change: fn(&mut Account)| {
        let mut known = Known::everything();
        change(&mut known.account);
        known.row("organization.policies").state
    };
    assert_eq!(state(|account| account.organization = None), State::NotReady);
    assert_eq!(
        state(|account| account.guards.as_mut().unwrap().management_account = true),
        State::NotReady
    );
    assert_eq!(
        state(|account| account.organization.as_mut().unwrap().scps_enabled = false),
        State::NotReady
    );
    assert_eq!(state(|account| account.guards = None), State::Unknown);
    let mut known = Known::everything();
    known.organizer = Err("not asked".to_owned());
    assert_eq!(known.row("organization.rights").state, State::Unknown);
    known.organizer = Ok([(
        "organizations:AttachPolicy".to_owned(),
        Simulated::Denied("denied explicitly".to_owned()),
    )]
    .into());
    assert_eq!(known.row("organization.rights").state, State::NotReady);
}

/// A delegated administrator may what his own policies and the organization's delegation policy both let him.
#[test]
fn a_delegated_administrator_is_judged_by_the_delegation_policy_too() {
    let row = |who: &str, delegation: Result<Option<&Value>, &str>| {
        let mut known = Known::everything();
        let organization = known.account.organization.as_mut().unwrap();
        organization.responder.as_mut().unwrap().in_organization = arn(who);
        let read = delegation.map(|policy| policy.map(|policy| PolicyText::new(policy.to_string())));
        known.delegation = Some(read.map_err(str::to_owned));
        let row = known.row("organization.rights");
        (row.state, row.details.join("; "))
    };
    let security = "arn:aws:iam::888888888888:role/Security";
    let allow = |principal: &str, actions: &Value, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": resource,
            "Condition": {"StringEquals": {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}}
        }]})
    };
    let calls = json!(oust::ready::ORGANIZATION_CALLS);
    let whole = allow("arn:aws:iam::888888888888:root", &calls, "*");
    assert_eq!(row(security, Ok(Some(&whole))), (State::Ready, String::new()));
    assert_eq!(row(security, Err("throttled")).0, State::Unknown);
    assert_eq!(row(security, Ok(None)).0, State::NotReady);
    // Somebody else's, fewer calls, other targets, another kind of policy, a deny beside it, a condition that nobody knows.
    let others = allow("arn:aws:iam::777777777777:root", &calls, "*");
    assert_eq!(row(security, Ok(Some(&others))).0, State::NotReady);
    let (state, why) = row(
        security,
        Ok(Some(&allow(security, &json!(["organizations:AttachPolicy"]), "*"))),
    );
    assert_eq!(state, State::NotReady);
    assert!(
        why.contains("organizations:DetachPolicy") && !why.contains("AttachPolicy:"),
        "{why}"
    );
    let units = "arn:aws:organizations::999999999999:ou/o-exampleorgid/*";
    assert_eq!(
        row(security, Ok(Some(&allow(security, &calls, units)))).0,
        State::NotReady
    );
    let mut tags = whole.clone();
    tags["Statement"][0]["Condition"]["StringEquals"]["organizations:PolicyType"] = json!("TAG_POLICY");
    assert_eq!(row(security, Ok(Some(&tags))).0, State::NotReady);
    let mut denied = whole.clone();
    let deny = json!({"Effect": "Deny", "Principal": {"AWS": security}, "Action": "organizations:DetachPolicy", "Resource": "*"});
    denied["Statement"].as_array_mut().unwrap().push(deny);
    assert_eq!(row(security, Ok(Some(&denied))).0, State::NotReady);
    let mut at_home = whole.clone();
    at_home["Statement"][0]["Condition"]["IpAddress"] = json!({"aws:SourceIp": "198.51.100.0/24"});
    assert_eq!(row(security, Ok(Some(&at_home))).0, State::Unknown);
    // Of a session the path of its role isn't known: that it isn't named says nothing.
    let session = "arn:aws:sts::888888888888:assumed-role/Security/ann";
    assert_eq!(row(session, Ok(Some(&whole))).0, State::Ready);
    let by_path = allow("arn:aws:iam::888888888888:role/teams/Security", &calls, "*");
    assert_eq!(row(session, Ok(Some(&by_path))).0, State::Unknown);
}

// --- over the clients --------------------------------------------------------------------------------------------------------------------

/// A mount of a twin of `account`, as that user or role.
fn mounted(account: Account, who: &str) -> Mount<TwinWorld> {
    let mut state = TwinState::new(account, Vec::new(), 1);
    let caller = Caller {
        account: ACCOUNT.parse().unwrap(),
        arn: arn(who),
        user_id: "AIDA".to_owned(),
    };
    let key = stand_in(&mut state, &caller, None, NOW);
    assert_eq!(key.unchecked, None);
    let twin = Twin::on_manual_clock(state, ManualClock::starting_at(NOW));
    let keys = twin.keys(&key.key);
    let credentials = Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token);
    Mount::twin(twin.http_client(), credentials, "us-east-1", twin.clock())
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

const BOSS: &str = "arn:aws:iam::210987654321:user/boss";

fn a_trail() -> impl Strategy<Value = Trail> {
    let region = prop::sample::select(vec!["us-east-1", "eu-west-1", "ap-south-1"]);
    let part =
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(reads, writes, excluded, narrowed)| {
            Recorded {
                reads: reads || !writes,
                writes,
                excluded: excluded.then(|| "kms.amazonaws.com".to_owned()).into_iter().collect(),
                narrowed_by: narrowed.then(|| "eventName".to_owned()).into_iter().collect(),
            }
        });
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let texts = (
        prop::option::of("[a-z]{3,8}"),
        prop::option::of("[a-z]{1,8}"),
        prop::option::of("[a-z ]{1,8}"),
    );
    (region, flags, texts, prop::collection::vec(part, 0..3)).prop_map(|(region, flags, texts, parts)| Trail {
        arn: arn("arn:aws:cloudtrail:us-east-1:210987654321:trail/x"),
        home_region: region.to_owned(),
        multi_region: flags.0,
        organization: flags.1,
        global_service_events: flags.2,
        bucket: texts.0,
        prefix: texts.1,
        validated: flags.3,
        logging: Some(flags.4),
        delivery_error: texts.2.filter(|text| !text.trim().is_empty()),
        management: Some(parts),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the account's trails are is read through the clients as it is, each trail once, wherever its home is.
    #[test]
    fn trails_are_read_as_they_are(mut trails in prop::collection::vec(a_trail(), 0..4)) {
        for (n, trail) in trails.iter_mut().enumerate() {
            trail.arn = arn(&format!("arn:aws:cloudtrail:{}:210987654321:trail/t{n}", trail.home_region));
        }
        let mut account = deployed();
        account.trails = Some(trails.clone());
        let mount = mounted(account, BOSS);
        let found = waited(oust::collect::trails(mount.clients(), &BTreeSet::new()));
        let by_arn = |trails: Vec<Trail>| trails.into_iter().map(|trail| (trail.arn.to_string(), trail)).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(by_arn(found.trails.unwrap()), by_arn(trails));
        prop_assert_eq!(found.unread, vec![]);
        prop_assert_eq!(found.unanswered.len(), 0);
        prop_assert_eq!(found.regions.len(), 17);
    }
}

#[test]
fn trails_that_nobody_read_are_not_made_up() {
    let mut account = deployed();
    account.trails = None;
    let found = waited(oust::collect::trails(
        mounted(account, BOSS).clients(),
        &BTreeSet::new(),
    ));
    assert_eq!(found.trails, None);
    assert!(
        found
            .unread
            .iter()
            .all(|unread| unread.error.trouble == Trouble::NotImplemented)
    );
    assert_eq!(found.unread.len(), 17);
    // Who may not ask is told so, Region by Region.
    let mut account = deployed();
    account.users.get_mut("ann").unwrap().attached.clear();
    let found = waited(oust::collect::trails(
        mounted(account, "arn:aws:iam::210987654321:user/ann").clients(),
        &BTreeSet::new(),
    ));
    assert_eq!(found.trails, None);
    assert!(
        found
            .unanswered
            .values()
            .all(|error| error.trouble == Trouble::AccessDenied)
    );
    assert!(!found.unanswered.is_empty());
}

/// The simulator says what the evaluator says, and the most restrictive of several resources.
#[test]
fn the_twin_simulates_what_it_would_decide() {
    let mut account = deployed();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": "arn:aws:iam::210987654321:user/boss"},
        {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
        {"Effect": "Deny", "Action": "iam:UpdateAccessKey", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
    ]});
    let ann = account.users.get_mut("ann").unwrap();
    ann.inline.insert("Own".to_owned(), PolicyText::new(policy.to_string()));
    let who = arn("arn:aws:iam::210987654321:user/ann");
    let users = vec![who.to_string(), BOSS.to_owned()];
    let asked: Vec<(String, Vec<String>)> = [
        ("iam:GetUser", users.clone()),
        ("iam:PutUserPolicy", users.clone()),
        ("iam:DeleteUser", users.clone()),
        ("iam:UpdateAccessKey", users),
        ("iam:UpdateAssumeRolePolicy", vec![RESPONDER.to_owned()]),
        ("sts:AssumeRole", vec![RESPONDER.to_owned()]),
        ("s3:ListAllMyBuckets", vec!["*".to_owned()]),
    ]
    .map(|(call, on)| (call.to_owned(), on))
    .into();
    let mount = mounted(account, BOSS);
    let found = waited(oust::collect::simulated(&mount.clients().iam, &who, &asked)).unwrap();
    let said = |call: &str| found[call].clone();
    assert_eq!(said("iam:GetUser"), Simulated::Allowed);
    assert_eq!(
        said("iam:DeleteUser"),
        Simulated::Allowed,
        "a long-term key brings no MFA key"
    );
    assert_eq!(
        said("iam:PutUserPolicy"),
        Simulated::Denied("denied explicitly".to_owned())
    );
    assert!(matches!(said("iam:UpdateAssumeRolePolicy"), Simulated::Denied(how) if how.contains("organization")));
    assert_eq!(said("s3:ListAllMyBuckets"), Simulated::Denied("not allowed".to_owned()));
    let Simulated::Hangs(keys) = said("iam:UpdateAccessKey") else {
        panic!("{found:?}")
    };
    assert!(
        keys.iter().any(|key| key.eq_ignore_ascii_case("aws:SourceIp")),
        "{keys:?}"
    );
    let nobody = arn("arn:aws:iam::210987654321:user/nobody");
    let missing = waited(oust::collect::simulated(&mount.clients().iam, &nobody, &asked)).unwrap_err();
    assert_eq!(missing.trouble, Trouble::NoSuchEntity);
}

// --- the command -------------------------------------------------------------------------------------------------------------------------

#[test]
fn on_a_twin_what_it_does_not_model_is_unknown_and_never_ready() {
    let shown = oust(&["ready", "--scenario", "stolen-key", "--format", "json"]);
    assert_eq!(shown.status.code(), Some(3), "{}", said(&shown));
    let table: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let state = |id: &str| {
        let rows = table["checks"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for id in ["trace.regions", "trace.trail", "trace.retention"] {
        assert_eq!(state(id), "unknown", "{table:#}");
    }
    for id in [
        "trace.event_history",
        "trace.permissions",
        "contain.permissions",
        "contain.undo",
        "contain.simulator",
    ] {
        assert_eq!(state(id), "ready", "{table:#}");
    }
    assert_eq!(state("organization.policies"), "not_ready");
    assert_eq!(table["state"], "not_ready");
    assert_eq!(table["responder"], "arn:aws:iam::123456789012:user/responder");
}

#[test]
fn nothing_is_changed_and_another_responder_can_be_named() {
    let shown = oust(&[
        "ready",
        "--scenario",
        "stolen-key",
        "--responder",
        "user/alice",
        "--trace-calls",
    ]);
    assert_eq!(shown.status.code(), Some(3), "{}", said(&shown));
    let told = said(&shown);
    let calls: Vec<&str> = told.lines().filter(|line| line.starts_with("call ")).collect();
    assert!(calls.len() > 30, "{told}");
    for call in calls {
        let name = call.split_whitespace().nth(3).unwrap().split_once(':').unwrap().1;
        let reads = ["Get", "List", "Describe", "Lookup", "Simulate", "Head"]
            .iter()
            .any(|verb| name.starts_with(verb));
        assert!(reads, "{call}");
    }
    assert!(told.contains("0 of 26 permissions to contain"), "{told}");
    assert!(told.contains("user/responder"), "the other administrator: {told}");
    let missing = oust(&["ready", "--scenario", "stolen-key", "--responder", "role/Nobody"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(said(&missing).contains("error[ready.responder]"), "{}", said(&missing));
    let half = oust(&["ready", "--scenario", "stolen-key", "--athena", "primary"]);
    assert_eq!(half.status.code(), Some(2), "{}", said(&half));
}

/// The same account as a file: its trails are known, the responder is named.
/// AWS's simulator knows no root: no permission mends that.
#[test]
fn root_is_told_that_the_simulator_cannot_be_asked_about_him() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let file = file.to_str().unwrap();
    said(&oust(&["twin", "snapshot", "--scenario", "stolen-key", "--out", file]));
    let told: Value = serde_json::from_slice(&oust(&["ready", "--snapshot", file, "--format", "json"]).stdout).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let row = checks.iter().find(|row| row["id"] == "contain.simulator").unwrap();
    let fix = row["fix"].as_str().unwrap();
    assert!(
        fix.starts_with("respond as a user or role") && !fix.contains("Simulate"),
        "{row}"
    );
}

#[test]
fn a_snapshot_tells_the_trails_that_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("account.json");
    let mut account = deployed();
    // Nobody is named who signs on the twin, so it is root.
    account.guards.as_mut().unwrap().scps[1].remove("NoRoot");
    let snapshot = json!({"oust_snapshot": 1, "taken_at": NOW.to_string(), "account": account});
    std::fs::write(&path, snapshot.to_string()).unwrap();
    let file = path.to_str().unwrap();
    let shown = oust(&[
        "ready",
        "--snapshot",
        file,
        "--responder",
        RESPONDER,
        "--format",
        "json",
    ]);
    assert_eq!(shown.status.code(), Some(3), "{}", said(&shown));
    let table: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let rows = table["checks"].as_array().unwrap();
    let open: Vec<&str> = rows
        .iter()
        .filter(|row| row["state"] != "ready")
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        open,
        [
            "trace.regions",
            "trace.retention",
            "organization.rights",
            "organization.root"
        ],
        "{table:#}"
    );
    // Whoever mounts a snapshot signs as root, who is nobody to respond as.
    let root = oust(&["ready", "--snapshot", file]);
    assert!(said(&root).contains("the responder would be root"), "{}", said(&root));
}

/// An SCP that denies Regions keeps the responder from their Event history.
#[test]
fn a_deny_of_regions_is_seen_before_it_hurts() {
    let mut known = Known::everything();
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}}]}"#;
    known.account.guards.as_mut().unwrap().scps[0].insert("Regions".to_owned(), PolicyText::new(deny));
    let who = arn(RESPONDER);
    let standing = Standing::of_fresh_role(&known.account, &known.account.roles["Responder"], NOW);
    let table = readiness(Facts {
        account: &known.account,
        responder: &who,
        standing: Ok(&standing),
        signs: false,
        twin: false,
        trails: &known.trails,
        kept: &known.kept,
        table: None,
        simulated: Err("not asked"),
        organizer: Err("not asked"),
        delegation: None,
        unread: &[],
        now: NOW,
    });
    let row = table
        .checks
        .iter()
        .find(|check| check.id == "trace.event_history")
        .unwrap();
    assert_eq!(row.state, State::NotReady, "{row:?}");
    assert_eq!(row.details.len(), 1, "us-east-1 is spared: {row:?}");
    assert!(row.details[0].starts_with("eu-west-1: denied by"), "{row:?}");
}

/// A change of the account in which everything is deployed, and what is told of the quarantine then.
fn changed(change: impl FnOnce(&mut Account)) -> [Check; 2] {
    let mut known = Known::everything();
    change(&mut known.account);
    ["organization.quarantine", "quarantine.removers"].map(|id| known.row(id))
}

/// Changes the policy of the organization that keeps the quarantine on.
fn keeping(account: &mut Account, change: impl FnOnce(&mut Value)) {
    let level = &mut account.guards.as_mut().unwrap().scps[1];
    let mut document: Value = serde_json::from_str(level["QuarantineKeeper"].as_str()).unwrap();
    change(&mut document);
    level.insert("QuarantineKeeper".to_owned(), PolicyText::new(document.to_string()));
}

/// It holds only where this holds too.
fn only_where(account: &mut Account, operator: &str, condition: &Value) {
    keeping(account, |document| {
        for statement in document["Statement"].as_array_mut().unwrap() {
            let there = statement["Condition"].as_object_mut().unwrap();
            let more = condition.as_object().unwrap().clone();
            let place = there.entry(operator).or_insert_with(|| json!({}));
            for (key, value) in more {
                let values = &mut place[key];
                *values = match values.take() {
                    Value::Null => value,
                    one => json!([one, value]),
                };
            }
        }
    });
}

fn spare(account: &mut Account, arn: &str) {
    keeping(account, |document| {
        let text = document.to_string().replace(r#""none""#, &format!("\"{arn}\""));
        *document = serde_json::from_str(&text).unwrap();
    });
}

/// An SCP that keeps the quarantine on for an administrator whom it doesn't know may let others take it off: each of them is found.
#[test]
fn who_takes_a_kept_quarantine_off_all_the_same_is_told() {
    let is_told = |rows: &[Check; 2], state: State, who: &[&str]| {
        for row in rows {
            assert_eq!(row.state, state, "{row:#?}");
            for name in who {
                assert!(row.details.iter().any(|told| told.contains(name)), "{name}: {row:#?}");
            }
        }
    };
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let assume = everything.replace(r#""Action":"*""#, r#""Action":"sts:AssumeRole""#);
    // A role that is spared, and who may take it.
    let spared = changed(|account| {
        spare(account, "arn:aws:iam::*:role/OrganizationAccountAccessRole");
        let mut role = account.roles["App"].clone();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::999999999999:root","arn:aws:iam::210987654321:user/alice"]},"Action":"sts:AssumeRole"}]}"#;
        (role.name, role.id) = ("OrganizationAccountAccessRole".to_owned(), "AROAORG".to_owned());
        role.trust = PolicyText::new(trust);
        role.inline.insert("All".to_owned(), PolicyText::new(everything));
        account.roles.insert(role.name.clone(), role);
        let mut alice = account.users["ann"].clone();
        (alice.name, alice.id) = ("alice".to_owned(), "AIDAALICE".to_owned());
        alice.inline.insert("Own".to_owned(), PolicyText::new(assume.as_str()));
        account.users.insert("alice".to_owned(), alice);
    });
    is_told(
        &spared,
        State::NotReady,
        &["role/OrganizationAccountAccessRole", "user/alice"],
    );
    // A name that is spared and that nobody bears: an administrator makes the role.
    let named = changed(|account| spare(account, "arn:aws:iam::*:role/deployer"));
    is_told(&named, State::NotReady, &["user/boss"]);
    // A role without rights that is spared: an administrator gives it some.
    let empty = changed(|account| spare(account, "arn:aws:iam::*:role/App"));
    is_told(&empty, State::NotReady, &["user/boss"]);
    // Exceptions by ARN, of root, by tag, with MFA.
    let by_arn = |arn: &str| {
        changed(|account| {
            // It would hold root by itself.
            account.guards.as_mut().unwrap().scps[1].remove("NoRoot");
            only_where(account, "ArnNotLike", &json!({ "aws:PrincipalArn": arn }));
        })
    };
    is_told(&by_arn("arn:aws:iam::*:user/boss"), State::NotReady, &["user/boss"]);
    is_told(&by_arn("arn:aws:iam::*:root"), State::NotReady, &["`root`"]);
    let tag = json!({"aws:PrincipalTag/team": "security"});
    let tagged = changed(|account| {
        only_where(account, "StringNotEquals", &tag);
        let boss = account.users.get_mut("boss").unwrap();
        boss.tags.insert("team".to_owned(), "security".to_owned());
    });
    is_told(&tagged, State::NotReady, &["user/boss"]);
    let taggable = changed(|account| only_where(account, "StringNotEquals", &tag));
    is_told(&taggable, State::Unknown, &["user/boss"]);
    let mfa = json!({"aws:MultiFactorAuthPresent": "false"});
    let with_mfa = changed(|account| only_where(account, "BoolIfExists", &mfa));
    is_told(&with_mfa, State::NotReady, &["user/boss"]);
}

/// Whoever becomes the responder takes everything off: it is told whether he may do so himself or not.
#[test]
fn who_can_become_the_responder_keeps_the_quarantine_from_being_kept() {
    let is_told = |rows: &[Check; 2], state: State| {
        for row in rows {
            assert_eq!(row.state, state, "{row:#?}");
            assert!(row.details.iter().any(|told| told.contains("user/boss")), "{row:#?}");
        }
    };
    let rewritten = changed(|account| {
        keeping(account, |document| {
            let statements = document["Statement"].as_array_mut().unwrap();
            statements.retain(|statement| statement["Sid"] != "KeepResponder");
        });
    });
    is_told(&rewritten, State::NotReady);
    let of_account = |condition: &str| {
        changed(|account| {
            let trust = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::210987654321:user/ann"}},"Action":"sts:AssumeRole"{condition}}}]}}"#
            );
            account.roles.get_mut("Responder").unwrap().trust = PolicyText::new(trust);
        })
    };
    let with_a_key = of_account("");
    is_told(&with_a_key, State::NotReady);
    let taken_off = format!("{:?}", with_a_key[1].details);
    assert!(
        taken_off.contains("as its trust policy names them (1): `user/ann`"),
        "she is meant to: {taken_off}"
    );
    let with_mfa = of_account(r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
    is_told(&with_mfa, State::Unknown);
    // Without such an SCP too, though he takes off what a plan puts on a user already.
    let [_, removers] = changed(|account| {
        account.guards.as_mut().unwrap().scps[1].remove("QuarantineKeeper");
    });
    let told = removers
        .details
        .iter()
        .find(|told| told.contains("can become the responder"));
    assert!(told.unwrap().contains("user/boss"), "{removers:#?}");
}

/// Who makes himself a key of somebody who may take a quarantine off may too; so may who takes his role or sets his password.
#[test]
fn ways_over_others_count_among_those_who_take_a_quarantine_off() {
    let with = |clerk: &str| {
        let mut known = Known::everything();
        known.account.guards.as_mut().unwrap().scps[1].remove("QuarantineKeeper");
        let mut clerk = (PolicyText::new(clerk), known.account.users["boss"].clone());
        clerk.1.name = "clerk".to_owned();
        clerk.1.id = "AIDACLERK".to_owned();
        clerk.1.groups.clear();
        clerk.1.attached.clear();
        clerk.1.inline = [("Own".to_owned(), clerk.0)].into();
        // Zoe may nothing, and nobody trusts her.
        let mut zoe = clerk.1.clone();
        zoe.name = "zoe".to_owned();
        zoe.id = "AIDAZOE".to_owned();
        zoe.inline.clear();
        known.account.users.insert("zoe".to_owned(), zoe);
        known.account.users.insert("clerk".to_owned(), clerk.1);
        known.row("quarantine.removers")
    };
    let statement = |action: &str, user: &str, condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"arn:aws:iam::210987654321:user/{user}"{condition}}}}}"#
        )
    };
    for action in ["iam:CreateAccessKey", "iam:UpdateLoginProfile"] {
        let removers = with(&statement(action, "boss", ""));
        assert_eq!(removers.state, State::NotReady);
        assert!(
            removers.found.contains("by becoming one who may (1): `user/clerk`"),
            "{removers:?}"
        );
        // Of a user who may nothing, a key is of no use.
        let harmless = with(&statement(action, "zoe", ""));
        assert!(!format!("{harmless:?}").contains("clerk"), "{harmless:?}");
    }
    // If somebody may who hangs on a condition that nobody can know.
    let unsure = with(&statement(
        "iam:CreateAccessKey",
        "boss",
        r#","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
    ));
    assert!(
        !unsure.found.contains("clerk") && format!("{:?}", unsure.details).contains("user/clerk"),
        "{unsure:?}"
    );
    let policies = with(&statement("iam:PutUserPolicy", "clerk", ""));
    assert!(policies.found.contains("give themselves (2)"), "{policies:?}");
}

/// The row of what the organization keeps shut, and the document in its fix does what the row asks for.
#[test]
fn an_organization_keeps_strangers_and_root_out_by_the_documents_that_are_given() {
    let document = |row: &Check| row.fix.as_ref().unwrap().split_once(": ").unwrap().1.to_owned();
    let mut known = Known::everything();
    let guards = known.account.guards.as_mut().unwrap();
    guards.rcps.remove("OnlyOurs");
    guards.scps[1].remove("NoRoot");
    let (perimeter, root) = (known.row("organization.perimeter"), known.row("organization.root"));
    assert_eq!((perimeter.state, root.state), (State::NotReady, State::NotReady));
    let guards = known.account.guards.as_mut().unwrap();
    guards
        .rcps
        .insert("Given".to_owned(), PolicyText::new(document(&perimeter)));
    guards.scps[1].insert("Given".to_owned(), PolicyText::new(document(&root)));
    assert_eq!(known.row("organization.perimeter").state, State::Ready);
    assert_eq!(known.row("organization.root").state, State::Ready);
    // One that spares every account outside keeps nobody out; one that denies root a service only leaves it the rest.
    let guards = known.account.guards.as_mut().unwrap();
    let other = document(&perimeter).replace("o-exampleorgid", "o-ofsomebodyelse");
    guards.rcps.insert("Given".to_owned(), PolicyText::new(other));
    let less = document(&root).replace(r#""Action":"*""#, r#""Action":"s3:*""#);
    guards.scps[1].insert("Given".to_owned(), PolicyText::new(less));
    assert_eq!(known.row("organization.perimeter").state, State::NotReady);
    assert_eq!(known.row("organization.root").state, State::NotReady);
    // Not read is not known; without an organization there is nothing to ask.
    known.account.guards = None;
    assert_eq!(known.row("organization.perimeter").state, State::Unknown);
    assert_eq!(known.row("organization.root").state, State::Unknown);
    known.account.organization = None;
    assert!(!known.table().checks.iter().any(|check| check.id == "organization.root"));
}
