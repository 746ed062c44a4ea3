from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sonoflow.comparing import table_comparisons
from sonoflow.comparing.comparison import Comparison
from sonoflow.errors import ModelWorse
from sonoflow.judging import table_probes
from sonoflow.tables import recordio
from tests.unit import contests, fake_endpoints, splits_to_probe, stack
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.splits_to_probe import ROWS, TABLE_DOCUMENT, linear

OLD = "datasets/wdbc/0123456789ab/"
CONFIG = f"sonoflow-table-{contests.OLD_VERSION}"
# Centre and scale of the two features where they are engineered, of powers of two and not.
STANDARD = {"mean": [0.3, 11.7], "scale": [0.1, 7.3]}


def write_champion(**changes: Any) -> None:
    document = {
        **TABLE_DOCUMENT,
        "dataset": {"name": "wdbc", "version": "0123456789ab"},
        **changes,
    }
    stack.write(stack.WORK, f"training/{CONFIG}/table.json", json.dumps(document))


def write_learnt(vectors: Any) -> None:
    """The rows that the model in service was trained on; others chose it."""
    for split, rows in (("train", vectors), ("validation", np.full((1, vectors.shape[1]), -9.0))):
        name = f"rows/{split}/part-00000.recordio"
        shard = recordio.encode(rows.astype(np.float32), np.zeros(len(rows), np.float32))
        stack.write(stack.WORK, OLD + name, shard)
        manifest = [{"prefix": f"s3://{stack.WORK}/{OLD}"}, name]
        stack.write(stack.WORK, f"{OLD}splits/{split}.manifest", json.dumps(manifest))


def rows(*numbers: int) -> Any:
    """Of the test split, as splits_to_probe writes it."""
    return np.array([[0.9 if number % 4 == 0 else 0.2, number] for number in numbers])


@pytest.fixture
def payload(endpoints: FakeEndpoints) -> Any:
    """A table's model in service that never errs, trained on rows 8 and 9 and rows of its own."""
    splits_to_probe.write_table()
    statistics = stack.read_json(stack.WORK, f"{splits_to_probe.TABLE}table_statistics.json")
    statistics["splits"]["test"] = {"B": 30, "M": 10}
    stack.write(stack.WORK, f"{splits_to_probe.TABLE}table_statistics.json", json.dumps(statistics))
    contests.serve("table")
    write_champion()
    write_learnt(rows(8, 9, 1000, 1001))
    endpoints.answers["sonoflow-table"] = linear
    return stack.event("compare_models.table")


def ask(payload: Any, seconds_left: Callable[[], float] = lambda: 900.0) -> Comparison:
    return table_comparisons.ask(payload, seconds_left)


def probe(asked: Comparison) -> Any:
    """Of the new model, told what the one before has answered."""
    event = stack.event("probe_endpoint.table")
    event["gate"] = {}
    return table_probes.probe({**event, "asked": asked.document()})


def test_the_first_table_is_compared_with_none(endpoints: FakeEndpoints) -> None:
    assert ask(stack.event("compare_models.table")).outcome == "first"


def test_a_model_as_good_stays_with_the_figures_of_both(payload: Any) -> None:
    asked = ask(payload)

    assert (asked.outcome, asked.passed) == ("asked", True)
    assert asked.sample is not None
    assert (asked.sample.compared, asked.sample.left_out) == (ROWS - 2, 2)
    compared = probe(asked).comparison
    assert compared["outcome"] == "not worse"
    assert f"{CONFIG}, on {ROWS - 2} rows" in compared["says"]
    assert compared["figures"]["accuracy"]["challenger"] == 1.0
    key = "training/sonoflow-table-61e104857123-7c1d2e3f/comparison.json"
    assert stack.read_json(stack.WORK, key) == compared
    public = stack.read_json(stack.RESULTS, "reports/wdbc/61e104857123/table.comparison.json")
    assert public == compared


def test_a_worse_model_does_not_stay_and_says_why(payload: Any, endpoints: FakeEndpoints) -> None:
    asked = ask(payload)
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, wrong=8)

    with pytest.raises(ModelWorse, match=r"accuracy is 0\.\d+, that of the model in service 1\.0"):
        probe(asked)

    public = stack.read_json(stack.RESULTS, "reports/wdbc/61e104857123/table.comparison.json")
    assert public["outcome"] == "worse"


def test_a_probe_without_a_model_before_compares_nothing(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    assert table_probes.probe(stack.event("probe_endpoint.table")).comparison is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": {"column": "diagnosis", "classes": ["M", "B"]}}, "knows M, B"),
        ({"label": {"column": "diagnosis", "classes": ["B", "M", "X"]}}, "knows B, M, X"),
        ({"features": ["radius"], "written": 1}, "only one of both has texture"),
    ],
    ids=["another positive class", "one class more", "a feature less"],
)
def test_a_table_that_whoever_scores_could_not_rely_on_does_not_pass(
    payload: Any, endpoints: FakeEndpoints, changes: Any, said: str
) -> None:
    write_champion(**changes)

    found = ask(payload)

    assert (found.outcome, found.passed) == ("incompatible", False)
    assert said in found.says
    assert endpoints.requests == []


def test_features_in_another_order_are_sent_in_the_champions(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    write_champion(features=["texture", "radius"])
    write_learnt(rows(8, 9, 1000)[:, ::-1])

    sample = ask(payload).sample

    assert sample is not None
    assert sample.left_out == 2
    sent = recordio.read(endpoints.requests[0][2]).vectors
    assert sent[0].tolist() == pytest.approx([0.0, 0.9])


def test_engineered_rows_are_known_again_by_their_values(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    """Given a model in service that sees standardised features, their squares and products."""
    write_champion(engineered=True, standardise=STANDARD, written=5)
    values = (rows(8, 9, 1000) - STANDARD["mean"]) / STANDARD["scale"]
    first, second = values[:, :1], values[:, 1:]
    write_learnt(np.hstack([values, values**2, first * second]))
    endpoints.answers["sonoflow-table"] = lambda body: fake_endpoints.predictions(
        {"score": float(one), "predicted_label": int(one > 0)}
        for one in recordio.read(body).vectors[:, 0]
    )

    sample = ask(payload).sample

    assert sample is not None
    assert sample.left_out == 2
    assert recordio.read(endpoints.requests[0][2]).vectors.shape == (ROWS - 2, 5)


def test_a_zero_that_two_scales_have_moved_is_still_the_same_value() -> None:
    """Of a column of 0 and 1, standardised by two data sets in float32."""
    values = np.array([[0.0, 0.3], [1.0, 0.3], [0.0, 0.8]])
    scale, mean = np.array([0.4607, 1.9]), np.array([0.3071, 0.25])
    tables = [
        SimpleNamespace(
            features=["a", "b"],
            standardisation=SimpleNamespace(scale=factor * scale, mean=factor * mean),
        )
        for factor in (1.0, 1.037)
    ]
    back = []
    for table in tables:
        told = table.standardisation
        vectors = ((values - told.mean) / told.scale).astype(np.float32)
        back.append(table_comparisons._values(table, vectors))
    first, second = (table_comparisons._hashes(one, tables[0]) for one in back)

    assert first.tolist() == second.tolist()
    assert len(set(first.tolist())) == 3


@pytest.mark.parametrize("lost", ["table", "rows", "time"])
def test_rows_that_may_have_been_learnt_are_no_ground_to_judge_on(
    payload: Any, endpoints: FakeEndpoints, lost: str
) -> None:
    if lost == "table":
        stack.delete(stack.WORK, f"training/{CONFIG}/table.json")
    if lost == "rows":
        stack.delete(stack.WORK, f"{OLD}splits/train.manifest")

    found = ask(payload, (lambda: 10.0) if lost == "time" else (lambda: 900.0))

    assert (found.outcome, found.passed) == ("uncompared", True)
    assert "what it was trained on" in found.says
    assert endpoints.requests == []


def test_too_few_new_rows_are_no_ground_to_judge_on(payload: Any) -> None:
    write_learnt(rows(*range(30)))

    found = ask(payload)

    assert (found.outcome, found.passed) == ("uncompared", True)
    assert "10 rows of the test split are new to it (30 left out)" in found.says


def test_a_champion_that_fails_stands_in_nobodys_way(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    endpoints.answers["sonoflow-table"] = fake_endpoints.failing

    found = ask(payload)

    assert (found.outcome, found.passed) == ("uncompared", True)
    assert "it does not answer: " in found.says


def test_of_a_large_split_rows_at_equal_distances_are_asked_about(
    payload: Any, endpoints: FakeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_comparisons, "ROWS_LIMIT", 20)

    asked = ask(payload)

    sent = recordio.read(endpoints.requests[0][2]).vectors[:, 1]
    assert sent.tolist() == [float(number) for number in range(0, ROWS, 2) if number != 8]
    assert probe(asked).comparison["sample"]["compared"] == 19
