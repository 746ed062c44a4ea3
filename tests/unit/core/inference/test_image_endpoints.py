from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sonoflow.errors import EndpointResponseInvalid
from sonoflow.inference import image_endpoints
from tests.unit import fake_endpoints, pictures
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, Answer, FakeEndpoints

SIZE = (pictures.WIDTH, pictures.HEIGHT)


def document(**changes: Any) -> Answer:
    whole = {
        "label": "benign",
        "probabilities": {"benign": 0.75, "normal": 0.25},
        "model": fake_endpoints.model("classification"),
    } | changes
    return Answer(json.dumps(whole).encode(), "application/json")


def test_a_classification_tells_label_probabilities_and_model(endpoints: FakeEndpoints) -> None:
    endpoints.answers[CLASSIFIER] = lambda _: document()

    answer = image_endpoints.classify(CLASSIFIER, pictures.png())

    assert (answer.label, answer.probabilities) == ("benign", {"benign": 0.75, "normal": 0.25})
    assert answer.model == image_endpoints.Model(
        "classifier", "cd0007f2cf09-5e3a91c0", CLASSIFIER, "cd0007f2cf09"
    )
    assert (answer.triage, answer.unlike_training) == (None, False)
    assert endpoints.requests == [(CLASSIFIER, "image/png", pictures.png())]


@pytest.mark.parametrize("threshold", [0.85, None])
def test_a_classifier_may_say_from_where_on_it_needs_nobody_and_what_it_does_not_know(
    endpoints: FakeEndpoints, threshold: float | None
) -> None:
    said = document(triage={"threshold": threshold}, unlike_training_data=True)
    endpoints.answers[CLASSIFIER] = lambda _: said

    answer = image_endpoints.classify(CLASSIFIER, pictures.png())

    assert answer.triage == image_endpoints.Triage(threshold)
    assert answer.unlike_training


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>", "text/html"),
        Answer(b"[]", "application/json"),
        Answer(b"null", "application/json"),
        document(label="malignant"),
        document(probabilities={"benign": 0.75, "normal": 0.3}),
        document(probabilities={"benign": "high"}),
        document(probabilities=[0.75, 0.25]),
        document(probabilities={"benign": float("nan"), "normal": 0.25}),
        document(triage={}),
        document(triage={"threshold": "high"}),
        document(triage={"threshold": 1.1}),
        document(triage=0.8),
        document(model=None),
        document(model={"name": "classifier"}),
    ],
)
def test_a_classification_that_is_not_as_agreed_is_an_error(
    endpoints: FakeEndpoints, answer: Answer
) -> None:
    endpoints.answers[CLASSIFIER] = lambda _: answer

    with pytest.raises(EndpointResponseInvalid, match=CLASSIFIER):
        image_endpoints.classify(CLASSIFIER, pictures.png())


def test_a_segmentation_tells_probabilities_and_model(endpoints: FakeEndpoints) -> None:
    answer = image_endpoints.segment(SEGMENTER, pictures.png(), SIZE)

    assert answer.probabilities.shape == (pictures.HEIGHT, pictures.WIDTH)
    assert (answer.probabilities >= 128).sum() == 200
    assert np.array_equal(np.unique(answer.probabilities), [20, 200])
    assert answer.model.name == "segmenter"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        pictures.png(),
        pictures.encode(pictures.scan(), "JPEG"),
        fake_endpoints.segmentation(pictures.encode(pictures.scan(width=50))).body,
        fake_endpoints.segmentation(pictures.png()).body[:200],
    ],
    ids=["html", "nothing", "no model", "jpeg", "other size", "cut off"],
)
def test_a_segmentation_that_is_not_as_agreed_is_an_error(
    endpoints: FakeEndpoints, body: bytes
) -> None:
    endpoints.answers[SEGMENTER] = lambda _: Answer(body, "image/png")

    with pytest.raises(EndpointResponseInvalid, match=SEGMENTER):
        image_endpoints.segment(SEGMENTER, pictures.png(), SIZE)


def test_a_call_that_fails_raises_the_services_own_error(endpoints: FakeEndpoints) -> None:
    with pytest.raises(ClientError, match="not found"):
        image_endpoints.classify("sonoflow-nobody", pictures.png())


def test_both_models_are_asked_at_the_same_time(endpoints: FakeEndpoints) -> None:
    """Given endpoints that answer only when the other one is being asked as well."""
    met = threading.Barrier(2, timeout=30)
    for name, answer in list(endpoints.answers.items()):

        def once_both_are_asked(body: bytes, answer: Any = answer) -> Answer:
            met.wait()
            return answer(body)  # type: ignore[no-any-return]

        endpoints.answers[name] = once_both_are_asked

    answers = image_endpoints.ask(CLASSIFIER, SEGMENTER, pictures.png(), SIZE)

    assert (answers.classified.model.endpoint, answers.segmented.model.endpoint) == (
        CLASSIFIER,
        SEGMENTER,
    )
    assert min(answers.classification_seconds, answers.segmentation_seconds) > 0


def test_where_both_models_fail_neither_error_is_lost(endpoints: FakeEndpoints) -> None:
    endpoints.answers = {CLASSIFIER: fake_endpoints.failing}  # and no segmenter

    with pytest.raises(ClientError, match="the model failed") as raised:
        image_endpoints.ask(CLASSIFIER, SEGMENTER, pictures.png(), SIZE)

    (note,) = raised.value.__notes__
    assert SEGMENTER in note
    assert "Endpoint not found" in note


@pytest.mark.parametrize("failing", [CLASSIFIER, SEGMENTER])
def test_where_one_model_fails_its_own_error_is_raised_and_the_other_is_not_cut_off(
    endpoints: FakeEndpoints, failing: str
) -> None:
    endpoints.answers[failing] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        image_endpoints.ask(CLASSIFIER, SEGMENTER, pictures.png(), SIZE)

    assert {name for name, _, _ in endpoints.requests} == {CLASSIFIER, SEGMENTER}
