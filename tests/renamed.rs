//! Names change, and calls of IAM may leave them out: what the family made is found under whatever name, and laid at the right user's door.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use aws_credential_types::Credentials;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use support::served::{Served, said};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// A key that the stolen one makes for a user.
async fn key_for(iam: &Client, user: &str) -> Credentials {
    let made = iam.create_access_key().user_name(user).send().await.unwrap();
    let made = made.access_key.unwrap();
    Credentials::from_keys(made.access_key_id, made.secret_access_key, None)
}

/// What an administrator's stolen key did, and what a run comes to: its exit code, what it said.
fn contained(act: impl AsyncFnOnce(&Served, &Client)) -> (Served, Option<i32>, String) {
    let served = Served::of("fights-back", &["--played"]);
    let stolen = served.mount("A");
    wait(act(&served, &stolen.clients().iam));
    let folder = tempfile::tempdir().unwrap();
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let quick = folder.path().join("quick.toml");
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    let cases = folder.path().join("cases");
    let (quick, cases) = (quick.to_str().unwrap(), cases.to_str().unwrap());
    let key = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let args = ["run", &key, "--yes", "--playbook", quick, "--cases", cases];
    let run = served.oust("responder-key", None, &args);
    let told = said(&run);
    (served, run.status.code(), told)
}

#[test]
fn a_key_is_found_whatever_its_user_is_called_by_now() {
    let mut made = None;
    let (served, code, told) = contained(async |_, iam| {
        let attach = iam.attach_user_policy().user_name("alice").policy_arn(ADMIN);
        attach.send().await.unwrap();
        made = Some(key_for(iam, "alice").await);
        let rename = iam.update_user().user_name("alice").new_user_name("alice2");
        rename.send().await.unwrap();
        // Somebody else bears the name, who never had the key.
        iam.create_user().user_name("alice").send().await.unwrap();
    });
    assert!(!served.can_list_users(&made.unwrap()), "{told}");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("of user `alice2`"), "{told}");
}

#[test]
fn a_user_of_the_familys_making_is_its_own_under_another_name() {
    let mut made = None;
    let (served, code, told) = contained(async |_, iam| {
        iam.create_user().user_name("evil").send().await.unwrap();
        let attach = iam.attach_user_policy().user_name("evil").policy_arn(ADMIN);
        attach.send().await.unwrap();
        made = Some(key_for(iam, "evil").await);
        let rename = iam.update_user().user_name("evil").new_user_name("backup-svc");
        rename.send().await.unwrap();
    });
    assert!(!served.can_list_users(&made.unwrap()), "{told}");
    assert_eq!(code, Some(0), "{told}");
    let policies = served.user_policies("backup-svc");
    assert!(policies.contains(&"OustDenyAll".to_owned()), "{policies:?}: {told}");
}

#[test]
fn a_call_that_names_no_user_is_about_the_callers_own() {
    let mut own = None;
    let (served, code, told) = contained(async |served, iam| {
        let attach = iam.attach_user_policy().user_name("alice").policy_arn(ADMIN);
        attach.send().await.unwrap();
        let made = key_for(iam, "alice").await;
        let key = served.key("alice-key");
        let text = |name: &str| key[name].as_str().unwrap();
        let old = iam
            .update_access_key()
            .user_name("alice")
            .access_key_id(text("access_key_id"));
        old.status(StatusType::Inactive).send().await.unwrap();
        own = Some(Credentials::from_keys(
            text("access_key_id"),
            text("secret_access_key"),
            None,
        ));
        let alice = served.mount_as(made);
        let again = alice.clients().iam.update_access_key();
        let again = again.access_key_id(text("access_key_id"));
        again.status(StatusType::Active).send().await.unwrap();
    });
    assert!(
        !served.can_list_users(&own.unwrap()),
        "whoever made it active may have its secret: {told}"
    );
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("UpdateAccessKey alice"), "{told}");
}

/// Whoever is renamed by others keeps the password that the family set, and whoever bears his name then has none of it.
#[test]
fn a_password_is_its_user_s_whoever_renames_him() {
    let (served, code, told) = contained(async |served, iam| {
        let attach = iam.attach_user_policy().user_name("alice").policy_arn(ADMIN);
        attach.send().await.unwrap();
        let set = iam
            .create_login_profile()
            .user_name("alice")
            .password("Q1-password-of-his!");
        set.send().await.unwrap();
        let others = served.iam("responder-key");
        let rename = others.update_user().user_name("alice").new_user_name("alice2");
        rename.send().await.unwrap();
        others.create_user().user_name("alice").send().await.unwrap();
    });
    let profile = |user: &str| {
        let get = served.iam("responder-key").get_login_profile().user_name(user);
        wait(get.send()).is_ok()
    };
    assert!(!profile("alice2"), "the password of the family works on: {told}");
    assert_eq!(code, Some(0), "{told}");
}

/// A name that nobody bears by now proves nothing where the trail doesn't tell what became of its user, and neither does one that somebody made later bears.
#[test]
fn a_name_that_is_gone_is_in_doubt_while_the_trail_does_not_tell_of_it() {
    use oust::lineage::{Made, Renamed, trace};
    use oust::plan::{State, footholds};
    use oust::time::Moment;
    let key: oust::ids::AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
    let served = support::story::played().twin.account();
    let at = served.users["alice"].created.plus_seconds(3600);
    let mut lineage = trace(&oust::trail::Evidence::default(), std::slice::from_ref(&key));
    lineage.made.push(Made {
        by: key,
        at,
        service: "iam".to_owned(),
        call: "UpdateLoginProfile".to_owned(),
        what: "alice".to_owned(),
        names_nobody: false,
        event: "e1".to_owned(),
    });
    let state = |lineage: &oust::lineage::Lineage, account: &oust::account::Account| {
        let found = footholds(
            lineage,
            account,
            Moment::from_millis(at.seconds() * 1000).plus_seconds(7200),
        );
        let of_password = |one: &&oust::plan::Foothold| one.what.starts_with("UpdateLoginProfile");
        found.iter().find(of_password).unwrap().state.clone()
    };
    let mut renamed = served.clone();
    let mut alice = renamed.users.remove("alice").unwrap();
    let mut other = alice.clone();
    "alice2".clone_into(&mut alice.name);
    renamed.users.insert("alice2".to_owned(), alice);
    assert!(matches!(state(&lineage, &renamed), State::Unknown(_)));
    // Somebody else bears the name, who holds nothing.
    (other.id, other.created) = ("AIDAOTHER".to_owned(), at.plus_seconds(600));
    renamed.users.insert("alice".to_owned(), other);
    assert!(matches!(state(&lineage, &renamed), State::Unknown(_)));
    // It was seen who he is, before: his ID is there, or not.
    let mut seen = lineage.clone();
    seen.take_down("alice", at, false, &served);
    seen.take_down("alice", at, false, &renamed);
    assert_eq!(seen.now_called("alice", at), ["alice2"; 2]);
    renamed.users.remove("alice2");
    assert!(state(&seen, &renamed).is_closed());
    lineage.renamed.push(Renamed {
        at: at.plus_seconds(300),
        from: "alice".to_owned(),
        to: None,
    });
    assert!(state(&lineage, &renamed).is_closed());
}

/// Whoever is made under the name of a deleted owner is somebody else, and so is a role; where no unique ID is known the name alone tells, unless he was made
/// later than the credential was used.
#[test]
fn who_is_made_anew_under_a_deleted_owners_name_is_left_alone() {
    use oust::account::{Account, Holder};
    use oust::lineage::{Lineage, trace};
    use oust::plan::{Facts, plan};
    use oust::playbook::End;
    let stage = support::story::played();
    let lineage = trace(
        &support::story::evidence(&stage.twin),
        std::slice::from_ref(&stage.names["A"]),
    );
    let steps = |account: &Account, lineage: &Lineage| -> Vec<String> {
        let facts = Facts {
            account,
            lineage,
            bystanders: &[],
        };
        let plan = plan(&support::story::playbook(), End::Strip, facts, stage.twin.now());
        let changes = plan.steps.into_iter().filter(|step| step.action.changes());
        changes.map(|step| step.title).collect()
    };
    let mut account = stage.twin.account();
    let (user, role) = ("support-user", "MyBucketRole");
    let about = |steps: &[String], name: &str| steps.iter().any(|step| step.contains(&format!("`{name}`")));
    let before = steps(&account, &lineage);
    assert!(about(&before, user) && about(&before, role), "{before:?}");
    // The owner was deleted, with his keys.
    let anew = account.users.get_mut(user).unwrap();
    anew.credentials.as_mut().unwrap().access_keys.clear();
    assert!(
        about(&steps(&account, &lineage), user),
        "he is the owner, who lost his key"
    );
    account.users.get_mut(user).unwrap().id = "AIDAQQQQQQQQQQQQQQQQQ".to_owned();
    let now = steps(&account, &lineage);
    assert!(!about(&now, user) && about(&now, role), "{now:?}");
    account.roles.get_mut(role).unwrap().id = "AROAQQQQQQQQQQQQQQQQQ".to_owned();
    assert_eq!(steps(&account, &lineage), Vec::<String>::new());
    // The evidence tells no unique ID: he is not missed, unless he was made since.
    let mut untold = lineage.clone();
    for member in &mut untold.credentials {
        if let Some(Holder::User { id, .. } | Holder::Role { id, .. }) = &mut member.holder {
            id.clear();
        }
    }
    let untold_steps = steps(&account, &untold);
    assert!(
        about(&untold_steps, user) && about(&untold_steps, role),
        "{untold_steps:?}"
    );
    account.users.get_mut(user).unwrap().created = stage.twin.now();
    assert!(!about(&steps(&account, &untold), user));
}
