"""Requests written in other ways are judged like the plain ones."""

from __future__ import annotations

import gzip
import json
import urllib.parse
import urllib.request
import uuid
from urllib.error import HTTPError

import boto3
import pytest
from botocore.config import Config

from local.iam.credentials import role_credentials
from tests.integration.interpreter.callers import (
    ALL,
    HERE,
    Caller,
    refused,
)
from tests.integration.interpreter.conftest import Platform


def answered(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("version", [None, "s3v4", "s3"])
def test_a_presigned_address_gives_no_more_than_its_signer_has(
    platform: Platform, version: str | None
) -> None:
    bucket = platform.bucket()
    platform.client("s3").put_object(Bucket=bucket, Key="k", Body=b"secret")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    caller = Caller(platform)
    key = role_credentials(caller.arn, "test", "lambda.amazonaws.com").access_key
    signing = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=platform.runtime.endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
    url = signing.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})

    assert answered(urllib.request.Request(url)) == 403
    if version:
        assert refused(lambda: signing.get_object(Bucket=bucket, Key="k"))[0] == "AccessDenied"
    caller.allow(read)
    assert answered(urllib.request.Request(url)) == 200


def test_a_forms_upload_is_its_signers(platform: Platform) -> None:
    bucket = platform.bucket()
    post = Caller(platform).client("s3").generate_presigned_post(bucket, "k")
    form = urllib.parse.urlencode({**post["fields"], "file": "x"}).encode()

    assert answered(urllib.request.Request(post["url"], form, method="POST")) == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Basic abc"}, 400),
        ({"Transfer-Encoding": "chunked", "Authorization": "{}"}, 411),
        ({"Content-Encoding": "gzip", "Authorization": "{}"}, 400),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_somebody_elses(
    platform: Platform, headers: dict[str, str], status: int
) -> None:
    key = role_credentials(Caller(platform).arn, "test", "lambda.amazonaws.com").access_key
    credential = f"AWS4-HMAC-SHA256 Credential={key}/20261130/us-east-1/states/aws4_request, x"
    headers = {name: value.replace("{}", credential) for name, value in headers.items()}
    request = urllib.request.Request(platform.runtime.endpoint_url, b"{}", headers, method="POST")
    request.add_header("X-Amz-Target", "AWSStepFunctions.ListStateMachines")

    assert answered(request) == status


def test_a_packed_body_is_unpacked_before_it_is_judged(platform: Platform) -> None:
    caller = Caller(platform, {**ALL, "Resource": f"arn:aws:dynamodb:{HERE}:table/own"})
    key = role_credentials(caller.arn, "test", "lambda.amazonaws.com").access_key
    body = gzip.compress(json.dumps({"TableName": "other", "Key": {}}).encode())
    request = urllib.request.Request(platform.runtime.endpoint_url, body, method="POST")
    scope = f"Credential={key}/20261130/us-east-1/dynamodb/aws4_request, x"
    request.add_header("Authorization", f"AWS4-HMAC-SHA256 {scope}")
    request.add_header("X-Amz-Target", "DynamoDB_20120810.GetItem")
    request.add_header("Content-Encoding", "gzip")

    with pytest.raises(HTTPError) as raised:
        urllib.request.urlopen(request)

    told = raised.value.read().decode()
    raised.value.close()
    assert "dynamodb:GetItem on resource: " in told
    assert "table/other" in told


def test_an_arn_in_a_text_is_no_resource(platform: Platform) -> None:
    sqs = platform.client("sqs")
    urls = [sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"] for _ in "ab"]
    arns = [f"arn:aws:sqs:{HERE}:{url.rsplit('/', 1)[1]}" for url in urls]
    caller = Caller(platform, {**ALL, "Resource": arns[0]})
    send = caller.client("sqs").send_message

    assert refused(lambda: send(QueueUrl=urls[1], MessageBody=arns[0]))[0] == "AccessDenied"
    assert send(QueueUrl=urls[0], MessageBody=arns[1])["MessageId"]


def test_another_region_is_no_way_round(platform: Platform) -> None:
    caller = Caller(platform, ALL)
    key = role_credentials(caller.arn, "test", "lambda.amazonaws.com").access_key
    elsewhere = boto3.client(
        "stepfunctions",
        region_name="eu-west-1",
        endpoint_url=platform.runtime.endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )

    assert refused(elsewhere.list_state_machines)[0] == "InternalFailure"
