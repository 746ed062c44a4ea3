"""A laptop whose stack is a unit test's, and which answers an upload at once, as it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from local.laptop.client import Laptop
from sonoflow import keys
from sonoflow.aws.clients import client
from tests.unit import fake_endpoints, stack

OUTPUTS = {
    "UploadsBucketName": stack.UPLOADS,
    "WorkBucketName": stack.WORK,
    "ResultsBucketName": stack.RESULTS,
    "TrainImagesStateMachineArn": stack.STATE_MACHINE_ARN,
    "TrainTableStateMachineArn": stack.TABLE_STATE_MACHINE_ARN,
    "ReleaseModelStateMachineArn": "none",
    "ClassifierEndpointName": "sonoflow-classifier",
    "SegmenterEndpointName": "sonoflow-segmenter",
    "TableEndpointName": "sonoflow-table",
}
Answer = Callable[[str, str], None]  # is told key and version of an upload


class AnsweringLaptop:
    """Stands for a Laptop; calls `answer` when something was uploaded."""

    def __init__(self, state: Path, answer: Answer = lambda key, version: None) -> None:
        self.state, self.endpoint_url = state, "http://127.0.0.1:9"
        self.outputs = dict(OUTPUTS)
        self.uploaded: list[str] = []
        self._answer = answer

    def client(self, service: str) -> Any:
        return _Uploading(self) if service == "s3" else client(service)

    def told(self, key: str, version: str) -> None:
        self.uploaded.append(key)
        self._answer(key, version)


class _Uploading:
    def __init__(self, laptop: AnsweringLaptop) -> None:
        self._laptop = laptop

    def put_object(self, **arguments: Any) -> Any:
        answer = client("s3").put_object(**arguments)
        self._laptop.told(arguments["Key"], answer["VersionId"])
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(client("s3"), name)


def laptop(state: Path, answer: Answer = lambda key, version: None) -> Laptop:
    return cast(Laptop, AnsweringLaptop(state, answer))


def endpoint(name: str) -> None:
    """One that is in service."""
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=stack.ENVIRONMENT["SAGEMAKER_ROLE_ARN"],
        PrimaryContainer={"Image": stack.ENVIRONMENT["SERVING_IMAGE_URI"]},
    )
    variant: dict[str, Any] = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1}
    variant["InstanceType"] = "ml.m5.large"  # moto knows no newer ones
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    fake_endpoints.in_service(name, name)


def prediction(path: str, version: str, label: str = "benign", chance: float = 0.9993) -> None:
    action = "auto" if chance > 0.7 else "review"
    said = [{"code": "low-confidence", "text": "A person looks."}] if action == "review" else []
    document = {
        "image": {"version_id": version},
        "classification": {"label": label, "probabilities": {label: chance, "x": 1 - chance}},
        "segmentation": {
            "mask_key": keys.mask(path),
            "overlay_key": keys.overlay(path),
            "lesion_pixels": 50,
            "lesion_fraction": 0.125,
        },
        "decision": {
            "action": action,
            "reasons": [one["code"] for one in said],
            "explanations": said,
        },
    }
    stack.write(stack.RESULTS, keys.mask(path), b"mask of " + path.encode())
    stack.write(stack.RESULTS, keys.overlay(path), b"overlay of " + path.encode())
    stack.write(stack.RESULTS, keys.prediction(path), json.dumps(document))


def rejection(path: str, version: str) -> None:
    document = {"reason": "empty", "detail": "no bytes", "image": {"version_id": version}}
    stack.write(stack.RESULTS, keys.rejection(path), json.dumps(document))
