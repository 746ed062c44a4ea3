"""What S3's operations need, which are called otherwise than its actions.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and the
operations' own pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from local.iam import reference
from local.iam.conditions import NotKnown
from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION

# What is read is a version's where one is named; what is written is a part or the whole.
_READS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "GetObjectAcl": "GetObjectAcl",
    "GetObjectTagging": "GetObjectTagging",
    "DeleteObject": "DeleteObject",
    "DeleteObjectTagging": "DeleteObjectTagging",
    "PutObjectTagging": "PutObjectTagging",
    "PutObjectAcl": "PutObjectAcl",
}
_WRITES = (
    *("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    *("CopyObject", "UploadPartCopy"),
)
_PARTS = ("UploadPart", "UploadPartCopy", "CreateMultipartUpload")
_BUCKETS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
}
_OTHERS = {"ListParts": "ListMultipartUploadParts", "AbortMultipartUpload": "AbortMultipartUpload"}
# The settings of a bucket, whose operations and actions differ: by the operation.
_SETTINGS = {
    "BucketEncryption": "EncryptionConfiguration",
    "BucketLifecycleConfiguration": "LifecycleConfiguration",
    "BucketNotificationConfiguration": "BucketNotification",
    "BucketCors": "BucketCORS",
    "PublicAccessBlock": "BucketPublicAccessBlock",
}


def of(call: Call) -> list[Need]:
    """Raises NotKnown for an operation that is not listed here or called like its action."""
    operation, parameters = call.operation, call.parameters
    if operation == "ListBuckets":
        return [Need("s3:ListAllMyBuckets", "*")]
    bucket = f"arn:{PARTITION}:s3:::{parameters.get('Bucket', '')}"
    if operation == "DeleteObjects":
        return list(_deletions(bucket, parameters))
    if operation in _BUCKETS:
        return [Need(f"s3:{_BUCKETS[operation]}", bucket, _listing(parameters))]
    if "Key" not in parameters:
        return [Need(f"s3:{_setting(operation)}", bucket)]
    resource = f"{bucket}/{parameters['Key']}"
    if operation in _WRITES:
        return list(_writes(call, resource))
    if operation in _READS:
        return list(_reads(call, resource))
    return [Need(f"s3:{_spelled(_OTHERS.get(operation, operation))}", resource)]


def _reads(call: Call, resource: str) -> Iterator[Need]:
    version = call.parameters.get("VersionId")
    name = _READS[call.operation] + ("Version" if version else "")
    if version and "Tagging" in name:
        name = _READS[call.operation].replace("Object", "ObjectVersion")
    if version and "Acl" in name:
        name = _READS[call.operation].replace("Object", "ObjectVersion")
    facts = {"s3:VersionId": [str(version)]} if version else {}
    yield Need(f"s3:{name}", resource, facts)
    if call.operation == "DeleteObject":
        yield from _seen(call.parameters, resource)


def _writes(call: Call, resource: str) -> Iterator[Need]:
    parameters = call.parameters
    facts = {"s3:ObjectCreationOperation": [str(call.operation not in _PARTS).lower()]}
    for key, name in (
        ("s3:if-none-match", "IfNoneMatch"),
        ("s3:if-match", "IfMatch"),
        ("s3:x-amz-server-side-encryption", "ServerSideEncryption"),
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
    ):
        if name in parameters:
            facts[key] = [str(parameters[name])]
    yield Need("s3:PutObject", resource, facts)
    if parameters.get("Tagging"):
        yield Need("s3:PutObjectTagging", resource)
    if parameters.get("ACL"):
        yield Need("s3:PutObjectAcl", resource)
    yield from _seen(parameters, resource)
    if "CopySource" in parameters:
        path, _, query = str(parameters["CopySource"]).lstrip("/").partition("?")
        version = query.startswith("versionId=")
        source = f"arn:{PARTITION}:s3:::{unquote(path)}"
        yield Need("s3:GetObjectVersion" if version else "s3:GetObject", source)


def _seen(parameters: Mapping[str, Any], resource: str) -> Iterator[Need]:
    """Who writes over, or removes, what it has seen must be allowed to see it:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
    if "IfMatch" in parameters:
        yield Need("s3:GetObject", resource)


def _deletions(bucket: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    for key, version in parameters.get("Objects", []):
        name = "DeleteObjectVersion" if version else "DeleteObject"
        yield Need(f"s3:{name}", f"{bucket}/{key}")


def _listing(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    facts = {}
    for key, name in (("s3:prefix", "Prefix"), ("s3:delimiter", "Delimiter")):
        if name in parameters:
            facts[key] = [str(parameters[name])]
    return facts


def _setting(operation: str) -> str:
    for verb in ("Get", "Put", "Delete"):
        subject = operation.removeprefix(verb)
        if subject != operation and subject in _SETTINGS:
            # To delete a setting is to put it.
            return _spelled(f"{'Put' if verb == 'Delete' else verb}{_SETTINGS[subject]}")
    return _spelled(operation)


def _spelled(name: str) -> str:
    try:
        return reference.action("s3", name).name
    except reference.UnknownAction as error:
        raise NotKnown(str(error)) from error


def bucket_of(call: Call) -> str:
    """The ARN of the bucket that a call names."""
    return f"arn:{PARTITION}:s3:::{call.parameters.get('Bucket', '')}"
