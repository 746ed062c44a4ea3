"""How the run of a data set ends, in words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from local.dropping import runs
from local.dropping.items import Item
from local.laptop.progress import RunFailed
from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.releases import tasks
from tests.unit import stack


def test_what_a_run_assumed_is_said_with_what_settles_it() -> None:
    said = [
        {"code": "a", "detail": "1 is positive", "settle": '{"positive": "0"}'},
        {"code": "b", "detail": "a column is empty", "settle": ""},
    ]

    assert list(runs.assumed({"split": {"assumptions": said}})) == [
        'assumed: 1 is positive; if not, into the mapping: {"positive": "0"}',
        "assumed: a column is empty",
    ]
    assert list(runs.assumed({})) == []


class States:
    """Step Functions, with one release that missed its gate and one that failed otherwise."""

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        return {
            "classification": {
                "status": "FAILED",
                "error": "GateNotPassed",
                "cause": "accuracy is 0.333333, the minimum is 0.7",
            },
            "segmentation": {"status": "FAILED", "error": "Other", "cause": "no disk"},
        }[executionArn]


def test_a_missed_gate_names_figure_gate_parameter_and_report(aws: None, tmp_path: Path) -> None:
    item = Item(tmp_path / "a.zip", "datasets/a.zip", tmp_path / "a.zip")
    report = "training/sonoflow-classifier-1/report.html"
    stack.write(stack.WORK, report, "<html>")
    laptop = SimpleNamespace(
        client=lambda service: States() if service == "stepfunctions" else client(service),
        outputs={"WorkBucketName": stack.WORK},
    )
    watch = SimpleNamespace(
        run="a-1",
        releases=lambda: {"classification": "classification", "segmentation": "segmentation"},
        jobs=lambda: {"classifier": "sonoflow-classifier-1", "segmenter": "sonoflow-segmenter-1"},
    )

    outcome = runs._failed(cast(Any, laptop), item, cast(Any, watch), RunFailed("x"), "sono")

    assert outcome.text.splitlines() == [
        "a-1 failed",
        "classifier: not deployed, as its accuracy is 0.333333, the minimum is 0.7 (parameter"
        " MinimumAccuracy)",
        f"classifier: its report, which --out DIR saves: s3://{stack.WORK}/{report}",
        "segmenter: Other: no disk",
        "More images or better labels make a better model. To look at it all the same, knowing that"
        " it is not good: sono down; sono up --parameter MinimumAccuracy=0; then drop it again.",
    ]
    assert outcome.objects == {"classifier.report.html": (stack.WORK, report)}


def test_the_gates_are_those_of_the_tasks() -> None:
    """Each task's gate, with a value by which its parameter is known."""
    values = {"MinimumAccuracy": 0.1, "MinimumLesionDice": 0.2, "MinimumTableAccuracy": 0.3}
    gates = settings.Gates(*values.values())
    found = {}
    for task in (*tasks.OF_IMAGES, *tasks.OF_TABLES):
        given = object.__new__(task)
        object.__setattr__(given, "gates", gates)
        object.__setattr__(given, "given", {"predictor_type": "binary_classifier"})
        object.__setattr__(given, "wanted", "{}")
        for figure, value in given.gate(["benign", "malignant"])["minimum"].items():
            (parameter,) = (name for name, known in values.items() if known == value)
            found[task.name, figure] = parameter

    assert found == runs.GATES


def test_a_good_run_is_told_in_figures_with_its_cautions() -> None:
    counts = {"benign": 4, "malignant": 4}
    output = {
        "split": {"images": counts, "splits": {"test": {"benign": 1, "malignant": 1}}},
        "releases": [
            {"model": "classifier", "endpoint_name": "c", "metrics": {"accuracy": 0.5, "auc": None}}
        ],
        "report": "s3://r/report.html",
    }

    told = list(runs._told("a-1", output))

    assert told[:3] == [
        "a-1 succeeded",
        "classifier on c: accuracy 0.500",
        "report     s3://r/report.html",
    ]
    assert [line[:9] for line in told[3:]] == ["caution: ", "caution: "]
