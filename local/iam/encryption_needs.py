"""What encryption under a key of the account takes, beyond the call that reads or writes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION
from local.runtime.runtime import ACCOUNT, REGION

_OBJECTS_WRITTEN = ("PutObject", "CopyObject", "CreateMultipartUpload")
_PARTS = ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
_READ, _WRITTEN = ("Decrypt",), ("GenerateDataKey",)
_QUEUED = ("GenerateDataKey", "Decrypt")


def of(call: Call) -> Iterator[Need]:
    """On the key, if the resource has one of the account's own."""
    source = {"s3": _objects, "sns": _topics, "sqs": _queues, "sagemaker": _volumes}
    if call.service not in source:
        return
    key, actions = source[call.service](call)
    if not key or key.startswith("alias/aws/"):
        return
    facts = {"kms:ViaService": [f"{call.service}.{REGION}.amazonaws.com"]}
    facts["kms:CallerAccount"] = [ACCOUNT]
    if call.service == "s3":
        facts["kms:EncryptionContext:aws:s3:arn"] = [_context(call)]
    for action in actions:
        more = {"kms:GrantIsForAWSResource": ["true"]} if action == "CreateGrant" else {}
        yield Need(f"kms:{action}", _key(key), {**facts, **more})


def _objects(call: Call) -> tuple[str, Sequence[str]]:
    bucket = s3_backends[ACCOUNT][PARTITION].buckets.get(str(call.parameters.get("Bucket", "")))
    if bucket is None:
        return "", ()
    if call.operation == "GetObject":
        found = bucket.keys.get(str(call.parameters.get("Key")))
        return str(getattr(found, "kms_key_id", None) or ""), _READ
    if call.operation not in (*_OBJECTS_WRITTEN, *_PARTS):
        return "", ()
    key = str(call.parameters.get("SSEKMSKeyId") or _default_key(bucket))
    return key, _QUEUED if call.operation in _PARTS else _WRITTEN


def _context(call: Call) -> str:
    """What S3 encrypts for: the object, or its bucket where the bucket has a key of its own."""
    name, key = call.parameters["Bucket"], call.parameters["Key"]
    encryption = s3_backends[ACCOUNT][PARTITION].buckets[name].encryption or {}
    own = str((encryption.get("Rule") or {}).get("BucketKeyEnabled", "")).lower() == "true"
    return f"arn:{PARTITION}:s3:::{name}" if own else f"arn:{PARTITION}:s3:::{name}/{key}"


def _default_key(bucket: Any) -> str:
    rule: Mapping[str, Any] = (bucket.encryption or {}).get("Rule") or {}
    default: Mapping[str, Any] = rule.get("ApplyServerSideEncryptionByDefault") or {}
    return str(default.get("KMSMasterKeyID") or "")


def _topics(call: Call) -> tuple[str, Sequence[str]]:
    if call.operation not in ("Publish", "PublishBatch"):
        return "", ()
    topic = sns_backends[ACCOUNT][REGION].topics.get(str(call.parameters.get("TopicArn")))
    return str(getattr(topic, "kms_master_key_id", None) or ""), _QUEUED


def _queues(call: Call) -> tuple[str, Sequence[str]]:
    name = str(call.parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]
    queue = sqs_backends[ACCOUNT][REGION].queues.get(name)
    key = str(getattr(queue, "kms_master_key_id", None) or "")
    if call.operation in ("SendMessage", "SendMessageBatch"):
        return key, _QUEUED
    return (key, _READ) if call.operation == "ReceiveMessage" else ("", ())


def _volumes(call: Call) -> tuple[str, Sequence[str]]:
    """Of training jobs and endpoints, which SageMaker encrypts by grants."""
    if not call.operation.startswith("Create"):
        return "", ()
    keys = sorted(set(_volume_keys(call.parameters)))
    return (keys[0] if keys else ""), ("CreateGrant", "DescribeKey")


def _volume_keys(parameters: Any) -> Iterator[str]:
    items = parameters.items() if isinstance(parameters, Mapping) else enumerate(parameters)
    for name, value in items:
        if isinstance(value, (Mapping, list)):
            yield from _volume_keys(value)
        elif name in ("VolumeKmsKeyId", "KmsKeyId") and value:
            yield str(value)


def _key(name: str) -> str:
    """The ARN of a key that is named by its id, its alias or its ARN."""
    key = kms_backends[ACCOUNT][REGION].any_id_to_key_id(name)
    return f"arn:{PARTITION}:kms:{REGION}:{ACCOUNT}:key/{key}"
