from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from functions.judge_model.app import handler
from sonoflow.errors import EvaluationUnreadable, PayloadInvalid
from tests.unit import stack

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def write_output(payload: dict[str, Any], metrics: Any, name: str = "evaluation.json") -> bytes:
    """A training job's output.tar.gz where the payload says; gives the evaluation in it."""
    document = json.dumps({"task": payload["task"], "metrics": metrics}).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in (("history.json", b"[]"), (name, document)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    stack.write(stack.WORK, key(payload, "output_uri"), buffer.getvalue())
    return document


def key(payload: dict[str, Any], name: str) -> str:
    return str(payload["evaluation"][name]).removeprefix(f"s3://{stack.WORK}/")


def test_a_good_model_passes_and_its_evaluation_is_kept(aws: None, context: Any) -> None:
    payload = stack.event("judge_model.classification")
    per_class = {"benign": {"recall": 1.0}}
    document = write_output(payload, {"accuracy": 0.93, "macro_f1": 0.9, "per_class": per_class})

    answer = handler(payload, context)

    assert answer == {
        "passed": True,
        "reasons": [],
        "metrics": {"accuracy": 0.93, "macro_f1": 0.9},
    }
    assert stack.read(stack.WORK, key(payload, "evaluation_uri")) == document


def test_a_model_below_the_gate_does_not_pass_and_every_reason_is_given(
    aws: None, context: Any
) -> None:
    payload = stack.event("judge_model.segmentation")
    write_output(payload, {"lesion_dice": 0.31, "normal_false_mask_rate": 0.95})

    answer = handler(payload, context)

    assert answer["passed"] is False
    assert answer["reasons"] == [
        "lesion_dice is 0.31, the minimum is 0.4",
        "normal_false_mask_rate is 0.95, the maximum is 0.9",
    ]


@pytest.mark.parametrize("metrics", [{}, {"accuracy": None}, {"accuracy": float("nan")}])
def test_a_metric_that_is_undefined_does_not_pass(
    aws: None, context: Any, metrics: dict[str, Any]
) -> None:
    payload = stack.event("judge_model.classification")
    write_output(payload, metrics)

    answer = handler(payload, context)

    assert answer["passed"] is False
    assert answer["reasons"] == ["accuracy is undefined, the minimum is 0.6"]
    json.dumps(answer, allow_nan=False)  # a state machine reads no NaN


def test_an_output_without_evaluation_is_an_error(aws: None, context: Any) -> None:
    payload = stack.event("judge_model.bad_output")
    write_output(payload, {}, name="figures.json")

    with pytest.raises(EvaluationUnreadable, match=r"holds no evaluation\.json"):
        handler(payload, context)


def test_an_output_that_is_no_archive_is_an_error(aws: None, context: Any) -> None:
    payload = stack.event("judge_model.bad_output")
    stack.write(stack.WORK, key(payload, "output_uri"), b"no archive")

    with pytest.raises(EvaluationUnreadable, match=r"tar\.gz"):
        handler(payload, context)


def test_a_uri_that_is_not_of_s3_is_an_error_that_names_it(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"https://example\.com"):
        handler(stack.event("judge_model.bad_uri"), context)
