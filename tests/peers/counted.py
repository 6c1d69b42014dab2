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


def is_own(address):
    """IPv4 of a network of one's own."""
    own = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    try:
        return any(ipaddress.IPv4Address(address) in ipaddress.IPv4Network(network) for network in own)
    except ValueError:
        return False


def is_somewhere(address):
    """An address of the internet, IPv6 among them."""
    try:
        told = ipaddress.IPv6Address(address)
    except ValueError:
        return is_internet(address)
    return not any(told in ipaddress.IPv6Network(network) for network in ("::1/128", "fe80::/16", "fc00::/7"))


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
    managed = any(part in arn for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))
    if (
        call(record, "iam", "DeleteUserPolicy", "DeleteRolePolicy", "DeleteGroupPolicy") and denies
        or call(record, "iam", "DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy") and managed
        or call(record, "iam", "DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary")
        or call(record, "iam", "UpdateAccessKey") and dig(asked, "status") == "Active"
        or call(record, "organizations", "DetachPolicy", "DisablePolicyType", "UpdatePolicy")
        or call(record, "iam", "PutUserPolicy", "PutRolePolicy", "PutGroupPolicy") and denies and allows(record)
        or call(record, "iam", "CreatePolicyVersion", "SetDefaultPolicyVersion") and managed
    ):
        yield "deny-removed"
    off = ("DeleteUserPolicy", "DetachUserPolicy", "RemoveUserFromGroup", "DeleteUserPermissionsBoundary", "PutUserPermissionsBoundary")
    off = call(record, "iam", *off) or call(record, "iam", "PutUserPolicy") and denies
    if off and kind == "IAMUser" and me is not None and me == target:
        yield "own-policy-removed"


def denied(record):
    """What the policy document of a record denies in full: "all", "older" sessions; nothing by any other."""
    try:
        told = json.loads(dig(record, "requestParameters", "policyDocument") or "null")
    except ValueError:
        return set()
    told = told.get("Statement", []) if isinstance(told, dict) else []
    found = set()
    for one in told if isinstance(told, list) else [told]:
        one = {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in one.items() if name != "Sid"}
        condition = one.pop("Condition", None)
        if one != {"Effect": "Deny", "Action": "*", "Resource": "*"}:
            continue
        if condition is None:
            found.add("all")
        elif list(condition) == ["DateLessThan"] and list(condition["DateLessThan"]) == ["aws:TokenIssueTime"]:
            found.add("older")
    return found


def spares(record):
    """Whether the policy document of a record denies all but some calls, whatever else."""
    try:
        told = json.loads(dig(record, "requestParameters", "policyDocument") or "null")
    except ValueError:
        return False
    told = told.get("Statement", []) if isinstance(told, dict) else []
    for one in told if isinstance(told, list) else [told]:
        spared = one.get("NotAction", [])
        spared = spared if isinstance(spared, list) else [spared]
        rest = {name: value for name, value in one.items() if name not in ("Sid", "NotAction")}
        if spared and "*" not in spared and rest in ({"Effect": "Deny", "Resource": "*"}, {"Effect": "Deny", "Resource": ["*"]}):
            return True
    return False


def has_document(record):
    return dig(record, "requestParameters", "policyDocument") is not None


def allows(record):
    return '"Allow"' in (dig(record, "requestParameters", "policyDocument") or "")


def bounds(record, kind="User"):
    """Whether a boundary is put that denies everything; None where none is put."""
    bound = dig(record, "requestParameters", "permissionsBoundary")
    if not done(record) or not call(record, "iam", f"Put{kind}PermissionsBoundary") or bound is None:
        return None
    return any(part in bound for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))


def lifts(record, kind="User"):
    """What a record takes off again or writes over: (which lock, by what name), as `locks` names it."""
    asked = record.get("requestParameters")
    name, arn = dig(asked, "policyName"), dig(asked, "policyArn")
    if not done(record):
        return None
    if call(record, "iam", f"Delete{kind}Policy"):
        return ("inline", name)
    if call(record, "iam", f"Put{kind}Policy") and has_document(record) and not denied(record):
        return ("inline", name)
    if call(record, "iam", f"Detach{kind}Policy"):
        return ("attached", arn)
    if call(record, "iam", f"Delete{kind}PermissionsBoundary") or bounds(record, kind) is False:
        return ("boundary", None)
    return None


def lock(record):
    """Which lock a record that contains puts there."""
    asked = record.get("requestParameters")
    name = record["eventName"]
    kind = "boundary" if "Boundary" in name else "attached" if name.startswith("Attach") else "inline"
    return (kind, {"inline": dig(asked, "policyName"), "attached": dig(asked, "policyArn")}.get(kind))


def until(first, every, is_back):
    """When what a record did was taken back."""
    member = "roleName" if "Role" in first["eventName"] else "userName"
    whom = dig(first, "requestParameters", member)
    same = lambda one: dig(one, "requestParameters", member) == whom and one.get("recipientAccountId") == first.get("recipientAccountId")
    return min((time(one) for one in every if time(one) > time(first) and same(one) and is_back(one)), default=float("inf"))


def contains(record):
    """Whom a record contains: `use-after-containment` looks for what comes after."""
    asked = record.get("requestParameters")
    name, arn = dig(asked, "policyName") or "", dig(asked, "policyArn") or ""
    attached = any(part in arn for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))
    inline = name and "all" in denied(record) or name.startswith("OustDenyAll") and not has_document(record)
    inline = call(record, "iam", "PutUserPolicy") and inline
    if done(record) and (inline or bounds(record) or call(record, "iam", "AttachUserPolicy") and attached):
        return dig(asked, "userName")


def revokes(record):
    """Of which role a record denies what sessions of before may, or what all may: `session-outlives-revocation` looks for those."""
    asked = record.get("requestParameters")
    name, arn = dig(asked, "policyName") or "", dig(asked, "policyArn") or ""
    attached = any(part in arn for part in (":policy/AWSDenyAll", ":policy/AWSCompromisedKeyQuarantine", "/OustQuarantine"))
    named = name.startswith(("OustDenyAll", "AWSRevokeOlderSessions")) and not has_document(record)
    inline = call(record, "iam", "PutRolePolicy") and (named or name and denied(record))
    if done(record) and (inline or bounds(record, "Role") or call(record, "iam", "AttachRolePolicy") and attached):
        return dig(asked, "roleName")


def cuts(record):
    """Whose key a record cuts off: `session-outlives-key` looks for his sessions after it."""
    asked = record.get("requestParameters")
    stopped = call(record, "iam", "UpdateAccessKey") and dig(asked, "status") == "Inactive"
    named = (dig(asked, "policyName") or "").startswith("AWSRevokeOlderSessions") and not has_document(record)
    older = call(record, "iam", "PutUserPolicy") and (named or dig(asked, "policyName") and "older" in denied(record))
    if done(record) and (stopped or older or call(record, "iam", "DeleteAccessKey")):
        return dig(asked, "userName")


def gives_back(first):
    """Whether a record gives back what `first` cut."""
    cut, name = (dig(first, "requestParameters", name) for name in ("accessKeyId", "policyName"))

    def is_back(record):
        asked = record.get("requestParameters")
        active = call(record, "iam", "UpdateAccessKey") and dig(asked, "status") == "Active"
        spared = call(record, "iam", "DeleteUserPolicy")
        spared = spared or call(record, "iam", "PutUserPolicy") and has_document(record) and not denied(record)
        spared = spared and dig(asked, "policyName") is not None
        return done(record) and (active or spared) and (dig(asked, "accessKeyId"), dig(asked, "policyName")) == (cut, name)

    return is_back


def count(all_records):
    seen, every = set(), []
    for record in all_records:
        if record.get("eventID") not in seen:
            seen.add(record.get("eventID"))
            every.append(record)
    every.sort(key=time)
    hits = collections.defaultdict(set)
    through = collections.defaultdict(set)
    takes, places = collections.defaultdict(list), collections.defaultdict(set)
    for record in every:
        for rule in alone(record):
            hits[rule].add((record["eventID"],))
        key, who = dig(record, "userIdentity", "accessKeyId"), dig(record, "userIdentity", "principalId")
        role, kind = dig(record, "requestParameters", "roleArn"), dig(record, "userIdentity", "type")
        if call(record, "sts", "AssumeRole") and done(record) and key and role:
            takes[key, role].append(record)
        address = record.get("sourceIPAddress")
        on_instance = key and kind == "AssumedRole" and who and ":i-" in who
        if on_instance and is_somewhere(address):
            places["instance-credential-away", key, who].add(address)
        if on_instance and is_own(address):
            if record.get("vpcEndpointId"):
                through[key, who, record["eventSource"]].add(record["vpcEndpointId"])
        if key and is_internet(address):
            if key[:4] == "ASIA" and who:
                places["session-from-two-addresses", key, who].add(address)
            if key[:4] == "AKIA":
                places["key-from-two-addresses", key, record["eventTime"][:13]].add(address)
    for (rule, *common), addresses in places.items():
        if len(addresses) > 1:
            hits[rule].add((common[0],) + tuple(sorted(addresses)))
    for (key, _, service), endpoints in through.items():
        if len(endpoints) > 1:
            hits["instance-credential-other-network"].add((key, service))
    for (key, role), group in takes.items():
        if any(time(late) - time(early) <= 600 for early, late in zip(group, group[4:])):
            hits["assume-role-burst"].add((key, role))
    spread = collections.defaultdict(list)
    for (key, role), group in takes.items():
        spread[key].extend((time(record), role) for record in group)
    for key, group in spread.items():
        if any(len({role for at, role in group if 0 <= at - start <= 600}) >= 5 for start, _ in group):
            hits["assume-role-spread"].add((key,))
    changes = [record for record in every if record.get("eventSource") == "iam.amazonaws.com"]
    for first in changes:
        whom, mine = contains(first), cuts(first)
        if whom is not None:
            end = until(first, changes, lambda record: lifts(record) == lock(first))
            for later in every:
                who = later.get("userIdentity") or {}
                if not who.get("accessKeyId") or who.get("accountId") != first.get("recipientAccountId"):
                    continue
                if not time(first) < time(later) <= end:
                    continue
                if who.get("userName") == whom:
                    hits["use-after-containment"].add((first["eventID"], who["accessKeyId"]))
                if who.get("type") == "FederatedUser" and dig(who, "sessionContext", "sessionIssuer", "userName") == whom:
                    hits["federation-outlives-containment"].add((first["eventID"], who["accessKeyId"]))
        if mine is not None:
            end = min(time(first) + 129600, until(first, changes, gives_back(first)))
            for later in every:
                who = later.get("userIdentity") or {}
                issued = dig(who, "sessionContext", "attributes", "creationDate")
                is_session = who.get("type") == "IAMUser" and (who.get("accessKeyId") or "")[:4] == "ASIA" and who.get("userName") == mine
                if is_session and who.get("accountId") == first.get("recipientAccountId") and issued and issued <= first["eventTime"]:
                    if time(first) < time(later) <= end:
                        hits["session-outlives-key"].add((first["eventID"], who["accessKeyId"]))
        role = revokes(first)
        if role is not None:
            end = min(time(first) + 43200, until(first, changes, lambda record: lifts(record, "Role") == lock(first)))
            for later in every:
                who = later.get("userIdentity") or {}
                issued = dig(who, "sessionContext", "attributes", "creationDate")
                own = who.get("type") == "AssumedRole" and dig(who, "sessionContext", "sessionIssuer", "userName") == role
                if own and who.get("accessKeyId") and who.get("accountId") == first.get("recipientAccountId"):
                    if issued and issued <= first["eventTime"] and time(first) < time(later) <= end:
                        hits["session-outlives-revocation"].add((first["eventID"], who["accessKeyId"]))
        made = dig(first, "responseElements", "policy", "arn")
        if call(first, "iam", "CreatePolicy") and done(first) and made and (denied(first) or spares(first)):
            for later in changes:
                same = dig(later, "requestParameters", "policyArn") == made and time(later) > time(first) and done(later)
                same = same and later.get("recipientAccountId") == first.get("recipientAccountId")
                off = call(later, "iam", "DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy")
                off = off or call(later, "iam", "CreatePolicyVersion") and has_document(later) and not denied(later)
                if same and off:
                    hits["managed-deny-removed"].add((first["eventID"], dig(later, "userIdentity", "accessKeyId") or ""))
        for kind, member in (("User", "userName"), ("Role", "roleName"), ("Group", "groupName")):
            policy, whom = (dig(first, "requestParameters", name) for name in ("policyName", member))
            if not (done(first) and call(first, "iam", f"Put{kind}Policy") and (denied(first) or spares(first)) and policy and whom):
                continue
            if policy.startswith(("OustDenyAll", "AWSRevokeOlderSessions")):
                continue
            for later in changes:
                same = all(dig(later, "requestParameters", name) == value for name, value in (("policyName", policy), (member, whom)))
                same = same and later.get("recipientAccountId") == first.get("recipientAccountId")
                if same and time(later) > time(first) and (lifts(later, kind) or ("",))[0] == "inline":
                    hits[f"{kind.lower()}s-deny-removed"].add((first["eventID"], dig(later, "userIdentity", "accessKeyId") or ""))
        if bounds(first) and dig(first, "requestParameters", "userName") is not None:
            for later in changes:
                same = dig(later, "requestParameters", "userName") == dig(first, "requestParameters", "userName")
                same = same and later.get("recipientAccountId") == first.get("recipientAccountId")
                if same and bounds(later) is False and time(later) > time(first):
                    hits["boundary-replaced"].add((first["eventID"], dig(later, "userIdentity", "accessKeyId") or ""))
    hops = [
        (record, dig(record, "userIdentity", "sessionContext", "sessionIssuer", "arn"), dig(record, "requestParameters", "roleArn"))
        for record in every
        if call(record, "sts", "AssumeRole") and done(record) and dig(record, "userIdentity", "type") == "AssumedRole"
    ]
    hops = [(record, own, role) for record, own, role in hops if own and role]
    # A credential is given once: where a made trail gives it twice while it lives, the first counts.
    gave = collections.defaultdict(list)
    for record, own, role in hops:
        given = dig(record, "responseElements", "credentials", "accessKeyId")
        if given and dig(record, "userIdentity", "accessKeyId"):
            if not gave[given] or time(record) - time(gave[given][-1][0]) > 43200:
                gave[given].append((record, own))
    for last, own, back in hops:
        record, calls = last, 1
        while own != back and calls < 8:
            given = gave.get(dig(record, "userIdentity", "accessKeyId"), [])
            given = [one for one in given if 0 < time(record) - time(one[0]) <= 43200]
            if not given:
                break
            (record, own), calls = given[-1], calls + 1
        if own == back and calls >= 3:
            hits["role-ring"].add((record["eventID"], dig(last, "userIdentity", "accessKeyId")))
    hops = [(record, own, role) for record, own, role in hops if own != role]
    for first, own, _ in hops:
        given = dig(first, "responseElements", "credentials", "accessKeyId")
        for later, _, back in hops:
            key = dig(later, "userIdentity", "accessKeyId")
            if given and key == given and back == own and 0 < time(later) - time(first) <= 43200:
                hits["role-juggling"].add((first["eventID"], key))
    return hits


json.dump({rule: sorted(map(list, found)) for rule, found in sorted(count(records(sys.argv[1:])).items())}, sys.stdout)
