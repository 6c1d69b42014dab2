//! Exercises: scenario, timed injects, adversary, score.

mod exercise;
mod scenario;
mod stage;

pub use exercise::{ExerciseError, Played, Seen, Standing, exercise};
pub use scenario::{CATALOGUE, EXERCISES, Pace, Scenario, ScenarioError};
pub use stage::{Stage, StageError, Told};
