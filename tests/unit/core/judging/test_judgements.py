from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.errors import EvaluationUnreadable
from sonoflow.judging.judgements import of_output, of_training_job, reported
from tests.unit import stack
from tests.unit.fake_training_jobs import FakeTrainingJobs
from tests.unit.training_outputs import key, write, write_evaluation

TABLE_JOB = "sonoflow-table-61e104857123-7c1d2e3f"


def metrics(**values: float) -> dict[str, Any]:
    """DescribeTrainingJob's answer, as far as figures go; `test_mse` is `test:mse`."""
    return {
        "TrainingJobName": "sonoflow-table-1",
        "FinalMetricDataList": [
            {"MetricName": name.replace("_", ":", 1), "Value": value, "Timestamp": 0}
            for name, value in values.items()
        ],
    }


def test_figures_are_those_of_the_test_split_under_the_evaluations_names() -> None:
    description = metrics(
        train_objective_loss=0.3,
        validation_binary_classification_accuracy=1.0,
        test_binary_classification_accuracy=0.96,
        test_roc_auc_score=0.99,
        test_recall=0.9,
        test_objective_loss=float("nan"),
    )

    assert reported(description) == {
        "accuracy": 0.96,
        "auc": 0.99,
        "recall": 0.9,
        "objective_loss": None,
    }


def test_a_multiclass_accuracy_is_an_accuracy() -> None:
    assert reported(metrics(test_multiclass_accuracy=0.5)) == {"accuracy": 0.5}


@pytest.mark.parametrize(
    "description", [metrics(train_mse=0.1), {"TrainingJobName": "sonoflow-table-1"}]
)
def test_a_job_that_was_not_tested_is_an_error_that_names_it(description: dict[str, Any]) -> None:
    with pytest.raises(EvaluationUnreadable, match="sonoflow-table-1"):
        reported(description)


def test_report_and_card_are_kept_beside_the_evaluation_even_of_a_model_that_is_refused(
    aws: None,
) -> None:
    """It is the refused model that somebody wants to look into."""
    payload = stack.event("judge_model.classification")
    documents = {
        "diagnostics.json": b'{"rules": []}',
        "history.json": b"{}",
        "model_card.md": b"# Model card",
        "report.html": b"<!DOCTYPE html>",
        "worst_cases/01-0123456789abcdef.image.png": b"PNG",
    }
    document = json.dumps({"metrics": {"accuracy": 0.2}}).encode()
    write(payload, documents | {"evaluation.json": document, "core": b"x"})

    judged = of_output(payload)

    assert judged.reasons == ["accuracy is 0.2, the minimum is 0.6"]
    folder = key(payload, "evaluation_uri").removesuffix("evaluation.json")
    kept = {name: stack.read(stack.WORK, folder + name) for name in documents}
    assert kept == documents
    written = [name for name in stack.keys_of(stack.WORK) if "/output/" not in name]
    assert sorted(written) == sorted(folder + name for name in (*documents, "evaluation.json"))
    page = client("s3").head_object(Bucket=stack.WORK, Key=f"{folder}report.html")
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_documents_that_are_missing_are_named(aws: None) -> None:
    payload = stack.event("judge_model.classification")
    document = write_evaluation(payload, {"accuracy": 0.93})

    judged = of_output(payload)

    assert (judged.figures, judged.reasons) == ({"accuracy": 0.93}, [])
    assert judged.missing == ("diagnostics.json", "model_card.md", "report.html")
    assert stack.read(stack.WORK, key(payload, "evaluation_uri")) == document


def test_a_damaged_document_is_an_error_and_nothing_is_kept(aws: None) -> None:
    payload = stack.event("judge_model.classification")
    document = json.dumps({"metrics": {"accuracy": 0.93}}).encode()
    write(payload, {"evaluation.json": document, "history.json": b"{"})

    with pytest.raises(EvaluationUnreadable, match=r"history\.json"):
        of_output(payload)

    assert [name for name in stack.keys_of(stack.WORK) if "/output/" not in name] == []


@pytest.mark.parametrize("metrics", [{}, {"accuracy": None}, {"accuracy": float("nan")}])
def test_a_metric_that_is_undefined_does_not_pass(aws: None, metrics: dict[str, Any]) -> None:
    payload = stack.event("judge_model.classification")
    write_evaluation(payload, metrics)

    judged = of_output(payload)

    assert judged.reasons == ["accuracy is undefined, the minimum is 0.6"]
    json.dumps(judged.figures, allow_nan=False)  # a state machine reads no NaN


def test_a_job_without_test_figures_is_an_error(jobs: FakeTrainingJobs) -> None:
    jobs.metrics[TABLE_JOB] = {"train:objective_loss": 0.06}

    with pytest.raises(EvaluationUnreadable, match=TABLE_JOB):
        of_training_job(stack.event("judge_model.table"))


def test_errors_of_the_call_escape(jobs: FakeTrainingJobs) -> None:
    with pytest.raises(ClientError, match="not found"):
        of_training_job(stack.event("judge_model.table"))
