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
fn a_token_in_the_name_of_a_service_is_dropped() {
    let mut record = record(1);
    record["userIdentity"]["invokedBy"] = json!("x {\"sessionToken\": \"SECRET-TOKEN\"}");
    let event = Event::parse(&record).unwrap();
    assert_eq!(event.identity.invoked_by.as_deref(), Some("x {\"sessionToken\": \"\"}"));
}

/// What the second member holds isn't passed over, however much it is like the first.
#[test]
fn members_of_one_size_are_all_read_in_two_passes() {
    let member = |n: u32| gzipped(json!({"Records": [record(n)]}).to_string().as_bytes());
    let packed = [member(1), member(2), member(3)].concat();
    let asked = ["AKIAAAAAAAAAAAAAAAAA".parse().unwrap()];
    let survey = Survey::of(&asked, Window::default());
    survey.feed("file", packed.as_slice());
    let harvest = survey.close();
    assert!(harvest.wants("file"));
    harvest.feed("file", packed.as_slice());
    let evidence = harvest.finish();
    assert_eq!((evidence.len(), evidence.events().len()), (3, 3));
    assert_eq!(evidence.damage, []);
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

/// One record, cut off at every place, followed by whole lines: the lines are read, the break is told once.
#[test]
fn a_broken_line_hides_no_other_line() {
    let broken = record(1).to_string();
    let good = format!("\n{}\n{}\n", record(2), record(3));
    for cut in 1..broken.len() {
        let evidence = read(format!("{}{good}", &broken[..cut]).as_bytes());
        let ids: Vec<&str> = evidence.events().iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids, ["e2", "e3"], "cut at {cut}");
        assert_eq!(evidence.damage.len(), 1, "cut at {cut}: {:?}", evidence.damage);
        assert_eq!(evidence.damage[0].offset, Some(0));
    }
}

/// A byte that is lost anywhere costs the records that it touches and no more.
#[test]
fn a_byte_that_is_overwritten_costs_at_most_the_records_beside_it() {
    let (pretty, tight) = (
        serde_json::to_string_pretty(&json!({"Records": [record(1), record(2), record(3)]})).unwrap(),
        json!([record(1), record(2), record(3)]).to_string(),
    );
    for (text, stride) in [(pretty, 11), (tight, 3)] {
        for place in (0..text.len()).step_by(stride) {
            for junk in [0u8, b'"', b'{', b'}', b'[', b']', b'\\', b'\n', 0xff] {
                let mut bytes = text.clone().into_bytes();
                bytes[place] = junk;
                let evidence = read(&bytes);
                let harmless = serde_json::from_slice::<Value>(&bytes).is_ok();
                assert!(
                    evidence.len() >= 2 || harmless,
                    "{} records, {place} {junk}",
                    evidence.len()
                );
                assert!(
                    evidence.len() == 3 || !evidence.damage.is_empty() || harmless,
                    "{place} {junk}"
                );
            }
        }
    }
}

#[test]
fn shapes_of_other_tools_hold_the_same_records() {
    let (one, two) = (record(1), record(2));
    let mut long = json!({"took": 3, "hits": {"total": {"value": 2}, "hits": [{"_source": one}, {"_source": {"@timestamp": "x", "event": {"original": two.to_string()}}}]}});
    long["rest"] = json!([{"a": "}]"}]);
    for text in [
        long.to_string(),
        json!([one.to_string(), two.to_string()]).to_string(),
        format!("{one}\t{two}"),
        format!(
            "\u{feff}{}",
            json!({"NextToken": "x", "Records": [one, two], "More": [{"b": ["]"]}]})
        ),
        json!({"events": [{"message": one.to_string()}, {"message": two.to_string()}], "searchedLogStreams": []})
            .to_string(),
        format!(
            "{}\n{}",
            json!({"preview": false, "result": {"_raw": one.to_string(), "eventID": "x"}}),
            json!({"_raw": two.to_string()})
        ),
        format!("{}{}", json!({"Records": [one]}), json!({"Records": [two]})),
        format!("{}\n{}", json!({"time": 1, "host": "h", "event": one}), json!({"event": two.to_string()})),
        json!({"preview": false, "results": [{"_raw": one.to_string()}, {"_raw": two.to_string()}]}).to_string(),
        json!({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": one.to_string()}, {"id": "2", "message": two.to_string()}]})
            .to_string(),
        [&one, &two]
            .map(|one| json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.sts", "detail": one}).to_string())
            .join("\n"),
    ] {
        let evidence = read(&gzipped(&gzipped(text.as_bytes())));
        assert_eq!(
            (evidence.len(), evidence.damage.len()),
            (2, 0),
            "{text} {:?}",
            evidence.damage
        );
    }
}

#[test]
fn damage_says_where_and_a_file_of_something_else_is_one_remark() {
    let good = record(1).to_string();
    let text = format!("{{\"Records\":[{good},{}", &good[..40]);
    let damage = &read(text.as_bytes()).damage[0];
    assert_eq!(
        damage.offset,
        Some("{\"Records\":[".len() as u64 + good.len() as u64 + 1)
    );
    assert_eq!(damage.what, "the file is cut off");
    let other: String = (0..500).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let damage = read(other.as_bytes()).damage;
    assert_eq!(damage.len(), 1);
    assert_eq!(
        damage[0].what,
        "the record has no `eventID`; so it is with 500 values of this file"
    );
    assert!(read(b" \n").damage.is_empty());
    // Without the mark that it begins with nothing says that a text is in UTF-16: it is no silence.
    let unmarked: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&unmarked).is_empty() && !read(&unmarked).damage.is_empty());
}

/// PowerShell writes UTF-16: it is read, gzipped or not, in one pass and in two, and damage in it is told.
#[test]
fn a_text_in_utf_16_is_read() {
    use std::io::Write;
    let text = format!("\u{feff}{{\"Records\":[{},{}]}}", record(1), record(2));
    for is_big_endian in [true, false] {
        let plain = super::utf16::written(&text, is_big_endian);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&plain).unwrap();
        for bytes in [plain.clone(), packed.finish().unwrap()] {
            let evidence = read(&bytes);
            assert_eq!((evidence.len(), evidence.damage.len()), (2, 0), "{:?}", evidence.damage);
            let events = evidence.events();
            let key = events[0].identity.key.clone().unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.json");
            std::fs::write(&path, &bytes).unwrap();
            let found = search(&[path], &[key], Window::default(), &Progress::default());
            assert_eq!(found.events().first(), events.first());
            assert!(found.damage.is_empty(), "{:?}", found.damage);
        }
        assert_eq!(read(&plain[..plain.len() - 20]).damage[0].what, "the file is cut off");
        // A place is one in the file, whatever letters stand before it.
        let broken = format!(
            "\u{feff}{{\"a\u{43a}\u{1f511}\":1,\"Records\":[{},@{}]}}",
            record(1),
            record(2)
        );
        let place = |part: &str| part.encode_utf16().count() as u64 * 2;
        let damage = read(&super::utf16::written(&broken, is_big_endian)).damage;
        assert_eq!(
            damage[0].offset,
            Some(place(broken.split('@').next().unwrap())),
            "{damage:?}"
        );
    }
}

/// A stream without end of one record is not held in memory: the reader gives up on that record and goes on.
#[test]
fn a_record_longer_than_any_is_not_held() {
    let mut text = b"{\"a\":\"".to_vec();
    text.resize(17 << 20, b'x');
    text.extend(format!("\n{}", record(1)).into_bytes());
    let evidence = read(&text);
    assert_eq!((evidence.len(), evidence.damage.len()), (1, 1));
    assert_eq!(evidence.damage[0].what, "longer than any record");
}

#[test]
fn digests_and_insights_are_passed_over_by_their_own_names_only() {
    let folder = tempfile::tempdir().unwrap();
    let sub = folder.path().join("CloudTrail-Digest");
    std::fs::create_dir(&sub).unwrap();
    let text = json!({"Records": [record(1)]}).to_string();
    std::fs::write(sub.join("1_CloudTrail_us-east-1_20260324T0900Z_x.json"), &text).unwrap();
    std::fs::write(sub.join("1_CloudTrail-Digest_us-east-1_t_us-east-1_x.json"), "{}").unwrap();
    std::fs::write(sub.join("1_CloudTrail-Insight_us-east-1_x.json"), "{}").unwrap();
    let mut evidence = Evidence::default();
    read_path(folder.path(), &mut evidence);
    assert_eq!((evidence.len(), evidence.files, evidence.passed_over), (1, 1, 2));
    assert!(evidence.damage.is_empty());
}

#[test]
fn records_that_lack_what_others_have_are_read() {
    let service = json!({"eventID": "e", "eventTime": "2026-03-24T09:00:00Z", "eventSource": "kms.amazonaws.com", "eventName": "RotateKey",
        "readOnly": "true", "userIdentity": {"accountId": "123456789012", "accessKeyId": "", "invokedBy": "AWS Internal",
        "sessionContext": {"sessionIssuer": {}, "attributes": {"creationDate": "20131102T010628Z", "mfaAuthenticated": "true"}}},
        "requestParameters": null, "sharedEventID": "s", "eventCategory": "Management", "eventType": "AwsServiceEvent"});
    let event = Event::parse(&service).unwrap();
    assert_eq!((event.read_only, event.identity.mfa), (Some(true), Some(true)));
    assert_eq!(
        (event.identity.key, event.identity.kind, event.identity.issuer),
        (None, None, None)
    );
    assert_eq!(
        event.identity.session_created,
        Some("2013-11-02T01:06:28Z".parse().unwrap())
    );
    assert_eq!(event.shared_id.as_deref(), Some("s"));
    assert_eq!(
        Event::parse(&json!({"eventID": "e"})),
        Err(EventError::Missing("eventTime"))
    );
}

/// Two records of one event that differ: whichever comes first, the same one is believed.
#[test]
fn the_order_of_copies_that_differ_makes_no_difference() {
    let mut other = record(1);
    other["awsRegion"] = json!("eu-west-1");
    let mut late = record(1);
    late["eventID"] = json!("e9");
    late["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": "e1"});
    let mut later = late.clone();
    later["eventID"] = json!("e10");
    let records = [record(1), other, late, later];
    let of = |order: &[usize]| {
        let mut evidence = Evidence::default();
        order.iter().for_each(|n| evidence.add_record(&records[*n]).unwrap());
        evidence
    };
    let expected = of(&[0, 1, 2, 3]);
    assert_eq!((expected.len(), expected.duplicates), (1, 3));
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(of(&order), expected, "{order:?}");
        let mut merged = of(&order[..2]);
        merged.merge(of(&order[2..]));
        assert_eq!(merged, expected, "{order:?}");
    }
    assert_eq!(of(&[1, 0]), of(&[0, 1]));
}

#[test]
fn no_secret_of_a_request_or_an_answer_is_kept() {
    let mut made = record(1);
    made["requestParameters"] = json!({"Password": "SECRET", "old_password": "SECRET", "nested": [{"samlAssertion": "SECRET"}], "userName": "u"});
    made["responseElements"] = json!({"credentials": {"SessionToken": "SECRET"}, "virtualMFADevice": {"base32StringSeed": "SECRET", "serialNumber": "arn"}});
    let event = Event::parse(&made).unwrap();
    assert!(!format!("{event:?}").contains("SECRET"), "{event:?}");
    assert_eq!(event.asked("/userName").as_deref(), Some("u"));
    let mut torn = made.to_string();
    torn.truncate(torn.len() - 1);
    assert!(!format!("{:?}", read(torn.as_bytes())).contains("SECRET"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        "[a-zA-Z_]{1,8}",
        Just("Records".to_owned()),
        Just("eventID".to_owned()),
        Just("eventTime".to_owned()),
        Just("userIdentity".to_owned()),
        Just("responseElements".to_owned()),
        Just("_raw".to_owned()),
        Just("sessionContext".to_owned()),
        Just("addendum".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
        read(&gzipped(&bytes));
    }

    /// A record with any of its members replaced by anything is a record, or is refused; a file of them never stops the reader.
    #[test]
    fn any_json_is_survived(value in any_json(), member in 0usize..10) {
        let mut odd = record(1);
        let name = odd.as_object().unwrap().keys().nth(member % 9).unwrap().clone();
        odd[name.as_str()] = value.clone();
        for value in [&value, &odd] {
            let _ = Event::parse(value);
            read(value.to_string().as_bytes());
            read(json!({"Records": [value, record(2)]}).to_string().as_bytes());
        }
    }

    /// How a stream is handed over in pieces makes no difference.
    #[test]
    fn the_size_of_reads_makes_no_difference(step in 1usize..50, cut in 0usize..2000) {
        struct Drops<'a>(&'a [u8], usize);
        impl std::io::Read for Drops<'_> {
            fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
                let count = self.1.min(self.0.len()).min(room.len());
                room[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let text = json!({"x": [1], "Records": [record(1), record(2), record(3)], "y": "}"}).to_string();
        let text = &text.as_bytes()[..cut.min(text.len())];
        let mut evidence = Evidence::default();
        read_stream("file", Drops(text, step), &mut evidence);
        prop_assert_eq!(evidence, read(text));
    }
}

#[test]
fn exports_queues_padding_and_rows_of_the_whole_table_are_read_without_damage() {
    let (one, two) = (record(1), record(2));
    let both = json!({"Records": [one, two]}).to_string();
    let exported = format!("2026-11-20T09:00:00.000Z {one}\n2026-11-20T09:00:01.000Z {two}\n");
    let queued = json!({"Messages": [{"MessageId": "m", "Body": json!({"detail-type": "AWS API Call via CloudTrail", "detail": one}).to_string()},
        {"MessageId": "n", "Body": json!({"Type": "Notification", "Message": json!({"detail": two}).to_string()}).to_string()}]});
    let padded = [gzipped(both.as_bytes()), vec![0; 700]].concat();
    let between = [
        gzipped(format!("{one}\n").as_bytes()),
        vec![0; 512],
        gzipped(two.to_string().as_bytes()),
    ]
    .concat();
    let row = |record: &Value| {
        json!({"eventversion": "1.10", "eventid": record["eventID"], "eventtime": record["eventTime"], "eventsource": record["eventSource"],
            "eventname": record["eventName"], "awsregion": "us-east-1", "readonly": "true", "requestparameters": null,
            "responseelements": record["responseElements"].to_string(), "resources": [{"arn": "arn:aws:s3:::b", "accountid": "1", "type": "x"}],
            "useridentity": {"type": "IAMUser", "accesskeyid": "AKIAAAAAAAAAAAAAAAAA", "username": null, "sessioncontext": null}})
    };
    let rows = format!("{}\n{}", row(&one), row(&two));
    let asked = ["AKIAAAAAAAAAAAAAAAAA".parse().unwrap()];
    for (n, bytes) in [
        exported.clone().into_bytes(),
        gzipped(exported.as_bytes()),
        queued.to_string().into_bytes(),
        padded,
        between,
        rows.into_bytes(),
    ]
    .into_iter()
    .enumerate()
    {
        let survey = Survey::of(&asked, Window::default());
        survey.feed("file", bytes.as_slice());
        let harvest = survey.close();
        harvest.feed("file", bytes.as_slice());
        for evidence in [read(&bytes), harvest.finish()] {
            assert_eq!((evidence.len(), evidence.damage.clone()), (2, vec![]), "{n}");
            let events = evidence.events();
            let given: Vec<_> = events.iter().filter_map(|event| event.given_key()).collect();
            assert_eq!(given.len(), 2, "{n}");
            assert!(
                events
                    .iter()
                    .all(|event| event.identity.key.as_ref() == Some(&asked[0])),
                "{n}"
            );
        }
    }
    let evidence = read(row(&one).to_string().as_bytes());
    assert_eq!(evidence.events()[0].resources, ["arn:aws:s3:::b"]);
    assert_eq!(evidence.lacks, ["useridentity.credentialid".to_owned()].into());
    // What is no moment is no JSON.
    assert_eq!(read(format!("2026 {one}").as_bytes()).damage.len(), 1);
}

#[test]
fn no_secret_of_a_user_agent_is_kept() {
    let mut one = record(1);
    one["userAgent"] = json!("agent AWS_SESSION_TOKEN=PLANTED/7+= more");
    let event = Event::parse(&one).unwrap();
    assert_eq!(event.user_agent.as_deref(), Some("agent AWS_SESSION_TOKEN= more"));
    assert_eq!(
        Event::read(one.to_string().as_bytes()).unwrap().user_agent,
        event.user_agent
    );
}
