"""What AWS says of a request that its service's model does not allow."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.utils import get_service_model

from local.validation import constraints

TAGS = [{"Key": "k", "Value": "v"}]
MODEL = "arn:aws:sagemaker:us-east-1:123456789012:model/m"
LONG = MODEL + "x" * (257 - len(MODEL))
TRAINING = {
    "TrainingJobName": "job",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "pytorch:2"},
    "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def said(service: str, operation: str, members: dict[str, Any]) -> list[str]:
    shape = get_service_model(service).operation_model(operation).input_shape
    return [str(each) for each in constraints.violations(shape, members)]


@pytest.mark.parametrize(
    ("service", "operation", "members", "sentence"),
    [
        (
            "sagemaker",
            "DeleteEndpoint",
            {"EndpointName": "a_b"},
            "Value 'a_b' at 'endpointName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            "sagemaker",
            "DeleteEndpoint",
            {},
            "Value null at 'endpointName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "sagemaker",
            "ListTags",
            {"ResourceArn": LONG},
            f"Value '{LONG}' at 'resourceArn' failed to satisfy constraint: Member "
            "must have length less than or equal to 256",
        ),
        (
            "sagemaker",
            "AddTags",
            {"ResourceArn": MODEL, "Tags": [*TAGS, {"Key": "", "Value": "v"}]},
            "Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1",
        ),
        (
            "sagemaker",
            "ListEndpoints",
            {"MaxResults": 101},
            "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value "
            "less than or equal to 100",
        ),
        (
            "sagemaker",
            "ListEndpoints",
            {"MaxResults": 0},
            "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1",
        ),
        (
            "sagemaker",
            "ListEndpoints",
            {"SortOrder": "Up"},
            "Value 'Up' at 'sortOrder' failed to satisfy constraint: Member must satisfy enum "
            "value set: [Ascending, Descending]",
        ),
        (
            "dynamodb",
            "CreateTable",
            {
                "TableName": "abc",
                "AttributeDefinitions": [],
                "KeySchema": [{"AttributeName": "a", "KeyType": "MAIN"}],
            },
            "Value 'MAIN' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member "
            "must satisfy enum value set: [HASH, RANGE]",
        ),
        (  # scalars in a list: the list is named, with everything that is asked of each
            "sagemaker",
            "DeleteTags",
            {"ResourceArn": MODEL, "TagKeys": ["a", ""]},
            "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy "
            "constraint: [Member must have length less than or equal to 128, Member must have "
            "length greater than or equal to 1, Member must satisfy regular expression pattern: "
            r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)]",
        ),
        (
            "sagemaker-runtime",
            "InvokeEndpoint",
            {"EndpointName": "e", "Body": b"", "CustomAttributes": "ä"},
            r"Value at 'customAttributes' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: \p{ASCII}*",  # sensitive: not shown
        ),
    ],
)
def test_the_sentence_is_aws(
    service: str, operation: str, members: dict[str, Any], sentence: str
) -> None:
    assert said(service, operation, members) == [sentence]


def test_a_maps_values_are_named_together() -> None:
    shape = get_service_model("sagemaker").operation_model("CreateTrainingJob").input_shape
    hyperparameters = {"epochs": "1", "long": "x" * 2501}

    (found,) = constraints.violations(shape, {**TRAINING, "HyperParameters": hyperparameters})

    assert found.member == "hyperParameters"
    assert found.value == f" '{{epochs=1, long={'x' * 2501}}}'"
    assert found.constraint == (
        "Map value must satisfy constraint: [Member must have length less than or equal to 2500, "
        "Member must have length greater than or equal to 0, Member must satisfy regular "
        "expression pattern: .*]"
    )


def test_everything_that_is_wrong_is_said_in_the_models_order() -> None:
    found = said("application-autoscaling", "RegisterScalableTarget", {"ServiceNamespace": "x"})

    assert [each.split(" failed")[0] for each in found] == [
        "Value 'x' at 'serviceNamespace'",
        "Value null at 'resourceId'",
        "Value null at 'scalableDimension'",
    ]


@pytest.mark.parametrize(
    ("service", "operation", "members", "sentence"),
    [
        (
            "sagemaker",
            "ListEndpoints",
            {"MaxResults": "5"},
            "STRING_VALUE cannot be converted to Integer",
        ),
        (
            "sagemaker",
            "ListEndpoints",
            {"MaxResults": True},
            "TRUE_VALUE cannot be converted to Integer",
        ),
        (
            "sagemaker",
            "DeleteEndpoint",
            {"EndpointName": 5},
            "NUMBER_VALUE cannot be converted to String",
        ),
        (
            "sagemaker",
            "DeleteEndpoint",
            {"EndpointName": {}},
            "Start of structure or map found where not expected.",
        ),
        (
            "sagemaker",
            "DeleteEndpoint",
            {"EndpointName": []},
            "Start of list found where not expected",
        ),
        ("sagemaker", "AddTags", {"ResourceArn": MODEL, "Tags": "k=v"}, "Unexpected field type"),
        (
            "sagemaker",
            "DeleteTags",
            {"ResourceArn": MODEL, "TagKeys": [1]},
            "NUMBER_VALUE cannot be converted to String",
        ),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "abc", "Item": {"k": {"B": "no base 64!"}}},
            "Invalid Base64: ",
        ),
    ],
)
def test_what_is_of_another_kind_cannot_be_read(
    service: str, operation: str, members: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(constraints.WrongType) as raised:
        said(service, operation, members)

    assert str(raised.value).startswith(sentence)


def test_what_the_model_allows_is_let_pass() -> None:
    shape = get_service_model("sagemaker").operation_model("CreateModelPackage").input_shape
    members = {
        "ModelPackageGroupName": "group",
        "CustomerMetadataProperties": {"dataset": "phantoms"},
        "InferenceSpecification": {
            "Containers": [{"Image": "a/b:c", "ModelDataUrl": "s3://bucket/key"}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "ModelApprovalStatus": "Approved",
        "ModelPackageDescription": None,  # as if it were not there
        "NoMemberOfTheModel": 1,  # which AWS ignores
    }

    assert constraints.violations(shape, members) == []
