//! Sessions that come back from another account.

use super::console::read_at_once;
use super::*;

fn there_and_back(at: &str) -> (Vec<Value>, [AccessKeyId; 3]) {
    let keys = [key("AKIAQ"), key("ASIAABROAD"), key("ASIABACK")];
    let [a, abroad, back] = &keys;
    let mut out = mint("1", "2026-03-24T09:04:00Z", a, "u", "AssumeRole", abroad);
    out["requestParameters"]["roleArn"] = json!("arn:aws:iam::999999999999:role/X");
    out["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:fs", "arn": "arn:aws:sts::999999999999:assumed-role/X/fs"});
    let mut came = mint("2", at, a, "u", "AssumeRole", back);
    came["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AROAX:fs", "accountId": "999999999999"});
    (vec![out, came], keys)
}

/// Our record of the way back names the session there, by its unique ID and name.
#[test]
fn a_session_that_comes_back_from_another_account_is_joined() {
    let (mut records, [a, abroad, back]) = there_and_back("2026-03-24T09:30:00Z");
    for asked in [&a, &abroad, &back] {
        let lineage = trace(&evidence(&records), asked);
        let keys: Vec<&AccessKeyId> = lineage.credentials.iter().map(|one| &one.key).collect();
        assert_eq!(keys, [&a, &abroad, &back], "asked for {asked}");
        assert_eq!(lineage.member(&back).unwrap().minted.as_ref().unwrap().by, abroad);
        let (found, is_all) = read_at_once(&records, asked);
        assert_eq!(found.credentials, lineage.credentials, "asked for {asked}");
        assert!(is_all, "asked for {asked}");
    }
    records[1]["userIdentity"]["principalId"] = json!("AROAX:another");
    assert!(trace(&evidence(&records), &a).member(&back).is_none());
    // What has ended by then was renewed there under its name; what hadn't begun is another's.
    let (records, [a, _, back]) = there_and_back("2026-03-24T23:30:00Z");
    assert!(trace(&evidence(&records), &a).member(&back).is_some());
    let (records, [a, _, back]) = there_and_back("2026-03-24T08:30:00Z");
    assert!(trace(&evidence(&records), &a).member(&back).is_none());
}
