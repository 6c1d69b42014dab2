//! The story's stage, and a plan on it.

use aws_credential_types::Credentials;
use oust::account::Account;
use oust::collect::{self, Caller, Scope};
use oust::ids::AccessKeyId;
use oust::lineage::{Lineage, bystanders, trace};
use oust::mount::{Mount, Twin as World};
use oust::plan::{Facts, Plan, plan};
use oust::playbook::{CATALOGUE, End, Playbook};
use oust::tabletop::{CATALOGUE as SCENARIOS, Scenario, Stage};
use oust::trail::Evidence;
use oust::twin::Twin;

/// The story as it is written.
#[allow(dead_code, reason = "each test takes what it needs")]
pub const SCENARIO_TEXT: &str = SCENARIOS[0].1;

pub fn scenario() -> Scenario {
    Scenario::parse(SCENARIOS[0].1).unwrap()
}

/// The stage after the attacker's moves.
pub fn played() -> Stage {
    let scenario = scenario();
    let mut stage = Stage::set(&scenario, scenario.start()).unwrap();
    stage.play(&scenario).unwrap();
    stage
}

pub fn playbook() -> Playbook {
    Playbook::parse(CATALOGUE[0].1).unwrap()
}

/// A mount of the twin that signs as `key`.
pub fn mount(twin: &Twin, key: &AccessKeyId) -> Mount<World> {
    let keys = twin.keys(key);
    let credentials = Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token);
    Mount::twin(twin.http_client(), credentials, "us-east-1", twin.clock())
}

pub fn evidence(twin: &Twin) -> Evidence {
    let mut evidence = Evidence::default();
    twin.trail()
        .iter()
        .for_each(|record| evidence.add_record(record).unwrap());
    evidence
}

pub async fn account(mount: &Mount<World>) -> Account {
    collect::account(mount.clients(), Scope::Everything)
        .await
        .unwrap()
        .account
}

pub async fn caller(mount: &Mount<World>) -> Caller {
    collect::caller(mount.clients()).await.unwrap()
}

/// The family of the stolen key and the plan against it, as the responder makes it.
pub async fn planned(stage: &Stage, end: End) -> (Mount<World>, Lineage, Plan) {
    let mount = mount(&stage.twin, &stage.names["responder-key"]);
    let evidence = evidence(&stage.twin);
    let lineage = trace(&evidence, std::slice::from_ref(&stage.names["A"]));
    let others = bystanders(&evidence, &lineage);
    let account = account(&mount).await;
    let facts = Facts {
        account: &account,
        lineage: &lineage,
        bystanders: &others,
    };
    let plan = plan(&playbook(), end, facts, stage.twin.now());
    (mount, lineage, plan)
}
