"""The family of a key, reckoned from the raw records without any of the program's code: python family.py FOLDER KEY.

Prints JSON: each key of the family with the calls that it made itself. Joins a call to a temporary key by the key, the moment of issue and the
principal, walks back from the asked key and then forward. Reads whole files with the json module, so it is slow and simple on purpose.
"""

import gzip
import json
import pathlib
import sys
from datetime import datetime


def shapes(text):
    """The records of one file: as CloudTrail delivers, a bare array, LookupEvents output, or one record a line."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict) and "Events" in value:
        return [json.loads(event["CloudTrailEvent"]) for event in value["Events"]]
    return value["Records"] if isinstance(value, dict) else value


def records(folder):
    seen = set()
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if not path.is_file() or path.suffix not in (".gz", ".json", ".ndjson") or "_CloudTrail-Digest_" in path.name:
            continue
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        for record in shapes(text.decode()):
            if record["eventID"] not in seen:
                seen.add(record["eventID"])
                yield record


def seconds(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").timestamp()


def main(folder, asked):
    calls, mints = {}, {}
    for record in records(folder):
        who = record.get("userIdentity") or {}
        key = who.get("accessKeyId")
        answer = record.get("responseElements") or {}
        if not isinstance(answer, dict):
            answer = {}
        left = (answer.get("serviceSpecificCredential") or {}).get("serviceSpecificCredentialId")
        child = (answer.get("credentials") or answer.get("accessKey") or {}).get("accessKeyId") or left
        at = seconds(record["eventTime"])
        if child and child != key and not record.get("errorCode"):
            principal = (answer.get("assumedRoleUser") or {}).get("assumedRoleId") or (answer.get("federatedUser") or {}).get("federatedUserId")
            if not principal and "accessKey" not in answer and not left:
                principal = who.get("principalId")
            mints.setdefault(child, []).append((at, key if not who.get("invokedBy") else None, principal))
        if key and not who.get("invokedBy"):
            made = ((who.get("sessionContext") or {}).get("attributes") or {}).get("creationDate")
            calls.setdefault(key, []).append((seconds(made) if made else None, who.get("principalId")))
    origin = asked
    while origin.startswith("ASIA") and mints.get(origin) and mints[origin][-1][1]:
        origin = mints[origin][-1][1]
    family, todo = {}, [(origin, None, None)]
    while todo:
        key, at, principal = todo.pop()
        if key in family:
            continue
        own = [
            call
            for call in calls.get(key, [])
            if key.startswith(("AKIA", "ACCA"))
            or ((at is None or call[0] is None or abs(call[0] - at) <= 5) and (principal is None or call[1] == principal))
        ]
        family[key] = len(own)
        for child, issues in mints.items():
            todo.extend((child, issue[0], issue[2]) for issue in issues if issue[1] == key)
    print(json.dumps(dict(sorted(family.items()))))


main(*sys.argv[1:])
