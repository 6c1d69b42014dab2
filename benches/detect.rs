//! How fast the detections run over an archive, as a ratio to a trace of the same files on the same cores in the same run: in time on the clock, and in
//! processor time where the system tells it (Linux).
//!
//! `cargo bench --bench detect` makes archives in the folder for temporary files; `OUST_BENCH_MB` sets their unpacked size in megabytes (200).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures and stops at the first surprise"
)]

#[path = "../tests/support/archive.rs"]
#[allow(dead_code, missing_docs, reason = "shared with the tests")]
mod archive;

use archive::Recipe;
use oust::harden::{Detector, found};
use oust::ids::AccessKeyId;
use oust::lineage::trace;
use oust::trail::{Progress, Sift, Window, search};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// So often each is run, one after the other by turns.
const RUNS: usize = 7;

/// What the detections hold in memory by themselves.
const ROOM: usize = 64 << 20;

/// Hundredths of a second that this process has worked so far, on all cores.
fn worked() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = told.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|text| text.parse().ok()).collect();
    ticks.iter().sum()
}

/// Runs something, and gives how long it took and how much work it was.
fn measured(run: impl FnOnce()) -> (f64, f64) {
    let (began, before) = (Instant::now(), worked());
    run();
    (began.elapsed().as_secs_f64(), worked() - before)
}

fn write(folder: &Path, recipe: &Recipe, is_public: bool) -> archive::Truth {
    let (files, truth) = archive::files(recipe);
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Programs of people in the world, and not instances in a network.
        let text = match is_public {
            true => text
                .replace("\"sourceIPAddress\":\"10.", "\"sourceIPAddress\":\"198.")
                .replace(":i-", ":s-")
                .replace("/i-", "/s-"),
            false => text,
        };
        std::fs::write(path, archive::packed(text.as_bytes(), recipe.level)).unwrap();
    }
    truth
}

fn detect(roots: &[PathBuf]) -> u64 {
    let room = ROOM / std::thread::available_parallelism().unwrap().get();
    let make = move || Detector::laying(room, || Ok(Box::new(tempfile::tempfile()?)));
    let sift = Sift::of(Window::default(), Box::new(make));
    sift.read_paths(roots, &Progress::default());
    found(sift.finish().0, &[]).unwrap().records
}

fn main() {
    println!("callers    family  unpacked MB  trace s  detect s  ratio  of work");
    for (callers, is_public, family) in [
        ("instances", false, 3),
        ("instances", false, 1000),
        ("programs", true, 3),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe::of_bench(1, family);
        let truth = write(folder.path(), &recipe, is_public);
        let asked: [AccessKeyId; 1] = [truth.origin.parse().unwrap()];
        let roots = [folder.path().to_owned()];
        let (mut traced, mut detected) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            traced.push(measured(|| {
                let evidence = search(&roots, &asked, Window::default(), &Progress::default());
                assert_eq!(trace(&evidence, &asked).credentials.len(), family);
            }));
            detected.push(measured(|| assert!(detect(&roots) > 0)));
        }
        let least = |all: &[(f64, f64)]| all.iter().map(|(time, _)| *time).fold(f64::MAX, f64::min);
        let work = |all: &[(f64, f64)]| all.iter().map(|(_, work)| work).sum::<f64>();
        println!(
            "{callers:<9}  {family:>6}  {:>11}  {:>7.3}  {:>8.3}  {:>5.2}  {:>7.2}",
            truth.bytes / 1_000_000,
            least(&traced),
            least(&detected),
            least(&detected) / least(&traced),
            work(&detected) / work(&traced)
        );
    }
}
