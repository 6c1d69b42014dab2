#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::super::search::Question;
use super::round::LONGEST_SECONDS;
use super::*;

fn table(text: &str) -> Table {
    Table::named(text).unwrap()
}

fn key(text: &str) -> AccessKeyId {
    format!("{text:A<20}").parse().unwrap()
}

fn window() -> Window {
    Window {
        since: Some("2026-11-01T08:00:00Z".parse().unwrap()),
        until: Some("2026-11-03T09:00:00Z".parse().unwrap()),
        regions: ["eu-west-1".to_owned(), "us-east-1".to_owned()].into(),
        accounts: ["123456789012".parse().unwrap()].into(),
    }
}

#[test]
fn names_that_are_more_than_names_are_refused() {
    for odd in ["", "a b", "t;DROP TABLE x", "t\"", "a.b.c", "t'--", ".t", "d.", "t\n"] {
        assert!(Table::named(odd).is_err(), "{odd}");
    }
    assert_eq!(table("sec-lake.cloud_trail").name(), "\"sec-lake\".\"cloud_trail\"");
    assert_eq!(table("t").database(), "default");
}

#[test]
fn a_query_reads_only_the_partitions_of_its_window() {
    let mut parted = table("t");
    let asked = [key("AKIAQ")].into();
    let simple = sql::round(&parted, &window(), &asked, &BTreeSet::new());
    // Files are late at times: three days behind the end are read, and left out again by the time of the event.
    for part in [
        "\"timestamp\" >= '2026/11/01'\n",
        "\"timestamp\" <= '2026/11/06'\n",
        "eventtime >= '2026-11-01T08:00:00Z'",
        "eventtime <= '2026-11-03T09:00:00Z'",
        "awsregion IN ('eu-west-1', 'us-east-1')",
        "recipientaccountid IN ('123456789012')",
        "useridentity.accesskeyid IN ('AKIAQAAAAAAAAAAAAAAA')",
    ] {
        assert!(simple.contains(part), "{part}: {simple}");
    }
    assert!(
        !simple.contains(" region IN") && !simple.contains(" account IN"),
        "{simple}"
    );
    parted.parted_by(["account", "region", "year", "month", "day", "other"]);
    let by_hand = sql::round(&parted, &window(), &asked, &BTreeSet::new());
    for part in [
        "concat(year, '/', month, '/', day) >= '2026/11/01'",
        "account IN ('123456789012')",
        " region IN ('eu-west-1', 'us-east-1')",
    ] {
        assert!(by_hand.contains(part), "{part}: {by_hand}");
    }
    let open = sql::round(&parted, &Window::default(), &asked, &BTreeSet::new());
    assert!(!open.contains("day") && !open.contains("eventtime >="), "{open}");
}

#[test]
fn no_query_gives_a_session_token() {
    let asked = [key("AKIAQ")];
    for text in [
        sql::round(
            &table("t"),
            &Window::default(),
            &asked.iter().cloned().collect(),
            &BTreeSet::new(),
        ),
        kin::sql(&table("t"), &Window::default(), &["id AROAX"].into()),
        whole_query(&table("t"), &Window::default(), &asked),
    ] {
        let bare = |line: &&str| {
            matches!(
                line.trim().trim_end_matches(','),
                "responseelements" | "requestparameters"
            )
        };
        assert_eq!(text.lines().filter(bare).count(), 0, "{text}");
        for column in ["AS responseelements", "AS requestparameters"] {
            let told = text.lines().find(|line| line.contains(column)).unwrap();
            // Trino writes what it puts in the place of a group as `$1`, DuckDB as `\1`.
            assert!(
                told.trim().starts_with("regexp_replace(") && !told.contains("$1") && !told.contains("\\1"),
                "{told}"
            );
        }
    }
}

/// Sessions are looked for in the days that they can have lived in; what else is asked in the same query opens it again.
#[test]
fn a_round_of_sessions_is_narrow() {
    let at: Moment = "2026-11-02T00:00:00Z".parse().unwrap();
    let session = Question::CallsOf(key("ASIAQ"), Some(at));
    let round = Round::of(std::slice::from_ref(&session), &Window::default());
    // Clocks may differ by minutes; the day in which they may do so is read as a whole.
    let day: Moment = "2026-11-01T00:00:00Z".parse().unwrap();
    assert_eq!(round.window.since, Some(day));
    assert_eq!(round.window.until, Some(at.plus_seconds(LONGEST_SECONDS)));
    for wide in [
        Question::CallsOf(key("AKIAR"), Some(at)),
        Question::MintOf(key("ASIAR")),
        Question::CallsOf(key("ASIAR"), None),
    ] {
        assert_eq!(Round::of(&[session.clone(), wide], &window()).window, window());
    }
}

#[test]
fn columns_that_a_table_lacks_are_null() {
    let mut old = table("t");
    let of = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let user = of(
        "useridentity",
        "struct<arn:string,sessioncontext:struct<signinsessionarn:string>>",
    );
    old.columns = columns::Columns::Told([of("eventid", "string"), user].into());
    let text = sql::round(&old, &Window::default(), &[key("AKIAQ")].into(), &BTreeSet::new());
    assert!(text.contains("CAST(NULL AS varchar) AS addendum_reason"), "{text}");
    assert!(text.contains("  useridentity.arn AS identity_arn"), "{text}");
    assert!(
        text.contains("CAST(NULL AS varchar) AS identity_credentialid"),
        "{text}"
    );
    assert!(
        text.contains("useridentity.sessioncontext.signinsessionarn AS session"),
        "{text}"
    );
}

#[test]
fn the_statement_makes_a_table_over_an_organization_s_trail() {
    let location = "s3://my-trail/x/AWSLogs/o-abc/".parse().unwrap();
    let text = table("sec.trail").ddl(&location, &window());
    for part in [
        "CREATE EXTERNAL TABLE `sec`.`trail` (",
        "LOCATION 's3://my-trail/x/AWSLogs/o-abc/'",
        "'projection.account.values'='123456789012'",
        "'projection.region.values'='eu-west-1,us-east-1'",
        "'projection.timestamp.range'='2026/11/01,NOW'",
        "'storage.location.template'='s3://my-trail/x/AWSLogs/o-abc/${account}/CloudTrail/${region}/${timestamp}'",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        table("t")
            .ddl(&location, &Window::default())
            .contains("'projection.account.type'='injected'")
    );
}

fn store() -> Table {
    Table::of_store(&"0a1b2c3d-4e5f-6789-abcd-ef0123456789".parse().unwrap())
}

/// CloudTrail Lake takes 10,000 letters, whatever the size of the family.
#[test]
fn a_query_of_an_event_data_store_is_never_too_long() {
    let many = |count: usize| (0..count).map(|n| format!("ASIA{n:0>16}").parse().unwrap());
    let questions: Vec<Question> = many(1_000)
        .flat_map(|key: AccessKeyId| [Question::CallsOf(key.clone(), None), Question::MintOf(key)])
        .collect();
    let mut wide = window();
    wide.accounts = (0..700).map(|n| format!("{n:0>12}").parse().unwrap()).collect();
    wide.regions = (0..40).map(|n| format!("ap-southeast-{n}")).collect();
    let split = windows(&wide, 10_000);
    let pairs: BTreeSet<(&str, &str)> = split
        .iter()
        .flat_map(|part| {
            let accounts = part.accounts.iter().map(|one| one.as_str());
            accounts.flat_map(|one| part.regions.iter().map(move |region| (one, region.as_str())))
        })
        .collect();
    assert_eq!(pairs.len(), 700 * 40);
    assert_eq!(windows(&window(), 10_000), [window()]);
    for part in [window(), split[0].clone(), split[split.len() - 1].clone()] {
        never_too_long(&questions, &part);
    }
}

fn never_too_long(questions: &[Question], window: &Window) {
    let room = room(window, 10_000);
    let rounds = Round::of(questions, window).parts(room / KEY_LETTERS);
    let asked: usize = rounds.iter().map(|round| round.called.len() + round.back.len()).sum();
    assert_eq!(asked, 2_000);
    let names: Vec<String> = (0..300).map(|n| format!("{n:x>64}")).collect();
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let split = parts(&names, room / 2);
    assert_eq!(split.iter().map(BTreeSet::len).sum::<usize>(), 300);
    let texts = rounds
        .iter()
        .map(|round| sql::round(&store(), &round.window, &round.called, &round.back));
    let texts = texts.chain(split.iter().flat_map(|some| {
        [
            sql::sign_ins(&store(), window, some),
            sql::bearing(&store(), window, some).unwrap(),
        ]
    }));
    // Of every kind some, all but the users and what is shared twice in the query.
    let kinds = ["id ", "arn ", "user ", "shared "];
    let kin: Vec<String> = (0..400).map(|n| format!("{}{n:x>64}", kinds[n % 4])).collect();
    let kin: BTreeSet<&str> = kin.iter().map(String::as_str).collect();
    let kin = parts(&kin, room / 2)
        .into_iter()
        .map(|some| kin::sql(&store(), window, &some));
    for text in texts.chain(kin) {
        assert!(text.len() < 10_000, "{}: {text}", text.len());
    }
}

/// Of an event data store only the time of the events makes a query scan less; its ID stands bare, and times are timestamps.
#[test]
fn an_event_data_store_is_asked_in_its_own_words() {
    let text = sql::round(&store(), &window(), &[key("AKIAQ")].into(), &[key("ASIAQ")].into());
    for part in [
        "FROM 0a1b2c3d-4e5f-6789-abcd-ef0123456789\n",
        "eventtime >= '2026-11-01 08:00:00'",
        "eventtime <= '2026-11-03 09:00:00'",
        "AS eventjson",
        "regexp_extract(json_format(CAST(responseelements AS json)), ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("\"timestamp\"") && !text.contains("addendum."), "{text}");
    // Each text that can hold a session token goes through the replacement of it.
    for line in text.lines().filter(|line| {
        let columns = [" AS requestparameters,", " AS responseelements,", " AS eventjson"];
        columns.iter().any(|column| line.ends_with(column))
    }) {
        assert!(line.contains("regexp_replace("), "{line}");
    }
}
