"""A trail on another mock, as readiness is asked of it.

    moto_ready.py set ENDPOINT          makes a responder with a key, a trail of everything and its bucket with a file; writes the key
    moto_ready.py keep ENDPOINT DAYS    has the bucket's files deleted after so many days; 0 lets them lie
    moto_ready.py blind ENDPOINT        lets the trail record writes only
    moto_ready.py stop ENDPOINT         stops the trail
"""

import json
import sys

import boto3

ACCOUNT = "123456789012"
BUCKET = "our-trail"


def client(service):
    return boto3.client(
        service, endpoint_url=sys.argv[2], region_name="us-east-1", aws_access_key_id="x" * 16, aws_secret_access_key="x"
    )


def selectors(kind):
    chosen = [{"ReadWriteType": kind, "IncludeManagementEvents": True}]
    client("cloudtrail").put_event_selectors(TrailName="main", EventSelectors=chosen)


def build():
    iam, s3, trail = client("iam"), client("s3"), client("cloudtrail")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_user(UserName="responder")
    iam.put_user_policy(UserName="responder", PolicyName="All", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="responder")["AccessKey"]
    s3.create_bucket(Bucket=BUCKET)
    name = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/24/{ACCOUNT}_CloudTrail_us-east-1_20261124T0000Z_x.json.gz"
    s3.put_object(Bucket=BUCKET, Key=name, Body=b"x")
    trail.create_trail(Name="main", S3BucketName=BUCKET, IsMultiRegionTrail=True, EnableLogFileValidation=True)
    selectors("All")
    trail.start_logging(Name="main")
    print(json.dumps({"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}))


def keep(days):
    s3 = client("s3")
    if days == 0:
        s3.delete_bucket_lifecycle(Bucket=BUCKET)
        return
    # A rule for another prefix doesn't count.
    rules = [
        {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "AWSLogs/"}, "Expiration": {"Days": days}},
        {"ID": "others", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})


match sys.argv[1]:
    case "set":
        build()
    case "keep":
        keep(int(sys.argv[3]))
    case "blind":
        selectors("WriteOnly")
    case "stop":
        client("cloudtrail").stop_logging(Name="main")
