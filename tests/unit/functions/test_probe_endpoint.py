from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.probe_endpoint.app import handler
from sonoflow.errors import PayloadInvalid, ProbeFailed
from tests.unit import fake_endpoints, pictures, stack
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PREFIX = "datasets/busi-mini/cd0007f2cf09/"


@pytest.fixture(autouse=True)
def test_split(aws: None) -> None:
    """Two images of each class, and a mask that is no image to probe with."""
    names = [f"images/{c}/{n}.png" for c in ("benign", "malignant", "normal") for n in (1, 2)]
    for seed, name in enumerate(names):
        stack.write(stack.WORK, PREFIX + name, pictures.png(seed))
    manifest = [{"prefix": f"s3://{stack.WORK}/{PREFIX}"}, "masks/benign/1.png", *names]
    stack.write(stack.WORK, f"{PREFIX}splits/test.manifest", json.dumps(manifest))


@pytest.mark.parametrize(
    ("event", "model"),
    [
        ("probe_endpoint.classifier", "sonoflow-classifier"),
        ("probe_endpoint.segmenter", "sonoflow-segmenter"),
    ],
)
def test_an_endpoint_that_answers_as_agreed_passes_with_one_image_of_each_class(
    context: Any, endpoints: FakeEndpoints, event: str, model: str
) -> None:
    answer = handler(stack.event(event), context)

    assert answer["passed"] is True
    assert answer["probes"] == 3
    assert answer["milliseconds"] > 0
    sent = [body for _, _, body in endpoints.requests]
    assert sent == [pictures.png(seed) for seed in (0, 2, 4)]
    assert {name for name, _, _ in endpoints.requests} == {model}


@pytest.mark.parametrize(
    "probabilities",
    [
        {"benign": 0.5, "malignant": 0.5},
        {"benign": 0.5, "malignant": 0.5, "normal": 0.5},
        {"benign": 0.5, "malignant": 0.3, "normal": 0.1, "other": 0.1},
        {"benign": float("nan"), "malignant": 0.5, "normal": 0.5},
    ],
    ids=["class missing", "sum is not 1", "class unknown", "not a number"],
)
def test_a_classifier_that_answers_otherwise_fails(
    context: Any, endpoints: FakeEndpoints, probabilities: dict[str, float]
) -> None:
    answer = fake_endpoints.classification(probabilities)
    endpoints.answers[CLASSIFIER] = lambda _: answer

    with pytest.raises(ProbeFailed, match="sonoflow-classifier"):
        handler(stack.event("probe_endpoint.classifier"), context)


def test_a_segmenter_that_answers_a_mask_of_another_size_fails(
    context: Any, endpoints: FakeEndpoints
) -> None:
    other = pictures.encode(pictures.scan(width=50, height=40))
    endpoints.answers[SEGMENTER] = lambda _: fake_endpoints.segmentation(other)

    with pytest.raises(ProbeFailed, match=r"\(50, 40\)"):
        handler(stack.event("probe_endpoint.segmenter"), context)


def test_errors_of_the_call_escape_for_a_new_endpoint_may_need_time(
    context: Any, endpoints: FakeEndpoints
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        handler(stack.event("probe_endpoint.classifier"), context)


def test_a_split_without_images_fails(context: Any, endpoints: FakeEndpoints) -> None:
    manifest = json.dumps([{"prefix": f"s3://{stack.WORK}/{PREFIX}"}])
    stack.write(stack.WORK, f"{PREFIX}splits/test.manifest", manifest)

    with pytest.raises(ProbeFailed, match="no image"):
        handler(stack.event("probe_endpoint.classifier"), context)


def test_no_classes_are_an_error(context: Any, endpoints: FakeEndpoints) -> None:
    with pytest.raises(PayloadInvalid, match="classes"):
        handler(stack.event("probe_endpoint.bad_classes"), context)
