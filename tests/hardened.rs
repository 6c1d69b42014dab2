//! What is said of a measure is what happens on the twin with it: the incident stops there where the proof says, and the day of legitimate use goes
//! through or is broken as the proof says, for every kind of measure that the twin can be asked about, over several accounts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/incidents.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod incidents;

use incidents::{COMPUTE, WORKS};
use oust::account::{Account, Holder, KeyStatus, MfaDevice, ServiceSpecificCredential, Session, SessionKind};
use oust::harden::{Call, Finding, Measure, Prevention, Sample, prevention};
use oust::ids::AccessKeyId;
use oust::lineage::trace;
use oust::policy::PolicyText;
use oust::tabletop::{CATALOGUE as SCENARIOS, Scenario, Stage};
use oust::time::{ManualClock, Moment};
use oust::trail::Evidence;
use oust::twin::{Endpoint, IssuedTo, Twin};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The stage before its first move, with what a scenario can't tell.
fn set(scenario: &Scenario) -> Stage {
    let stage = Stage::set(scenario, scenario.start()).unwrap();
    let mut state = stage.twin.state();
    if let Some(ann) = state.account.users.get_mut("ann") {
        let held = ann.credentials.get_or_insert_default();
        held.mfa_devices.push(MfaDevice {
            serial: "arn:aws:iam::123456789012:mfa/ann".to_owned(),
            enabled: scenario.start(),
        });
        held.service_specific.push(ServiceSpecificCredential {
            id: "ACCAEXAMPLE123EXAMPLE".to_owned(),
            service: "codecommit.amazonaws.com".to_owned(),
            service_user_name: None,
            status: KeyStatus::Active,
            created: scenario.start(),
        });
    }
    on(scenario, stage, state)
}

fn on(scenario: &Scenario, mut stage: Stage, state: oust::twin::State) -> Stage {
    let clock = ManualClock::starting_at(scenario.start());
    stage.twin = Twin::on_manual_clock(state, clock.clone());
    stage.clock = clock;
    stage
}

fn put(account: &mut Account, measure: &Measure) {
    let text = |document: &Value| PolicyText::new(document.to_string());
    match measure {
        Measure::Trust { role, document } => account.roles.get_mut(role).unwrap().trust = text(document),
        Measure::UserPolicy { user, name, document } => {
            let user = account.users.get_mut(user).unwrap();
            user.inline.insert((*name).to_owned(), text(document));
        }
        Measure::RolePolicy { role, name, document } => {
            let role = account.roles.get_mut(role).unwrap();
            role.inline.insert((*name).to_owned(), text(document));
        }
        // Nobody takes a new role until its compute is told to.
        Measure::RoleTemplate { .. } => {}
        Measure::KeyInactive { user, key } => {
            let held = account.users.get_mut(user).unwrap().credentials.as_mut().unwrap();
            held.access_keys.iter_mut().find(|held| held.id == *key).unwrap().status = KeyStatus::Inactive;
        }
        Measure::ServiceCredentialInactive { user, id } => {
            let held = account.users.get_mut(user).unwrap().credentials.as_mut().unwrap();
            held.service_specific
                .iter_mut()
                .find(|held| held.id == *id)
                .unwrap()
                .status = KeyStatus::Inactive;
        }
        Measure::ResourceControl { document, .. } => {
            let guards = account.guards.as_mut().unwrap();
            guards.rcps.insert("Given".to_owned(), text(document));
        }
        Measure::ServiceControl { document, .. } => {
            let guards = account.guards.as_mut().unwrap();
            guards
                .scps
                .last_mut()
                .unwrap()
                .insert("Given".to_owned(), text(document));
        }
        Measure::MaxSession { role, seconds } => {
            account.roles.get_mut(role).unwrap().max_session_seconds = Some(*seconds);
        }
    }
}

/// What is told of a scenario after its last move.
fn told(scenario: &Scenario) -> Prevention {
    let mut stage = set(scenario);
    stage.play(scenario).unwrap();
    let mut evidence = Evidence::default();
    let trail = stage.twin.trail();
    trail.iter().for_each(|record| evidence.add_record(record).unwrap());
    let lineage = trace(&evidence, std::slice::from_ref(&stage.names[&scenario.stolen]));
    let family: BTreeSet<&str> = lineage.credentials.iter().map(|member| member.key.as_str()).collect();
    let calls = trail.iter().filter_map(Call::of);
    let (intruder, legitimate): (Vec<Call>, Vec<Call>) =
        calls.filter(|call| call.event.error.is_none()).partition(|call| {
            let key = call.event.identity.key.as_ref();
            key.is_some_and(|key| family.contains(key.as_str()))
        });
    let account = stage.twin.account();
    prevention(
        &account,
        &lineage,
        &legitimate,
        &intruder,
        None,
        stage.twin.now(),
        Sample::default(),
    )
}

/// Plays the moves of one side through the twin's door; gives the minute of the first that is refused.
fn first_refused(scenario: &Scenario, measures: &[&Measure], innocent: bool) -> Option<Moment> {
    let mut scenario = scenario.clone();
    // What is refused anyhow proves nothing.
    scenario.moves.retain(|made| made.innocent == innocent && !made.fails);
    scenario.intruder = None;
    let stage = set(&scenario);
    let mut state = stage.twin.state();
    measures.iter().for_each(|measure| put(&mut state.account, measure));
    let mut stage = on(&scenario, stage, state);
    match stage.play(&scenario) {
        Ok(()) => None,
        Err(error) => {
            let text = error.to_string();
            let is_refusal = ["AccessDenied", "not authorized", "InvalidClientTokenId"];
            assert!(is_refusal.iter().any(|word| text.contains(word)), "{text}");
            Some(stage.told.last().unwrap().at)
        }
    }
}

fn measure(finding: &Finding) -> Option<&Measure> {
    finding.measure.as_ref()
}

/// Holds each finding of a scenario against the twin; gives their kinds.
fn agree(text: &str) -> BTreeSet<&'static str> {
    let scenario = Scenario::parse(text).unwrap();
    let told = told(&scenario);
    let mut kinds = BTreeSet::new();
    for finding in &told.findings {
        let Some(measure) = measure(finding) else { continue };
        let proof = finding.proof.as_ref().unwrap();
        for (innocent, said) in [(true, proof.broken.first().cloned()), (false, proof.stops_at.clone())] {
            let refused = first_refused(&scenario, &[measure], innocent);
            match (&said, refused) {
                (None, None) => {}
                (Some(said), Some(at)) if said.contains(&at.whole_second().to_string()) => {}
                _ => panic!(
                    "{} ({}): said {said:?}, and on the twin {refused:?}",
                    finding.title, finding.kind
                ),
            }
        }
        kinds.insert(finding.kind);
    }
    let ready: Vec<&Measure> = told
        .findings
        .iter()
        .filter(|finding| finding.is_ready())
        .filter_map(measure)
        .collect();
    assert_eq!(
        first_refused(&scenario, &ready, true),
        None,
        "all that are ready, together"
    );
    assert!(
        told.together.broken.is_empty(),
        "{:#?} of {:#?}",
        told.together.broken,
        ready
    );
    kinds
}

#[test]
fn what_is_said_of_every_kind_of_measure_happens_on_the_twin() {
    let mut kinds = BTreeSet::new();
    for (_, text) in SCENARIOS {
        kinds.extend(agree(text));
    }
    kinds.extend(agree(WORKS));
    let wanted = [
        "address-free-role",
        "address-free-user",
        "key-unused",
        "mfa-not-required",
        "role-loop",
        "service-credential",
        "session-long",
        "session-name-free",
        "token-without-mfa",
        "trust-too-wide",
        "trust-without-mfa",
    ];
    assert_eq!(kinds, wanted.into());
}

fn about<'p>(told: &'p Prevention, kind: &str, name: &str) -> Option<&'p Finding> {
    let is = |finding: &&Finding| {
        let first = finding.title.split('`').nth(1);
        finding.kind == kind && first == Some(name)
    };
    told.findings.iter().find(is)
}

#[test]
fn a_loop_is_cut_where_nobody_needs_it() {
    let told = told(&Scenario::parse(WORKS).unwrap());
    // Bob goes from Ping to Pong: there it isn't cut.
    let pong = about(&told, "role-loop", "Pong").unwrap();
    assert!(measure(pong).is_none(), "{pong:#?}");
    let ping = about(&told, "role-loop", "Ping").unwrap();
    assert!(ping.is_ready(), "{ping:#?}");
    let document = measure(ping).unwrap().document().unwrap();
    assert_eq!(
        document["Statement"][0]["Principal"],
        json!({"AWS": ["arn:aws:iam::123456789012:user/bob", "arn:aws:iam::123456789012:user/sam"]})
    );
    let stops = ping.proof.as_ref().unwrap().stops_at.as_ref().unwrap();
    assert!(stops.contains("role/Ping") && stops.contains("09:29"), "{stops}");
    // A role that trusts itself is told of where its trust is too wide.
    assert!(about(&told, "role-loop", "Self").is_none());
    // Sam is named in it and didn't come: whether he is meant to, silence tells.
    let own = about(&told, "trust-too-wide", "Self").unwrap();
    assert!(!own.is_ready() && own.doubt.as_deref().unwrap().contains("--seen-since"));
}

#[test]
fn who_always_brings_mfa_can_be_held_to_it() {
    let told = told(&Scenario::parse(WORKS).unwrap());
    assert!(about(&told, "mfa-not-required", "ann").unwrap().is_ready());
    assert!(about(&told, "trust-without-mfa", "Wide").unwrap().is_ready());
    // Roles can't bring any, and one is trusted beside the users.
    assert!(about(&told, "trust-without-mfa", "Self").is_none());
    let sam = about(&told, "mfa-not-required", "sam").unwrap();
    assert!(!sam.is_ready() && !sam.proof.as_ref().unwrap().broken.is_empty());
    assert!(about(&told, "mfa-not-required", "bob").is_none());
    // He works by sessions without MFA.
    assert!(about(&told, "token-without-mfa", "sam").is_none());
}

const INSTANCE: &str = "i-0123456789abcdef0";
const WEB_KEY: &str = "ASIARZPUZDIKWEBWEBW2";
const JOB_KEY: &str = "ASIARZPUZDIKJOBJOBJ2";

/// The twin with an instance and a function at work; the instance's credential was handed out by this version of the metadata service.
fn at_work(delivery: &str, measures: &[&Measure]) -> Twin {
    let scenario = Scenario::parse(COMPUTE).unwrap();
    let mut state = Stage::set(&scenario, scenario.start()).unwrap().twin.state();
    measures.iter().for_each(|measure| put(&mut state.account, measure));
    for (key, role, session) in [(WEB_KEY, "Web", INSTANCE), (JOB_KEY, "Job", "nightly")] {
        state.mint.sessions.push(Session {
            key: key.parse().unwrap(),
            holder: Holder::Role {
                name: role.to_owned(),
                id: state.account.roles[role].id.clone(),
                session: session.to_owned(),
            },
            kind: SessionKind::AssumeRole,
            issued: scenario.start(),
            expires: scenario.start().plus_seconds(21_600),
            mfa: Some(false),
            policy: None,
            policy_arns: Vec::new(),
            source_identity: None,
            tags: Default::default(),
            is_untold: false,
            minted_by: None,
        });
    }
    let arn = |what: &str| format!("arn:aws:{what}");
    state.compute.issued = [
        (
            WEB_KEY.parse().unwrap(),
            IssuedTo::Instance {
                arn: arn(&format!("ec2:us-east-1:123456789012:instance/{INSTANCE}")),
                vpc: "vpc-1".to_owned(),
                address: "10.0.0.5".to_owned(),
                delivery: delivery.to_owned(),
            },
        ),
        (
            JOB_KEY.parse().unwrap(),
            IssuedTo::Function(arn("lambda:us-east-1:123456789012:function:nightly")),
        ),
    ]
    .into();
    let endpoint = Endpoint {
        id: "vpce-1".to_owned(),
        vpc: "vpc-1".to_owned(),
    };
    state.compute.endpoints = [
        ("10.0.0.5".to_owned(), endpoint.clone()),
        ("10.0.0.6".to_owned(), endpoint),
    ]
    .into();
    Twin::on_manual_clock(state, ManualClock::starting_at(scenario.start()))
}

/// Whether a call with the credential goes through from there.
fn goes(twin: &Twin, key: &str, from: &str) -> bool {
    let keys = twin.keys(&key.parse::<AccessKeyId>().unwrap());
    twin.plain(&keys, "ec2:DescribeInstances", "*", from).is_ok()
}

/// The day of the instance and the function, and the intruder who carries the instance's credential away.
fn told_of_compute(delivery: &str) -> Prevention {
    told_beside(delivery, &[])
}

/// The same, with other records in the trail.
fn told_beside(delivery: &str, others: &[Value]) -> Prevention {
    let twin = at_work(delivery, &[]);
    assert!(goes(&twin, WEB_KEY, "10.0.0.5") && goes(&twin, JOB_KEY, "198.51.100.9"));
    let day = twin.trail().len();
    assert!(goes(&twin, WEB_KEY, "203.0.113.66"));
    let trail = twin.trail();
    let (own, stolen) = trail.split_at(day);
    let calls = |records: &[Value]| records.iter().filter_map(Call::of).collect::<Vec<Call>>();
    let own = [own, others].concat();
    let mut evidence = Evidence::default();
    trail.iter().for_each(|record| evidence.add_record(record).unwrap());
    let lineage = trace(&evidence, &[WEB_KEY.parse().unwrap()]);
    let account = twin.account();
    prevention(
        &account,
        &lineage,
        &calls(&own),
        &calls(stolen),
        None,
        twin.now(),
        Sample::default(),
    )
}

/// A call by which somebody of the account made something in EC2, with this answer; and one of the instance's for data.
fn made(id: &str, name: &str, answer: Value) -> Value {
    json!({
        "eventVersion": "1.10", "userIdentity": {"type": "IAMUser", "principalId": "AIDAOPS", "arn": "arn:aws:iam::123456789012:user/ops",
            "accountId": "123456789012", "accessKeyId": "AKIAOPSOPSOPSOPSOPS2", "userName": "ops"},
        "eventTime": "2026-11-01T08:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.31.0", "requestParameters": null, "responseElements": answer,
        "requestID": id, "eventID": id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "123456789012", "eventCategory": "Management"
    })
}

fn read_data() -> Value {
    let twin = at_work("2.0", &[]);
    assert!(goes(&twin, WEB_KEY, "10.0.0.5"));
    let mut record = twin.trail().remove(0);
    record["eventID"] = "data".into();
    record["eventCategory"] = "Data".into();
    record["managementEvent"] = false.into();
    record
}

/// Where the trail has the making of the instance and of the endpoint, and shows calls for data, its document is ready; where it lacks one of
/// them, what is missing is said; where it tells another network, what breaks.
#[test]
fn a_document_that_binds_an_instance_is_ready_where_the_trail_tells_its_network() {
    let run = |address: &str| {
        made(
            "run",
            "RunInstances",
            json!({"instancesSet": {"items": [{"instanceId": INSTANCE, "vpcId": "vpc-1", "privateIpAddress": address}]}}),
        )
    };
    let endpoint = |vpc: &str| {
        let made_of = json!({"vpcEndpointId": "vpce-1", "vpcId": vpc});
        made(
            "endpoint",
            "CreateVpcEndpoint",
            json!({"CreateVpcEndpointResponse": {"vpcEndpoint": made_of}}),
        )
    };
    let all = [run("10.0.0.5"), endpoint("vpc-1"), read_data()];
    let told = told_beside("2.0", &all);
    let bound = about(&told, "instance-unbound", "Web").unwrap();
    assert!(bound.is_ready(), "{bound:#?}");
    // And so it is on the twin.
    let twin = at_work("2.0", &[measure(bound).unwrap()]);
    assert!(goes(&twin, WEB_KEY, "10.0.0.5") && !goes(&twin, WEB_KEY, "203.0.113.66"));
    for (lacking, word) in [(0, "RunInstances"), (1, "CreateVpcEndpoint"), (2, "data events")] {
        let mut some = all.to_vec();
        some.remove(lacking);
        let told = told_beside("2.0", &some);
        let bound = about(&told, "instance-unbound", "Web").unwrap();
        let doubt = bound.doubt.as_deref().unwrap();
        assert!(!bound.is_ready() && doubt.contains(word), "{doubt}");
        assert_eq!(doubt.matches("; ").count(), 0, "nothing else is missing: {doubt}");
    }
    let told = told_beside("2.0", &[run("10.0.0.5"), endpoint("vpc-2"), read_data()]);
    assert!(!about(&told, "instance-unbound", "Web").unwrap().is_ready());
    let broken = &about(&told, "instance-unbound", "Web")
        .unwrap()
        .proof
        .as_ref()
        .unwrap()
        .broken;
    assert!(!broken.is_empty(), "{broken:?}");
    let told = told_beside("2.0", &[run("10.0.0.9"), endpoint("vpc-1"), read_data()]);
    assert!(!about(&told, "instance-unbound", "Web").unwrap().is_ready());
}

#[test]
fn a_credential_of_an_instance_that_is_carried_away_is_stopped_on_the_twin() {
    let told = told_of_compute("2.0");
    let bound = about(&told, "instance-unbound", "Web").unwrap();
    let twin = at_work("2.0", &[measure(bound).unwrap()]);
    assert!(goes(&twin, WEB_KEY, "10.0.0.5"), "on the instance it works");
    assert!(!goes(&twin, WEB_KEY, "203.0.113.66"), "and away from it doesn't");
    assert!(!goes(&twin, WEB_KEY, "10.0.0.6"), "nor on another machine of the VPC");
    assert!(goes(&twin, JOB_KEY, "198.51.100.9"), "nobody else is touched");
    // No record tells the instance's own network, so what goes through on the twin isn't claimed.
    let proof = bound.proof.as_ref().unwrap();
    assert!(
        !bound.is_ready() && proof.doubtful == 1 && proof.broken.is_empty(),
        "{proof:?}"
    );
    // The fallback where there are no endpoints: the addresses that it came from.
    let from = about(&told, "address-free-role", "Web").unwrap();
    let twin = at_work("2.0", &[measure(from).unwrap()]);
    assert!(goes(&twin, WEB_KEY, "10.0.0.5") && !goes(&twin, WEB_KEY, "203.0.113.66"));
    let stops = from.proof.as_ref().unwrap().stops_at.clone();
    assert!(stops.unwrap().contains("ec2:DescribeInstances"));
    assert!(from.fitted.is_some());
}

#[test]
fn the_metadata_service_and_functions_are_judged_as_the_twin_does() {
    for (delivery, works) in [("2.0", true), ("1.0", false)] {
        let told = told_of_compute(delivery);
        let imds = about(&told, "imdsv1", "Web").unwrap();
        let proof = imds.proof.as_ref().unwrap();
        let twin = at_work(delivery, &[measure(imds).unwrap()]);
        assert_eq!(goes(&twin, WEB_KEY, "10.0.0.5"), works);
        assert_eq!(goes(&twin, WEB_KEY, "203.0.113.66"), works);
        assert_eq!(
            (imds.is_ready(), proof.broken.is_empty(), proof.stops_at.is_none()),
            (works, works, works),
            "{proof:?}"
        );
        let job = about(&told, "function-unbound", "Job").unwrap();
        assert!(job.is_ready(), "{job:#?}");
        assert!(goes(
            &at_work(delivery, &[measure(job).unwrap()]),
            JOB_KEY,
            "198.51.100.9"
        ));
    }
    // A session of the role that no function was given is stopped.
    let told = told_of_compute("2.0");
    let job = about(&told, "function-unbound", "Job").unwrap();
    let twin = at_work("2.0", &[measure(job).unwrap()]);
    let mut state = twin.state();
    state.compute.issued.clear();
    let twin = Twin::on_manual_clock(state, ManualClock::starting_at(twin.now()));
    assert!(!goes(&twin, JOB_KEY, "198.51.100.9"));
}
