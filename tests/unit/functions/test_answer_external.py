from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.answer_external.app import handler
from sonoflow.errors import EndpointChanged, PayloadInvalid
from tests.unit import external_sets, fake_endpoints, pictures, stack
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints

STAGED = "datasets/other-hospital/3f9a1c0b7d52/"


@pytest.fixture
def payload(aws: None) -> Any:
    payload = stack.event("answer_external.batch")
    for seed, image in enumerate(payload["batch"]["images"]):
        stack.write(stack.WORK, STAGED + image["image"], pictures.png(seed))
        if image["mask"]:
            mask = pictures.encode(pictures.lesion(10, 10, 30, 20))
            stack.write(stack.WORK, STAGED + image["mask"], mask)
    return payload


def answers(payload: Any) -> list[dict[str, Any]]:
    key = f"external/other-hospital/3f9a1c0b7d52/{payload['models_digest']}/answers/00000.json"
    found: list[dict[str, Any]] = stack.read_json(stack.WORK, key)
    return found


def test_both_models_answer_and_are_held_against_the_truth(
    endpoints: FakeEndpoints, payload: Any, context: Any
) -> None:
    endpoints.answers[SEGMENTER] = lambda body: fake_endpoints.segmentation(body, (10, 10, 20, 20))

    assert handler(payload, context) == {"answered": 2}

    lesion, normal = answers(payload)
    assert (lesion["class"], lesion["label"]) == ("benign", "benign")
    assert lesion["probabilities"] == fake_endpoints.PROBABILITIES
    # A mask of 20 by 10 of which the left half is marked.
    assert [lesion[name] for name in ("true_positives", "false_positives", "false_negatives")] == [
        100,
        0,
        100,
    ]
    assert lesion["hd95"] > 9
    assert (normal["false_positives"], normal["hd95"]) == (100, None)
    prefix = f"external/other-hospital/3f9a1c0b7d52/{payload['models_digest']}/"
    assert stack.read(stack.WORK, f"{prefix}masks/{lesion['id']}.png")


def test_a_batch_that_was_answered_asks_nobody_again(
    endpoints: FakeEndpoints, payload: Any, context: Any
) -> None:
    handler(payload, context)
    asked = len(endpoints.requests)

    assert handler(payload, context) == {"answered": 2}
    assert len(endpoints.requests) == asked == 4


def test_where_nobody_knows_the_lesion_no_mask_is_judged(
    endpoints: FakeEndpoints, payload: Any, context: Any
) -> None:
    payload["batch"]["images"][0] |= {"mask": None, "lesion_pixels": 0}

    handler(payload, context)

    assert "true_positives" not in answers(payload)[0]
    assert answers(payload)[0]["label"] == "benign"


def test_one_model_answers_alone(endpoints: FakeEndpoints, payload: Any, context: Any) -> None:
    payload["models"] = payload["models"][1:]

    handler(payload, context)

    assert {name for name, _, _ in endpoints.requests} == {SEGMENTER}
    assert "label" not in answers(payload)[0]


def test_another_model_than_the_planned_one_is_not_taken_for_it(
    endpoints: FakeEndpoints, payload: Any, context: Any
) -> None:
    payload["models"][0]["version"] = "cd0007f2cf09-00000000"

    with pytest.raises(EndpointChanged, match="drop the set again"):
        handler(payload, context)


def test_a_model_that_fails_fails_the_batch_and_nothing_is_left_of_it(
    endpoints: FakeEndpoints, payload: Any, context: Any
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        handler(payload, context)

    with pytest.raises(ClientError, match="NoSuchKey"):
        answers(payload)


def test_an_image_too_large_for_the_endpoints_is_said_and_stops_no_other(
    endpoints: FakeEndpoints, payload: Any, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sonoflow.inference import invocations

    image = payload["batch"]["images"][0]
    stack.write(stack.WORK, STAGED + image["image"], external_sets.encoded(external_sets.scan(1)))
    small = len(pictures.png(1)) - 1
    monkeypatch.setattr(invocations, "PAYLOAD_BYTES_LIMIT", small)

    handler(payload, context)

    found = answers(payload)
    assert [record.get("unanswered", {}).get("reason") for record in found] == [None, "too-large"]


def test_a_batch_that_was_not_planned_so_is_refused(context: Any, aws: None) -> None:
    with pytest.raises(PayloadInvalid, match="not as planned"):
        handler(stack.event("answer_external.bad_batch"), context)
