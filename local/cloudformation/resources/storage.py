"""S3 buckets, DynamoDB tables and KMS keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.s3.models import s3_backends

from local.cloudformation.resources.resource import Created, Request, ResourceType, boolean, tag_map


class Bucket(ResourceType):
    """moto's own handler ignores versioning, notifications and lifecycle rules."""

    name = "AWS::S3::Bucket"
    fixed = frozenset({"BucketName"})
    properties = frozenset(
        {
            "BucketEncryption",
            "BucketName",
            "LifecycleConfiguration",
            "NotificationConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        }
    )
    attributes = frozenset({"Arn", "DomainName", "RegionalDomainName"})

    def create(self, request: Request) -> Created:
        bucket = request.name(request.properties.get("BucketName"), 63).lower()
        request.call("s3", "CreateBucket", Bucket=bucket)
        self._configure(request, bucket)
        return Created(
            bucket,
            {
                "Arn": f"arn:aws:s3:::{bucket}",
                "DomainName": f"{bucket}.s3.amazonaws.com",
                "RegionalDomainName": f"{bucket}.s3.{request.runtime.region}.amazonaws.com",
            },
        )

    def update(self, request: Request, current: Created) -> Created:
        self._configure(request, current.physical_id)
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("s3", "DeleteBucket", Bucket=current.physical_id)

    def _configure(self, request: Request, bucket: str) -> None:
        properties = request.properties
        settings: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
            "PutBucketVersioning": ("VersioningConfiguration", dict),
            "PutPublicAccessBlock": ("PublicAccessBlockConfiguration", dict),
            "PutBucketOwnershipControls": ("OwnershipControls", dict),
            "PutBucketEncryption": ("BucketEncryption", _encryption),
            "PutBucketLifecycleConfiguration": ("LifecycleConfiguration", _lifecycle),
            "PutBucketNotificationConfiguration": ("NotificationConfiguration", _notification),
        }
        renamed = {"BucketEncryption": "ServerSideEncryptionConfiguration"}
        for operation, (name, convert) in settings.items():
            if name in properties:
                value = {renamed.get(name, name): convert(properties[name])}
                request.call("s3", operation, Bucket=bucket, **value)
        if request.tags():
            tags = [{"Key": k, "Value": v} for k, v in tag_map(request.tags()).items()]
            request.call("s3", "PutBucketTagging", Bucket=bucket, Tagging={"TagSet": tags})
        _tag_with_origin(request, bucket)


def _tag_with_origin(request: Request, bucket: str) -> None:
    """moto: nobody may set tags that begin with aws:. AWS: CloudFormation does, and they tell where
    a bucket comes from that has outlived its stack.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """
    store = s3_backends[request.runtime.account]["aws"]
    origin = {"stack-name": request.stack, "logical-id": request.logical_id}
    tags = tag_map(request.tags())
    tags |= {f"aws:cloudformation:{name}": value for name, value in origin.items()}
    store.put_bucket_tagging(bucket, tags)


def _encryption(value: dict[str, Any]) -> dict[str, Any]:
    rules = [dict(rule) for rule in value["ServerSideEncryptionConfiguration"]]
    for rule in rules:
        default = rule.pop("ServerSideEncryptionByDefault", None)
        if default:
            rule["ApplyServerSideEncryptionByDefault"] = default
    return {"Rules": rules}


def _notification(value: dict[str, Any]) -> dict[str, Any]:
    others = set(value) - {"EventBridgeConfiguration"}
    if others:
        raise NotImplementedError(f"{sorted(others)}: only EventBridge notifications are")
    enabled = value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", True)
    return {"EventBridgeConfiguration": {}} if boolean(enabled) else {}


def _lifecycle(value: dict[str, Any]) -> dict[str, Any]:
    return {"Rules": [_lifecycle_rule(dict(rule)) for rule in value["Rules"]]}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation's flat rule in the API's nested form."""
    converted: dict[str, Any] = {
        "Status": rule.pop("Status"),
        "Filter": {"Prefix": rule.pop("Prefix", "")},
    }
    if "Id" in rule:
        converted["ID"] = rule.pop("Id")
    expiration = {
        api: rule.pop(name)
        for name, api in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if name in rule
    }
    if expiration:
        converted["Expiration"] = expiration
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            converted[name] = rule.pop(name)
    if rule:
        raise NotImplementedError(f"{sorted(rule)} in a lifecycle rule")
    return converted


class BucketPolicy(ResourceType):
    name = "AWS::S3::BucketPolicy"
    fixed = frozenset({"Bucket"})
    properties = frozenset({"Bucket", "PolicyDocument"})

    def create(self, request: Request) -> Created:
        bucket = request.properties["Bucket"]
        policy = json.dumps(request.properties["PolicyDocument"])
        request.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=policy)
        return Created(bucket)

    def update(self, request: Request, current: Created) -> Created:
        return self.create(request)

    def delete(self, request: Request, current: Created) -> None:
        request.call("s3", "DeleteBucketPolicy", Bucket=current.physical_id)


class Table(ResourceType):
    """moto's own handler ignores point-in-time recovery."""

    name = "AWS::DynamoDB::Table"
    fixed = frozenset({"AttributeDefinitions", "KeySchema", "TableName"})
    properties = frozenset(
        {
            "AttributeDefinitions",
            "BillingMode",
            "DeletionProtectionEnabled",
            "KeySchema",
            "PointInTimeRecoverySpecification",
            "SSESpecification",
            "TableName",
            "Tags",
        }
    )
    attributes = frozenset({"Arn"})

    def create(self, request: Request) -> Created:
        properties, settings = request.properties, self._settings(request)
        table = request.name(properties.get("TableName"), 255)
        description = request.call(
            "dynamodb",
            "CreateTable",
            TableName=table,
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
            **settings,
            Tags=request.tags() or None,
        )["TableDescription"]
        self._recovery(request, table)
        return Created(table, {"Arn": description["TableArn"]})

    def update(self, request: Request, current: Created) -> Created:
        settings = self._settings(request)
        request.call("dynamodb", "UpdateTable", TableName=current.physical_id, **settings)
        self._recovery(request, current.physical_id)
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("dynamodb", "DeleteTable", TableName=current.physical_id)

    def _settings(self, request: Request) -> dict[str, Any]:
        properties = request.properties
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            raise NotImplementedError("BillingMode: only PAY_PER_REQUEST is")
        encryption = dict(properties.get("SSESpecification", {}))
        if encryption:  # one word of CloudFormation's is another one of the API's
            encryption["Enabled"] = encryption.pop("SSEEnabled")
        return {
            "BillingMode": properties["BillingMode"],
            "DeletionProtectionEnabled": properties.get("DeletionProtectionEnabled"),
            "SSESpecification": encryption or None,
        }

    def _recovery(self, request: Request, table: str) -> None:
        wanted = request.properties.get("PointInTimeRecoverySpecification")
        if wanted is not None:
            request.call(
                "dynamodb",
                "UpdateContinuousBackups",
                TableName=table,
                PointInTimeRecoverySpecification=wanted,
            )


class Key(ResourceType):
    name = "AWS::KMS::Key"
    properties = frozenset(
        {
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "KeySpec",
            "KeyUsage",
            "PendingWindowInDays",
            "Tags",
        }
    )
    attributes = frozenset({"Arn", "KeyId"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        policy = properties.get("KeyPolicy")
        tags = [{"TagKey": k, "TagValue": v} for k, v in tag_map(request.tags()).items()]
        key = request.call(
            "kms",
            "CreateKey",
            Policy=json.dumps(policy) if policy else None,
            Description=properties.get("Description"),
            KeySpec=properties.get("KeySpec"),
            KeyUsage=properties.get("KeyUsage"),
            Tags=tags or None,
        )["KeyMetadata"]
        if boolean(properties.get("EnableKeyRotation", False)):
            request.call("kms", "EnableKeyRotation", KeyId=key["KeyId"])
        if not boolean(properties.get("Enabled", True)):
            request.call("kms", "DisableKey", KeyId=key["KeyId"])
        return Created(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def delete(self, request: Request, current: Created) -> None:
        days = request.properties.get("PendingWindowInDays", 30)
        request.call(
            "kms", "ScheduleKeyDeletion", KeyId=current.physical_id, PendingWindowInDays=days
        )


class KeyAlias(ResourceType):
    name = "AWS::KMS::Alias"
    properties = frozenset({"AliasName", "TargetKeyId"})

    def create(self, request: Request) -> Created:
        request.call("kms", "CreateAlias", **request.properties)
        return Created(request.properties["AliasName"])

    def delete(self, request: Request, current: Created) -> None:
        request.call("kms", "DeleteAlias", AliasName=current.physical_id)


STORAGE: tuple[ResourceType, ...] = (
    Bucket(),
    BucketPolicy(),
    Table(),
    Key(),
    KeyAlias(),
)
