//! How fast an archive is traced, as a ratio to the fastest plain decompression of the same files on the same cores in the same run.
//!
//! `cargo bench --bench trace` makes an archive in the folder for temporary files; `OUST_BENCH_MB` sets its unpacked size in megabytes (200).

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
use oust::ids::AccessKeyId;
use oust::lineage::trace;
use oust::trail::{Progress, Window, search};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn paths(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths(&path, into)
        } else {
            into.push(path)
        }
    }
}

/// Unpacks every file with libdeflate on all cores, and does nothing with it.
fn unpack(paths: &[PathBuf]) -> usize {
    let next = AtomicUsize::new(0);
    let bytes = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let mut unpacker = libdeflater::Decompressor::new();
                let mut text = Vec::new();
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let packed = std::fs::read(path).unwrap();
                    let size = u32::from_le_bytes(*packed.last_chunk().unwrap()) as usize;
                    text.resize(size, 0);
                    bytes.fetch_add(unpacker.gzip_decompress(&packed, &mut text).unwrap(), Ordering::Relaxed);
                }
            });
        }
    });
    bytes.into_inner()
}

fn best(mut run: impl FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let from = Instant::now();
            run();
            from.elapsed()
        })
        .min()
        .unwrap()
}

fn main() {
    println!("family  unpacked MB  unpack s  trace s  ratio");
    for (family, part) in [(3, 4), (40, 1), (1000, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe::of_bench(part, family);
        let truth = archive::write(folder.path(), &recipe);
        let mut files = Vec::new();
        paths(folder.path(), &mut files);
        let asked: [AccessKeyId; 1] = [truth.origin.parse().unwrap()];
        let roots = [folder.path().to_owned()];
        let plain = best(|| assert_eq!(unpack(&files) as u64, truth.bytes));
        let traced = best(|| {
            let evidence = search(&roots, &asked, Window::default(), &Progress::default());
            let lineage = trace(&evidence, &asked);
            assert_eq!(lineage.credentials.len(), family);
        });
        println!(
            "{family:>6}  {:>11}  {:>8.3}  {:>7.3}  {:>5.2}",
            truth.bytes / 1_000_000,
            plain.as_secs_f64(),
            traced.as_secs_f64(),
            plain.as_secs_f64() / traced.as_secs_f64()
        );
    }
}
