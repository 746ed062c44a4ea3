from __future__ import annotations

from typing import Any

import pytest

from functions.compare_models import app
from functions.compare_models.app import handler
from sonoflow.errors import PayloadInvalid
from tests.unit import contests, stack
from tests.unit.contests import PER_CLASS
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.metrics import metrics_of

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PUBLISHED = "reports/busi-mini/cd0007f2cf09/classifier.comparison.json"
KEPT = "training/sonoflow-classifier-cd0007f2cf09-5e3a91c0/comparison.json"


@pytest.fixture
def payload(endpoints: FakeEndpoints) -> Any:
    """A classifier in service that never errs, and a new one that often does."""
    entries = contests.write_test_split()
    contests.write_training()
    contests.serve("classifier")
    contests.write_classes(*contests.CLASSES)
    contests.champion_classifies(endpoints, entries)
    payload = stack.event("compare_models.classification")
    contests.write_evaluation(payload, contests.classified(entries, 20))
    return payload


def test_a_worse_model_does_not_pass_and_whoever_wants_to_reads_why(
    payload: Any, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler(payload, context)

    assert (answer["done"], answer["passed"], answer["outcome"]) == (True, False, "worse")
    assert answer["champion"] == f"sonoflow-classifier-{contests.OLD_VERSION}"
    written = stack.read_json(stack.RESULTS, PUBLISHED)
    assert written == stack.read_json(stack.WORK, KEPT)
    assert written == {name: answer[name] for name in written}
    assert written["reasons"] == answer["reasons"] != []
    assert metrics_of(capsys.readouterr().out) == {"ModelsCompared": 1.0, "ModelsWorse": 1.0}


@pytest.mark.parametrize("event", ["compare_models.segmentation", "compare_models.table"])
def test_the_first_model_of_a_kind_passes(
    endpoints: FakeEndpoints, context: Any, event: str
) -> None:
    answer = handler(stack.event(event), context)

    assert (answer["done"], answer["passed"], answer["outcome"]) == (True, True, "first")
    assert answer["metadata"] == {"comparison": "first"}


def test_it_is_called_again_until_it_is_done_but_not_for_ever(
    payload: Any, context: Any, endpoints: FakeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a function whose time is over after twenty images."""

    class Short:
        function_name = context.function_name
        memory_limit_in_mb = context.memory_limit_in_mb
        invoked_function_arn = context.invoked_function_arn
        aws_request_id = context.aws_request_id

        def __init__(self) -> None:
            self.looks = 20

        def get_remaining_time_in_millis(self) -> int:
            self.looks -= 1
            return 900_000 if self.looks > 0 else 1_000

    call: Any = handler
    monkeypatch.setattr(app, "ROUNDS", 2)

    first = call(payload, Short())
    second = call({**payload, "round": first["round"]}, Short())

    assert first == {"done": False, "round": 2}
    assert second["done"] is True
    assert second["sample"]["compared"] < 3 * PER_CLASS


@pytest.mark.parametrize(
    ("event", "message"),
    [("compare_models.bad_task", "'detection'"), ("compare_models.bad_round", "'round'")],
)
def test_a_payload_that_makes_no_sense_is_an_error_that_names_what(
    aws: None, context: Any, event: str, message: str
) -> None:
    with pytest.raises(PayloadInvalid, match=message):
        handler(stack.event(event), context)
