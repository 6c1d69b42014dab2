//! A served twin, and the program against it.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

pub const OUST: &str = env!("CARGO_BIN_EXE_oust");

/// A twin in which the attacker has had his time.
pub struct Served {
    child: Child,
    pub endpoint: String,
    pub credentials: Value,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub fn start(more: &[&str]) -> Self {
        Served::of("stolen-key", more)
    }

    /// A twin of another scenario, by name or file.
    pub fn of(scenario: &str, more: &[&str]) -> Self {
        let mut child = Command::new(OUST)
            .args(["twin", "serve", "--scenario", scenario, "--format", "json"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !text.ends_with("\n}\n") {
            assert!(out.read_line(&mut text).unwrap() > 0, "the twin ended: {text}");
        }
        let told: Value = serde_json::from_str(&text).unwrap();
        Served {
            child,
            endpoint: told["endpoint"].as_str().unwrap().to_owned(),
            credentials: told["credentials"].clone(),
        }
    }

    pub fn key(&self, name: &str) -> &Value {
        self.credentials
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
    }

    /// Somebody else changes a role's inline policy.
    pub fn put_role_policy(&self, role: &str, policy: &str, document: &str) {
        let mount = self.mount("responder-key");
        let put = mount.clients().iam.put_role_policy().role_name(role);
        let put = put.policy_name(policy).policy_document(document).send();
        wait(put).unwrap();
    }

    /// Leaves a role no room for a deny: neither inline nor by a managed policy.
    pub fn fill_role(&self, role: &str) {
        let iam = &self.mount("responder-key").clients().iam.clone();
        let document = |of: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:x","Resource":"{of}"}}]}}"#
            )
        };
        for n in 0..20 {
            let made = iam.create_policy().policy_name(format!("fill-{n}"));
            let made = wait(made.policy_document(document("y")).send()).unwrap();
            let attach = iam.attach_role_policy().role_name(role);
            // What the role has already takes places, too.
            let _ = wait(attach.policy_arn(made.policy.unwrap().arn.unwrap()).send());
        }
        let mut size = 10_200;
        while wait(
            iam.put_role_policy()
                .role_name(role)
                .policy_name("pad")
                .policy_document(document(&"y".repeat(size)))
                .send(),
        )
        .is_err()
        {
            size -= 10;
        }
    }

    /// Somebody makes a user.
    pub fn create_user(&self, user: &str) {
        let mount = self.mount("responder-key");
        wait(mount.clients().iam.create_user().user_name(user).send()).unwrap();
    }

    /// Whoever signs as `signing` takes a session of a role.
    pub fn assume_role(&self, role: &str, signing: &str) -> aws_credential_types::Credentials {
        let mount = self.mount(signing);
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        let assume = mount
            .clients()
            .sts
            .assume_role()
            .role_arn(arn)
            .role_session_name("quiet");
        let given = wait(assume.send()).unwrap().credentials.unwrap();
        let (key, secret, token) = (given.access_key_id, given.secret_access_key, given.session_token);
        aws_credential_types::Credentials::from_keys(key, secret, Some(token))
    }

    /// Whether a credential can list the users.
    pub fn can_list_users(&self, credential: &aws_credential_types::Credentials) -> bool {
        let mount = self.mount_as(credential.clone());
        wait(mount.clients().iam.list_users().send()).is_ok()
    }

    /// Somebody takes an inline policy of a user away.
    pub fn delete_user_policy(&self, user: &str, policy: &str) {
        let mount = self.mount("responder-key");
        let delete = mount.clients().iam.delete_user_policy().user_name(user);
        wait(delete.policy_name(policy).send()).unwrap();
    }

    /// The names of a user's inline policies.
    pub fn user_policies(&self, user: &str) -> Vec<String> {
        let mount = self.mount("responder-key");
        let listed = wait(mount.clients().iam.list_user_policies().user_name(user).send());
        listed.unwrap().policy_names
    }

    /// Somebody deletes a user.
    pub fn delete_user(&self, user: &str) {
        let mount = self.mount("responder-key");
        wait(mount.clients().iam.delete_user().user_name(user).send()).unwrap();
    }

    /// Somebody makes a key active again, signing with another.
    pub fn activate(&self, user: &str, name: &str, signing: &str) {
        let mount = self.mount(signing);
        let update = mount.clients().iam.update_access_key().user_name(user);
        let update = update.access_key_id(self.key(name)["access_key_id"].as_str().unwrap());
        wait(update.status(aws_sdk_iam::types::StatusType::Active).send()).unwrap();
    }

    /// Whether a key is active.
    pub fn is_active(&self, user: &str, name: &str) -> bool {
        let mount = self.mount("responder-key");
        let listed = wait(mount.clients().iam.list_access_keys().user_name(user).send()).unwrap();
        let id = self.key(name)["access_key_id"].as_str();
        let mut keys = listed.access_key_metadata.iter();
        keys.any(|key| key.access_key_id() == id && key.status() == Some(&aws_sdk_iam::types::StatusType::Active))
    }

    /// Somebody makes a key inactive, signing with another.
    pub fn deactivate(&self, user: &str, name: &str, signing: &str) {
        let mount = self.mount(signing);
        let update = mount.clients().iam.update_access_key().user_name(user);
        let update = update.access_key_id(self.key(name)["access_key_id"].as_str().unwrap());
        let inactive = aws_sdk_iam::types::StatusType::Inactive;
        wait(update.status(inactive).send()).unwrap();
    }

    /// IAM, as whoever signs as `signing`.
    pub fn iam(&self, signing: &str) -> aws_sdk_iam::Client {
        self.mount(signing).clients().iam.clone()
    }

    pub fn mount(&self, name: &str) -> oust::mount::Mount<oust::mount::Twin> {
        let key = self.key(name);
        let text = |name: &str| key[name].as_str().unwrap();
        let credentials =
            aws_credential_types::Credentials::from_keys(text("access_key_id"), text("secret_access_key"), None);
        self.mount_as(credentials)
    }

    pub fn mount_as(&self, credentials: aws_credential_types::Credentials) -> oust::mount::Mount<oust::mount::Twin> {
        let clock = std::sync::Arc::new(oust::time::SystemClock);
        let http = aws_smithy_http_client::Builder::new().build_http();
        oust::mount::Mount::twin_at(&self.endpoint, http, credentials, "us-east-1", clock)
    }

    /// A file of credentials whose only profile signs as `name`.
    pub fn write_profile(&self, file: &std::path::Path, profile: &str, name: &str) {
        let key = self.key(name);
        let text = format!(
            "[{profile}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            key["access_key_id"].as_str().unwrap(),
            key["secret_access_key"].as_str().unwrap()
        );
        std::fs::write(file, text).unwrap();
    }

    pub fn oust(&self, name: &str, secret: Option<&str>, args: &[&str]) -> Output {
        self.command(name, secret, args).output().unwrap()
    }

    /// The program, ready to be started against this twin as one of its principals.
    pub fn command(&self, name: &str, secret: Option<&str>, args: &[&str]) -> Command {
        let key = self.key(name);
        let mut command = Command::new(OUST);
        command
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", key["access_key_id"].as_str().unwrap())
            .env(
                "AWS_SECRET_ACCESS_KEY",
                secret.or(key["secret_access_key"].as_str()).unwrap(),
            )
            .env("AWS_REGION", "us-east-1")
            .args(args)
            .args(["--endpoint-url", &self.endpoint]);
        if let Some(token) = key["session_token"].as_str() {
            command.env("AWS_SESSION_TOKEN", token);
        }
        command
    }
}

pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}
