use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;

fn record(n: u32) -> Value {
    json!({
        "eventVersion": "1.10", "eventID": format!("e{n}"), "eventTime": "2026-03-24T09:00:00Z", "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole", "awsRegion": "us-east-1", "userIdentity": {"type": "IAMUser", "accessKeyId": "AKIAAAAAAAAAAAAAAAAA"},
        "requestParameters": null,
        "responseElements": {"credentials": {"accessKeyId": "ASIAAAAAAAAAAAAAAAAA", "sessionToken": "SECRET-TOKEN", "secretAccessKey": "SECRET-KEY"}},
    })
}

fn read(bytes: &[u8]) -> Evidence {
    let mut evidence = Evidence::default();
    read_stream("file", bytes, &mut evidence);
    evidence
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_shape_holds_the_same_records() {
    let (one, two) = (record(1), record(2));
    let lookup = json!({"Events": [{"EventId": "e1", "CloudTrailEvent": one.to_string()}, {"CloudTrailEvent": two.to_string()}]});
    for text in [
        json!({"Records": [one, two]}).to_string(),
        json!([one, two]).to_string(),
        format!("{one}\n{two}\n"),
        lookup.to_string(),
        format!("{}\n{}", json!({"_raw": one.to_string()}), json!({"_source": two})),
    ] {
        for bytes in [text.clone().into_bytes(), gzipped(text.as_bytes())] {
            let evidence = read(&bytes);
            assert_eq!((evidence.len(), evidence.damage.len()), (2, 0), "{text}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_gives_the_records_before_the_cut_and_says_where_it_is_cut() {
    let text = json!({"Records": [record(1), record(2), record(3)]}).to_string();
    let mut most = 0;
    for cut in 1..text.len() {
        let evidence = read(&text.as_bytes()[..cut]);
        assert_eq!(evidence.damage.len(), 1, "cut at {cut}");
        assert!(evidence.len() >= most, "cut at {cut}");
        most = evidence.len();
    }
    assert_eq!(most, 3, "only the brackets behind the last record are missing");
}

#[test]
fn a_damaged_file_among_good_ones_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.json"),
        json!({"Records": [record(1)]}).to_string(),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("b.json.gz"),
        &gzipped(json!({"Records": [record(2)]}).to_string().as_bytes())[..60],
    )
    .unwrap();
    std::fs::write(folder.path().join("c.txt"), "not a log").unwrap();
    std::fs::write(folder.path().join("d.json"), "").unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(
        folder.path().join("sub/e.json"),
        json!([record(3), record(1)]).to_string(),
    )
    .unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/loop")).unwrap();
    let mut evidence = Evidence::default();
    read_path(folder.path(), &mut evidence);
    let ids: Vec<&str> = evidence.events().iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["e1", "e3"]);
    assert_eq!(evidence.duplicates, 1);
    let files: Vec<&str> = evidence
        .damage
        .iter()
        .map(|damage| damage.file.rsplit('/').next().unwrap())
        .collect();
    assert!(files.contains(&"b.json.gz") && files.contains(&"c.txt"), "{files:?}");
}

#[test]
fn tokens_and_secrets_are_dropped_on_reading() {
    let event = Event::parse(&record(1)).unwrap();
    assert!(!format!("{event:?}").contains("SECRET"), "{event:?}");
    assert_eq!(
        event.answered("/credentials/accessKeyId").as_deref(),
        Some("ASIAAAAAAAAAAAAAAAAA")
    );
}

#[test]
fn an_addendum_takes_the_place_of_what_it_corrects_in_any_order() {
    let mut correction = record(2);
    correction["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": "e1"});
    for order in [[record(1), correction.clone()], [correction.clone(), record(1)]] {
        let mut evidence = Evidence::default();
        order.iter().for_each(|record| evidence.add_record(record).unwrap());
        let ids: Vec<&str> = evidence.events().iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids, ["e2"]);
    }
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
        read(&gzipped(&bytes));
    }
}
