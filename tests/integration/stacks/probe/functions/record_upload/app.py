"""Stores the EventBridge event it got, under the event's id; answers with what it can see."""

import json
import os
import sys
from pathlib import Path

import boto3
from probe_package import PROBE


def handler(event, context):
    print(f"got {json.dumps(event)}")
    if "detail" in event:
        boto3.client("s3").put_object(
            Bucket=os.environ["RESULTS_BUCKET"],
            Key=f"events/{event['id']}.json",
            Body=json.dumps(event).encode(),
        )
    return {
        "event": event,
        "package": PROBE,
        "environment": dict(os.environ),
        "directory": str(Path.cwd()),
        "path": sys.path,
        "pid": os.getpid(),
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "caller": boto3.client("sts").get_caller_identity()["Arn"],
    }
