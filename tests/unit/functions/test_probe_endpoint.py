from __future__ import annotations

from typing import Any

import pytest

from functions.probe_endpoint.app import handler
from sonoflow.errors import PayloadInvalid, ProbeFailed
from tests.unit import fake_endpoints, pictures, splits_to_probe, stack
from tests.unit.fake_endpoints import CLASSIFIER, FakeEndpoints
from tests.unit.metrics import metrics_of
from tests.unit.splits_to_probe import RELEASE, ROWS, linear

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


@pytest.fixture(autouse=True)
def test_splits(aws: None) -> None:
    splits_to_probe.write_images()
    splits_to_probe.write_table()


@pytest.mark.parametrize(
    ("event", "model"),
    [
        ("probe_endpoint.classifier", "sonoflow-classifier"),
        ("probe_endpoint.segmenter", "sonoflow-segmenter"),
    ],
)
def test_an_endpoint_that_answers_as_agreed_passes_with_one_image_of_each_class(
    context: Any,
    endpoints: FakeEndpoints,
    capsys: pytest.CaptureFixture[str],
    event: str,
    model: str,
) -> None:
    answer = handler(stack.event(event), context)

    assert answer["passed"] is True
    assert answer["probes"] == 3
    assert answer["milliseconds"] > 0
    assert answer["scaling_target"] > 0
    assert answer["metrics"] == {}
    sent = [body for _, _, body in endpoints.requests]
    images = [pictures.png(seed) for seed in (0, 2, 4)]
    assert sent == images * 4  # once for what it answers, then for the time that it takes
    assert {name for name, _, _ in endpoints.requests} == {model}
    counted = metrics_of(capsys.readouterr().out)
    assert counted["ProbeLatency"] > 0


def test_a_tables_endpoint_passes_with_the_figures_of_the_whole_test_split(
    context: Any, endpoints: FakeEndpoints
) -> None:
    endpoints.answers["sonoflow-table"] = lambda body: linear(body, wrong=1)

    answer = handler(stack.event("probe_endpoint.table"), context)

    assert (answer["passed"], answer["probes"]) == (True, ROWS)
    assert answer["metrics"]["accuracy"] == pytest.approx(38 / 40)
    evaluation = stack.read_json(stack.WORK, f"{RELEASE}evaluation.json")
    assert evaluation["metrics"]["accuracy"] == answer["metrics"]["accuracy"]


def test_an_endpoint_that_answers_otherwise_fails(context: Any, endpoints: FakeEndpoints) -> None:
    answer = fake_endpoints.classification({"benign": 0.5, "malignant": 0.5})
    endpoints.answers[CLASSIFIER] = lambda _: answer

    with pytest.raises(ProbeFailed, match="sonoflow-classifier"):
        handler(stack.event("probe_endpoint.classifier"), context)


def test_no_classes_are_an_error(context: Any, endpoints: FakeEndpoints) -> None:
    with pytest.raises(PayloadInvalid, match="classes"):
        handler(stack.event("probe_endpoint.bad_classes"), context)


def test_a_table_without_a_gate_is_an_error_before_anything_is_done(
    context: Any, endpoints: FakeEndpoints
) -> None:
    with pytest.raises(PayloadInvalid, match="gate"):
        handler(stack.event("probe_endpoint.bad_gate"), context)

    assert endpoints.requests == []
