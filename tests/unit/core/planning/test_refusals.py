from __future__ import annotations

import json

from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.planning import refusals
from tests.unit import stack


def test_a_refusal_is_told_in_a_subject_that_sns_takes_and_a_text_with_all_facts(
    aws: None,
) -> None:
    queue = client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:heard"
    client("sns").subscribe(TopicArn=stack.TOPIC_ARN, Protocol="sqs", Endpoint=arn)
    upload = Upload("uploads", "datasets/Größe.zip", "v", 10)
    error = DatasetRefused("r" * 200, "Every image is × broken")

    refusals.notify(stack.TOPIC_ARN, upload, error, "s3://work/refused/a.json")

    (message,) = client("sqs").receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(message["Body"])
    assert len(told["Subject"]) <= 100
    assert told["Subject"].isascii()
    for fact in ("s3://uploads/datasets/Größe.zip", error.detail, "s3://work/refused/a.json"):
        assert fact in told["Message"]


def test_a_refusal_is_left_where_the_upload_is_looked_up(aws: None) -> None:
    upload = Upload("uploads", "datasets/a.zip", "v", 10)

    uri = refusals.write(stack.WORK, upload, DatasetRefused("empty", "no bytes"))

    assert uri == f"s3://{stack.WORK}/refused/datasets/a.zip.json"
    document = stack.read_json(stack.WORK, "refused/datasets/a.zip.json")
    assert (document["reason"], document["detail"]) == ("empty", "no bytes")
    assert document["upload"] == upload.facts()
    assert document["time"].endswith("+00:00")
