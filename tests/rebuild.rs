//! The means to build again what a plan deletes: read back by other parsers, member by member.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use hcl::eval::{Context, Evaluate};
use hcl::{Expression, Map, Value};
use oust::account::{Account, Credentials, Holder, User};
use oust::ids::AccessKeyId;
use oust::lineage::{Lineage, Made, trace};
use oust::plan::{Facts, Plan, plan};
use oust::playbook::End;
use oust::policy::PolicyText;
use oust::rebuild::{CLOUDFORMATION, TERRAFORM, rebuild_files};
use oust::time::Moment;
use oust::trail::Evidence;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use support::{peers, story};

const NOW: Moment = Moment::from_millis(1_770_000_000_000);

/// A plan that deletes the user who holds `key`.
fn deleting(account: &Account, key: &AccessKeyId, made: Vec<Made>) -> Plan {
    let mut lineage: Lineage = trace(&Evidence::default(), std::slice::from_ref(key));
    let (user, _) = account.owner_of_key(key).unwrap();
    let holder = Holder::User {
        name: user.name.clone(),
        id: user.id.clone(),
    };
    lineage.held_by(key, holder, account.id.clone());
    lineage.made = made;
    let facts = Facts {
        account,
        lineage: &lineage,
        bystanders: &[],
    };
    plan(&story::playbook(), End::Delete, facts, NOW)
}

/// Files by name.
fn files(plan: &Plan) -> BTreeMap<&'static str, String> {
    rebuild_files(plan, &plan.basis).into_iter().collect()
}

/// A user with one key and whatever else is given.
fn account_of(user: User) -> Account {
    let mut account = Account::empty("210987654321".parse().unwrap());
    account.users.insert(user.name.clone(), user);
    account
}

const KEY: &str = "AKIAUSER0KEY0AAAAAAA";

fn user(name: &str) -> User {
    let held = serde_json::json!({ "access_keys": [{ "id": KEY, "status": "Active", "created": NOW.to_string() }] });
    User {
        name: name.to_owned(),
        path: "/".to_owned(),
        id: "AIDA0".to_owned(),
        created: NOW,
        tags: BTreeMap::new(),
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        groups: BTreeSet::new(),
        boundary: None,
        credentials: Some(serde_json::from_value::<Credentials>(held).unwrap()),
    }
}

/// The user that a Terraform configuration makes: evaluated, as Terraform would.
fn built_by_terraform(text: &str) -> User {
    let body = hcl::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut context = Context::new();
    let resources: Vec<&hcl::Block> = body.blocks().filter(|block| block.identifier() == "resource").collect();
    let kind = |block: &hcl::Block| block.labels()[0].as_str().to_owned();
    let attributes = |block: &hcl::Block, context: &Context<'_>| -> BTreeMap<String, Value> {
        let each = block.body().attributes();
        each.map(|one| (one.key().to_owned(), Expression::evaluate(one.expr(), context).unwrap()))
            .collect()
    };
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    let first = resources.iter().find(|block| kind(block) == "aws_iam_user").unwrap();
    let of_user = attributes(first, &context);
    let label = first.labels()[1].as_str().to_owned();
    let named = Value::Object(Map::from_iter([("name".to_owned(), of_user["name"].clone())]));
    context.declare_var("aws_iam_user", Value::Object(Map::from_iter([(label, named)])));
    let mut built = user(&text_of(&of_user["name"]));
    built.path = text_of(&of_user["path"]);
    built.boundary = of_user
        .get("permissions_boundary")
        .map(|arn| text_of(arn).parse().unwrap());
    for (key, value) in of_user.get("tags").and_then(Value::as_object).into_iter().flatten() {
        built.tags.insert(key.clone(), text_of(value));
    }
    for block in resources.iter().filter(|block| kind(block) != "aws_iam_user") {
        let held = attributes(block, &context);
        assert_eq!(text_of(&held["user"]), built.name);
        match kind(block).as_str() {
            "aws_iam_user_policy" => {
                built
                    .inline
                    .insert(text_of(&held["name"]), PolicyText::new(text_of(&held["policy"])));
            }
            "aws_iam_user_policy_attachment" => {
                built.attached.insert(text_of(&held["policy_arn"]).parse().unwrap());
            }
            "aws_iam_user_group_membership" => {
                built.groups = held["groups"].as_array().unwrap().iter().map(text_of).collect();
            }
            other => panic!("{other}"),
        }
    }
    built
}

/// The user that a CloudFormation template makes.
fn built_by_cloudformation(text: &str) -> User {
    let template: serde_json::Value = serde_json::from_str(text).unwrap();
    let resource = &template["Resources"]["User1"];
    assert_eq!(resource["Type"], "AWS::IAM::User");
    let properties = &resource["Properties"];
    let text_of = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let list = |name: &str| properties[name].as_array().cloned().unwrap_or_default();
    let mut built = user(&text_of(&properties["UserName"]));
    built.path = text_of(&properties["Path"]);
    built.boundary = properties
        .get("PermissionsBoundary")
        .map(|arn| text_of(arn).parse().unwrap());
    built.tags = list("Tags")
        .iter()
        .map(|tag| (text_of(&tag["Key"]), text_of(&tag["Value"])))
        .collect();
    let inline = list("Policies");
    let inline = inline.iter().map(|one| {
        (
            text_of(&one["PolicyName"]),
            PolicyText::new(one["PolicyDocument"].to_string()),
        )
    });
    built.inline = inline.collect();
    built.attached = list("ManagedPolicyArns")
        .iter()
        .map(|arn| text_of(arn).parse().unwrap())
        .collect();
    built.groups = list("Groups").iter().map(text_of).collect();
    built
}

/// What a template can say of a user, with documents as JSON.
fn told(user: &User) -> serde_json::Value {
    let inline: BTreeMap<&String, serde_json::Value> = user
        .inline
        .iter()
        .map(|(name, text)| (name, serde_json::from_str(text.as_str()).unwrap()))
        .collect();
    serde_json::json!([
        user.name,
        user.path,
        user.tags,
        inline,
        user.attached,
        user.groups,
        user.boundary
    ])
}

/// What HCL, JSON and CloudFormation take for more than text, and letters above ASCII.
fn nasty() -> impl Strategy<Value = String> {
    let parts = [
        "$",
        "%",
        "{",
        "}",
        "${",
        "%{",
        "$${",
        "%%{",
        "\"",
        "\\",
        "\n",
        "\t",
        "'",
        "#",
        "<<E",
        "\u{e4}",
        "\u{7f}",
        "~",
        "a",
        " ",
        "${aws:username}",
        "\\u0024",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..9).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a text holds, the parsers read just that text.
    #[test]
    fn every_text_is_read_back_as_it_was(
        name in "[a-zA-Z0-9_+=,.@-]{1,16}",
        path in prop::sample::select(vec!["/", "/a/%{b/", "/${x}/"]),
        tags in prop::collection::btree_map(nasty(), nasty(), 0..4),
        id in nasty(),
        resource in nasty(),
        policy in "[a-zA-Z0-9_+=,.@-]{1,16}",
    ) {
        let mut user = user(&name);
        user.path = path.to_owned();
        user.tags = tags;
        let document = serde_json::json!({
            "Version": "2012-10-17", "Id": id, "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": resource }],
        });
        user.inline.insert(policy, PolicyText::new(format!("{document:#}")));
        let account = account_of(user.clone());
        let files = files(&deleting(&account, &KEY.parse().unwrap(), vec![]));
        let built = built_by_terraform(&files[TERRAFORM]);
        prop_assert_eq!(&built.inline, &user.inline, "byte by byte");
        prop_assert_eq!(told(&built), told(&user));
        prop_assert_eq!(told(&built_by_cloudformation(&files[CLOUDFORMATION])), told(&user));
    }

    /// Users of random accounts, with everything that they can have.
    #[test]
    fn a_deleted_user_is_built_again_as_it_was(account in support::accounts::account(), number in 0usize..8) {
        let keys: Vec<AccessKeyId> = account.users.values()
            .flat_map(|user| user.credentials.iter().flat_map(|held| &held.access_keys).map(|key| key.id.clone())).collect();
        if keys.is_empty() { return Ok(()) }
        let key = &keys[number % keys.len()];
        let (user, _) = account.owner_of_key(key).unwrap();
        let files = files(&deleting(&account, key, vec![]));
        prop_assert_eq!(told(&built_by_terraform(&files[TERRAFORM])), told(user));
        prop_assert_eq!(told(&built_by_cloudformation(&files[CLOUDFORMATION])), told(user));
        for held in user.credentials.iter().flat_map(|held| &held.access_keys) {
            let text = &files[TERRAFORM];
            let said = text.contains(&format!("# - access key {}: make a new one", held.id));
            prop_assert!(said, "{}", text);
        }
    }
}

#[test]
fn a_plan_that_deletes_nobody_needs_nothing_to_build_again() {
    let account = account_of(user("ann"));
    let mut plan = deleting(&account, &KEY.parse().unwrap(), vec![]);
    plan.steps.retain(|step| !step.title.starts_with("delete user"));
    assert_eq!(rebuild_files(&plan, &account), vec![]);
}

#[test]
fn what_the_intruder_put_there_is_left_out_and_named() {
    let mut ann = user("ann");
    for name in ["Back", "Own"] {
        let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        ann.inline.insert(name.to_owned(), PolicyText::new(allow));
    }
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    ann.attached.insert(admin.parse().unwrap());
    let account = account_of(ann);
    let made = |call: &str, what: &str| Made {
        by: KEY.parse().unwrap(),
        at: NOW,
        service: "iam".to_owned(),
        call: call.to_owned(),
        what: what.to_owned(),
        names_nobody: false,
        event: "e".to_owned(),
    };
    let family = vec![
        made("PutUserPolicy", "ann Back"),
        made("AttachUserPolicy", &format!("ann {admin}")),
    ];
    let files = files(&deleting(&account, &KEY.parse().unwrap(), family));
    for built in [
        built_by_terraform(&files[TERRAFORM]),
        built_by_cloudformation(&files[CLOUDFORMATION]),
    ] {
        assert_eq!(built.inline.keys().collect::<Vec<_>>(), ["Own"]);
        assert!(built.attached.is_empty());
    }
    for text in files.values() {
        assert!(
            text.contains("inline policy Back: the intruder's (PutUserPolicy"),
            "{text}"
        );
        assert!(
            text.contains(&format!("managed policy {admin}: the intruder's")),
            "{text}"
        );
    }
}

/// CloudFormation resolves references in any text, and cannot be told not to: such a text, which may read a secret, is not in the template.
#[test]
fn what_cloudformation_would_act_on_is_not_in_the_template() {
    let mut ann = user("ann");
    let reference = "{{resolve:secretsmanager:production}}";
    ann.tags = BTreeMap::from([
        ("note".to_owned(), reference.to_owned()),
        ("team".to_owned(), "blue".to_owned()),
    ]);
    let sub = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"Ref":"AWS::AccountId"}}}]}"#;
    ann.inline.insert("Odd".to_owned(), PolicyText::new(sub));
    let account = account_of(ann.clone());
    let files = files(&deleting(&account, &KEY.parse().unwrap(), vec![]));
    assert!(
        !files[CLOUDFORMATION].contains("{{resolve"),
        "{}",
        files[CLOUDFORMATION]
    );
    assert!(!files[CLOUDFORMATION].contains("\"Ref\""), "{}", files[CLOUDFORMATION]);
    assert!(
        files[CLOUDFORMATION].contains("inline policy Odd: CloudFormation would act on its text"),
        "{}",
        files[CLOUDFORMATION]
    );
    assert_eq!(built_by_cloudformation(&files[CLOUDFORMATION]).tags.len(), 1);
    assert_eq!(told(&built_by_terraform(&files[TERRAFORM])), told(&ann));
}

/// Their own tools take the files: cfn-lint the template, a second parser of HCL the configuration.
#[test]
fn their_own_tools_find_no_fault() {
    let Some(python) = peers::python() else { return };
    let mut ann = user("a+n=n,.@-_");
    ann.path = "/team/".to_owned();
    ann.tags = BTreeMap::from([("cost center".to_owned(), "team-4".to_owned())]);
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}]}"#;
    ann.inline.insert("Own=+,.@-_".to_owned(), PolicyText::new(own));
    ann.attached
        .insert("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".parse().unwrap());
    ann.boundary = Some("arn:aws:iam::210987654321:policy/Edge".parse().unwrap());
    ann.groups.insert("Support".to_owned());
    let mut account = account_of(ann.clone());
    let group = serde_json::json!({ "name": "Support", "path": "/", "id": "AGPA0", "created": NOW.to_string() });
    account
        .groups
        .insert("Support".to_owned(), serde_json::from_value(group).unwrap());
    let files = files(&deleting(&account, &KEY.parse().unwrap(), vec![]));
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let lint = Command::new(python.with_file_name("cfn-lint"))
        .args(["--regions", "us-east-1", "--"])
        .arg(folder.path().join(CLOUDFORMATION))
        .output()
        .unwrap();
    assert!(
        lint.status.success(),
        "{}{}",
        String::from_utf8_lossy(&lint.stdout),
        String::from_utf8_lossy(&lint.stderr)
    );
    let script = "import sys, json, hcl2; print(json.dumps(hcl2.load(open(sys.argv[1]))))";
    let parsed = Command::new(&python)
        .args(["-c", script])
        .arg(folder.path().join(TERRAFORM))
        .output()
        .unwrap();
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    let parsed: serde_json::Value = serde_json::from_slice(&parsed.stdout).unwrap();
    assert_eq!(parsed["resource"].as_array().unwrap().len(), 4, "{parsed}");
    let file = folder.path().join(TERRAFORM);
    let told = peers::faults_of_terraform(&python, &[&file]);
    assert!(told.is_none_or(|told| told == [(4, Vec::new())]));
}
