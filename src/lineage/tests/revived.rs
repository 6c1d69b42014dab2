use super::*;

/// A call with a long-term key of the user `old`.
fn of_old(id: &str, at: &str, call: &str, by: &AccessKeyId) -> Value {
    json!({"eventID": id, "eventTime": at, "eventSource": "sts.amazonaws.com", "eventName": call, "awsRegion": "us-east-1",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAOLD", "arn": "arn:aws:iam::123456789012:user/old",
            "accountId": "123456789012", "accessKeyId": by, "userName": "old"},
        "requestParameters": null, "responseElements": null, "recipientAccountId": "123456789012"})
}

fn token(mut record: Value, gives: &AccessKeyId) -> Value {
    record["responseElements"] = json!({"credentials": {"accessKeyId": gives}});
    record
}

fn set(id: &str, at: &str, by: &AccessKeyId, of: &AccessKeyId, status: &str) -> Value {
    let mut record = of_old(id, at, "UpdateAccessKey", by);
    record["eventSource"] = json!("iam.amazonaws.com");
    record["userIdentity"]["principalId"] = json!("AIDABOT");
    record["userIdentity"]["userName"] = json!("bot");
    record["userIdentity"]["arn"] = json!("arn:aws:iam::123456789012:user/bot");
    record["requestParameters"] = json!({"userName": "old", "accessKeyId": of, "status": status});
    record
}

/// Whoever makes a key active has its secret: what is done with it from then on is the family's, what was done before is its owner's.
#[test]
fn a_key_that_was_made_active_again_is_a_member_from_then_on() {
    let [a, old, before, after] = ["AKIAQ", "AKIAOLD", "ASIABEFORE", "ASIAAFTER"].map(key);
    let records = |status| {
        [
            token(of_old("r1", "2026-03-24T08:00:00Z", "GetSessionToken", &old), &before),
            set("r2", "2026-03-24T09:00:00Z", &a, &old, status),
            token(of_old("r3", "2026-03-24T09:01:00Z", "GetSessionToken", &old), &after),
            set("r4", "2026-03-24T09:02:00Z", &a, &old, "Inactive"),
            set("r5", "2026-03-24T10:00:00Z", &a, &old, "Active"),
        ]
    };
    let lineage = trace(&evidence(&records("Active")), &a);
    let members: Vec<&AccessKeyId> = lineage.credentials.iter().map(|member| &member.key).collect();
    assert_eq!(members, [&a, &old, &after]);
    let revived = lineage.member(&old).unwrap();
    assert!(revived.is_revived() && revived.user() == Some("old"));
    let uses: u64 = revived.uses.iter().map(|used| used.count).sum();
    assert_eq!(uses, 1, "{:?}", revived.uses);
    assert_eq!(lineage.collisions, 0);
    // What it was used for before hits its owner.
    let others = crate::lineage::bystanders(&evidence(&records("Active")), &lineage);
    assert!(others.iter().any(|one| one.key == old && one.calls == 1), "{others:?}");
    // Taken out of use, it is the family's only since it was made active.
    let lineage = trace(&evidence(&records("Inactive")), &a);
    assert!(lineage.member(&old).is_some() && lineage.member(&after).is_none());
    // Who is asked about it is asked about all of it.
    let lineage = trace(&evidence(&records("Active")), &old);
    assert!(lineage.member(&before).is_some() && lineage.member(&a).is_none());
}

/// Two of the family may have made it active: it is the family's from the first of them on.
#[test]
fn the_first_time_that_a_key_was_made_active_counts() {
    let [a, b, old, after] = ["AKIAQ", "AKIAB", "AKIAOLD", "ASIAAFTER"].map(key);
    let mut made = set("r1", "2026-03-24T08:00:00Z", &a, &b, "Active");
    made["eventName"] = json!("CreateAccessKey");
    made["responseElements"] = json!({"accessKey": {"accessKeyId": b, "userName": "old"}});
    let records = [
        made,
        set("r2", "2026-03-24T09:00:00Z", &b, &old, "Active"),
        token(of_old("r3", "2026-03-24T09:01:00Z", "GetSessionToken", &old), &after),
        set("r4", "2026-03-24T10:00:00Z", &a, &old, "Active"),
    ];
    let lineage = trace(&evidence(&records), &a);
    assert!(lineage.member(&after).is_some());
    assert_eq!(lineage.credentials.len(), 4);
}
