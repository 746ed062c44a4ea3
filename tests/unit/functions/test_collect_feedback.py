from __future__ import annotations

from typing import Any

import pytest

from functions.collect_feedback.app import handler
from sonoflow.errors import DatasetRefused, PayloadInvalid
from tests.unit import stack
from tests.unit.core.feedback.judged import archive, judge, scan, train
from tests.unit.metrics import metrics_of

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def test_verdicts_make_a_data_set_as_soon_as_there_are_enough(
    aws: None, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    train("datasets/busi.zip", archive())
    judge("a.png", "benign", scan(900))
    event = stack.event("collect_feedback.dataset")

    assert handler(event, context)["status"] == "waiting"
    assert handler({**event, "minimum": 1}, context)["status"] == "collected"

    assert "datasets/busi+feedback.zip" in stack.keys_of(stack.UPLOADS)
    assert metrics_of(capsys.readouterr().out)["ImagesJudged"] == 1.0


def test_fewer_than_one_make_no_sense(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match="must be 1 or more, not 0"):
        handler(stack.event("collect_feedback.bad_minimum"), context)


def test_an_unknown_data_set_is_an_error(aws: None, context: Any) -> None:
    with pytest.raises(DatasetRefused, match="no-such-data-set"):
        handler(stack.event("collect_feedback.dataset"), context)
