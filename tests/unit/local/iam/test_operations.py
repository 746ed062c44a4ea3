"""Requests are read as the operations that clients meant."""

from __future__ import annotations

import io
from typing import Any

import boto3
import botocore.awsrequest
import pytest
from botocore.config import Config
from botocore.response import StreamingBody

from local.iam.operations import Request, UnknownOperation, call

# (client, operation, parameters, what is read of them)
CALLS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("s3", "GetObject", {"Bucket": "b", "Key": "a b/ü.png"}, {"Key": "a b/ü.png"}),
    ("s3", "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "7"}, {"VersionId": "7"}),
    ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, {"Bucket": "b"}),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": b"x", "IfNoneMatch": "*"}, {}),
    ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "c/d"}, {"CopySource": "c/d"}),
    ("s3", "UploadPart", {"Bucket": "b", "Key": "k", "PartNumber": 2, "UploadId": "u"}, {}),
    ("s3", "CreateMultipartUpload", {"Bucket": "b", "Key": "k"}, {"Key": "k"}),
    ("s3", "CompleteMultipartUpload", {"Bucket": "b", "Key": "k", "UploadId": "u"}, {}),
    ("s3", "AbortMultipartUpload", {"Bucket": "b", "Key": "k", "UploadId": "u"}, {}),
    ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "p/"}, {"Prefix": "p/"}),
    ("s3", "ListObjectVersions", {"Bucket": "b"}, {"Bucket": "b"}),
    ("s3", "GetBucketPolicy", {"Bucket": "b"}, {"Bucket": "b"}),
    ("s3", "DeleteObject", {"Bucket": "b", "Key": "k"}, {"Key": "k"}),
    ("s3", "ListBuckets", {}, {}),
    ("lambda", "Invoke", {"FunctionName": "f", "Payload": b"{}"}, {"FunctionName": "f"}),
    ("sagemaker", "DescribeEndpoint", {"EndpointName": "e"}, {"EndpointName": "e"}),
    ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"x"}, {}),
    ("stepfunctions", "StartExecution", {"stateMachineArn": "arn:m"}, {"stateMachineArn": "arn:m"}),
    ("sqs", "SendMessage", {"QueueUrl": "http://q/1/n", "MessageBody": "x"}, {"MessageBody": "x"}),
    ("sns", "Publish", {"TopicArn": "arn:t", "Message": "x"}, {"TopicArn": "arn:t"}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"k": {"S": "v"}}}, {"TableName": "t"}),
    ("cloudwatch", "DescribeAlarms", {}, {}),
    ("logs", "CreateLogStream", {"logGroupName": "g", "logStreamName": "s"}, {"logGroupName": "g"}),
    ("sts", "GetCallerIdentity", {}, {}),
]


def sent(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, Request]:
    """What botocore puts on the wire, and the name it is signed for."""
    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(s3={"addressing_style": "path"}),
    )
    caught: list[botocore.awsrequest.AWSPreparedRequest] = []

    def catch(request: botocore.awsrequest.AWSPreparedRequest, **_: Any) -> Any:
        caught.append(request)
        raw = StreamingBody(io.BytesIO(b""), 0)
        return botocore.awsrequest.AWSResponse(request.url, 500, {}, raw)

    client.meta.events.register("before-send", catch)
    method = client.meta.method_to_api_mapping
    (name,) = [name for name, api in method.items() if api == operation]
    try:
        getattr(client, name)(**parameters)
    except Exception as error:
        assert caught, error
    path, _, query = caught[0].url.removeprefix("http://127.0.0.1:1").partition("?")
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in caught[0].headers.items()
    }
    body = caught[0].body or b""
    body = body.encode() if isinstance(body, str) else body
    content = body if isinstance(body, bytes) else body.read()
    return client.meta.service_model.signing_name, Request(
        str(caught[0].method), path, query, headers, content
    )


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "read"), CALLS, ids=[f"{c[0]}-{c[1]}" for c in CALLS]
)
def test_the_operation_is_the_one_that_the_client_called(
    service: str, operation: str, parameters: dict[str, Any], read: dict[str, Any]
) -> None:
    signed, request = sent(service, operation, parameters)

    found = call(signed, request)

    assert found.operation == operation
    assert {name: found.parameters[name] for name in read} == read


def test_what_no_model_has_is_said() -> None:
    with pytest.raises(UnknownOperation, match="lambda: PUT /nowhere"):
        call("lambda", Request("PUT", "/nowhere", "", {}, b""))
    with pytest.raises(UnknownOperation):
        call("nonsense", Request("POST", "/", "", {}, b""))


def test_a_word_in_the_query_makes_no_part_of_a_put() -> None:
    for query in ("uploads", "uploadId=x", "x-id=PutObject&uploads"):
        assert call("s3", Request("PUT", "/b/k", query, {}, b"")).operation == "PutObject"
