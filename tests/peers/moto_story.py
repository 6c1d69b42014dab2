"""The story's account on another mock, and the state that it is left in.

    moto_story.py set ENDPOINT         builds the account; writes the key and a trail of what its attacker would have done
    moto_story.py check ENDPOINT END   fails unless the account is in the state that the plan said
"""

import json
import sys

import boto3

ACCOUNT = "123456789012"


def client(service):
    return boto3.client(
        service, endpoint_url=sys.argv[2], region_name="us-east-1", aws_access_key_id="x" * 16, aws_secret_access_key="x"
    )


def record(event_id, at, name, request, response, identity):
    return {
        "eventVersion": "1.08",
        "eventID": event_id,
        "eventTime": at,
        "eventSource": "sts.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "userIdentity": identity,
        "requestParameters": request,
        "responseElements": response,
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
    }


def build():
    iam = client("iam")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    trust = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    )
    user = iam.create_user(UserName="support-user")["User"]
    iam.create_user(UserName="alice")
    key = iam.create_access_key(UserName="support-user")["AccessKey"]["AccessKeyId"]
    iam.create_access_key(UserName="alice")
    iam.put_user_policy(UserName="support-user", PolicyName="Assume", PolicyDocument=policy)
    managed = iam.create_policy(PolicyName="Own", PolicyDocument=policy)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="support-user", PolicyArn=managed)
    iam.create_group(GroupName="Support")
    iam.add_user_to_group(GroupName="Support", UserName="support-user")
    iam.create_login_profile(UserName="support-user", Password="Correct-horse-1")
    role = iam.create_role(RoleName="MyBucketRole", AssumeRolePolicyDocument=trust)["Role"]
    identity = {
        "type": "IAMUser",
        "principalId": user["UserId"],
        "arn": user["Arn"],
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "userName": "support-user",
    }
    expiration = "Mar 24, 2099, 10:15:00 AM"
    b = {"credentials": {"accessKeyId": "ASIABBBBBBBBBBBBBBBB", "expiration": expiration}}
    c = {
        "credentials": {"accessKeyId": "ASIACCCCCCCCCCCCCCCC", "expiration": expiration},
        "assumedRoleUser": {"assumedRoleId": f"{role['RoleId']}:s", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/MyBucketRole/s"},
    }
    trail = [
        record("e1", "2026-03-24T09:04:00Z", "GetSessionToken", {"durationSeconds": 129600}, b, identity),
        record("e2", "2026-03-24T09:06:00Z", "AssumeRole", {"roleArn": role["Arn"], "roleSessionName": "s"}, c, identity),
    ]
    return {"key": key, "trail": {"Records": trail}}


def check(end):
    iam = client("iam")
    wrong = []

    def expect(what, found, wanted):
        if found != wanted:
            wrong.append(f"{what}: {found}, not {wanted}")

    users = sorted(user["UserName"] for user in iam.list_users()["Users"])
    revoke = iam.get_role_policy(RoleName="MyBucketRole", PolicyName="AWSRevokeOlderSessions")["PolicyDocument"]
    statement = revoke["Statement"][0]
    expect("revocation", [statement["Effect"], statement["Action"], statement["Resource"]], ["Deny", ["*"], ["*"]])
    expect("its condition", list(statement["Condition"]["DateLessThan"]), ["aws:TokenIssueTime"])
    expect("alice's key", iam.list_access_keys(UserName="alice")["AccessKeyMetadata"][0]["Status"], "Active")
    expect("users", users, ["alice"] if end == "delete" else ["alice", "support-user"])
    if end != "delete":
        name = {"UserName": "support-user"}
        expect("key", iam.list_access_keys(**name)["AccessKeyMetadata"][0]["Status"], "Inactive")
        deny = iam.get_user_policy(**name, PolicyName="OustDenyAll")["PolicyDocument"]["Statement"][0]
        expect("deny", [deny["Effect"], deny["Action"], deny["Resource"]], ["Deny", "*", "*"])
        stripped = end == "strip"
        policies = sorted(iam.list_user_policies(**name)["PolicyNames"])
        expect("inline policies", policies, ["OustDenyAll"] if stripped else ["Assume", "OustDenyAll"])
        expect("managed policies", len(iam.list_attached_user_policies(**name)["AttachedPolicies"]), 0 if stripped else 1)
        expect("groups", len(iam.list_groups_for_user(**name)["Groups"]), 0 if stripped else 1)
    return wrong


if __name__ == "__main__":
    if sys.argv[1] == "set":
        json.dump(build(), sys.stdout)
    else:
        found = check(sys.argv[3])
        print("\n".join(found))
        sys.exit(1 if found else 0)
