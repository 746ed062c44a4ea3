from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sonoflow.errors import PayloadInvalid, ProbeFailed
from sonoflow.inference import table_endpoint
from sonoflow.judging import table_probes
from sonoflow.tables import recordio
from sonoflow.tables.table import Table
from tests.unit import fake_endpoints, splits_to_probe, stack
from tests.unit.fake_endpoints import Answer, FakeEndpoints
from tests.unit.splits_to_probe import RELEASE, ROWS, TABLE, TABLE_DOCUMENT, linear


@pytest.fixture(autouse=True)
def test_split(aws: None) -> None:
    splits_to_probe.write_table()


def payload(**changes: Any) -> Any:
    return stack.event("probe_endpoint.table") | changes


def evaluation() -> Any:
    return stack.read_json(stack.WORK, f"{RELEASE}evaluation.json")


def test_a_model_is_judged_by_the_whole_test_split(endpoints: FakeEndpoints) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, wrong=1)

    probed = table_probes.probe(payload())

    assert probed.probes == ROWS
    assert len(probed.milliseconds) == 3
    # The first row of each shard is answered wrong: one M, one B (row 15).
    assert probed.metrics["accuracy"] == pytest.approx(38 / 40)
    assert probed.metrics["sensitivity"] == pytest.approx(9 / 10)
    assert probed.metrics["specificity"] == pytest.approx(29 / 30)
    assert probed.metrics["majority_accuracy"] == pytest.approx(30 / 40)
    assert probed.metrics["baseline_mae"] == pytest.approx(10 / 40)
    assert (evaluation()["task"], evaluation()["rows"]) == ("table", ROWS)
    assert evaluation()["release"] == RELEASE.split("/")[1]
    assert evaluation()["confusion_matrix"] == [[29, 1], [1, 9]]
    assert set(evaluation()["metrics"]["intervals"]) == {
        "accuracy",
        "sensitivity",
        "specificity",
        "auc",
    }
    assert stack.read_json(stack.WORK, f"{RELEASE}table.json") == TABLE_DOCUMENT


def test_the_time_is_that_of_requests_as_large_as_the_inbox_sends(
    endpoints: FakeEndpoints,
) -> None:
    endpoints.answers["sonoflow-table"] = linear

    table_probes.probe(payload())

    largest = table_endpoint.rows_per_request(Table.parse(TABLE_DOCUMENT))
    rows = [len(recordio.read(body).vectors) for _, _, body in endpoints.requests]
    assert rows == [15, ROWS - 15, largest, largest, largest]


def test_a_model_below_the_gate_fails_and_its_evaluation_is_kept(endpoints: FakeEndpoints) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, wrong=4)

    with pytest.raises(ProbeFailed, match=r"40 rows.*accuracy is 0\.8, the minimum is 0\.9"):
        table_probes.probe(payload())

    assert evaluation()["metrics"]["accuracy"] == pytest.approx(0.8)


def test_the_table_lies_beside_the_model_before_its_endpoint_is_asked(
    endpoints: FakeEndpoints,
) -> None:
    """Tables of the inbox ask the endpoint from the moment that it serves."""
    endpoints.answers["sonoflow-table"] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        table_probes.probe(payload())

    assert stack.read_json(stack.WORK, f"{RELEASE}table.json") == TABLE_DOCUMENT


def test_a_regressors_score_is_cut_at_one_half_and_judged_the_same_way(
    endpoints: FakeEndpoints,
) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, threshold=None)

    probed = table_probes.probe(payload(predictor_type="regressor"))

    assert probed.metrics["accuracy"] == 1.0
    assert probed.metrics["mae"] == pytest.approx(0.1 * 0.25 + 0.2 * 0.75)
    assert evaluation()["threshold"] == 0.5


def test_an_endpoint_that_answers_otherwise_fails(endpoints: FakeEndpoints) -> None:
    endpoints.answers["sonoflow-table"] = lambda _: Answer(b'{"scores": []}', "application/json")

    with pytest.raises(ProbeFailed, match="sonoflow-table"):
        table_probes.probe(payload())


def test_a_table_of_other_classes_is_an_error(endpoints: FakeEndpoints) -> None:
    with pytest.raises(PayloadInvalid, match=r"\['B', 'M'\], not \['M', 'B'\]"):
        table_probes.probe(payload(classes=["M", "B"]))

    assert endpoints.requests == []


@pytest.mark.parametrize("records", [[], ["rows/test/part-00000.recordio"]])
def test_a_test_split_that_cannot_be_judged_by_fails(
    endpoints: FakeEndpoints, records: list[str]
) -> None:
    stack.write(stack.WORK, f"{TABLE}{''.join(records)}", recordio.encode(np.ones((2, 2), "f4")))
    splits_to_probe.write_manifest(TABLE, *records)

    with pytest.raises(ProbeFailed, match="no labels" if records else "no row"):
        table_probes.probe(payload())
