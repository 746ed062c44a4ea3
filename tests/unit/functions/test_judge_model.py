from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.judge_model.app import handler
from sonoflow.aws.clients import client
from sonoflow.errors import EvaluationUnreadable, PayloadInvalid
from tests.unit import stack
from tests.unit.fake_training_jobs import FakeTrainingJobs

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

TABLE_JOB = "sonoflow-table-61e104857123-7c1d2e3f"


@pytest.fixture
def jobs(aws: None) -> Iterator[FakeTrainingJobs]:
    fake = FakeTrainingJobs()
    with fake.behind(client("sagemaker")):
        yield fake


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


def write_documents(payload: dict[str, Any], **documents: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in documents.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    stack.write(stack.WORK, key(payload, "output_uri"), buffer.getvalue())


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


def test_report_and_card_are_kept_beside_the_evaluation_even_of_a_model_that_is_refused(
    aws: None, context: Any
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
    write_documents(payload, **documents, **{"evaluation.json": document, "core": b"x"})

    assert handler(payload, context)["passed"] is False

    folder = key(payload, "evaluation_uri").removesuffix("evaluation.json")
    kept = {name: stack.read(stack.WORK, folder + name) for name in documents}
    assert kept == documents
    written = [name for name in stack.keys_of(stack.WORK) if "/output/" not in name]
    assert sorted(written) == sorted(folder + name for name in (*documents, "evaluation.json"))
    page = client("s3").head_object(Bucket=stack.WORK, Key=f"{folder}report.html")
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_documents_that_are_missing_are_named_in_the_log(
    aws: None, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    payload = stack.event("judge_model.classification")
    write_output(payload, {"accuracy": 0.93})

    assert handler(payload, context)["passed"] is True

    warning = caplog.records[0]
    assert warning.levelname == "WARNING"
    assert vars(warning)["missing"] == ["diagnostics.json", "model_card.md", "report.html"]


def test_a_damaged_document_is_an_error_and_nothing_is_kept(aws: None, context: Any) -> None:
    payload = stack.event("judge_model.classification")
    document = json.dumps({"metrics": {"accuracy": 0.93}}).encode()
    write_documents(payload, **{"evaluation.json": document, "history.json": b"{"})

    with pytest.raises(EvaluationUnreadable, match=r"history\.json"):
        handler(payload, context)

    assert [name for name in stack.keys_of(stack.WORK) if "/output/" not in name] == []


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


def test_a_job_without_test_figures_is_an_error(jobs: FakeTrainingJobs, context: Any) -> None:
    jobs.metrics[TABLE_JOB] = {"train:objective_loss": 0.06}

    with pytest.raises(EvaluationUnreadable, match=TABLE_JOB):
        handler(stack.event("judge_model.table"), context)


def test_errors_of_the_call_escape(jobs: FakeTrainingJobs, context: Any) -> None:
    with pytest.raises(ClientError, match="not found"):
        handler(stack.event("judge_model.table"), context)


def test_a_table_without_its_job_is_an_error_that_names_what_is_missing(
    jobs: FakeTrainingJobs, context: Any
) -> None:
    with pytest.raises(PayloadInvalid, match=r"evaluation\.training_job"):
        handler(stack.event("judge_model.bad_training_job"), context)
