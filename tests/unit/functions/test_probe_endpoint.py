from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from functions.probe_endpoint.app import handler
from sonoflow.errors import PayloadInvalid, ProbeFailed
from sonoflow.tables import recordio
from tests.unit import fake_endpoints, pictures, stack
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, Answer, FakeEndpoints

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
    assert answer["metrics"] == {}
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


RELEASE = "training/sonoflow-table-61e104857123-7c1d2e3f/"
TABLE = "datasets/wdbc/61e104857123/"
ROWS = 40


@pytest.fixture
def table_split(aws: None) -> None:
    """A test split in two shards: the first feature is the score of class M, and tells all."""
    truth = np.arange(ROWS) % 4 == 0
    vectors = np.column_stack([np.where(truth, 0.9, 0.2), np.arange(ROWS)]).astype(np.float32)
    names = [f"rows/test/part-{number:05d}.recordio" for number in range(2)]
    for name, half in zip(names, (slice(0, 15), slice(15, ROWS)), strict=True):
        shard = recordio.encode(vectors[half], truth[half].astype(np.float32))
        stack.write(stack.WORK, TABLE + name, shard)
    manifest = [{"prefix": f"s3://{stack.WORK}/{TABLE}"}, *names]
    stack.write(stack.WORK, f"{TABLE}splits/test.manifest", json.dumps(manifest))
    stack.write(stack.WORK, f"{TABLE}table.json", json.dumps(TABLE_DOCUMENT))
    statistics = {
        "splits": {"train": {"B": 200, "M": 100}},
        "baseline": {"train_median_label": 0.0},
    }
    stack.write(stack.WORK, f"{TABLE}table_statistics.json", json.dumps(statistics))


TABLE_DOCUMENT = {
    "schema_version": 1,
    "dataset": {"name": "wdbc", "version": "61e104857123"},
    "columns": ["id", "diagnosis", "radius", "texture"],
    "header": True,
    "delimiter": ",",
    "label": {"column": "diagnosis", "classes": ["B", "M"]},
    "id": "id",
    "features": ["radius", "texture"],
    "missing": ["", "?"],
    "dropped": {},
    "engineered": False,
    "standardise": None,
    "written": 2,
}


def linear(body: bytes, wrong: int = 0, threshold: float | None = 0.5) -> Answer:
    """Linear Learner's answer: the first feature as score; the first rows' may be wrong. Without a
    threshold a regressor's."""
    scores = recordio.read(body).vectors[:, 0].astype(float)
    scores[:wrong] = 1 - scores[:wrong]
    predictions = [{"score": score} for score in scores.tolist()]
    if threshold is not None:
        for one in predictions:
            one["predicted_label"] = int(one["score"] >= threshold)
    return Answer(json.dumps({"predictions": predictions}).encode(), "application/json")


def test_a_tables_endpoint_is_judged_by_the_whole_test_split(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, wrong=1)

    answer = handler(stack.event("probe_endpoint.table"), context)

    assert (answer["passed"], answer["probes"]) == (True, ROWS)
    # The first row of each shard is answered wrong: one M, one B (row 15).
    assert answer["metrics"]["accuracy"] == pytest.approx(38 / 40)
    assert answer["metrics"]["sensitivity"] == pytest.approx(9 / 10)
    assert answer["metrics"]["specificity"] == pytest.approx(29 / 30)
    assert answer["metrics"]["majority_accuracy"] == pytest.approx(30 / 40)
    assert answer["metrics"]["baseline_mae"] == pytest.approx(10 / 40)
    evaluation = stack.read_json(stack.WORK, f"{RELEASE}evaluation.json")
    assert (evaluation["task"], evaluation["rows"]) == ("table", ROWS)
    assert evaluation["release"] == RELEASE.split("/")[1]
    assert evaluation["confusion_matrix"] == [[29, 1], [1, 9]]
    assert set(evaluation["metrics"]["intervals"]) == {
        "accuracy",
        "sensitivity",
        "specificity",
        "auc",
    }
    assert stack.read_json(stack.WORK, f"{RELEASE}table.json") == TABLE_DOCUMENT


def test_a_tables_endpoint_below_the_gate_fails_and_its_evaluation_is_kept(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, wrong=4)

    with pytest.raises(ProbeFailed, match=r"40 rows.*accuracy is 0\.8, the minimum is 0\.9"):
        handler(stack.event("probe_endpoint.table"), context)

    evaluation = stack.read_json(stack.WORK, f"{RELEASE}evaluation.json")
    assert evaluation["metrics"]["accuracy"] == pytest.approx(0.8)


def test_the_table_lies_beside_the_model_before_its_endpoint_is_asked(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    """Tables of the inbox ask the endpoint from the moment that it serves."""
    endpoints.answers["sonoflow-table"] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        handler(stack.event("probe_endpoint.table"), context)

    assert stack.read_json(stack.WORK, f"{RELEASE}table.json") == TABLE_DOCUMENT


def test_a_regressors_score_is_cut_at_one_half_and_judged_the_same_way(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, threshold=None)
    event = {**stack.event("probe_endpoint.table"), "predictor_type": "regressor"}

    answer = handler(event, context)

    assert answer["metrics"]["accuracy"] == 1.0
    assert answer["metrics"]["mae"] == pytest.approx(0.1 * 0.25 + 0.2 * 0.75)
    evaluation = stack.read_json(stack.WORK, f"{RELEASE}evaluation.json")
    assert evaluation["threshold"] == 0.5


def test_a_tables_endpoint_that_answers_otherwise_fails(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    endpoints.answers["sonoflow-table"] = lambda _: Answer(b'{"scores": []}', "application/json")

    with pytest.raises(ProbeFailed, match="sonoflow-table"):
        handler(stack.event("probe_endpoint.table"), context)


def test_a_table_of_other_classes_is_an_error(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    event = {**stack.event("probe_endpoint.table"), "classes": ["M", "B"]}

    with pytest.raises(PayloadInvalid, match=r"\['B', 'M'\], not \['M', 'B'\]"):
        handler(event, context)


@pytest.mark.parametrize("records", [[], ["rows/test/part-00000.recordio"]])
def test_a_test_split_that_cannot_be_judged_by_fails(
    context: Any, endpoints: FakeEndpoints, table_split: None, records: list[str]
) -> None:
    stack.write(stack.WORK, f"{TABLE}{''.join(records)}", recordio.encode(np.ones((2, 2), "f4")))
    manifest = json.dumps([{"prefix": f"s3://{stack.WORK}/{TABLE}"}, *records])
    stack.write(stack.WORK, f"{TABLE}splits/test.manifest", manifest)

    with pytest.raises(ProbeFailed, match="no labels" if records else "no row"):
        handler(stack.event("probe_endpoint.table"), context)


def test_a_table_without_a_gate_is_an_error_before_anything_is_done(
    context: Any, endpoints: FakeEndpoints, table_split: None
) -> None:
    with pytest.raises(PayloadInvalid, match="gate"):
        handler(stack.event("probe_endpoint.bad_gate"), context)

    assert endpoints.requests == []
