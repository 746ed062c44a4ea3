from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sonoflow.errors import EndpointChanged, EndpointResponseInvalid
from sonoflow.inference import invocations, table_endpoint
from sonoflow.tables import recordio
from sonoflow.tables.table import Table
from tests.unit import fake_endpoints, stack, tables
from tests.unit.fake_endpoints import TABLE, Answer, FakeEndpoints, predictions
from tests.unit.tables import ROWS, SCORES, score, upload

TWO = Table.parse(tables.DOCUMENT)
THREE = Table.parse(
    tables.DOCUMENT | {"label": {"column": "diagnosis", "classes": ["B", "M", "N"]}}
)
VECTORS = np.array([[40, 1], [90, 2], [50, 3]], np.float32)


@pytest.fixture(autouse=True)
def endpoint(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    with tables.served(endpoints):
        yield endpoints


def answering(endpoint: FakeEndpoints, *items: Any) -> None:
    endpoint.answers[TABLE] = lambda _: predictions(items)


def scored(table: Table = TWO) -> tuple[list[float], list[int]]:
    found = table_endpoint.score(TABLE, VECTORS, table)
    assert (found.scores.dtype, found.labels.dtype) == (np.float64, np.int64)
    return found.scores.tolist(), found.labels.tolist()


def test_rows_are_sent_as_records_and_come_back_in_order(endpoint: FakeEndpoints) -> None:
    assert scored() == ([0.4, 0.9, 0.5], [0, 1, 1])

    ((name, content_type, body),) = endpoint.requests
    assert (name, content_type) == (TABLE, "application/x-recordio-protobuf")
    assert np.array_equal(recordio.read(body).vectors, VECTORS)
    assert recordio.read(body).labels is None


def test_the_threshold_of_a_binary_classifier_is_the_models_own(endpoint: FakeEndpoints) -> None:
    answering(
        endpoint,
        {"score": 0.3, "predicted_label": 1},
        {"score": 0.6, "predicted_label": 0.0},
        {"score": -7.5, "predicted_label": 1.0},
    )

    assert scored() == ([0.3, 0.6, -7.5], [1, 0, 1])


def test_a_regressor_speaks_for_the_second_class_from_a_half_on(endpoint: FakeEndpoints) -> None:
    answering(endpoint, {"score": 0.4999}, {"score": 0.5}, {"score": 1.7})

    assert scored() == ([0.4999, 0.5, 1.7], [0, 1, 1])


def test_of_more_than_two_classes_the_score_is_that_of_the_predicted_one(
    endpoint: FakeEndpoints,
) -> None:
    answering(
        endpoint,
        {"score": [0.2, 0.7, 0.1], "predicted_label": 1},
        {"score": [0.5, 0.2, 0.3], "predicted_label": 0},
        {"score": [0.1, 0.4, 0.5], "predicted_label": 2},
    )

    assert scored(THREE) == ([0.7, 0.5, 0.5], [1, 0, 2])


def test_no_rows_are_no_request(endpoint: FakeEndpoints) -> None:
    found = table_endpoint.score(TABLE, VECTORS[:0], TWO)

    assert (len(found.scores), len(found.labels), endpoint.requests) == (0, 0, [])


def test_requests_and_answers_stay_below_the_limit(
    endpoint: FakeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invocations, "PAYLOAD_BYTES_LIMIT", 4000)
    vectors = np.random.default_rng(7).random((1000, 2), np.float32) * 100
    worst = {"score": -2.2250738585072014e-308, "predicted_label": 1.0}
    assert len(json.dumps(worst)) <= 86  # bytes that a prediction is reckoned with

    found = table_endpoint.score(TABLE, vectors, TWO)

    assert found.scores.tolist() == (vectors[:, 0].astype(float) / 100).tolist()
    sizes = [len(body) for _, _, body in endpoint.requests]
    assert len(sizes) == 1000 // table_endpoint.rows_per_request(TWO) + 1
    assert table_endpoint.rows_per_request(TWO) == 4000 // 86
    assert max(sizes) <= 4000


def test_wide_rows_are_limited_by_the_request_and_many_classes_by_the_answer() -> None:
    names = [f"f{number}" for number in range(784)]
    wide = Table.parse(
        tables.DOCUMENT
        | {"columns": ["id", "diagnosis", *names], "features": names, "written": 784}
    )
    many = Table.parse(
        tables.DOCUMENT
        | {"label": {"column": "diagnosis", "classes": [str(number) for number in range(100)]}}
    )

    bytes_each = len(recordio.encode(np.zeros((1, 784), np.float32)))
    assert table_endpoint.rows_per_request(wide) == invocations.PAYLOAD_BYTES_LIMIT // bytes_each
    assert table_endpoint.rows_per_request(many) == invocations.PAYLOAD_BYTES_LIMIT // 2660


GOOD = [{"score": 0.1, "predicted_label": 0}] * 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"<html>", "text/html"), "JSONDecodeError"),
        (Answer(b"\xff", "text/html"), "UnicodeDecodeError"),
        (Answer(b"[]", "application/json"), "TypeError"),
        (Answer(b"{}", "application/json"), "predictions"),
        (Answer(b'{"predictions": null}', "application/json"), "TypeError"),
        (predictions(GOOD[:2]), "2 predictions for 3 rows"),
        (predictions([*GOOD, *GOOD]), "6 predictions for 3 rows"),
        (predictions([*GOOD[:2], {}]), "score"),
        (predictions([*GOOD[:2], {"score": 0.1}]), "predicted_label"),
        (predictions([*GOOD[:2], {"score": None, "predicted_label": 0}]), "no finite number"),
        (predictions([*GOOD[:2], {"score": float("nan"), "predicted_label": 0}]), "no finite"),
        (predictions([*GOOD[:2], {"score": float("inf"), "predicted_label": 0}]), "no finite"),
        (predictions([*GOOD[:2], {"score": "high", "predicted_label": 0}]), "high"),
        (predictions([*GOOD[:2], {"score": [0.1, 0.9], "predicted_label": 1}]), "ValueError"),
        (predictions([*GOOD[:2], {"score": 0.1, "predicted_label": 0.5}]), "no whole number"),
        (predictions([*GOOD[:2], {"score": 0.1, "predicted_label": None}]), "no whole number"),
        (predictions([*GOOD[:2], {"score": 0.1, "predicted_label": 2}]), "2 is none of 2"),
        (predictions([*GOOD[:2], {"score": 0.1, "predicted_label": -1}]), "-1 is none of 2"),
        (predictions([*GOOD[:2], {"score": 0.1, "predicted_label": 1e300}]), "1e.300 is none"),
        (predictions([{"score": [0.1, 0.8, 0.1], "predicted_label": 1}] * 3), "shape"),
        (predictions(["score"] * 3), "TypeError"),
    ],
)
def test_an_answer_that_is_not_as_agreed_is_an_error(
    endpoint: FakeEndpoints, answer: Answer, message: str
) -> None:
    endpoint.answers[TABLE] = lambda _: answer

    with pytest.raises(EndpointResponseInvalid, match=f"{TABLE} gave no scores.*{message}"):
        scored()


def test_a_score_without_label_says_nothing_of_three_classes(endpoint: FakeEndpoints) -> None:
    answering(endpoint, *[{"score": 0.4}] * 3)

    with pytest.raises(EndpointResponseInvalid, match="which of 3 classes is not known"):
        scored(THREE)


def test_a_call_that_fails_raises_the_services_own_error(endpoint: FakeEndpoints) -> None:
    endpoint.answers[TABLE] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        scored()


def test_without_an_endpoint_the_services_error_escapes(endpoint: FakeEndpoints) -> None:
    endpoint.described.clear()

    with pytest.raises(ClientError, match="Could not find endpoint"):
        score(upload(ROWS))
    assert stack.keys_of(stack.RESULTS) == []


def test_a_model_whose_table_is_not_there_yet_is_tried_again(endpoint: FakeEndpoints) -> None:
    endpoint.described[TABLE] = {"EndpointConfigName": f"{TABLE}-ffffffffffff-00000000"}

    with pytest.raises(ClientError, match="NoSuchKey"):
        score(upload(ROWS))
    assert stack.keys_of(stack.RESULTS) == []


def test_a_model_that_changes_during_the_work_leaves_no_scores(endpoint: FakeEndpoints) -> None:
    def switching(body: bytes) -> Answer:
        tables.deploy(endpoint, f"{TABLE}-ffffffffffff-00000000")
        return fake_endpoints.linear_scores(body)

    endpoint.answers[TABLE] = switching
    item = upload(ROWS)

    with pytest.raises(EndpointChanged, match=rf"{tables.RELEASE} first, {TABLE}-fff"):
        score(item)
    assert stack.keys_of(stack.RESULTS) == []

    assert score(item) is not None
    assert b",ffffffffffff-00000000,\n" in stack.read(stack.RESULTS, SCORES)


def test_while_another_model_is_deployed_nothing_is_scored(endpoint: FakeEndpoints) -> None:
    pending = {"EndpointConfigName": f"{TABLE}-ffffffffffff-00000000"}
    endpoint.described[TABLE] |= {
        "EndpointStatus": "Updating",
        "PendingDeploymentSummary": pending,
    }

    with pytest.raises(EndpointChanged, match="taking another model"):
        score(upload(ROWS))
    assert endpoint.requests == []


def test_an_endpoint_that_merely_scales_is_asked(endpoint: FakeEndpoints) -> None:
    endpoint.described[TABLE]["EndpointStatus"] = "Updating"

    assert score(upload(ROWS)) is not None
