"""The story's attacker, and the check afterwards, as boto3 plays them against a served twin.

    attack.py attack ENDPOINT          reads the credentials of the twin from stdin, writes what was minted to stdout
    attack.py check ENDPOINT END       reads all credentials from stdin; fails unless the intruder is out and nobody else is
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/MyBucketRole"
QUICK = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})


def client(endpoint, service, keys):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=QUICK,
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
        aws_session_token=keys.get("session_token"),
    )


def as_keys(credentials):
    return {
        "access_key_id": credentials["AccessKeyId"],
        "secret_access_key": credentials["SecretAccessKey"],
        "session_token": credentials["SessionToken"],
    }


def assume(endpoint, keys, name):
    answer = client(endpoint, "sts", keys).assume_role(RoleArn=ROLE, RoleSessionName=name)
    return as_keys(answer["Credentials"])


def read(endpoint, keys):
    answer = client(endpoint, "s3", keys).get_object(Bucket="production-data", Key="customers.csv")
    return len(answer["Body"].read())


def code_of(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def attack(endpoint, keys):
    a = keys["A"]
    b = as_keys(client(endpoint, "sts", a).get_session_token(DurationSeconds=129600)["Credentials"])
    c = assume(endpoint, a, "support")
    buckets = [bucket["Name"] for bucket in client(endpoint, "s3", c).list_buckets()["Buckets"]]
    assert buckets == ["production-data"], buckets
    assert read(endpoint, c) == 48213
    minted = {"B": b, "C": c}
    for n in range(1, 4):
        minted[f"D{n}"] = assume(endpoint, b, "support")
    assert code_of(client(endpoint, "iam", b).list_users) == "AccessDenied"
    assert code_of(client(endpoint, "sts", b).get_session_token) == "AccessDenied"
    wrong = dict(a, secret_access_key="x" * 40)
    assert code_of(client(endpoint, "sts", wrong).get_caller_identity) == "SignatureDoesNotMatch"
    alice = assume(endpoint, keys["alice-key"], "alice-report")
    return {**minted, "alice-session": alice}


def check(endpoint, end, keys):
    failures = []

    def expect(what, found, *wanted):
        if found not in wanted:
            failures.append(f"{what}: {found}, not {wanted}")

    intruder = ["A", "B", "C", "D1", "D2", "D3"]
    for name in intruder:
        code = code_of(lambda: read(endpoint, keys[name]))
        expect(f"{name} reads", code, "AccessDenied", "InvalidAccessKeyId")
        code = code_of(lambda: assume(endpoint, keys[name], "again"))
        expect(f"{name} assumes the role", code, "AccessDenied", "InvalidClientTokenId")
    expect("A signs", code_of(client(endpoint, "sts", keys["A"]).get_caller_identity), "InvalidClientTokenId")
    expect("another user's key", code_of(lambda: read(endpoint, keys["alice-key"])), "no error")
    responder = client(endpoint, "iam", keys["responder-key"])
    if end == "delete":
        expect("the user", code_of(lambda: responder.get_user(UserName="support-user")), "NoSuchEntity")
    else:
        status = responder.list_access_keys(UserName="support-user")["AccessKeyMetadata"][0]["Status"]
        expect("A's status", status, "Inactive")
        expect("alice's status", responder.list_access_keys(UserName="alice")["AccessKeyMetadata"][0]["Status"], "Active")
        deny = responder.get_user_policy(UserName="support-user", PolicyName="OustDenyAll")["PolicyDocument"]
        expect("the deny", deny["Statement"][0]["Action"], "*")
    revoke = responder.get_role_policy(RoleName="MyBucketRole", PolicyName="AWSRevokeOlderSessions")["PolicyDocument"]
    expect("the revocation", list(revoke["Statement"][0]["Condition"]), ["DateLessThan"])
    # New sessions of the role work once the cut lies behind.
    responder.put_role_policy(
        RoleName="MyBucketRole",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps(revoke).replace(
            revoke["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"], "2020-01-01T00:00:00Z"
        ),
    )
    fresh = assume(endpoint, keys["alice-key"], "tomorrow")
    expect("a new session of the role", code_of(lambda: read(endpoint, fresh)), "no error")
    return failures


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if sys.argv[1] == "attack":
        json.dump(attack(sys.argv[2], given), sys.stdout)
    else:
        found = check(sys.argv[2], sys.argv[3], given)
        print("\n".join(found))
        sys.exit(1 if found else 0)
