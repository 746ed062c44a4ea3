from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.errors import ProbeFailed
from sonoflow.judging import image_probes
from tests.unit import fake_endpoints, pictures, splits_to_probe, stack
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints
from tests.unit.splits_to_probe import IMAGES


@pytest.fixture
def test_split(aws: None) -> None:
    splits_to_probe.write_images()


def payload(model: str) -> Any:
    return stack.event(f"probe_endpoint.{model}")


def manifest(*names: str) -> bytes:
    return json.dumps([{"prefix": "s3://work/datasets/a/"}, *names]).encode()


def test_one_image_of_each_class_is_chosen_and_no_mask() -> None:
    chosen = image_probes.choose(
        manifest("masks/b/1.png", "images/b/1.png", "images/b/2.png", "images/n/3.png")
    )

    assert chosen == [("work", "datasets/a/images/b/1.png"), ("work", "datasets/a/images/n/3.png")]


def test_no_more_than_three_are_chosen() -> None:
    assert len(image_probes.choose(manifest(*[f"images/{label}/1.png" for label in "abcdef"]))) == 3


def test_a_manifest_without_images_fails() -> None:
    with pytest.raises(ProbeFailed, match="no image"):
        image_probes.choose(manifest("masks/b/1.png"))


@pytest.mark.usefixtures("test_split")
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
    endpoints: FakeEndpoints, probabilities: dict[str, float]
) -> None:
    answer = fake_endpoints.classification(probabilities)
    endpoints.answers[CLASSIFIER] = lambda _: answer

    with pytest.raises(ProbeFailed, match="sonoflow-classifier"):
        image_probes.classifier(payload("classifier"))


@pytest.mark.usefixtures("test_split")
def test_a_segmenter_that_answers_a_mask_of_another_size_fails(endpoints: FakeEndpoints) -> None:
    other = pictures.encode(pictures.scan(width=50, height=40))
    endpoints.answers[SEGMENTER] = lambda _: fake_endpoints.segmentation(other)

    with pytest.raises(ProbeFailed, match=r"\(50, 40\)"):
        image_probes.segmenter(payload("segmenter"))


@pytest.mark.usefixtures("test_split")
def test_the_time_is_that_of_an_endpoint_that_is_warm(endpoints: FakeEndpoints) -> None:
    """Given one whose first answers take long, as a serverless one's do that has to start."""
    answer = fake_endpoints.classification(fake_endpoints.PROBABILITIES)

    def warming_up(_: bytes) -> fake_endpoints.Answer:
        if len(endpoints.requests) <= image_probes.PROBES:
            time.sleep(0.3)
        return answer

    endpoints.answers[CLASSIFIER] = warming_up

    probed = image_probes.classifier(payload("classifier"))

    assert probed.probes == 3
    assert len(probed.milliseconds) == 9
    assert max(probed.milliseconds) < 300


@pytest.mark.usefixtures("test_split")
@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_errors_of_the_call_escape_for_a_new_endpoint_may_need_time(
    endpoints: FakeEndpoints, model: str
) -> None:
    endpoints.answers[f"sonoflow-{model}"] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        getattr(image_probes, model)(payload(model))


@pytest.mark.usefixtures("aws")
def test_a_split_without_images_fails_before_anything_is_asked(endpoints: FakeEndpoints) -> None:
    splits_to_probe.write_manifest(IMAGES)

    with pytest.raises(ProbeFailed, match="no image"):
        image_probes.classifier(payload("classifier"))

    assert endpoints.requests == []
