"""AWS's playbook for a compromised access key, followed by hand: one call after another, with boto3, against a served twin and nothing else.

    playbook.py ENDPOINT KEY     reads {"access_key_id": ..., "secret_access_key": ...} of a responder from the first line of stdin,
                                 and prints every request as JSON: when, which, how long.

The steps are those of `IRP-CredCompromise` (2.2, 3.2) in https://github.com/aws-samples/aws-incident-response-playbooks, and for what a key has minted
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html: whose key it is and what it may, the key off, a deny on its
user, what was minted from it, the sessions of each role revoked, everything read back. It knows no round trip that could be left out, and takes none more.
"""

import datetime
import json
import sys
import time
from urllib.parse import urlparse

import boto3
from botocore.config import Config

DENY_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
MINTS = {"AssumeRole", "GetSessionToken", "GetFederationToken"}
# CloudTrail answers two lookups a second: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
BETWEEN_LOOKUPS = 0.5


def revoke_older(moment):
    condition = {"DateLessThan": {"aws:TokenIssueTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}]}


class Responder:
    def __init__(self, endpoint, keys):
        session = boto3.session.Session(
            region_name="us-east-1", aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"]
        )
        once = Config(retries={"max_attempts": 1})
        self.clients = {name: session.client(name, endpoint_url=endpoint, config=once) for name in ("iam", "cloudtrail")}
        self.calls = []

    def call(self, service, operation, **params):
        began = milliseconds()
        answer = getattr(self.clients[service], operation)(**params)
        name = "".join(part.capitalize() for part in operation.split("_"))
        took = milliseconds() - began
        self.calls.append({"at": moment(began), "service": service, "operation": name, "millis": took, "status": 200})
        return answer

    def lookups(self, key):
        """Every event that a key signed."""
        token, events = {}, []
        while True:
            time.sleep(BETWEEN_LOOKUPS)
            attribute = [{"AttributeKey": "AccessKeyId", "AttributeValue": key}]
            page = self.call("cloudtrail", "lookup_events", LookupAttributes=attribute, **token)
            events += [json.loads(event["CloudTrailEvent"]) for event in page["Events"]]
            if "NextToken" not in page:
                return events
            token = {"NextToken": page["NextToken"]}

    def roles_reached(self, key):
        """The roles whose sessions were minted from the key, or from what was minted from it."""
        roles, keys = set(), [key]
        for one in keys:
            for event in self.lookups(one):
                minted = ((event.get("responseElements") or {}).get("credentials") or {}).get("accessKeyId")
                if event["eventName"] in MINTS and minted and minted not in keys:
                    keys.append(minted)
                    if event["eventName"] == "AssumeRole":
                        roles.add(event["requestParameters"]["roleArn"].split("/")[-1])
        return sorted(roles)

    def contain(self, key):
        user = {"UserName": self.call("iam", "get_access_key_last_used", AccessKeyId=key)["UserName"]}
        self.call("iam", "list_access_keys", **user)
        self.call("iam", "list_attached_user_policies", **user)
        self.call("iam", "list_user_policies", **user)
        self.call("iam", "list_groups_for_user", **user)
        self.call("iam", "update_access_key", AccessKeyId=key, Status="Inactive", **user)
        self.call("iam", "list_access_keys", **user)
        deny = {"PolicyName": "DenyAll", **user}
        self.call("iam", "put_user_policy", PolicyDocument=json.dumps(DENY_ALL), **deny)
        self.call("iam", "get_user_policy", **deny)
        for role in self.roles_reached(key):
            older = {"PolicyName": "AWSRevokeOlderSessions", "RoleName": role}
            now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=30)
            self.call("iam", "put_role_policy", PolicyDocument=json.dumps(revoke_older(now)), **older)
            self.call("iam", "get_role_policy", **older)


def milliseconds():
    """The time in whole milliseconds: a begin and an end that are cut off alike never make one call seem to end behind the next one's begin."""
    return time.time_ns() // 1_000_000


def moment(millis):
    at = datetime.datetime.fromtimestamp(millis // 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03}Z"


def main():
    endpoint, key = sys.argv[1], sys.argv[2]
    if urlparse(endpoint).hostname != "127.0.0.1":
        sys.exit("this plays on a twin on 127.0.0.1 and nowhere else")
    responder = Responder(endpoint, json.loads(sys.stdin.readline()))
    responder.contain(key)
    json.dump(responder.calls, sys.stdout)


if __name__ == "__main__":
    main()
