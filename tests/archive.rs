//! A whole archive in two passes gives what reading every record in full gives, and what is true of it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/archive.rs"]
#[allow(dead_code, reason = "shared with the bench")]
mod archive;

use archive::{Dice, Recipe};
use oust::ids::AccessKeyId;
use oust::lineage::{Bystander, Lineage, bystanders, trace};
use oust::trail::{Evidence, Index, Progress, Survey, Window, read_path, search};
use std::path::Path;

fn told(evidence: &Evidence, asked: &AccessKeyId) -> (Lineage, Vec<Bystander>) {
    let lineage = trace(evidence, std::slice::from_ref(asked));
    let others = bystanders(evidence, &lineage);
    (lineage, others)
}

/// The lineage and the bystanders by both ways, which must be equal.
fn both(folder: &Path, asked: &AccessKeyId) -> (Lineage, Vec<Bystander>) {
    let fast = search(
        &[folder.to_owned()],
        std::slice::from_ref(asked),
        Window::default(),
        &Progress::default(),
    );
    let mut slow = Evidence::default();
    read_path(folder, &mut slow);
    let index = tempfile::tempdir().unwrap();
    for question in 0..2 {
        let index = Index::open(&index.path().join("index")).unwrap();
        let known = indexed(folder, asked, &index, question == 1);
        index.save().unwrap();
        assert_eq!(known, fast);
    }
    let (fast, slow) = (told(&fast, asked), told(&slow, asked));
    assert_eq!(fast.0, slow.0);
    assert_eq!(fast.1, slow.1);
    fast
}

/// The evidence with an index, which must be opened for nothing that is sound when it `is_known`.
fn indexed(folder: &Path, asked: &AccessKeyId, index: &Index, is_known: bool) -> Evidence {
    let paths = [folder.to_owned()];
    let survey = Survey::of(std::slice::from_ref(asked), Window::default());
    let progress = Progress::default();
    survey.read_paths(&paths, &progress, Some(index));
    let harvest = survey.close();
    harvest.read_paths(&paths, &Progress::default());
    let evidence = harvest.finish();
    let damaged: std::collections::BTreeSet<&String> = evidence.damage.iter().map(|damage| &damage.file).collect();
    let expected = if is_known { damaged.len() as u64 } else { evidence.files };
    assert_eq!(progress.done().1, expected);
    evidence
}

fn recipe(seed: u64, level: i32) -> Recipe {
    Recipe {
        seed,
        files: 12,
        records: 60,
        family: 9,
        level,
    }
}

#[test]
fn the_family_of_an_archive_is_the_truth_from_whichever_key_is_asked() {
    for level in [0, 6] {
        let folder = tempfile::tempdir().unwrap();
        let truth = archive::write(folder.path(), &recipe(1, level));
        for asked in truth.calls.keys() {
            let (lineage, _) = both(folder.path(), &asked.parse().unwrap());
            let calls = lineage.credentials.iter().map(|member| {
                let calls = member.uses.iter().map(|used| used.count).sum::<u64>();
                (member.key.to_string(), calls)
            });
            assert_eq!(
                calls.collect::<std::collections::BTreeMap<_, _>>(),
                truth.calls,
                "asked for {asked}"
            );
            for member in &lineage.credentials {
                let by = member.minted.as_ref().map(|mint| mint.by.as_str());
                assert_eq!(by, truth.parents.get(member.key.as_str()).map(String::as_str));
            }
            assert_eq!(lineage.coverage.events, truth.events);
            assert_eq!((lineage.coverage.duplicates, lineage.collisions), (0, 1));
        }
    }
}

/// Cut, doubled, damaged, written otherwise: whatever is done to the files, both ways tell the same.
#[test]
fn both_ways_tell_the_same_of_archives_that_are_mistreated() {
    for seed in 0..10 {
        let (mut files, truth) = archive::files(&recipe(seed, 0));
        let mut dice = Dice::new(seed);
        for _ in 0..6 {
            let place = dice.below(files.len());
            let (name, text) = files[place].clone();
            files[place].1 = match dice.below(9) {
                0 => text[..dice.below(text.len())].to_owned(),
                1 => serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default()).unwrap(),
                2 => text.replace("\"eventName\":", "\"event\\u004eame\":"),
                3 => text.replacen("\"accessKeyId\":\"", "\"accessKeyId\":\"\\u0041", 3),
                4 => text.replace("\"requestParameters\":null", "\"requestParameters\":{\"x\":[{\"eventTime\":\"2026-11-01T00:00:00Z\"},{\"eventVersion\":\"1\",\"userIdentity\":{},\"eventTime\":\"2026-11-01T00:00:00Z\"}]}"),
                5 => text.replace("\"requestParameters\":null", "\"requestParameters\":{\"eventID\":\"nested\"}"),
                6 => text.replacen("\"recipientAccountId\"", "\"eventID\":\"twice\",\"recipientAccountId\"", 2),
                7 => {
                    files.push((format!("{name}.copy"), text.clone()));
                    text
                }
                _ => text.replace("},{\"eventVersion\"", "},\n{\"eventVersion\""),
            };
        }
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let bytes = match dice.below(3) {
                0 => text.clone().into_bytes(),
                1 => archive::packed(text.as_bytes(), 1),
                // Two members, one behind the other.
                _ => {
                    let (one, two) = text.as_bytes().split_at(text.len() / 2);
                    [archive::packed(one, 1), archive::packed(two, 1)].concat()
                }
            };
            let short = if dice.below(12) == 0 {
                bytes.len() / 2
            } else {
                bytes.len()
            };
            std::fs::write(path, &bytes[..short]).unwrap();
        }
        let keys: Vec<&String> = truth.calls.keys().collect();
        both(folder.path(), &keys[dice.below(keys.len())].parse().unwrap());
    }
}
