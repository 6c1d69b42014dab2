"""A trail where CloudTrail leaves it, on another mock: its files in S3, and a table of them behind Athena that another engine answers for.

    trail_sources.py serve FOLDER     serves moto; prints its port, then runs until it is killed
    trail_sources.py query FOLDER     runs the SQL of stdin on DuckDB over the records of FOLDER; writes its rows as JSON lines
    trail_sources.py queries FOLDER   the same for each line of stdin, which is SQL as a JSON text; writes a list of rows for each

S3: bucket `trail` has the records of FOLDER under `AWSLogs/o-example/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`, and decoys that must not be read.
Athena: moto's server, with its queries run by DuckDB.
"""

import gzip
import json
import pathlib
import sys
import threading

ACCOUNT = "123456789012"
TABLE = '"default"."cloudtrail"'

TYPES = {
    **{
        name: "VARCHAR"
        for name in (
            "eventversion eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage requestparameters "
            "responseelements additionaleventdata requestid eventid readonly eventtype apiversion recipientaccountid serviceeventdetails "
            "sharedeventid vpcendpointid vpcendpointaccountid eventcategory sessioncredentialfromconsole timestamp"
        ).split()
    },
    "useridentity": "STRUCT(type VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, invokedby VARCHAR, accesskeyid VARCHAR, "
    "credentialid VARCHAR, username VARCHAR, sessioncontext STRUCT(attributes STRUCT(mfaauthenticated VARCHAR, creationdate VARCHAR), "
    "sessionissuer STRUCT(type VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, username VARCHAR), sourceidentity VARCHAR, "
    "signinsessionarn VARCHAR))",
    "resources": "STRUCT(arn VARCHAR, accountid VARCHAR, type VARCHAR)[]",
    "addendum": "STRUCT(reason VARCHAR, updatedfields VARCHAR, originalrequestid VARCHAR, originaleventid VARCHAR)",
}


def values(text):
    """Every JSON value of a text, one behind the other."""
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        while place < len(text) and text[place].isspace():
            place += 1
        yield value


def records(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        if "Digest" in path.name or path.suffix == ".md":
            continue
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
        for value in values(text.strip()):
            for record in value.get("Records") or value.get("Events") or [value]:
                yield json.loads(record["CloudTrailEvent"]) if "CloudTrailEvent" in record else record


def row(record):
    """A record as the documented table shows it: names in small letters, what is free in form as JSON text."""

    def plain(value):
        if isinstance(value, dict):
            return {name.lower(): plain(inner) for name, inner in value.items()}
        return [plain(one) for one in value] if isinstance(value, list) else value

    lower = {name.lower(): value for name, value in record.items()}
    shown = {}
    for name, kind in TYPES.items():
        value = lower.get(name)
        if value is None:
            continue
        if kind != "VARCHAR":
            shown[name] = plain(value)
        elif isinstance(value, (dict, list, bool)):
            shown[name] = json.dumps(value, separators=(",", ":"))
        else:
            shown[name] = str(value)
    shown["timestamp"] = record["eventTime"][:10].replace("-", "/")
    return shown


def engine(folder):
    import duckdb
    import tempfile

    connection = duckdb.connect()
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as rows:
        for record in records(folder):
            rows.write(json.dumps(row(record)) + "\n")
        rows.flush()
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items())
        source = f"read_json('{rows.name}', format = 'newline_delimited', columns = {{{types}}})"
        connection.execute('CREATE SCHEMA "default"')
        connection.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM {source}")
    connection.execute("SET schema = 'default'")
    return connection


def catalogued(kind):
    """A type as the Glue catalogue writes it."""
    if kind.endswith("[]"):
        return f"array<{catalogued(kind[:-2])}>"
    kind = kind.replace("STRUCT(", "struct<").replace(")", ">").replace(", ", ",")
    return kind.replace(" struct", ":struct").replace(" VARCHAR", ":string").replace("VARCHAR", "string")


def answer_by(connection):
    """Lets moto's Athena answer each query by running it."""
    from moto.athena.models import AthenaBackend, QueryResults
    from moto.athena.responses import AthenaResponse

    lock, start = threading.Lock(), AthenaBackend.start_query_execution

    def run(self, query, *args, **kwargs):
        with lock:
            found = connection.execute(query)
            names = [column[0] for column in found.description]
            cells = [names, *found.fetchall()]
            rows = [{"Data": [{} if cell is None else {"VarCharValue": str(cell)} for cell in line]} for line in cells]
            info = [{"CatalogName": "hive", "Name": name, "Label": name, "Type": "varchar"} for name in names]
            self.query_results_queue.append(QueryResults(rows=rows, column_info=info))
            return start(self, query, *args, **kwargs)

    def described(self):
        columns = [{"Name": name, "Type": catalogued(kind)} for name, kind in TYPES.items() if name != "timestamp"]
        table = {"Name": "cloudtrail", "Columns": columns, "PartitionKeys": [{"Name": "timestamp", "Type": "string"}]}
        table["Parameters"] = {"location": f"s3://trail/AWSLogs/o-example/{ACCOUNT}/", "projection.timestamp.format": "yyyy/MM/dd"}
        return json.dumps({"TableMetadata": table})

    AthenaBackend.start_query_execution = run
    AthenaResponse.get_table_metadata = described


def store(folder, port):
    import boto3

    s3 = boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="x" * 16, aws_secret_access_key="x"
    )
    s3.create_bucket(Bucket="trail")
    files = {}
    for record in records(folder):
        region, day = record["awsRegion"], record["eventTime"][:10]
        stamp = record["eventTime"][:16].replace("-", "").replace(":", "") + "Z"
        name = f"AWSLogs/o-example/{ACCOUNT}/CloudTrail/{region}/{day.replace('-', '/')}/{ACCOUNT}_CloudTrail_{region}_{stamp}_x.json.gz"
        files.setdefault(name, []).append(record)
    for name, inside in files.items():
        s3.put_object(Bucket="trail", Key=name, Body=gzip.compress(json.dumps({"Records": inside}).encode()))
    decoy = b"nothing that should be read"
    base = f"AWSLogs/o-example/{ACCOUNT}"
    for name in (
        f"{base}/CloudTrail-Digest/us-east-1/2026/03/24/{ACCOUNT}_CloudTrail-Digest_us-east-1_x.json.gz",
        f"{base}/Config/us-east-1/2026/3/24/ConfigHistory/x.json.gz",
        f"{base}/CloudTrail/us-east-1/2020/01/01/{ACCOUNT}_CloudTrail_us-east-1_20200101T0000Z_x.json.gz",
        f"{base}/CloudTrail/us-east-1/2026/08/01/{ACCOUNT}_CloudTrail_us-east-1_20260801T0000Z_x.json.gz",
        f"{base}/CloudTrail/ap-south-1/2026/03/24/{ACCOUNT}_CloudTrail_ap-south-1_20260324T0000Z_x.json.gz",
        f"AWSLogs/o-example/210987654321/CloudTrail/us-east-1/2026/03/24/210987654321_CloudTrail_us-east-1_20260324T0000Z_x.json.gz",
    ):
        s3.put_object(Bucket="trail", Key=name, Body=decoy)


def serve(folder):
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    answer_by(engine(folder))
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever).start()
    store(folder, server.server_port)
    print(server.server_port, flush=True)


def query(folder):
    found = engine(folder).execute(sys.stdin.read())
    names = [column[0] for column in found.description]
    for line in found.fetchall():
        print(json.dumps(dict(zip(names, line))))


def queries(folder):
    connection = engine(folder)
    for line in sys.stdin:
        found = connection.execute(json.loads(line))
        names = [column[0] for column in found.description]
        print(json.dumps([dict(zip(names, row)) for row in found.fetchall()]), flush=True)


if __name__ == "__main__":
    {"serve": serve, "query": query, "queries": queries}[sys.argv[1]](sys.argv[2])
