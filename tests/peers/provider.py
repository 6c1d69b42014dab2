"""What is wrong with Terraform configurations, by the schema of AWS's provider.

    provider.py FILE...     writes {file: {"resources": how many were checked, "faults": [...]}}

The schema is read, and nothing of it is run, from the wheel of pulumi-aws beside this Python (`wheels/`), which is generated from that provider: a
resource `aws_iam_user_policy` is the class `UserPolicyArgs` in `iam/user_policy.py`. Each argument must be known and of its type, none that is required may
be missing, and what an expression names must be declared and have such a member.
"""

import ast
import glob
import json
import os
import re
import sys
import zipfile

import hcl2

META = {"count", "for_each", "depends_on", "provider", "lifecycle"}
EVERYWHERE = {"id"}
# What pulumi-aws calls otherwise: kind and name, and its name.
RENAMED = {("aws_sns_topic_subscription", "topic_arn"): "topic"}
FUNCTIONS = {"jsonencode": "str", "toset": "list", "tolist": "list", "tomap": "map", "length": "int"}
DECLARED = {"string": "str", "bool": "bool", "number": "int", "list": "list", "set": "list", "map": "map"}


def wheel():
    found = sorted(glob.glob(os.path.join(sys.prefix, "wheels", "pulumi_aws-*.whl")))
    if not found:
        sys.exit("no wheel of pulumi-aws in " + os.path.join(sys.prefix, "wheels"))
    return zipfile.ZipFile(found[-1])


def kinds(annotation):
    """The types that an argument may have."""
    text = ast.unparse(annotation).replace("_builtins.", "").replace("pulumi.", "")
    found = set()
    inner = re.sub(r"^Input\[(Optional\[)?", "", text)
    if inner.startswith(("Sequence", "_Sequence")):
        return {"list"}
    if inner.startswith(("Mapping", "_Mapping")):
        return {"map"}
    for name, kind in (("str", "str"), ("bool", "bool"), ("int", "int"), ("float", "int")):
        if re.search(rf"\b{name}\b", inner):
            found.add(kind)
    return found or {"block"}


class Schema:
    def __init__(self):
        self.wheel, self.known = wheel(), {}

    def of(self, kind):
        """The arguments of a resource with their types, those that are required, and all its members; `None` where there is no such resource."""
        if kind not in self.known:
            self.known[kind] = self.read(kind)
        return self.known[kind]

    def read(self, kind):
        _, service, rest = kind.split("_", 2)
        try:
            text = self.wheel.read(f"pulumi_aws/{service}/{rest}.py")
        except KeyError:
            return None
        name = "".join(part.capitalize() for part in rest.split("_"))
        made = {one.name: self.made(one) for one in ast.parse(text).body if isinstance(one, ast.ClassDef) and one.name != name}
        arguments, required = made[f"{name}Args"]
        members = set(arguments) | set(made.get(f"_{name}State", ({}, set()))[0]) | EVERYWHERE
        return arguments, required, members

    @staticmethod
    def made(one):
        made = next(inner for inner in one.body if isinstance(inner, ast.FunctionDef) and inner.name == "__init__")
        each = list(zip(made.args.kwonlyargs, made.args.kw_defaults))
        arguments = {argument.arg: kinds(argument.annotation) for argument, _ in each}
        return arguments, {argument.arg for argument, default in each if default is None}


def bare(text):
    return text[1:-1] if text.startswith('"') and text.endswith('"') else text


def blocks(parsed, kind):
    for one in parsed.get(kind, []):
        for name, inner in one.items():
            yield bare(name), inner


def typed(value, variables):
    """The type of a value; `None` where an expression doesn't tell it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "int"
    if isinstance(value, list):
        return "block" if any(isinstance(one, dict) and "__is_block__" in one for one in value) else "list"
    if isinstance(value, dict):
        return "map"
    if not isinstance(value, str):
        return None
    if value.startswith('"'):
        return "str"
    inner = value.removeprefix("${").removesuffix("}").strip()
    called = re.match(r"(\w+)\(", inner)
    if called:
        return FUNCTIONS.get(called.group(1))
    named = re.fullmatch(r"var\.(\w+)", inner)
    return variables.get(named.group(1)) if named else None


def texts(value):
    """Every text of a value that can hold an expression."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)


def named(text):
    """What the expressions of a text name."""
    whole = text if not text.startswith('"') else " ".join(re.findall(r"(?<!\$)\$\{([^}]*)\}", text))
    outside = re.sub(r'"(?:[^"\\$]|\\.|\$(?!\{))*"', '""', whole)
    return re.findall(r"(?<![\w.])(aws_\w+|var|local|data)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?(?:\.(\w+))?", outside)


def checked(file, schema):
    with open(file) as opened:
        parsed = hcl2.load(opened)
    variables = {}
    for name, inner in blocks(parsed, "variable"):
        kind = re.match(r'"?(?:\$\{)?(\w+)', inner.get("type", ""))
        variables[name] = DECLARED.get(kind.group(1)) if kind else None
    resources = [(kind, bare(label), members) for kind, one in blocks(parsed, "resource") for label, members in one.items()]
    declared = {(kind, label) for kind, label, _ in resources}
    given = {(kind, bare(label)) for kind, one in blocks(parsed, "data") for label in one}
    local = {name for one in parsed.get("locals", []) for name in one}
    faults = []
    for kind, label, members in resources:
        place, known = f"{kind}.{label}", schema.of(kind)
        if known is None:
            faults.append(f"{place}: there is no such resource")
            continue
        arguments, required, _ = known
        own = {RENAMED.get((kind, name), name): value for name, value in members.items() if name != "__is_block__"}
        faults += [f"{place}: `{name}` is missing" for name in sorted(required - set(own))]
        for name, value in own.items():
            if name in META:
                continue
            if name not in arguments:
                faults.append(f"{place}: there is no `{name}`")
                continue
            kind_of = typed(value, variables)
            # A number where a text is wanted is turned into one, and the other way round.
            fits = kind_of is None or kind_of in arguments[name] or kind_of in ("int", "bool") and "str" in arguments[name]
            if not fits:
                faults.append(f"{place}: `{name}` is {kind_of}, and should be {' or '.join(sorted(arguments[name]))}")
    for text in texts({name: inner for name, inner in parsed.items() if name != "terraform"}):
        for kind, label, third, fourth in named(text):
            if kind == "var" and label not in variables:
                faults.append(f"there is no variable `{label}`")
            elif kind == "local" and label not in local:
                faults.append(f"there is no local `{label}`")
            elif kind == "data" and (label, third) not in given:
                faults.append(f"there is no data `{label}.{third}`")
            elif kind.startswith("aws_"):
                if (kind, label) not in declared:
                    faults.append(f"there is no resource `{kind}.{label}`")
                elif schema.of(kind) and third and third not in schema.of(kind)[2]:
                    faults.append(f"`{kind}` has no `{third}`")
    return {"resources": len(resources), "faults": faults}


if __name__ == "__main__":
    schema = Schema()
    json.dump({file: checked(file, schema) for file in sys.argv[1:]}, sys.stdout)
