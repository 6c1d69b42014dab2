"""An intruder who fights back inside of IAM's propagation window, with boto3, for tests against a served twin and nothing else.

    fighter.py ENDPOINT SEED     reads {"access_key_id": ..., "secret_access_key": ..., "session_token": ...} from the first line of stdin,
                                 prints "ready" once it has taken hold, fights until stdin ends, then prints a report as JSON.

Its moves are those that https://github.com/OFFENSAI/notyet describes, in its order and at its pace; it shares no code with it. Every half second it reads
its user or role, keys, boundary, groups, attached policies and inline policies one after another, undoes what was done to them, puts its own policy back, and
makes users, keys and roles where something was cut off; every five seconds it looks whether it is still in. It is the stronger of the two: that tool holds one
credential and defends one user or role at a time, rests half a second behind each boundary and each deny that it took away, and gives up once it could not
change its credential; this one holds up to five users and five roles beside the first, defends all of them, tries every call with every credential that it
holds, and never gives up. As with that tool each call waits for the one before; what it sends at once, its two threads, is a look and a check.
"""

import json
import random
import sys
import threading
import time
from urllib.parse import urlparse

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
QUICK = Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5, s3={"addressing_style": "path"})
LOOK, CHECK, PATIENCE, MOST = 0.5, 5.0, 20.0, 5
# Codes that say "not with this credential", which another one may answer otherwise.
REFUSED = {"AccessDenied", "InvalidClientTokenId", "InvalidAccessKeyId", "ExpiredToken", "SignatureDoesNotMatch"}
BUSY = {"Throttling", "ThrottlingException", "ServiceUnavailable", "ServiceFailure", "InternalFailure"}


class Nobody(Exception):
    """No credential may."""


class Credential:
    def __init__(self, keys, kind, name):
        self.keys, self.kind, self.name, self.worked, self.lost = keys, kind, name, 0.0, False
        self.clients = {}

    @property
    def id(self):
        return self.keys["access_key_id"]

    @property
    def temporary(self):
        return bool(self.keys.get("session_token"))


class Fighter:
    def __init__(self, endpoint, seed):
        self.endpoint, self.dice = endpoint, random.Random(seed)
        self.session = boto3.session.Session(region_name="us-east-1")
        self.lock, self.over = threading.RLock(), threading.Event()
        self.purse, self.defends, self.roles = [], [], {}
        self.made, self.did, self.wanted = [], [], []
        self.policy = self.fresh()

    def fresh(self):
        return f"notyet-{self.dice.getrandbits(40):010x}"

    # --- calls ------------------------------------------------------------------------------------------------------

    def with_one(self, credential, service, operation, **params):
        if service not in credential.clients:
            with self.lock:
                credential.clients[service] = self.session.client(
                    service,
                    endpoint_url=self.endpoint,
                    config=QUICK,
                    aws_access_key_id=credential.keys["access_key_id"],
                    aws_secret_access_key=credential.keys["secret_access_key"],
                    aws_session_token=credential.keys.get("session_token"),
                )
        answer = getattr(credential.clients[service], operation)(**params)
        credential.worked = time.monotonic()
        return answer

    def call(self, service, operation, **params):
        for credential in sorted(self.purse, key=lambda one: -one.worked):
            for _ in range(3):
                try:
                    return self.with_one(credential, service, operation, **params)
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if code in BUSY:
                        time.sleep(0.2)
                        continue
                    if code not in REFUSED:
                        raise
                    break
                except BotoCoreError:
                    break
        raise Nobody(operation)

    def iam(self, operation, **params):
        return self.call("iam", operation, **params)

    def change(self, what, operation, **params):
        """Does it and tells of it, or gives None."""
        try:
            answer = self.iam(operation, **params)
        except (Nobody, ClientError) as error:
            if isinstance(error, Nobody):
                return None
            if error.response["Error"]["Code"] == "EntityAlreadyExists":
                return {}
            return None
        self.did.append(what)
        return answer or {}

    # --- moves ------------------------------------------------------------------------------------------------------

    def hold(self, keys, kind, name):
        self.purse.append(Credential(keys, kind, name))

    def begin(self, keys):
        self.hold(keys, None, None)
        first = self.purse[0]
        arn = self.with_one(first, "sts", "get_caller_identity")["Arn"]
        self.account = arn.split(":")[4]
        resource = arn.split(":")[5].split("/")
        first.kind, first.name = ("user", resource[-1]) if resource[0] == "user" else ("role", resource[1])
        self.defends.append((first.kind, first.name))
        self.put_own(first.kind, first.name)

    def put_own(self, kind, name):
        done = self.change(
            f"put {self.policy} on {kind} {name}",
            f"put_{kind}_policy",
            **{f"{kind.capitalize()}Name": name, "PolicyName": self.policy, "PolicyDocument": json.dumps(ADMIN)},
        )
        if done is not None:
            self.note("policy", kind=kind, on=name, name=self.policy)
        return done is not None

    def note(self, what, **more):
        one = {"what": what, **more}
        if one not in self.made:
            self.made.append(one)

    def want(self, *wanted):
        """Something that may need a while to become possible."""
        if not any(one[1:] == wanted for one in self.wanted):
            self.wanted.append((time.monotonic() + PATIENCE, *wanted))

    def pursue(self):
        for one in list(self.wanted):
            until, what, name = one
            done = {"user": self.new_user, "key": self.new_key, "role": self.new_role, "session": self.assume}[what](name)
            if done or time.monotonic() > until:
                self.wanted.remove(one)

    def new_user(self, name):
        answer = self.change(f"made user {name}", "create_user", UserName=name)
        if answer is None:
            return False
        if "User" in answer:
            self.note("user", name=name, id=answer["User"]["UserId"])
        if ("user", name) not in self.defends:
            self.defends.append(("user", name))
        self.put_own("user", name)
        self.want("key", name)
        return True

    def new_key(self, name):
        answer = self.change(f"made a key for {name}", "create_access_key", UserName=name)
        if not answer:
            return False
        key = answer["AccessKey"]
        self.note("key", user=name, id=key["AccessKeyId"])
        self.hold({"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}, "user", name)
        return True

    def new_role(self, name):
        principal = {"AWS": f"arn:aws:iam::{self.account}:root"}
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
        answer = self.change(f"made role {name}", "create_role", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        if answer is None:
            return False
        if "Role" in answer:
            self.note("role", name=name, id=answer["Role"]["RoleId"])
            self.roles[name] = answer["Role"]["Arn"]
        if ("role", name) not in self.defends:
            self.defends.append(("role", name))
        self.put_own("role", name)
        self.want("session", name)
        return True

    def assume(self, name):
        if name not in self.roles:
            return True
        try:
            answer = self.call("sts", "assume_role", RoleArn=self.roles[name], RoleSessionName="session")["Credentials"]
        except (Nobody, ClientError):
            return False
        self.did.append(f"took a session of {name}")
        keys = {"access_key_id": answer["AccessKeyId"], "secret_access_key": answer["SecretAccessKey"]}
        self.hold({**keys, "session_token": answer["SessionToken"]}, "role", name)
        return True

    def replace(self, user=None):
        """Something was cut off: a key, a user and a role take its place."""
        if user:
            self.want("key", user)
        own = [name for kind, name in self.defends if kind == "user" and name.startswith("notyet-")]
        if len(own) < MOST:
            self.want("user", self.fresh())
        if len(self.roles) < MOST:
            self.want("role", self.fresh())

    # --- the regular look -------------------------------------------------------------------------------------------

    def look(self):
        self.pursue()
        for kind, name in list(self.defends):
            try:
                self.look_at(kind, name)
            except Nobody:
                pass
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchEntity":
                    self.gone(kind, name)
            self.pursue()

    def gone(self, kind, name):
        self.did.append(f"saw that {kind} {name} was deleted")
        self.defends.remove((kind, name))
        self.roles.pop(name, None)
        self.replace()
        if kind == "user":
            self.want("user", name)

    def look_at(self, kind, name):
        who = {f"{kind.capitalize()}Name": name}
        entity = self.iam(f"get_{kind}", **who)[kind.capitalize()]
        if "PermissionsBoundary" in entity:
            self.change(f"removed the boundary of {name}", f"delete_{kind}_permissions_boundary", **who)
        if kind == "user":
            self.look_at_keys(name)
            for group in self.iam("list_groups_for_user", **who)["Groups"]:
                self.change(f"left {group['GroupName']}", "remove_user_from_group", GroupName=group["GroupName"], **who)
        for policy in self.iam(f"list_attached_{kind}_policies", **who)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            self.change(f"detached {arn} from {name}", f"detach_{kind}_policy", PolicyArn=arn, **who)
        inline = self.iam(f"list_{kind}_policies", **who)["PolicyNames"]
        for policy in inline:
            if policy != self.policy:
                self.change(f"deleted {policy} of {name}", f"delete_{kind}_policy", PolicyName=policy, **who)
        own = self.policy in inline
        if own:
            own = self.iam(f"get_{kind}_policy", PolicyName=self.policy, **who)["PolicyDocument"] == ADMIN
        if not own:
            self.put_own(kind, name)

    def look_at_keys(self, name):
        listed = {key["AccessKeyId"]: key["Status"] for key in self.iam("list_access_keys", UserName=name)["AccessKeyMetadata"]}
        for credential in list(self.purse):
            if (credential.kind, credential.name) != ("user", name) or credential.temporary:
                continue
            status = listed.get(credential.id)
            if status == "Active":
                continue
            if status == "Inactive":
                params = {"UserName": name, "AccessKeyId": credential.id, "Status": "Active"}
                self.change(f"made {credential.id} active again", "update_access_key", **params)
            if not credential.lost:
                credential.lost = True
                self.replace(name)

    # --- is it still in? --------------------------------------------------------------------------------------------

    def works(self, credential):
        """The first call that works with this credential, or None."""
        tries = [("s3", "list_buckets", {})]
        if credential.name:
            tries.append(("iam", f"get_{credential.kind}", {f"{credential.kind.capitalize()}Name": credential.name}))
        tries += [("sts", "assume_role", {"RoleArn": arn, "RoleSessionName": "check"}) for arn in self.roles.values()]
        for service, operation, params in tries:
            try:
                self.with_one(credential, service, operation, **params)
                return f"{service}:{operation}"
            except (ClientError, BotoCoreError):
                pass
        return None

    def check(self):
        for name in list(self.roles):
            sessions = [one for one in self.purse if one.kind == "role" and one.name == name]
            if sessions and not any(self.works(one) for one in sessions):
                self.want("session", name)

    def every(self, seconds, what):
        while not self.over.wait(seconds):
            try:
                what()
            except (Nobody, ClientError, BotoCoreError):
                pass

    def report(self):
        access = {one.id: self.works(one) for one in self.purse}
        return {
            "access": {key: call for key, call in access.items() if call},
            "held": len(self.purse),
            "made": self.made,
            "did": self.did,
        }


def main():
    endpoint, seed = sys.argv[1], int(sys.argv[2])
    if urlparse(endpoint).hostname != "127.0.0.1":
        sys.exit("this plays on a twin on 127.0.0.1 and nowhere else")
    fighter = Fighter(endpoint, seed)
    fighter.begin(json.loads(sys.stdin.readline()))
    threads = [
        threading.Thread(target=fighter.every, args=(LOOK * fighter.dice.uniform(0.9, 1.1), fighter.look)),
        threading.Thread(target=fighter.every, args=(CHECK, fighter.check)),
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    fighter.over.set()
    for thread in threads:
        thread.join()
    json.dump(fighter.report(), sys.stdout)


if __name__ == "__main__":
    main()
