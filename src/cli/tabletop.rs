//! `oust tabletop`: the story on the twin, the wrong order first, then the playbook's.

use super::Desk;
use super::args::{Choice, TabletopCommand};
use super::exit::{Exit, Failure};
use super::prepare::playbook;
use super::world::{scenario, stage};
use crate::playbook::{End, Playbook};
use crate::report::{self, Tone};
use crate::tabletop::{CATALOGUE, EXERCISES, Played, Scenario, Stage, Told, exercise};
use crate::twin::Weather;
use crate::twin::weather::Lag;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Serialize)]
struct Transcript<'a> {
    scenario: &'a str,
    story: &'a [Told],
    wrong_order: Option<&'a Played>,
    playbook: &'a Played,
    contained: bool,
    still_in: Vec<&'a str>,
}

pub(super) async fn tabletop(desk: &Desk, command: TabletopCommand) -> Result<Exit, Failure> {
    match command {
        TabletopCommand::List => list(desk),
        TabletopCommand::Run { scenario, choice, lag } => run(desk, &scenario, &choice, lag).await,
    }
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    title: String,
    stolen: String,
}

fn list(desk: &Desk) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for (name, _) in CATALOGUE {
        let (scenario, _) = scenario(name)?;
        let stage = stage(&scenario, scenario.start())?;
        let stolen = stage
            .names
            .get(&scenario.stolen)
            .map(ToString::to_string)
            .unwrap_or_default();
        rows.push(Row {
            name: scenario.name,
            title: scenario.title,
            stolen,
        });
    }
    let line = |row: &Row| format!("{}  {}\n  the responder is told of {}", row.name, row.title, row.stolen);
    desk.result(|| rows.iter().map(line).collect::<Vec<_>>().join("\n"), &rows)?;
    Ok(Exit::Success)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failure, "tabletop", error.to_string())
}

async fn run(desk: &Desk, name: &str, choice: &Choice, lag: Option<Lag>) -> Result<Exit, Failure> {
    let (scenario, _) = scenario(name)?;
    let playbook = playbook(&choice.playbook)?;
    let end: End = choice.end.into();
    let mut stage = stage(&scenario, scenario.start())?;
    stage
        .play(&scenario)
        .map_err(|error| Failure::new(Exit::Input, "scenario.play", error.to_string()))?;
    if let Some(lag) = lag.or_else(|| scenario.lag.clone()) {
        stage.twin = stage.twin.in_weather(Weather::seeded(scenario.seed).with_lag(lag));
    }
    let story = stage.told.clone();
    let wrong = wrong_order(&mut stage, &scenario).await?;
    let played = exercise(&mut stage, &scenario, &playbook, end).await.map_err(failed)?;
    let still_in = played.still_in();
    let contained = still_in.is_empty() && played.innocents_hit.is_empty() && played.left_standing().is_empty();
    let told = Transcript {
        scenario: &scenario.name,
        story: &story,
        wrong_order: wrong.as_ref(),
        playbook: &played,
        contained,
        still_in,
    };
    desk.result(|| text(desk, &scenario, &told), &told)?;
    Ok(if contained { Exit::Success } else { Exit::NotContained })
}

async fn wrong_order(stage: &mut Stage, scenario: &Scenario) -> Result<Option<Played>, Failure> {
    let Some(name) = &scenario.wrong_order else {
        return Ok(None);
    };
    let text = EXERCISES.iter().find(|(known, _)| known == name).map(|(_, text)| *text);
    let text = text.ok_or_else(|| {
        Failure::new(
            Exit::Input,
            "scenario.wrong_order",
            format!("there is no exercise `{name}`"),
        )
    })?;
    let (playbook, _) =
        Playbook::parse_in_any_order(text).map_err(|faults| super::playbook::failure(name, text, &faults))?;
    exercise(stage, scenario, &playbook, End::Contain)
        .await
        .map(Some)
        .map_err(failed)
}

fn text(desk: &Desk, scenario: &Scenario, told: &Transcript<'_>) -> String {
    let paint = desk.paint();
    let head = |text: &str| (paint.with)(Tone::Heading, text);
    let mut out = vec![head(&scenario.title), paint.fold(0, &scenario.story), String::new()];
    for told in told.story {
        let tone = if told.attacker { Tone::Bad } else { Tone::Plain };
        out.push(format!(
            "  {}  {:<14} {}",
            told.at.clock_face(),
            told.by,
            (paint.with)(tone, &told.says)
        ));
    }
    if let Some(wrong) = told.wrong_order {
        out.push(String::new());
        out.push(head("1. The naive order"));
        out.push(report::exercise(wrong, paint));
        out.push(ending(wrong, paint));
    }
    out.push(String::new());
    out.push(head(&format!(
        "2. The playbook `{}`, from where that left off",
        told.playbook.playbook
    )));
    out.push(report::exercise(told.playbook, paint));
    out.push(ending(told.playbook, paint));
    out.join("\n")
}

/// How an exercise ended: first whether the attacker is out, then what else there is to say.
fn ending(played: &Played, paint: report::Paint) -> String {
    let still_in = played.still_in();
    let steps = played.plan.steps.len();
    let mut out = match still_in.as_slice() {
        [] => vec![(
            Tone::Good,
            format!("OUT: nothing that the attacker holds works after {steps} steps"),
        )],
        still_in => vec![(
            Tone::Bad,
            format!("STILL IN after {steps} steps: {}", still_in.join(", ")),
        )],
    };
    if let left @ [_, ..] = played.left_standing() {
        out.push((Tone::Bad, format!("LEFT BEHIND by the intruder: {}", left.join("; "))));
    }
    let changing = played.plan.steps.iter().filter(|step| step.action.changes());
    let named: BTreeSet<&str> = changing.flat_map(|step| &step.hits).map(String::as_str).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let others = match played.innocents_hit.as_slice() {
        [] => "nobody else".to_owned(),
        hit => format!("and beside them innocent principals: {}", hit.join(", ")),
    };
    let tone = if played.innocents_hit.is_empty() {
        Tone::Plain
    } else {
        Tone::Bad
    };
    out.push(match (named.as_slice(), played.innocents_hit.as_slice()) {
        ([], []) => (tone, "no innocent principal is hit".to_owned()),
        ([], hit) => (tone, format!("innocent principals are hit: {}", hit.join(", "))),
        (named, _) => {
            let count = named.len();
            (
                tone,
                format!("hit, as the plan said ({count}): {}; {others}", named.join("; ")),
            )
        }
    });
    let line = |(tone, text): &(Tone, String)| (paint.with)(*tone, &format!("    {}", paint.fold(4, text)));
    out.iter().map(line).collect::<Vec<_>>().join("\n")
}
