"""A table in, a judged model served, rows in, scores out; and a worse model stays out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from local.laptop import uploads
from local.laptop.progress import RunWatch
from tests.e2e.conftest import Deploy, Stack

pytestmark = pytest.mark.slow

IN_INBOX = 40


def wdbc(labels: Any = None) -> list[str]:
    """The data set's lines as UCI publishes them: id, M or B, 30 features, no header."""
    data = load_breast_cancer()
    malignant = (data.target == 0) if labels is None else labels
    return [
        ",".join([str(842302 + number), "M" if bad else "B", *(f"{x:.6g}" for x in row)])
        for number, (row, bad) in enumerate(zip(data.data, malignant, strict=True))
    ]


def shuffled() -> list[str]:
    """The same rows with labels that have nothing to do with them."""
    return wdbc(np.random.default_rng(3).permutation(load_breast_cancer().target == 0))


def train(stack: Stack, lines: list[str]) -> dict[str, Any]:
    body = ("\n".join(lines) + "\n").encode()
    return stack.run_to_the_end("datasets/wdbc.data", body, "TrainTable")


def score(stack: Stack, path: str, lines: list[str]) -> list[dict[str, str]]:
    stack.upload(f"inbox/{path}", ("\n".join(lines) + "\n").encode())
    answer = stack.wait_for_object(stack.results, f"scores/{path}.csv")
    return list(csv.DictReader(io.StringIO(answer.decode())))


def serving(stack: Stack) -> str:
    endpoint = stack.sagemaker.describe_endpoint(EndpointName=stack.outputs["TableEndpointName"])
    assert endpoint["EndpointStatus"] == "InService"
    return str(endpoint["EndpointConfigName"])


def test_a_table_becomes_an_endpoint_that_scores_and_a_worse_model_does_not_take_its_place(
    deploy: Deploy, tmp_path: Path
) -> None:
    with deploy(MinimumTableAccuracy="0.9") as stack:
        release = check_the_release(stack, train(stack, wdbc()))
        check_that_the_same_again_is_known(stack, tmp_path / "wdbc.data")
        check_the_scores(stack, release["version"])

        # Linear Learner's own figures already miss the gate: nothing is deployed.
        refused = train(stack, shuffled())
        assert refused["status"] == "FAILED"
        assert refused["error"] == "GateNotPassed"
        assert "accuracy is" in refused["cause"]
        assert serving(stack) == release["release"]

        # A regressor's know no accuracy: its endpoint is what misses the gate.
        told = '{"predictor_type": "regressor", "loss": "absolute_loss"}'
        stack.update(TableHyperparameters=told)
        undone = train(stack, shuffled()[1:])
        assert undone["status"] == "FAILED"
        assert undone["error"] == "ProbeFailed"
        assert "accuracy is" in undone["cause"]
        assert serving(stack) == release["release"]
        packages = stack.sagemaker.list_model_packages(ModelPackageGroupName="sonoflow-table")
        approvals = {
            package["ModelPackageVersion"]: package["ModelApprovalStatus"]
            for package in packages["ModelPackageSummaryList"]
        }
        assert approvals == {1: "Approved", 2: "Rejected"}
        (row,) = score(stack, "after.csv", wdbc()[:1])
        assert row["model_version"] == release["version"]
        assert len(stack.runs("TrainTable")) == 3
        assert stack.running() == []


def check_the_release(stack: Stack, ended: dict[str, Any]) -> dict[str, Any]:
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    output = json.loads(ended["output"])
    assert output["split"]["rows"] == {"B": 357, "M": 212}
    (release,) = output["releases"]
    assert serving(stack) == release["release"]
    metrics = release["metrics"]
    assert metrics["accuracy"] >= 0.9 > metrics["majority_accuracy"]
    assert metrics["mae"] < metrics["baseline_mae"]
    bucket, _, key = release["evaluation_uri"].removeprefix("s3://").partition("/")
    evaluation = stack.document(bucket, key)
    assert evaluation is not None
    assert evaluation["rows"] == sum(output["split"]["splits"]["test"].values())
    assert evaluation["metrics"]["accuracy"] == metrics["accuracy"]
    assert "the model is released" in stack.notification(output["report"])
    watch = RunWatch(stack.laptop.client, stack.outputs, ended["executionArn"])
    assert {"StageTable", "ReleaseModel", "Train table"} <= set(watch.seconds())
    assert watch.look().epochs["table"].of == 15
    found: dict[str, Any] = release
    return found


def check_that_the_same_again_is_known(stack: Stack, file: Path) -> None:
    file.write_text("\n".join(wdbc()) + "\n")
    version = uploads.put(stack.laptop, file, "datasets/wdbc.data")

    arn = uploads.run_of(stack.laptop, file, "datasets/wdbc.data", version)

    assert [run["executionArn"] for run in stack.runs("TrainTable")] == [arn]


def check_the_scores(stack: Stack, version: str) -> None:
    """Rows come back in their order; a bad one is told of, and stops no other."""
    lines = wdbc()[:IN_INBOX]
    lines[3] = lines[3].replace(",", ",?,", 1)
    truth = [line.split(",")[:2] for line in lines]
    del truth[3]

    rows = score(stack, "ward3/new.csv", lines)

    assert [row["id"] for row in rows] == [identity for identity, _ in truth]
    assert {row["model_version"] for row in rows} == {version}
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    right = [row["label"] == label for row, (_, label) in zip(rows, truth, strict=True)]
    assert np.mean(right) >= 0.9
    rejected = stack.document(stack.results, "rejected/ward3/new.csv.json")
    assert rejected is not None
    assert (rejected["rows"], rejected["bad_rows"]) == (IN_INBOX - 1, 1)
    assert rejected["reasons"] == {"wrong-column-count": 1}
    assert rejected["listed"][0]["line"] == 4
