//! `oust twin`: the mocked IAM by itself.

use super::args::{Fight, TwinCommand};
use super::exit::{Exit, Failure};
use super::world::{World, scenario, snapshot, stage, wall_clock};
use super::{Desk, intruder};
use crate::account::{Holder, Snapshot, diff};
use crate::collect::{self, Scope};
use crate::ids::AccessKeyId;
use crate::time::SystemClock;
use crate::twin::{State, Twin, Weather, serve};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A credential of the served twin. Its secret is the twin's own invention and opens nothing else.
#[derive(Debug, Serialize)]
struct Offered {
    name: String,
    access_key_id: AccessKeyId,
    secret_access_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Serving {
    endpoint: String,
    region: String,
    credentials: Vec<Offered>,
}

pub(super) async fn twin(desk: &Desk, command: TwinCommand) -> Result<Exit, Failure> {
    match command {
        TwinCommand::Serve {
            scenario,
            snapshot,
            port,
            played,
            no_enforce,
            forecast,
            fight,
        } => {
            let offer = match (scenario, snapshot) {
                (Some(name), _) => from_scenario(&name, played, no_enforce)?,
                (None, Some(path)) => from_snapshot(&path, no_enforce)?,
                (None, None) => {
                    let message = "neither --scenario nor --snapshot says which account to serve; nothing is served";
                    let hint =
                        "`oust tabletop list` names the scenarios, `oust twin snapshot --out FILE` writes an account";
                    return Err(Failure::new(Exit::Usage, "twin.serve", message).hint(hint));
                }
            };
            serve_twin(desk, offer, forecast.weather(), &fight, port).await
        }
        TwinCommand::Snapshot { world, out } => write_snapshot(desk, &world, out.as_deref()).await,
        TwinCommand::Diff { before, after } => {
            let changes = diff(&snapshot(&before)?.account, &snapshot(&after)?.account);
            let line = |change: &crate::account::Change| {
                let say =
                    |value: &Option<serde_json::Value>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
                format!(
                    "{}\n  before {}\n  after  {}",
                    change.path,
                    say(&change.before),
                    say(&change.after)
                )
            };
            let text = || match changes.as_slice() {
                [] => "no difference".to_owned(),
                changes => changes.iter().map(line).collect::<Vec<_>>().join("\n"),
            };
            desk.result(text, &changes)?;
            Ok(Exit::Success)
        }
    }
}

/// A twin that is about to be served.
struct Offer {
    twin: Twin,
    names: Vec<(String, AccessKeyId)>,
    region: String,
    /// The name of the compromised credential, where it is known.
    stolen: Option<String>,
    /// The scenario's own intruder.
    intruder: Option<String>,
}

/// The scenario in real time: its last move lies a minute back.
fn from_scenario(name: &str, played: bool, no_enforce: bool) -> Result<Offer, Failure> {
    let (scenario, _) = scenario(name)?;
    let start = wall_clock().whole_second().plus_seconds(-scenario.length_seconds());
    let mut stage = stage(&scenario, start)?;
    if played {
        stage
            .play(&scenario)
            .map_err(|error| Failure::new(Exit::Input, "scenario.play", error.to_string()))?;
    }
    let mut state = stage.twin.state();
    state.enforce = !no_enforce;
    Ok(Offer {
        twin: Twin::on_clock(state, Arc::new(SystemClock)),
        names: stage.names.into_iter().collect(),
        region: scenario.region,
        stolen: Some(scenario.stolen),
        intruder: scenario.intruder,
    })
}

fn from_snapshot(path: &Path, no_enforce: bool) -> Result<Offer, Failure> {
    let snapshot = snapshot(path)?;
    let mut state = State::new(snapshot.account, snapshot.sessions, 1);
    state.trail = snapshot.trail;
    state.enforce = !no_enforce;
    let users = state.account.users.values().flat_map(|user| {
        let keys = user.credentials.iter().flat_map(|held| &held.access_keys);
        keys.map(|key| (user.name.clone(), key.id.clone()))
    });
    let sessions = state.mint.sessions.iter();
    let sessions = sessions.map(|session| (format!("session of {}", whose(&session.holder)), session.key.clone()));
    let names = told_apart(users.chain(sessions).collect());
    Ok(Offer {
        twin: Twin::on_clock(state, Arc::new(SystemClock)),
        names,
        region: "us-east-1".to_owned(),
        stolen: None,
        intruder: None,
    })
}

/// Whose permissions a session carries.
fn whose(holder: &Holder) -> String {
    match holder {
        Holder::User { name, .. } => format!("user {name}"),
        Holder::FederatedUser { user, name, .. } => format!("federated user {name} of user {user}"),
        Holder::Role { name, session, .. } => format!("role {name}, {session}"),
        Holder::Root => "root".to_owned(),
    }
}

/// Each name once: what would stand twice gets a number.
fn told_apart(named: Vec<(String, AccessKeyId)>) -> Vec<(String, AccessKeyId)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let each = named.into_iter().map(|(name, key)| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => (name, key),
            n => (format!("{name} ({n})"), key),
        }
    });
    each.collect()
}

async fn serve_twin(desk: &Desk, offer: Offer, weather: Weather, fight: &Fight, port: u16) -> Result<Exit, Failure> {
    let listener = serve::bind(port).await.map_err(|error| {
        Failure::new(
            Exit::Failure,
            "twin.port",
            format!("127.0.0.1:{port} cannot be listened on: {error}; nothing is served"),
        )
        .hint("name another --port, or leave it out: a free one is picked")
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(Exit::Failure, "twin.port", format!("the port is not known: {error}")))?;
    let Offer {
        twin, names, region, ..
    } = offer;
    let (own, stolen) = (offer.intruder.as_deref(), offer.stolen.as_deref());
    let twin = intruder::inhabited(twin.in_weather(weather), fight, &names, own, stolen)?;
    let offered = names.into_iter().map(|(name, key)| {
        let keys = twin.keys(&key);
        Offered {
            name,
            access_key_id: keys.key,
            secret_access_key: keys.secret,
            session_token: keys.token,
        }
    });
    let serving = Serving {
        endpoint: format!("http://{address}"),
        region,
        credentials: offered.collect(),
    };
    desk.result(|| text(&serving), &serving)?;
    tokio::select! {
        () = serve::serve(twin.clone(), listener) => {}
        () = intruder::act(desk, &twin), if fight.intruder.is_some() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    intruder::ended(desk, &twin)?;
    Ok(Exit::Interrupted)
}

fn text(serving: &Serving) -> String {
    let mut out = vec![format!(
        "export AWS_ENDPOINT_URL={} AWS_REGION={} AWS_DEFAULT_REGION={}",
        serving.endpoint, serving.region, serving.region
    )];
    for one in &serving.credentials {
        out.push(format!("\n# {}", one.name));
        out.push(format!(
            "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}",
            one.access_key_id, one.secret_access_key
        ));
        out.push(match &one.session_token {
            Some(token) => format!("export AWS_SESSION_TOKEN={token}"),
            None => "unset AWS_SESSION_TOKEN".to_owned(),
        });
    }
    out.push("\n# serving; Ctrl-C ends it".to_owned());
    out.join("\n")
}

async fn write_snapshot(desk: &Desk, args: &super::args::World, out: Option<&Path>) -> Result<Exit, Failure> {
    let world = World::mount(args, "snapshot").await?;
    let snapshot = match (&world, &args.snapshot) {
        // Its twin has a session beside those of the file, for whoever works on it.
        (World::Twin { .. }, Some(file)) => {
            let mut snapshot = snapshot(file)?;
            snapshot.trail.iter_mut().for_each(without_tokens);
            snapshot
        }
        (World::Twin { twin, .. }, None) => {
            let mut snapshot = Snapshot::new(twin.now(), twin.account(), twin.sessions());
            snapshot.trail = twin.trail();
            snapshot.trail.iter_mut().for_each(without_tokens);
            snapshot
        }
        (World::Live { mount, .. }, _) => {
            let mut collected = collect::account(mount.clients(), Scope::Everything).await?;
            collect::last_used(mount.clients(), &mut collected).await;
            collect::organization(mount.clients(), &mut collected).await;
            let trails = collect::trails(mount.clients(), &BTreeSet::new()).await;
            collected.account.trails = trails.trails;
            collected.unread.extend(trails.unread);
            for unread in &collected.unread {
                desk.terminal
                    .status(&format!("not read: {}: {}", unread.what, unread.error));
            }
            for note in &collected.notes {
                desk.terminal.status(&format!("note: {note}"));
            }
            Snapshot::new(mount.clients().now().whole_second(), collected.account, Vec::new())
        }
    };
    let json = snapshot
        .to_json()
        .map_err(|error| Failure::new(Exit::Failure, "json", error.to_string()))?;
    match out {
        None => desk.terminal.result(&json)?,
        Some(path) => {
            std::fs::write(path, json + "\n").map_err(|error| {
                let message = format!(
                    "`{}` cannot be written: {error}; the account was not kept",
                    path.display()
                );
                Failure::new(Exit::Input, "snapshot.unwritable", message).hint("name another file with --out")
            })?;
            let (users, roles) = (snapshot.account.users.len(), snapshot.account.roles.len());
            desk.terminal.status(&format!(
                "account {} with {users} users and {roles} roles is in {}",
                snapshot.account.id,
                path.display()
            ));
        }
    }
    desk.list_calls(world.clients());
    Ok(Exit::Success)
}

/// A trail holds session tokens, as AWS's does. A file that is passed on doesn't.
fn without_tokens(record: &mut serde_json::Value) {
    if let Some(serde_json::Value::Object(credentials)) = record.pointer_mut("/responseElements/credentials") {
        credentials.remove("sessionToken");
    }
}
