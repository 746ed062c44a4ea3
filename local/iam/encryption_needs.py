"""What encryption under a key of the account takes, beyond the call that reads or writes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from moto.kms.exceptions import NotFoundException as KMSNotFoundException
from moto.kms.exceptions import ValidationException
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.iam.conditions import NotKnown
from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION
from local.runtime.runtime import ACCOUNT, REGION

_OBJECTS_WRITTEN = ("PutObject", "CopyObject", "CreateMultipartUpload")
_PARTS = ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
_COPIES = ("CopyObject", "UploadPartCopy")
_READ, _WRITTEN = ("Decrypt",), ("GenerateDataKey",)
_QUEUED = ("GenerateDataKey", "Decrypt")


@dataclasses.dataclass(frozen=True)
class _Use:
    """A key that a call uses, if it names one, and for what."""

    key: str
    actions: Sequence[str]
    context: str = ""  # the object or bucket that S3 encrypts for


def of(call: Call) -> Iterator[Need]:
    """On the keys of the account's own. Raises NotKnown for a key that is named and not there."""
    uses = {"s3": _objects, "sns": _topics, "sqs": _queues, "sagemaker": _volumes}
    for use in uses[call.service](call) if call.service in uses else ():
        if not use.key or use.key.startswith("alias/aws/"):
            continue
        facts = {"kms:ViaService": [f"{call.service}.{REGION}.amazonaws.com"]}
        facts["kms:CallerAccount"] = [ACCOUNT]
        if use.context:
            facts["kms:EncryptionContext:aws:s3:arn"] = [use.context]
        for action in use.actions:
            more = {"kms:GrantIsForAWSResource": ["true"]} if action == "CreateGrant" else {}
            yield Need(f"kms:{action}", _arn(use.key), {**facts, **more})


def _objects(call: Call) -> Iterator[_Use]:
    parameters = call.parameters
    bucket, key = str(parameters.get("Bucket", "")), str(parameters.get("Key", ""))
    if call.operation == "GetObject":
        yield _read(bucket, key, str(parameters.get("VersionId", "")))
    if call.operation in _COPIES:
        path, _, version = str(parameters["CopySource"]).lstrip("/").partition("?versionId=")
        source, _, name = unquote(path).partition("/")
        yield _read(source, name, version)
    if call.operation in (*_OBJECTS_WRITTEN, *_PARTS) and bucket in _buckets():
        default, own = _default_key(bucket)
        if parameters.get("ServerSideEncryption") == "AES256":
            default = ""
        context = f"arn:{PARTITION}:s3:::{bucket}" + ("" if own else f"/{key}")
        actions = _QUEUED if call.operation in _PARTS else _WRITTEN
        yield _Use(str(parameters.get("SSEKMSKeyId") or default), actions, context)


def _read(bucket: str, name: str, version: str) -> _Use:
    if bucket not in _buckets():
        return _Use("", _READ)
    versions = _buckets()[bucket].keys.getlist(name, [])
    found = [each for each in versions if not version or str(each.version_id) == version]
    key = str(getattr(found[-1], "kms_key_id", None) or "") if found else ""
    own = _default_key(bucket)[1]
    return _Use(key, _READ, f"arn:{PARTITION}:s3:::{bucket}" + ("" if own else f"/{name}"))


def _buckets() -> Mapping[str, Any]:
    found: Mapping[str, Any] = s3_backends[ACCOUNT][PARTITION].buckets
    return found


def _default_key(bucket: str) -> tuple[str, bool]:
    """A bucket's own key, and whether it encrypts for the bucket instead of for each object."""
    rule: Mapping[str, Any] = (_buckets()[bucket].encryption or {}).get("Rule") or {}
    default: Mapping[str, Any] = rule.get("ApplyServerSideEncryptionByDefault") or {}
    own = str(rule.get("BucketKeyEnabled", "")).lower() == "true"
    return str(default.get("KMSMasterKeyID") or ""), own


def _topics(call: Call) -> Iterator[_Use]:
    if call.operation in ("Publish", "PublishBatch"):
        topic = sns_backends[ACCOUNT][REGION].topics.get(str(call.parameters.get("TopicArn")))
        yield _Use(str(getattr(topic, "kms_master_key_id", None) or ""), _QUEUED)


def _queues(call: Call) -> Iterator[_Use]:
    name = str(call.parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]
    queue = sqs_backends[ACCOUNT][REGION].queues.get(name)
    key = str(getattr(queue, "kms_master_key_id", None) or "")
    if call.operation in ("SendMessage", "SendMessageBatch"):
        yield _Use(key, _QUEUED)
    if call.operation == "ReceiveMessage":
        yield _Use(key, _READ)


def _volumes(call: Call) -> Iterator[_Use]:
    """Of training jobs and endpoints, which SageMaker encrypts by grants."""
    if call.operation.startswith("Create"):
        for key in sorted(set(_volume_keys(call.parameters))):
            yield _Use(key, ("CreateGrant", "DescribeKey"))


def _volume_keys(parameters: Any) -> Iterator[str]:
    items = parameters.items() if isinstance(parameters, Mapping) else enumerate(parameters)
    for name, value in items:
        if isinstance(value, (Mapping, list)):
            yield from _volume_keys(value)
        elif name in ("VolumeKmsKeyId", "KmsKeyId") and value:
            yield str(value)


def _arn(name: str) -> str:
    """Of a key that is named by its id, its alias or its ARN."""
    try:
        key = kms_backends[ACCOUNT][REGION].any_id_to_key_id(name)
    except (KMSNotFoundException, ValidationException) as error:
        raise NotKnown(f"the key {name} is not there") from error
    return f"arn:{PARTITION}:kms:{REGION}:{ACCOUNT}:key/{key}"
