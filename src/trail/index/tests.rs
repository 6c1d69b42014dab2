#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::ids::AccessKeyId;
use crate::trail::{Evidence, Progress, Survey, Window};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::{self, FileTimes};
use std::time::{Duration, SystemTime};

const KEY: &str = "AKIAAAAAAAAAAAAAAAAA";

fn record(id: &str, key: &str, hour: u32, region: &str) -> serde_json::Value {
    json!({"eventVersion": "1.10", "eventID": id, "eventTime": format!("2026-11-10T{hour:02}:00:00Z"), "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances", "awsRegion": region, "readOnly": true, "recipientAccountId": "123456789012",
        "userIdentity": {"type": "IAMUser", "principalId": format!("AIDA{}", &key[4..]), "userName": key, "accountId": "123456789012",
            "accessKeyId": key}})
}

/// Writes a file that was changed so many seconds after 1970.
fn write(path: &Path, records: &[serde_json::Value], changed: u64) {
    let file = File::create(path).unwrap();
    serde_json::to_writer(&file, &json!({"Records": records})).unwrap();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
    file.set_times(FileTimes::new().set_modified(changed)).unwrap();
}

/// An archive of ten files, the key in one of them.
fn archive() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("trail")).unwrap();
    for n in 0..10 {
        let other = format!("AKIABBBBBBBBBBBBBB{}{}", (b'A' + n) as char, "A");
        let key = if n == 3 { KEY } else { &other };
        let region = if n < 5 { "us-east-1" } else { "eu-west-1" };
        let records = [
            record(&format!("{n}a"), key, n.into(), region),
            record(&format!("{n}b"), &other, (n + 1).into(), region),
        ];
        write(&folder.path().join(format!("trail/{n}.json")), &records, 1_000);
    }
    folder
}

/// What is read, and how many files the first pass opened.
fn read(folder: &Path, window: &Window, index: Option<&Index>) -> (Evidence, u64) {
    let paths = [folder.join("trail")];
    let asked: AccessKeyId = KEY.parse().unwrap();
    let survey = Survey::of(&[asked], window.clone());
    let progress = Progress::default();
    survey.read_paths(&paths, &progress, index);
    let harvest = survey.close();
    harvest.read_paths(&paths, &Progress::default());
    (harvest.finish(), progress.done().1)
}

/// Reads with the index, keeps it, and gives how many files were opened. What is read must be what is read without it.
fn opened(folder: &Path, window: &Window) -> u64 {
    let index = Index::open(&folder.join("index")).unwrap();
    assert_eq!(index.note(), None);
    let (evidence, opened) = read(folder, window, Some(&index));
    index.save().unwrap();
    assert_eq!(evidence, read(folder, window, None).0);
    opened
}

#[test]
fn only_what_is_new_or_changed_is_opened_and_what_is_read_is_the_same() {
    let folder = archive();
    let (folder, open) = (folder.path(), Window::default());
    assert_eq!(opened(folder, &open), 10);
    assert_eq!(opened(folder, &open), 0);
    let file = |name: &str| folder.join("trail").join(name);
    // Another time of change with the same size; another size with the same time.
    write(
        &file("1.json"),
        &[record("1a", KEY, 1, "us-east-1"), record("1b", KEY, 2, "us-east-1")],
        2_000,
    );
    write(&file("2.json"), &[record("2a", KEY, 1, "us-east-1")], 1_000);
    assert_eq!(opened(folder, &open), 2);
    write(&file("new.json"), &[record("new", KEY, 20, "us-east-1")], 1_000);
    fs::remove_file(file("3.json")).unwrap();
    fs::remove_file(file("7.json")).unwrap();
    assert_eq!(opened(folder, &open), 1);
    assert_eq!(opened(folder, &open), 0);
    // What is damaged is found damaged each time.
    fs::write(file("bad.json"), "{\"Records\":[{\"eventID\":").unwrap();
    assert_eq!(opened(folder, &open), 1);
    assert_eq!(opened(folder, &open), 1);
}

#[test]
fn a_window_opens_the_files_that_it_cuts_and_no_others() {
    let folder = archive();
    let folder = folder.path();
    let hours = |since: &str, until: &str| Window {
        since: Some(since.parse().unwrap()),
        until: Some(until.parse().unwrap()),
        ..Window::default()
    };
    let cut = hours("2026-11-10T03:00:00Z", "2026-11-10T06:00:00Z");
    assert_eq!(opened(folder, &cut), 10);
    // The files of the hours 2 to 3 and 6 to 7 lie on its edges.
    assert_eq!(opened(folder, &cut), 2);
    let region = Window {
        regions: BTreeSet::from(["eu-west-1".to_owned()]),
        ..Window::default()
    };
    assert_eq!(opened(folder, &region), 0);
    assert_eq!(opened(folder, &Window::default()), 0);
}

#[test]
fn of_a_damaged_index_nothing_is_believed_and_a_foreign_file_is_left_alone() {
    let folder = archive();
    let path = folder.path().join("index");
    opened(folder.path(), &Window::default());
    let sound = fs::read(&path).unwrap();
    let head = heading().len();
    for place in [head, head + 5, head + 12, head + 40, sound.len() / 2, sound.len() - 1] {
        let mut damaged = sound.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let index = Index::open(&path).unwrap();
        assert!(
            index.note().is_some_and(|note| note.contains("damaged at byte")),
            "{place}"
        );
        assert_eq!(read(folder.path(), &Window::default(), Some(&index)).1, 10);
    }
    fs::write(&path, &sound[..sound.len() - 3]).unwrap();
    assert!(Index::open(&path).unwrap().note().is_some());
    fs::write(&path, "oust index 0 of 0.0.1\nwhatever").unwrap();
    assert!(
        Index::open(&path)
            .unwrap()
            .note()
            .is_some_and(|note| note.contains("another version"))
    );
    fs::write(&path, "a diary").unwrap();
    assert!(matches!(Index::open(&path), Err(IndexError::Foreign(_))));
    assert_eq!(fs::read(&path).unwrap(), b"a diary");
    assert!(matches!(Index::open(folder.path()), Err(IndexError::Unreadable(..))));
    let nowhere = folder.path().join("no/index");
    assert!(matches!(Index::open(&nowhere), Err(IndexError::Unwritable(..))));
    fs::write(&path, &sound).unwrap();
    assert_eq!(opened(folder.path(), &Window::default()), 0);
}

#[test]
fn an_index_holds_no_key_and_may_lie_among_the_files() {
    let folder = archive();
    let path = folder.path().join("trail/index");
    for expected in [10, 0] {
        let index = Index::open(&path).unwrap();
        let (evidence, opened) = read(folder.path(), &Window::default(), Some(&index));
        index.save().unwrap();
        assert_eq!((opened, evidence.files, evidence.damage.len()), (expected, 10, 0));
    }
    let bytes = fs::read(&path).unwrap();
    assert_eq!(memchr::memmem::find(&bytes, b"AKIA"), None);
}

#[test]
fn whoever_breaks_off_leaves_nothing_behind() {
    let folder = archive();
    let path = folder.path().join("index");
    let names = || {
        let inside = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        inside.collect::<BTreeSet<_>>()
    };
    let before = names();
    let index = Index::open(&path).unwrap();
    read(folder.path(), &Window::default(), Some(&index));
    // Whoever is killed runs no destructor.
    std::mem::forget(index);
    assert_eq!(names(), before);
}

#[test]
fn an_object_is_known_by_its_size_and_etag() {
    let folder = archive();
    let path = folder.path().join("index");
    let text = json!({"Records": [record("1", KEY, 3, "us-east-1"), record("2", KEY, 5, "us-east-1")]}).to_string();
    let ask = |etag: Option<&str>, window: Window| {
        let index = Index::open(&path).unwrap();
        let survey = Survey::of(&[KEY.parse().unwrap()], window);
        let name = "s3://trail/a.json";
        let is_known = survey.knows_object(name, text.len() as u64, etag, Some(&index));
        if !is_known {
            survey.feed_object(name, text.len() as u64, etag, text.as_bytes(), Some(&index));
        }
        let harvest = survey.close();
        assert!(harvest.wants(name) || harvest.wanted() == 0);
        if harvest.wants(name) {
            harvest.feed(name, text.as_bytes());
        }
        index.save().unwrap();
        (is_known, harvest.finish().len())
    };
    let until = |at: &str| Window {
        until: Some(at.parse().unwrap()),
        ..Window::default()
    };
    assert_eq!(ask(Some("\"one\""), Window::default()), (false, 2));
    assert_eq!(ask(Some("\"one\""), Window::default()), (true, 2));
    assert_eq!(ask(Some("\"two\""), Window::default()), (false, 2));
    assert_eq!(ask(None, Window::default()), (false, 2));
    // What a window cuts must be read; what lies outside of it need not be.
    assert_eq!(ask(Some("\"two\""), until("2026-11-10T04:00:00Z")), (false, 1));
    assert_eq!(ask(Some("\"two\""), until("2026-11-09T04:00:00Z")), (true, 0));
}
