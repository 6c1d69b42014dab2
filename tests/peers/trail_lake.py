"""CloudTrail Lake on another engine: event data stores whose queries DuckDB answers, beside moto for everything else.

    trail_lake.py FOLDER     serves; prints its port, then runs until it is killed

The stores hold the records of FOLDER with the types that AWS documents: a struct, timestamps, maps of texts, and the whole record as JSON. They differ in
the last letter of their IDs: `1` has whole records, `2` has none, `3` is not active, the queries of `4` time out, those of `5` fail, and others are not there.
The first query of all finds every place taken.
"""

import json
import re
import sys
import tempfile
import threading

from trail_sources import records

STORE = "0a1b2c3d-4e5f-6789-abcd-ef012345678"

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html
MAP = "MAP(VARCHAR, VARCHAR)"
TYPES = {
    "eventversion": "VARCHAR",
    "useridentity": "STRUCT(type VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, accesskeyid VARCHAR, username VARCHAR, "
    "sessioncontext STRUCT(attributes STRUCT(creationdate TIMESTAMP, mfaauthenticated VARCHAR), sessionissuer STRUCT(type VARCHAR, "
    f"principalid VARCHAR, arn VARCHAR, accountid VARCHAR, username VARCHAR), webidfederationdata STRUCT(federatedprovider VARCHAR, attributes {MAP}), "
    "sourceidentity VARCHAR, ec2roledelivery VARCHAR, ec2issuedinvpc VARCHAR), onbehalfof STRUCT(userid VARCHAR, identitystorearn VARCHAR), "
    "inscopeof STRUCT(sourcearn VARCHAR, sourceaccount VARCHAR, issuertype VARCHAR, credentialsissuedto VARCHAR), invokedby VARCHAR, "
    "identityprovider VARCHAR)",
    "eventtime": "TIMESTAMP",
    **{name: "VARCHAR" for name in "eventsource eventname awsregion sourceipaddress useragent errorcode errormessage".split()},
    **{name: MAP for name in "requestparameters responseelements additionaleventdata".split()},
    "requestid": "VARCHAR",
    "eventid": "VARCHAR",
    "readonly": "BOOLEAN",
    "resources": "STRUCT(accountid VARCHAR, type VARCHAR, arn VARCHAR, arnprefix VARCHAR)[]",
    "eventtype": "VARCHAR",
    "apiversion": "VARCHAR",
    "managementevent": "BOOLEAN",
    **{name: "VARCHAR" for name in "recipientaccountid sharedeventid annotation vpcendpointid".split()},
    **{name: MAP for name in "serviceeventdetails addendum edgedevicedetails insightdetails".split()},
    "eventcategory": "VARCHAR",
    "tlsdetails": "STRUCT(tlsversion VARCHAR, ciphersuite VARCHAR, clientprovidedhostheader VARCHAR)",
    "sessioncredentialfromconsole": "VARCHAR",
    "eventjson": "VARCHAR",
    "eventjsonchecksum": "VARCHAR",
}


def text(value):
    """What a map holds: texts, with JSON in them where there is more inside."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def plain(value):
    if isinstance(value, dict):
        return {name.lower(): plain(inner) for name, inner in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def row(record, whole):
    lower = {name.lower(): value for name, value in record.items()}
    shown = {}
    for name, kind in TYPES.items():
        value = lower.get(name)
        if value is None:
            continue
        if kind == MAP:
            shown[name] = {inner: text(one) for inner, one in value.items()} if isinstance(value, dict) else {"": text(value)}
        elif kind == "VARCHAR":
            shown[name] = text(value)
        elif kind == "BOOLEAN":
            shown[name] = str(value).lower() == "true"
        else:
            shown[name] = plain(value)
    if whole:
        # JSON may escape what it needn't, and a store may hold it so.
        plain_json = json.dumps(record, separators=(",", ":"))
        shown["eventjson"] = plain_json.replace("/", "\\/").replace("SYNTHETIC-TOKEN", "SYNTHETIC\\u002dTOKEN")
    return shown


def engine(folder):
    import duckdb

    connection = duckdb.connect()
    connection.execute("CREATE MACRO json_format(value) AS CAST(value AS VARCHAR)")
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items())
    for store in "12":
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as rows:
            for record in records(folder):
                rows.write(json.dumps(row(record, store == "1")) + "\n")
            rows.flush()
            source = f"read_json('{rows.name}', format = 'newline_delimited', columns = {{{types}}})"
            connection.execute(f'CREATE TABLE "{STORE}{store}" AS SELECT * FROM {source}')
    return connection


class Refused(Exception):
    pass


class Lake:
    def __init__(self, folder):
        self.engine, self.lock, self.queries, self.places = engine(folder), threading.Lock(), {}, 0

    def StartQuery(self, asked):
        statement = asked["QueryStatement"]
        self.places += 1
        if self.places == 1:
            raise Refused("MaxConcurrentQueriesException")
        if len(statement) > 10_000 or not statement.startswith("SELECT"):
            raise Refused("InvalidQueryStatementException")
        store = next((last for last in "12345" if f"FROM {STORE}{last}\n" in statement), None)
        if store is None:
            raise Refused("EventDataStoreNotFoundException")
        if store == "3":
            raise Refused("InactiveEventDataStoreException")
        number = f"query-{len(self.queries)}"
        names, rows = [], []
        if store in "12":
            # The two engines name groups and replace all in other words; a name with dashes must be quoted here.
            here = statement.replace("'$1')", "'\\1', 'g')").replace(f"{STORE}{store}", f'"{STORE}{store}"')
            found = self.engine.execute(here)
            names = [column[0] for column in found.description]
            rows = [[{name: cell} for name, cell in zip(names, line)] for line in found.fetchall()]
            # A token that stands in a result lies there for a week.
            if re.search("SYNTHETIC|TOKEN[0-9]", str(rows)):
                raise Refused("TokenInResultException")
        self.queries[number] = (iter(["QUEUED", "RUNNING"]), {"4": "TIMED_OUT", "5": "FAILED"}.get(store, "FINISHED"), rows)
        return {"QueryId": number}

    def DescribeQuery(self, asked):
        states, last, rows = self.queries[asked["QueryId"]]
        return {"QueryStatus": next(states, last), "QueryStatistics": {"EventsMatched": len(rows), "BytesScanned": 4096}}

    def GetQueryResults(self, asked):
        _, last, rows = self.queries[asked["QueryId"]]
        first = int(asked.get("NextToken", "page0")[4:])
        answer = {"QueryStatus": last, "QueryResultRows": rows[first : first + 40]}
        if first + 40 < len(rows):
            answer["NextToken"] = f"page{first + 40}"
        return answer

    def beside(self, others):
        def app(environ, start):
            verb = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
            if verb not in ("StartQuery", "DescribeQuery", "GetQueryResults"):
                return others(environ, start)
            asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            with self.lock:
                try:
                    status, answer = "200 OK", getattr(self, verb)(asked)
                except Refused as refused:
                    status, answer = "400 Bad Request", {"__type": str(refused), "message": "told by the test"}
            start(status, [("Content-Type", "application/x-amz-json-1.1")])
            return [json.dumps(answer).encode()]

        return app


def main(folder):
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = Lake(folder).beside(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
