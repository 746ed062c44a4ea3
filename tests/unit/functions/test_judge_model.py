from __future__ import annotations

from typing import Any

import pytest

from functions.judge_model.app import handler
from sonoflow.errors import EvaluationUnreadable, PayloadInvalid
from tests.unit import stack
from tests.unit.fake_training_jobs import FakeTrainingJobs
from tests.unit.metrics import metrics_of
from tests.unit.training_outputs import key, write_evaluation

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

TABLE_JOB = "sonoflow-table-61e104857123-7c1d2e3f"


def test_a_good_model_passes_and_its_evaluation_is_kept(
    aws: None, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = stack.event("judge_model.classification")
    per_class = {"benign": {"recall": 1.0}}
    document = write_evaluation(
        payload, {"accuracy": 0.93, "macro_f1": 0.9, "per_class": per_class}
    )

    answer = handler(payload, context)

    assert answer == {
        "passed": True,
        "reasons": [],
        "metrics": {"accuracy": 0.93, "macro_f1": 0.9},
    }
    assert stack.read(stack.WORK, key(payload, "evaluation_uri")) == document
    assert metrics_of(capsys.readouterr().out) == {"ModelsPassed": 1.0}


def test_documents_that_are_missing_are_named_in_the_log(
    aws: None, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    payload = stack.event("judge_model.classification")
    write_evaluation(payload, {"accuracy": 0.93})

    assert handler(payload, context)["passed"] is True

    warning = caplog.records[0]
    assert warning.levelname == "WARNING"
    assert vars(warning)["missing"] == ["diagnostics.json", "model_card.md", "report.html"]


def test_a_model_below_the_gate_does_not_pass_and_every_reason_is_given(
    aws: None, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = stack.event("judge_model.segmentation")
    write_evaluation(payload, {"lesion_dice": 0.31, "normal_false_mask_rate": 0.95})

    answer = handler(payload, context)

    assert answer["passed"] is False
    assert answer["reasons"] == [
        "lesion_dice is 0.31, the minimum is 0.4",
        "normal_false_mask_rate is 0.95, the maximum is 0.9",
    ]
    assert metrics_of(capsys.readouterr().out) == {"ModelsRefused": 1.0}


def test_an_output_without_evaluation_is_an_error(aws: None, context: Any) -> None:
    payload = stack.event("judge_model.bad_output")
    write_evaluation(payload, {}, name="figures.json")

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


def test_a_tables_model_is_judged_by_the_figures_that_sagemaker_holds_of_its_job(
    jobs: FakeTrainingJobs, context: Any
) -> None:
    jobs.metrics[TABLE_JOB] = {
        "train:objective_loss": 0.06,
        "validation:binary_classification_accuracy": 1.0,
        "test:binary_classification_accuracy": 0.9649,
        "test:recall": 0.9524,
        "test:roc_auc_score": 0.99,
    }

    answer = handler(stack.event("judge_model.table"), context)

    assert answer == {
        "passed": True,
        "reasons": [],
        "metrics": {"accuracy": 0.9649, "recall": 0.9524, "auc": 0.99},
    }
    assert stack.keys_of(stack.WORK) == []  # the evaluation comes of the endpoint


def test_a_tables_model_below_the_gate_does_not_pass(jobs: FakeTrainingJobs, context: Any) -> None:
    jobs.metrics[TABLE_JOB] = {"test:binary_classification_accuracy": 0.86}

    answer = handler(stack.event("judge_model.table"), context)

    assert (answer["passed"], answer["reasons"]) == (
        False,
        ["accuracy is 0.86, the minimum is 0.9"],
    )


def test_a_table_without_its_job_is_an_error_that_names_what_is_missing(
    jobs: FakeTrainingJobs, context: Any
) -> None:
    with pytest.raises(PayloadInvalid, match=r"evaluation\.training_job"):
        handler(stack.event("judge_model.bad_training_job"), context)
