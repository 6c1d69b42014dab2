//! Generated accounts: consistent, and with everything in them that can be read through IAM.

use oust::account::{
    AccessKey, Account, Credentials, Group, KeyStatus, LoginProfile, ManagedPolicy, MfaDevice, PolicyVersion, Role,
    Root, ServiceSpecificCredential, SigningCertificate, SshPublicKey, User, aws_managed,
};
use oust::ids::Arn;
use oust::policy::PolicyText;
use oust::time::Moment;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ACCOUNT: &str = "210987654321";

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_+=,.@-]{0,12}"
}

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["/".to_owned(), "/team/".to_owned(), "/a/b-c/".to_owned()])
}

fn moment() -> impl Strategy<Value = Moment> {
    (1_600_000_000i64..1_760_000_000).prop_map(|seconds| Moment::from_millis(seconds * 1000))
}

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[A-Za-z][A-Za-z0-9:/=+@ -]{0,10}[a-z]", "[\u{21}-\u{7e}]{0,12}", 0..3)
}

/// Documents whose text must survive the wire byte for byte: white space, signs, letters above ASCII.
fn document() -> impl Strategy<Value = PolicyText> {
    let action = prop::sample::select(vec!["s3:Get*", "sts:AssumeRole", "iam:*", "*", "ec2:Describe?nstances"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:iam::210987654321:role/a+b",
    ]);
    (action, resource, "[a-zA-Z0-9 %&+=\u{e4}\u{df}-]{0,8}", any::<bool>(), any::<bool>()).prop_map(|(action, resource, id, deny, wide)| {
        let effect = if deny { "Deny" } else { "Allow" };
        let gap = if wide { " \n\t" } else { "" };
        PolicyText::new(format!(
            "{{\"Version\":{gap}\"2012-10-17\",\"Id\":\"{id}\",\"Statement\":[{{\"Effect\":\"{effect}\",{gap}\"Action\":\"{action}\",\"Resource\":\"{resource}\"}}]}}"
        ))
    })
}

fn status() -> impl Strategy<Value = KeyStatus> {
    prop::sample::select(vec![KeyStatus::Active, KeyStatus::Inactive, KeyStatus::Expired])
}

prop_compose! {
    fn credentials()(
        keys in vec((status(), moment()), 0..=2),
        password in proptest::option::of((moment(), any::<bool>())),
        devices in vec((any::<bool>(), moment()), 0..3),
        certificates in vec((status(), moment()), 0..2),
        ssh in vec((status(), moment()), 0..3),
        specific in vec((status(), moment()), 0..3),
    ) -> Credentials {
        Credentials {
            access_keys: keys.into_iter().map(|(status, created)| AccessKey { id: "AKIAQQQQQQQQQQQQQQQQ".parse().unwrap(), status, created, last_used: None }).collect(),
            login_profile: password.map(|(created, password_reset_required)| LoginProfile { created, password_reset_required }),
            mfa_devices: devices.into_iter().map(|(virt, enabled)| MfaDevice { serial: if virt { "v".into() } else { "GAHT".into() }, enabled }).collect(),
            signing_certificates: certificates.into_iter().map(|(status, uploaded)| SigningCertificate { id: String::new(), body: "-----BEGIN CERTIFICATE-----\nA&B<C>\n-----END CERTIFICATE-----".into(), status, uploaded }).collect(),
            ssh_public_keys: ssh.into_iter().map(|(status, uploaded)| SshPublicKey { id: String::new(), status, uploaded, body: None }).collect(),
            service_specific: specific.into_iter().map(|(status, created)| ServiceSpecificCredential { id: String::new(), service: "codecommit.amazonaws.com".into(), service_user_name: Some("u-at-1".into()), status, created }).collect(),
            ..Credentials::default()
        }
    }
}

/// Which of a list are taken, by bits.
fn some_of<T: Clone + Ord>(all: &[T], bits: u8) -> BTreeSet<T> {
    all.iter()
        .enumerate()
        .filter(|(n, _)| bits >> n & 1 == 1)
        .map(|(_, one)| one.clone())
        .collect()
}

type Parts = (
    BTreeMap<String, PolicyText>,
    u8,
    String,
    Moment,
    BTreeMap<String, String>,
    Option<u8>,
    u8,
);

fn parts() -> impl Strategy<Value = Parts> {
    (
        btree_map(name(), document(), 0..3),
        any::<u8>(),
        path(),
        moment(),
        tags(),
        proptest::option::of(any::<u8>()),
        any::<u8>(),
    )
}

prop_compose! {
    /// An account with up to four users, three groups, three roles and three policies of its own.
    pub fn account()(
        users in btree_map(name(), (parts(), credentials()), 0..4),
        groups in btree_map(name(), parts(), 0..3),
        roles in btree_map(name(), (parts(), 3600u32..43200, btree_set(name(), 0..2)), 0..3),
        policies in btree_map(name(), (vec(document(), 1..3), path(), moment()), 0..3),
        root in (0u32..2, any::<bool>()),
        free_devices in 0usize..2,
    ) -> Account {
        let mut account = Account::empty(ACCOUNT.parse().unwrap());
        account.root = Some(Root { access_keys: root.0, mfa: root.1 });
        for (n, (name, (documents, path, created))) in policies.into_iter().enumerate() {
            let arn = Arn::iam("aws", &account.id, "policy", &path, &name);
            let versions: BTreeMap<String, PolicyVersion> = documents.into_iter().enumerate()
                .map(|(v, document)| (format!("v{}", v + 1), PolicyVersion { document, created })).collect();
            account.policies.insert(arn, ManagedPolicy { name, path, id: format!("ANPA{n}"), created, default_version: "v1".into(), versions });
        }
        let mut known: Vec<Arn> = account.policies.keys().cloned().collect();
        known.push("arn:aws:iam::aws:policy/AdministratorAccess".parse().unwrap());
        known.push("arn:aws:iam::aws:policy/AWSDenyAll".parse().unwrap());
        let one_of = |bits: Option<u8>| bits.map(|bits| known[usize::from(bits) % known.len()].clone());
        for (n, (name, (inline, attached, path, created, _, _, _))) in groups.into_iter().enumerate() {
            account.groups.insert(name.clone(), Group { name, path, id: format!("AGPA{n}"), created, inline, attached: some_of(&known, attached) });
        }
        let group_names: Vec<String> = account.groups.keys().cloned().collect();
        for (n, (name, ((inline, attached, path, created, tags, boundary, groups), mut held))) in users.into_iter().enumerate() {
            for (k, key) in held.access_keys.iter_mut().enumerate() { key.id = format!("AKIAUSER{n}KEY{k}AAAAAAA").parse().unwrap(); }
            for (k, device) in held.mfa_devices.iter_mut().enumerate() {
                device.serial = if device.serial == "v" { format!("arn:aws:iam::{ACCOUNT}:mfa/u{n}d{k}") } else { format!("GAHT{n}{k}") };
            }
            for (k, one) in held.signing_certificates.iter_mut().enumerate() { one.id = format!("CERT{n}{k}"); }
            for (k, one) in held.ssh_public_keys.iter_mut().enumerate() { one.id = format!("APKA{n}{k}"); one.body = Some(format!("ssh-rsa AAAA{n}{k}+/= me")); }
            for (k, one) in held.service_specific.iter_mut().enumerate() { one.id = format!("ACCA{n}{k}"); }
            account.users.insert(name.clone(), User {
                name, path, id: format!("AIDA{n}"), created, tags, inline, attached: some_of(&known, attached),
                groups: some_of(&group_names, groups), boundary: one_of(boundary), credentials: Some(held),
            });
        }
        for (n, (name, ((inline, attached, path, created, tags, boundary, _), seconds, profiles))) in roles.into_iter().enumerate() {
            let trust = PolicyText::new(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#);
            account.roles.insert(name.clone(), Role {
                name, path, id: format!("AROA{n}"), created, trust, max_session_seconds: Some(seconds), tags, inline,
                attached: some_of(&known, attached), boundary: one_of(boundary),
                instance_profiles: profiles.into_iter().map(|profile| format!("{profile}{n}")).collect(),
            });
        }
        for n in 0..free_devices { account.unassigned_mfa.insert(format!("arn:aws:iam::{ACCOUNT}:mfa/free{n}")); }
        with_used_policies(account)
    }
}

/// AWS managed policies that are used are in the account, as they are when a client attaches them.
fn with_used_policies(mut account: Account) -> Account {
    let users = account
        .users
        .values()
        .flat_map(|user| user.attached.iter().chain(&user.boundary));
    let groups = account.groups.values().flat_map(|group| &group.attached);
    let roles = account
        .roles
        .values()
        .flat_map(|role| role.attached.iter().chain(&role.boundary));
    let used: BTreeSet<Arn> = users.chain(groups).chain(roles).cloned().collect();
    for arn in used {
        if let Some((version, document)) = aws_managed(&arn) {
            let created = Moment::from_millis(1_500_000_000_000);
            let held = PolicyVersion {
                document: PolicyText::new(document),
                created,
            };
            let policy = ManagedPolicy {
                name: arn.name().to_owned(),
                path: "/".into(),
                id: "ANPAAWS".into(),
                created,
                default_version: version.to_owned(),
                versions: [(version.to_owned(), held)].into(),
            };
            account.policies.insert(arn, policy);
        }
    }
    account
}
