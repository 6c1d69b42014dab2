//! Sessions of the family's principals whose mint is not in the evidence, and what they left.

use super::console::by_user;
use super::*;

#[test]
fn what_a_session_left_whose_mint_is_not_told_is_kept_in_doubt() {
    let [a, gap] = [key("AKIAQ"), key("ASIAGAP")];
    let issued = Some("2026-03-24T09:00:00Z");
    let by_gap = |id: &str, at: &str, call: &str| by_user(id, at, "iam", call, "u", Some(&gap), issued);
    let mut took = by_gap("u3", "2026-03-24T09:30:00Z", "AssumeRole");
    took["eventSource"] = json!("sts.amazonaws.com");
    took["requestParameters"] = json!({"roleArn": "arn:aws:iam::123456789012:role/Other", "roleSessionName": "s"});
    let before = by_gap("u2", "2026-03-24T09:10:00Z", "CreateUser");
    let records = [
        by_user("u1", "2026-03-24T09:20:00Z", "s3", "ListBuckets", "u", Some(&a), None),
        before,
        by_gap("u4", "2026-03-24T09:31:00Z", "ListUsers"),
    ];
    let left = |records: &[Value]| -> Vec<String> {
        let lineage = trace(&evidence(records), &a);
        let [only] = &lineage.unresolved[..] else {
            panic!("{:?}", lineage.unresolved)
        };
        only.left.keys().cloned().collect()
    };
    // What it did before the family's first call, and what it only read, is nothing.
    assert_eq!(left(&records), Vec::<String>::new());
    let mut made = by_gap("u5", "2026-03-24T09:32:00Z", "CreateUser");
    made["requestParameters"] = json!({"userName": "ops-sync"});
    let mut refused = by_gap("u6", "2026-03-24T09:33:00Z", "CreateRole");
    refused["errorCode"] = json!("AccessDenied");
    let all = [&records[..], &[took, made, refused]].concat();
    assert_eq!(
        left(&all),
        ["AssumeRole arn:aws:iam::123456789012:role/Other", "CreateUser ops-sync"]
    );
    // What the evidence doesn't tell any more stays told.
    let mut later = trace(&evidence(&records[..1]), &a);
    later.remember(&trace(&evidence(&all), &a));
    assert_eq!(later.unresolved.len(), 1);
}
