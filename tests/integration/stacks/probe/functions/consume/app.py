"""Writes each message's event to the results bucket; keys holding `fail` are reported as failed,
`crash` fails the whole batch."""

import json
import os

import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    failures = []
    batch = [record["messageId"] for record in event["Records"]]
    for record in event["Records"]:
        key = json.loads(record["body"])["detail"]["object"]["key"]
        if "crash" in key:
            raise RuntimeError(key)
        if "fail" in key:
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        s3.put_object(
            Bucket=os.environ["RESULTS_BUCKET"],
            Key=f"consumed/{key}.json",
            Body=json.dumps({"record": record, "batch": batch}).encode(),
        )
    return {"batchItemFailures": failures}
