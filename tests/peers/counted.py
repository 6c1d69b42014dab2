"""What the detections are to find in CloudTrail files, counted by hand: nothing of this is made from the rules.

    counted.py PATH...     files and folders, gzipped or not; writes {rule: [[what tells a hit from another], ...]}, sorted
"""

import collections
import datetime
import gzip
import ipaddress
import json
import pathlib
import sys


def records(paths):
    decoder = json.JSONDecoder()
    for path in paths:
        inside = sorted(pathlib.Path(path).rglob("*")) if pathlib.Path(path).is_dir() else [pathlib.Path(path)]
        for file in inside:
            if not file.name.endswith((".json", ".json.gz")):
                continue
            raw = file.read_bytes()
            text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
            at = 0
            while text[at:].strip():
                at += len(text[at:]) - len(text[at:].lstrip())
                value, at = decoder.raw_decode(text, at)
                values = value if isinstance(value, list) else [value]
                for one in values:
                    yield from one.get("Records", [one]) if isinstance(one, dict) else []


def dig(record, *names):
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def time(record):
    return datetime.datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00")).timestamp()


def is_internet(address):
    """IPv4 that isn't a network of one's own; services and IPv6 are none."""
    try:
        told = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    own = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
    return not any(told in ipaddress.IPv4Network(network) for network in own)


def call(record, service, *names):
    return record.get("eventSource") == service + ".amazonaws.com" and record.get("eventName") in names


def done(record):
    return record.get("errorCode") is None


def alone(record):
    """The rules that one record tells."""
    kind, key = dig(record, "userIdentity", "type"), dig(record, "userIdentity", "accessKeyId") or ""
    asked = record.get("requestParameters")
    me, target = dig(record, "userIdentity", "userName"), dig(asked, "userName")
    policy, arn = dig(asked, "policyName") or "", dig(asked, "policyArn") or ""
    if not done(record):
        return
    if call(record, "sts", "GetSessionToken"):
        yield "session-token"
        if dig(asked, "serialNumber") is None:
            yield "session-token-without-mfa"
    if call(record, "sts", "GetFederationToken"):
        yield "federation-token"
    if call(record, "sts", "AssumeRole"):
        mfa = dig(record, "userIdentity", "sessionContext", "attributes", "mfaAuthenticated")
        if kind == "IAMUser" and key[:4] == "ASIA" and mfa in ("false", False):
            yield "session-token-assumes-role"
        own = dig(record, "userIdentity", "sessionContext", "sessionIssuer", "arn")
        if kind == "AssumedRole" and own is not None and own == dig(asked, "roleArn"):
            yield "role-assumes-itself"
    if call(record, "iam", "AttachUserPolicy") and ":policy/AWSCompromisedKeyQuarantine" in arn:
        yield "key-exposed"
    gives = "CreateAccessKey CreateLoginProfile UpdateLoginProfile CreateServiceSpecificCredential ResetServiceSpecificCredential"
    gives += " UploadSSHPublicKey UploadSigningCertificate EnableMFADevice"
    if call(record, "iam", *gives.split()) and target is not None:
        if kind == "IAMUser" and me is not None and me != target or kind in ("AssumedRole", "FederatedUser", "Root"):
            yield "credential-for-another-user"
    denies = policy.startswith(("OustDenyAll", "AWSRevokeOlderSessions"))
    denied = any(part in arn for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))
    if (
        call(record, "iam", "DeleteUserPolicy", "DeleteRolePolicy", "DeleteGroupPolicy") and denies
        or call(record, "iam", "DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy") and denied
        or call(record, "iam", "DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary")
        or call(record, "iam", "UpdateAccessKey") and dig(asked, "status") == "Active"
        or call(record, "organizations", "DetachPolicy", "DisablePolicyType", "UpdatePolicy")
        or call(record, "iam", "CreatePolicyVersion", "SetDefaultPolicyVersion") and denied
    ):
        yield "deny-removed"
    off = ("DeleteUserPolicy", "DetachUserPolicy", "RemoveUserFromGroup", "DeleteUserPermissionsBoundary")
    if call(record, "iam", *off) and kind == "IAMUser" and me is not None and me == target:
        yield "own-policy-removed"


def contains(record):
    """Whom a record contains: `use-after-containment` looks for what comes after."""
    asked = record.get("requestParameters")
    name, arn = dig(asked, "policyName") or "", dig(asked, "policyArn") or ""
    denied = any(part in arn for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))
    inline = call(record, "iam", "PutUserPolicy") and name.startswith(("OustDenyAll", "AWSRevokeOlderSessions"))
    bound = dig(asked, "permissionsBoundary") or ""
    bounded = any(part in bound for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))
    bounded = bounded and call(record, "iam", "PutUserPermissionsBoundary")
    if done(record) and (inline or bounded or call(record, "iam", "AttachUserPolicy") and denied):
        return dig(asked, "userName")


def cuts(record):
    """Whose key a record cuts off: `session-outlives-key` looks for his sessions after it."""
    asked = record.get("requestParameters")
    stopped = call(record, "iam", "UpdateAccessKey") and dig(asked, "status") == "Inactive"
    if done(record) and (stopped or call(record, "iam", "DeleteAccessKey")):
        return dig(asked, "userName")


def count(all_records):
    seen, every = set(), []
    for record in all_records:
        if record.get("eventID") not in seen:
            seen.add(record.get("eventID"))
            every.append(record)
    every.sort(key=time)
    hits = collections.defaultdict(set)
    takes, places = collections.defaultdict(list), collections.defaultdict(set)
    for record in every:
        for rule in alone(record):
            hits[rule].add((record["eventID"],))
        key, who = dig(record, "userIdentity", "accessKeyId"), dig(record, "userIdentity", "principalId")
        role, kind = dig(record, "requestParameters", "roleArn"), dig(record, "userIdentity", "type")
        if call(record, "sts", "AssumeRole") and done(record) and key and role:
            takes[key, role].append(record)
        address = record.get("sourceIPAddress")
        if key and is_internet(address):
            if kind == "AssumedRole" and who and ":i-" in who:
                places["instance-credential-away", key, who].add(address)
            if key[:4] == "ASIA" and who:
                places["session-from-two-addresses", key, who].add(address)
            if key[:4] == "AKIA":
                places["key-from-two-addresses", key, record["eventTime"][:13]].add(address)
    for (rule, *common), addresses in places.items():
        if len(addresses) > 1:
            hits[rule].add((common[0],) + tuple(sorted(addresses)))
    for (key, role), group in takes.items():
        if any(time(late) - time(early) <= 600 for early, late in zip(group, group[4:])):
            hits["assume-role-burst"].add((key, role))
    for first in every:
        for rule, whom in (("use-after-containment", contains(first)), ("session-outlives-key", cuts(first))):
            for later in every if whom is not None else ():
                who = later.get("userIdentity") or {}
                key = who.get("accessKeyId")
                mine = who.get("userName") == whom and key
                mine = mine and who.get("accountId") == first.get("recipientAccountId")
                if rule == "session-outlives-key":
                    mine = mine and who.get("type") == "IAMUser" and key[:4] == "ASIA"
                if mine and 0 < time(later) - time(first) <= 129600:
                    hits[rule].add((first["eventID"], key))
    hops = [
        (record, dig(record, "userIdentity", "sessionContext", "sessionIssuer", "arn"), dig(record, "requestParameters", "roleArn"))
        for record in every
        if call(record, "sts", "AssumeRole") and done(record) and dig(record, "userIdentity", "type") == "AssumedRole"
    ]
    hops = [(record, own, role) for record, own, role in hops if own and role and own != role]
    for first, own, _ in hops:
        given = dig(first, "responseElements", "credentials", "accessKeyId")
        for later, _, back in hops:
            key = dig(later, "userIdentity", "accessKeyId")
            if given and key == given and back == own and 0 < time(later) - time(first) <= 43200:
                hits["role-juggling"].add((first["eventID"], key))
    return hits


json.dump({rule: sorted(map(list, found)) for rule, found in sorted(count(records(sys.argv[1:])).items())}, sys.stdout)
