"""A model in service and a new one, as compare_models finds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sonoflow.aws.clients import client
from sonoflow.images.fingerprints import fingerprint
from tests.unit import fake_endpoints, pictures, stack
from tests.unit.fake_endpoints import Answer, FakeEndpoints

CLASSES = ("benign", "malignant", "normal")
NEW, OLD = "datasets/busi-mini/cd0007f2cf09/", "datasets/busi-mini/0123456789ab/"
OLD_VERSION = "0123456789ab-11111111"
PER_CLASS = 20
LESION = (10, 10, 30, 20)


def serve(model: str, dataset: str = "busi-mini-0123456789ab") -> str:
    """Puts a model into service; gives its configuration's name."""
    sagemaker, name = client("sagemaker"), f"sonoflow-{model}-{OLD_VERSION}"
    container = {"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    role = stack.ENVIRONMENT["SAGEMAKER_ROLE_ARN"]
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "primary",
                "ModelName": name,
                "InstanceType": "ml.c5.large",
                "InitialInstanceCount": 1,
            }
        ],
        Tags=[{"Key": "sonoflow:dataset", "Value": dataset}] if dataset else [],
    )
    fake_endpoints.in_service(f"sonoflow-{model}", name)
    return name


def write_classes(*classes: str) -> None:
    """What the classifier in service was judged to be."""
    key = f"training/sonoflow-classifier-{OLD_VERSION}/evaluation.json"
    stack.write(stack.WORK, key, json.dumps({"classes": classes}))


def entry(number: int, split: str = "test", group: str | None = None) -> dict[str, Any]:
    """A line of the index; the picture is the number's."""
    label = CLASSES[number % 3]
    identity = f"{number:016x}"
    masked = label != "normal"
    look = fingerprint(np.asarray(pictures.scan(number))).document()
    return {
        "id": identity,
        "class": label,
        "image": f"images/{label}/{identity}.png",
        "mask": f"masks/{label}/{identity}.png" if masked else None,
        "sha256": f"{number:064x}",
        "phash": look["phash"],
        "group": group or identity,
        "split": split,
    }


def write_index(prefix: str, entries: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(one) + "\n" for one in entries)
    stack.write(stack.WORK, f"{prefix}index.jsonl", lines)


def write_test_split(entries: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """The new data set: 20 images of each class that test, and two that train."""
    every = entries or [entry(number) for number in range(3 * PER_CLASS)]
    mask = pictures.encode(pictures.lesion(*LESION))
    for one in every:
        stack.write(stack.WORK, NEW + one["image"], pictures.png(int(one["id"], 16)))
        if one["mask"]:
            stack.write(stack.WORK, NEW + one["mask"], mask)
    write_index(NEW, [*every, entry(900, "train"), entry(901, "validation")])
    return every


def write_training(*numbers: int) -> None:
    """What the model in service has learnt from, beside images that nobody else has."""
    write_index(OLD, [entry(number, "train") for number in (*numbers, 5000, 5001)])


def probabilities(label: str, sure: float = 0.8) -> dict[str, float]:
    rest = (1 - sure) / (len(CLASSES) - 1)
    return {name: sure if name == label else rest for name in CLASSES}


def wrong(label: str) -> str:
    return CLASSES[(CLASSES.index(label) + 1) % 3]


def classified(entries: list[dict[str, Any]], mistakes: int) -> list[dict[str, Any]]:
    """Of the new classifier's evaluation: the first images of the split called something else."""
    said = []
    for place, one in enumerate(entries):
        label = wrong(one["class"]) if place < mistakes else one["class"]
        said.append(
            {
                "id": one["id"],
                "class": one["class"],
                "label": label,
                "probabilities": probabilities(label),
            }
        )
    return said


def segmented(entries: list[dict[str, Any]], dice: float) -> list[dict[str, Any]]:
    """Of the new segmenter's evaluation; normal images get no mask."""
    return [
        {
            "id": one["id"],
            "class": one["class"],
            "lesion_pixels": 200 if one["mask"] else 0,
            "predicted_pixels": 200 if one["mask"] else 0,
            "dice": dice if one["mask"] else None,
        }
        for one in entries
    ]


def write_evaluation(payload: Mapping[str, Any], per_image: list[dict[str, Any]]) -> None:
    bucket, _, key = payload["evaluation_uri"].removeprefix("s3://").partition("/")
    document = {"classes": payload["classes"], "metrics": {}, "per_image": per_image}
    stack.write(bucket, key, json.dumps(document))


def champion_classifies(
    endpoints: FakeEndpoints, entries: list[dict[str, Any]], mistakes: int = 0
) -> None:
    """The model in service: the last images of the split called something else."""
    said = {
        pictures.png(int(one["id"], 16)): one["class"]
        if place < len(entries) - mistakes
        else wrong(one["class"])
        for place, one in enumerate(entries)
    }
    endpoints.answers["sonoflow-classifier"] = lambda body: classification(said[body])


def classification(label: str, version: str = OLD_VERSION) -> Answer:
    return fake_endpoints.classification(probabilities(label), version=version)


def champion_segments(endpoints: FakeEndpoints, *boxes: tuple[int, int, int, int]) -> None:
    endpoints.answers["sonoflow-segmenter"] = lambda body: fake_endpoints.segmentation(
        body, *boxes, version=OLD_VERSION
    )


def after(moments: int) -> Callable[[], float]:
    """A function's time, which is over after so many looks at it."""
    left = iter([900.0] * moments)
    return lambda: next(left, 1.0)
