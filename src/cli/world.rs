//! Mounting the world that the arguments name.

use super::args::World as Args;
use super::exit::{Exit, Failure};
use crate::account::Snapshot;
use crate::ids::AccessKeyId;
use crate::mount::{Clients, Live, LiveOptions, Mount, Twin as TwinWorld, mount_live};
use crate::tabletop::{CATALOGUE, Scenario, Stage};
use crate::time::{Clock, ManualClock, SystemClock};
use crate::twin::{State, Twin};
use aws_credential_types::Credentials;
use std::path::Path;

/// A mounted world.
pub enum World {
    /// A twin, which ends with the process.
    Twin {
        /// The mount.
        mount: Mount<TwinWorld>,
        /// The twin behind it, whose whole trail can be read.
        twin: Box<Twin>,
    },
    /// AWS, or what answers in its place.
    Live {
        /// The mount.
        mount: Mount<Live>,
        /// The endpoint, or `AWS`.
        name: String,
    },
}

impl World {
    /// The clients.
    pub fn clients(&self) -> &Clients {
        match self {
            World::Twin { mount, .. } => mount.clients(),
            World::Live { mount, .. } => mount.clients(),
        }
    }

    /// The world in a word.
    pub fn name(&self) -> &str {
        match self {
            World::Twin { .. } => "twin",
            World::Live { name, .. } => name,
        }
    }

    /// Mounts what `args` names. `run` signs the work in the user agent.
    pub async fn mount(args: &Args, run: &str) -> Result<World, Failure> {
        if let Some(name) = &args.scenario {
            let (scenario, _) = scenario(name)?;
            let mut stage = stage(&scenario, scenario.start())?;
            stage
                .play(&scenario)
                .map_err(|error| Failure::new(Exit::Input, "scenario.play", error.to_string()))?;
            let row = scenario.user.iter().find(|user| user.name == scenario.responder);
            let key = row
                .and_then(|row| row.keys.first())
                .and_then(|name| stage.names.get(name))
                .cloned();
            let key = key.ok_or_else(|| {
                Failure::new(
                    Exit::Input,
                    "scenario.responder",
                    "the scenario has no responder who can sign",
                )
            })?;
            return Ok(World::on_twin(
                stage.twin,
                &key,
                None,
                args.region.as_deref().unwrap_or(&scenario.region),
            ));
        }
        if let Some(path) = &args.snapshot {
            let snapshot = snapshot(path)?;
            let mut state = State::new(snapshot.account, snapshot.sessions, 1);
            state.trail = snapshot.trail;
            let caller = crate::collect::Caller {
                account: state.account.id.clone(),
                arn: crate::verdict::root_principal(&state.account).arn,
                user_id: state.account.id.to_string(),
            };
            let standin = crate::rehearse::stand_in(&mut state, &caller, None, snapshot.taken_at);
            let organizer = crate::rehearse::stand_in_for_organization(&mut state, &caller, snapshot.taken_at);
            let twin = Twin::on_manual_clock(state, ManualClock::starting_at(snapshot.taken_at));
            let region = args.region.as_deref().unwrap_or("us-east-1");
            return Ok(World::on_twin(twin, &standin.key, organizer.as_ref(), region));
        }
        let options = LiveOptions {
            profile: args.profile.clone(),
            organizations_profile: args.organizations_profile.clone(),
            region: args.region.clone(),
            endpoint_url: args.endpoint_url.clone(),
            app_name: format!("oust-{run}"),
        };
        let mount = mount_live(&options).await;
        let name = mount.clients().endpoint().unwrap_or("AWS").to_owned();
        Ok(World::Live { mount, name })
    }

    fn on_twin(twin: Twin, key: &AccessKeyId, organizer: Option<&AccessKeyId>, region: &str) -> World {
        let credentials = |key: &AccessKeyId| {
            let keys = twin.keys(key);
            Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token)
        };
        let mut mount = Mount::twin(twin.http_client(), credentials(key), region, twin.clock());
        if let Some(organizer) = organizer {
            mount = mount.with_organizations(credentials(organizer));
        }
        World::Twin {
            mount,
            twin: Box::new(twin),
        }
    }
}

/// Reads a scenario by name or file; gives its text too, for errors.
pub fn scenario(name: &str) -> Result<(Scenario, String), Failure> {
    let text = match CATALOGUE.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (*text).to_owned(),
        None => read_text(Path::new(name)).map_err(|failure| {
            let known: Vec<&str> = CATALOGUE.iter().map(|(known, _)| *known).collect();
            failure.hint(format!(
                "the scenarios that the program carries are: {}",
                known.join(", ")
            ))
        })?,
    };
    let scenario = Scenario::parse(&text).map_err(|error| {
        let (line, column) = place(&text, error.span.start);
        Failure::new(
            Exit::Input,
            "scenario.malformed",
            format!("`{name}`, line {line}, column {column}: {error}"),
        )
    })?;
    Ok((scenario, text))
}

/// Sets the stage of a scenario, with its first move at `start`.
pub fn stage(scenario: &Scenario, start: crate::time::Moment) -> Result<Stage, Failure> {
    Stage::set(scenario, start).map_err(|error| {
        Failure::new(
            Exit::Input,
            "scenario.malformed",
            format!("`{}`: {error}", scenario.name),
        )
    })
}

/// Line and column of a byte, both from 1.
pub fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Reads a snapshot file.
pub fn snapshot(path: &Path) -> Result<Snapshot, Failure> {
    let text = read_text(path)?;
    Snapshot::parse(&text).map_err(|error| {
        Failure::new(
            Exit::Input,
            "snapshot.malformed",
            format!(
                "`{}`: {error}; nothing was done: `oust twin snapshot --out FILE` writes one",
                path.display()
            ),
        )
    })
}

/// Reads a text file that a person named, before anything is done.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| named_unreadable(path, &error))
}

/// Reads a text file that the program wrote.
pub fn read_own(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Exit::Input,
            "file.unreadable",
            format!("`{}` cannot be read: {error}", path.display()),
        )
    })
}

/// A file that a person named can't be read.
pub fn named_unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("`{}` cannot be read: {error}; nothing was done", path.display());
    Failure::new(Exit::Input, "file.unreadable", message)
        .hint("look at how its path is written, and whether you may read it")
}

/// Opens a file that a person named, to be read bit by bit.
pub fn open(path: &Path) -> Result<Box<dyn std::io::Read>, Failure> {
    let file = std::fs::File::open(path).map_err(|error| named_unreadable(path, &error))?;
    Ok(Box::new(file))
}

/// The system's clock, for what happens outside of any world: the names of cases.
pub fn wall_clock() -> crate::time::Moment {
    SystemClock.now()
}
