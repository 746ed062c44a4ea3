"""What an endpoint answers, from bytes to bytes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from local.sagemaker.linear_learner import record_messages
from local.sagemaker.linear_learner.errors import ArtifactInvalid, PayloadError
from local.sagemaker.linear_learner.model import Model
from local.sagemaker.linear_learner.serve import answer
from sonoflow.tables import recordio

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"
RECORDIO = "application/x-recordio-protobuf"
REGRESSOR = Model("regressor", "squared_loss", np.array([[1.0, 2.0]]), np.array([0.5]))
BINARY = Model("binary_classifier", "logistic", np.array([[1.0, -1.0]]), np.array([0.0]), 1.0)
HINGE = Model("binary_classifier", "hinge_loss", np.array([[1.0, -1.0]]), np.array([0.0]), 0.0)
MULTICLASS = Model(
    "multiclass_classifier", "softmax_loss", np.array([[1.0, 0], [0, 1], [0, 0]]), np.zeros(3)
)


def asked(model: Model, body: bytes, content_type: str = CSV, accept: str = "") -> Any:
    content, kind = answer(model, body, content_type, accept)
    assert kind == JSON
    return json.loads(content)


def test_the_shapes_of_the_answers() -> None:
    assert asked(REGRESSOR, b"1,2\n3,4") == {"predictions": [{"score": 5.5}, {"score": 11.5}]}
    assert asked(HINGE, b"2,5") == {"predictions": [{"score": -3.0, "predicted_label": 0}]}
    (one,) = asked(MULTICLASS, b"1,3")["predictions"]
    assert one["predicted_label"] == 1
    exponents = np.exp([1, 3, 0])
    assert one["score"] == pytest.approx((exponents / exponents.sum()).tolist())


def test_a_probability_and_a_label_by_the_threshold() -> None:
    """The threshold of this model is on a linear score of one: even odds are not enough."""
    predictions = asked(BINARY, b"0.9,0\n1,0\n-800,0\n800,0")["predictions"]

    assert [one["predicted_label"] for one in predictions] == [0, 1, 0, 1]
    scores = [one["score"] for one in predictions]
    assert scores == pytest.approx([1 / (1 + np.exp(-0.9)), 1 / (1 + np.exp(-1)), 0, 1])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"1,2\n3,4\n", CSV),
        (b"1,2\r\n3,4", "text/csv;label_size=0"),
        (b'{"instances": [{"features": [1, 2]}, {"features": [3.0, 4.0]}]}', JSON),
        (
            b'{"instances": [{"data": {"features": {"values": [1, 2]}}}, {"features": [3, 4]}]}',
            JSON,
        ),
        (
            b'{"instances": [{"data": {"features": {"keys": [1, 0], "shape": [2], "values": [2, 1]}'
            b'}}, {"data": {"features": [3, 4]}}]}',
            JSON,
        ),
        (b'{"features": [1, 2]}\n{"data": {"features": {"values": [3, 4]}}}\n', LINES),
        (recordio.encode(np.array([[1, 2], [3, 4]], np.float32)), RECORDIO),
    ],
)
def test_every_form_of_a_request_is_read(body: bytes, content_type: str) -> None:
    assert asked(REGRESSOR, body, content_type)["predictions"] == [{"score": 5.5}, {"score": 11.5}]


@pytest.mark.parametrize("accept", ["", "*/*", "application/*;q=0.5", JSON, f"text/html, {JSON}"])
def test_json_is_the_default(accept: str) -> None:
    assert asked(REGRESSOR, b"1,2", CSV, accept) == {"predictions": [{"score": 5.5}]}


def test_json_lines() -> None:
    content, kind = answer(HINGE, b"2,5\n5,2", CSV, LINES)

    assert kind == LINES
    assert [json.loads(line) for line in content.splitlines()] == [
        {"score": -3.0, "predicted_label": 0},
        {"score": 3.0, "predicted_label": 1},
    ]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (REGRESSOR, {"score": [5.5]}),
        (HINGE, {"score": [-1.0], "predicted_label": [0.0]}),
        (MULTICLASS, {"score": [0.245, 0.665, 0.09], "predicted_label": [1.0]}),
    ],
)
def test_recordio_answers_hold_named_labels(model: Model, expected: dict[str, Any]) -> None:
    content, kind = answer(model, b"1,2\n1,2", CSV, RECORDIO)

    assert kind == RECORDIO
    assert len(content) % 4 == 0
    records = [labels_of(record) for record in framed(content)]
    assert len(records) == 2
    for record in records:
        assert set(record) == set(expected)
        for name, values in expected.items():
            assert record[name] == pytest.approx(values, abs=1e-3)


def framed(content: bytes) -> list[bytes]:
    """Payloads by the documented frame: magic, length, payload, padding to four bytes."""
    records, at = [], 0
    while at < len(content):
        assert int.from_bytes(content[at : at + 4], "little") == recordio.MAGIC
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        records.append(content[at + 8 : at + 8 + length])
        at += 8 + length + -length % 4
    return records


def labels_of(payload: bytes) -> dict[str, list[float]]:
    """Record.label: name → the values of its float32 tensor."""
    found = {}
    for number, _wire, entry in record_messages._fields(memoryview(payload)):
        assert number == record_messages.LABEL
        parts = {part: bytes(content) for part, _, content in record_messages._fields(entry)}
        ((tensor_field, _, tensor),) = record_messages._fields(memoryview(parts[2]))
        ((values_field, _, values),) = record_messages._fields(tensor)
        assert (tensor_field, values_field) == (2, 1)
        found[parts[1].decode()] = np.frombuffer(values, "<f4").tolist()
    return found


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "complaint"),
    [
        (b"1,2", "application/xml", "", 415, "application/xml not supported"),
        (b"1,2", "", "", 415, "content-type none not supported"),
        (b"1,2", CSV, "text/csv", 406, "Accept type text/csv is not supported"),
        (b"1,2,3", CSV, "", 400, "3 features per record, but the model was trained with 2"),
        (b"a,b", CSV, "", 400, "unable to evaluate payload provided"),
        (b"", CSV, "", 400, "holds no record"),
        (b"1,nan", CSV, "", 400, "NaN or infinity"),
        (b"{}", JSON, "", 400, "'instances' is missing"),
        (b'{"instances": []}', JSON, "", 400, "holds no record"),
        (b'{"instances": [[1, 2]]}', JSON, "", 400, "an instance is an object"),
        (b'{"instances": [{"features": ["1", "2"]}]}', JSON, "", 400, "'1' is no number"),
        (b'{"instances": [{"features": [true, 2]}]}', JSON, "", 400, "True is no number"),
        (b'{"instances": [{"features": [1]}, {"features": [1, 2]}]}', JSON, "", 400, "differ"),
        (b"[1, 2]", JSON, "", 400, "unable to evaluate payload provided"),
        (b"[" * 60_000, JSON, "", 400, "unable to evaluate payload provided"),
        (b'{"features": 1}', LINES, "", 400, "unable to evaluate payload provided"),
        (
            b'{"features": {"keys": [2], "shape": [2], "values": [1]}}',
            LINES,
            "",
            400,
            "the key 2 is not within a shape of 2",
        ),
        (
            b'{"features": {"keys": [0], "shape": [99999999999], "values": [1]}}',
            LINES,
            "",
            400,
            "in a shape of 99999999999",
        ),
        (b"no records", RECORDIO, "", 400, "record 1"),
    ],
)
def test_requests_that_cannot_be_answered(
    body: bytes, content_type: str, accept: str, status: int, complaint: str
) -> None:
    with pytest.raises(PayloadError) as raised:
        answer(BINARY, body, content_type, accept)

    assert raised.value.status == status
    assert complaint in str(raised.value)


def test_a_model_survives_its_files(tmp_path: Path) -> None:
    third = dataclasses.replace(MULTICLASS, bias=MULTICLASS.bias + 1 / 3)  # has no end in JSON
    third.save(tmp_path, {"epochs": 3})

    loaded = Model.load(tmp_path)

    np.testing.assert_array_equal(loaded.weights, MULTICLASS.weights)
    np.testing.assert_array_equal(loaded.bias, third.bias)
    assert (loaded.predictor_type, loaded.loss, loaded.threshold) == (
        "multiclass_classifier",
        "softmax_loss",
        None,
    )


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactInvalid, match=r"holds no model\.json"):
        Model.load(tmp_path)
    BINARY.save(tmp_path, {})
    document = json.loads((tmp_path / "model.json").read_text())
    for damaged in ({**document, "weights": [[1, 2, 3], [4]]}, {**document, "bias": "none"}, []):
        (tmp_path / "model.json").write_text(json.dumps(damaged))
        with pytest.raises(ArtifactInvalid, match="is damaged"):
            Model.load(tmp_path)
    (tmp_path / "model.json").write_text('{"format": "mxnet", "version": 2}')
    with pytest.raises(ArtifactInvalid, match="says 'mxnet'"):
        Model.load(tmp_path)
