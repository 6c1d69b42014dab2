"""The detections on other engines: the queries on DuckDB, the Sigma rules as pySigma reads them, the patterns as moto's EventBridge matches.

    detections.py sql|sigma|eventbridge     reads [{rule, text, records}] from stdin; writes whether each was found, as [true, false, ...]
"""

import datetime
import json
import sys
import tempfile

import trail_sources


def sql(task):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/trail.json", "w") as file:
            json.dump({"Records": task["records"]}, file)
        connection = trail_sources.engine(folder)
    # Trino's names of what DuckDB has under others.
    connection.execute("CREATE MACRO json_extract_scalar(text, place) AS json_extract_string(text, place)")
    connection.execute("CREATE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMP)")
    connection.execute("CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)")
    return len(connection.execute(task["text"]).fetchall()) > 0


def member(record, place):
    for name in place.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return None if record is None or isinstance(record, dict) else str(record)


def holds(node, record):
    """Whether a condition as pySigma parsed it holds."""
    from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR
    from sigma.types import SigmaExists, SigmaFieldReference, SigmaRegularExpression, SigmaString, SpecialChars

    if isinstance(node, ConditionAND):
        return all(holds(inner, record) for inner in node.args)
    if isinstance(node, ConditionOR):
        return any(holds(inner, record) for inner in node.args)
    if isinstance(node, ConditionNOT):
        return not holds(node.args[0], record)
    assert isinstance(node, ConditionFieldEqualsValueExpression), node
    text, value = member(record, node.field), node.value
    if isinstance(value, SigmaExists):
        return (text is not None) == value.exists
    if text is None:
        return False
    if isinstance(value, SigmaFieldReference):
        return text == member(record, value.field)
    import re

    if isinstance(value, SigmaRegularExpression):
        return re.search(str(value.regexp), text) is not None
    assert isinstance(value, SigmaString), value
    parts = [".*" if part == SpecialChars.WILDCARD_MULTI else re.escape(part) for part in value.s]
    assert all(isinstance(part, str) for part in parts)
    return re.fullmatch("".join(parts), text, re.IGNORECASE | re.DOTALL) is not None


def at(record):
    return datetime.datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00")).timestamp()


def sigma(task):
    from sigma.collection import SigmaCollection
    from sigma.correlations import SigmaCorrelationRule, SigmaCorrelationType

    rules = SigmaCollection.from_yaml(task["text"])
    records = sorted(task["records"], key=at)
    plain = [rule for rule in rules.rules if not isinstance(rule, SigmaCorrelationRule)]
    matched = {}
    for rule in plain:
        (condition,) = rule.detection.parsed_condition
        tree = condition.parsed
        matched[rule.name or rule.title] = [record for record in records if holds(tree, record)]
    joined = [rule for rule in rules.rules if isinstance(rule, SigmaCorrelationRule)]
    if not joined:
        return any(matched.values())
    (rule,) = joined
    names = [reference.reference for reference in rule.rules]
    seconds = rule.timespan.seconds
    aliases = {alias.alias: {reference.reference: field for reference, field in alias.mapping.items()} for alias in rule.aliases}

    def group(name, record):
        return tuple(member(record, aliases[field][name] if field in aliases else field) for field in rule.group_by)

    events = [(name, record, group(name, record)) for name in names for record in matched[name]]
    events = [event for event in events if None not in event[2]]
    for name, first, common in events:
        near = [event for event in events if event[2] == common and 0 <= at(event[1]) - at(first) <= seconds]
        if rule.type == SigmaCorrelationType.EVENT_COUNT and len(near) >= rule.condition.count:
            return True
        if rule.type == SigmaCorrelationType.VALUE_COUNT:
            field = rule.condition.fieldref if isinstance(rule.condition.fieldref, str) else rule.condition.fieldref[0]
            if len({member(event[1], field) for event in near}) >= rule.condition.count:
                return True
        if rule.type == SigmaCorrelationType.TEMPORAL_ORDERED and name == names[0]:
            if any(event[0] == names[1] and at(event[1]) > at(first) for event in near):
                return True
    return False


def eventbridge(task):
    from moto.events.models import EventPattern, EventPatternParser

    pattern = EventPattern(task["text"], EventPatternParser(task["text"]).parse())
    events = ({"detail-type": "AWS API Call via CloudTrail", "source": "aws.sts", "detail": record} for record in task["records"])
    return any(pattern.matches_event(event) for event in events)


json.dump([{"sql": sql, "sigma": sigma, "eventbridge": eventbridge}[sys.argv[1]](task) for task in json.load(sys.stdin)], sys.stdout)
