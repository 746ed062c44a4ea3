from __future__ import annotations

import json
from typing import Any

import pytest

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.reports import external_matrix
from tests.unit import stack

PREFIX = "validations/"
BUCKETS = settings.Buckets(stack.WORK, stack.RESULTS)


def side(accuracy: float, images: int) -> dict[str, Any]:
    interval = [accuracy - 0.1, accuracy + 0.1]
    metrics, intervals = {"accuracy": accuracy, "ece": None}, {"accuracy": interval}
    return {"images": images, "groups": images, "metrics": metrics, "intervals": intervals}


def facts(name: str, model: str, accuracy: float) -> dict[str, Any]:
    trained = {"name": "busi", "version": "cd0007f2cf09"}
    release = f"sonoflow-classifier-{model}"
    return {
        "dataset": {"name": name, "version": "0a1b2c3d4e5f"},
        "models": [{"task": "classification", "release": release, "trained_on": trained}],
        "classification": {"external": side(accuracy, 40), "internal": side(0.9, 80)},
        "segmentation": None,
    }


def keep(name: str, model: str, accuracy: float) -> None:
    key = f"{PREFIX}{name}/0a1b2c3d4e5f/{model}.json"
    stack.write(stack.WORK, key, json.dumps(facts(name, model, accuracy)))


def published() -> Any:
    return stack.read_json(stack.RESULTS, "reports/external/matrix.json")


def accuracies() -> dict[tuple[str, str], float]:
    return {
        (line["release"], one["dataset"]["name"]): one["metrics"]["accuracy"]
        for line in published()["classification"]
        for one in line["external"]
    }


def test_every_set_stands_beside_every_model_that_judged_it(aws: None) -> None:
    keep("here", "a", 0.8)
    keep("there", "a", 0.7)
    keep("there", "b", 0.75)

    external_matrix.renew(PREFIX, BUCKETS)

    assert accuracies() == {
        ("sonoflow-classifier-a", "here"): 0.8,
        ("sonoflow-classifier-a", "there"): 0.7,
        ("sonoflow-classifier-b", "there"): 0.75,
    }
    first = published()["classification"][0]
    assert first["internal"]["metrics"]["accuracy"] == 0.9
    assert first["external"][0]["intervals"]["accuracy"] == pytest.approx([0.7, 0.9])
    page = stack.read(stack.RESULTS, "reports/external/matrix.html").decode()
    assert page.count("own test split") == 2
    assert "0.750" in page


def test_who_lists_first_and_writes_last_lists_again(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list of one and its write another validation ends, whole."""
    keep("here", "a", 0.8)
    read = external_matrix._read
    ended: list[str] = []

    def overtaken(bucket: str, prefix: str) -> Any:
        found = read(bucket, prefix)
        if not ended:
            ended.append("there")
            keep("there", "a", 0.7)
            external_matrix.renew(PREFIX, BUCKETS)
        return found

    monkeypatch.setattr(external_matrix, "_read", overtaken)

    external_matrix.renew(PREFIX, BUCKETS)

    assert {name for _, name in accuracies()} == {"here", "there"}
    page = stack.read(stack.RESULTS, "reports/external/matrix.html").decode()
    assert "there/0a1b2c3d4e5f" in page


def test_the_same_model_beside_another_partner_is_listed_once(aws: None) -> None:
    keep("here", "a", 0.8)
    other = facts("here", "a", 0.8)
    other["models"].append(
        {
            "task": "segmentation",
            "release": "sonoflow-segmenter-x",
            "trained_on": {"name": "busi", "version": "cd0007f2cf09"},
        }
    )
    stack.write(stack.WORK, f"{PREFIX}here/0a1b2c3d4e5f/z.json", json.dumps(other))

    external_matrix.renew(PREFIX, BUCKETS)

    (line,) = published()["classification"]
    assert len(line["external"]) == 1


def test_it_is_written_anew_each_time(aws: None) -> None:
    keep("here", "a", 0.8)
    external_matrix.renew(PREFIX, BUCKETS)
    client("s3").delete_object(Bucket=stack.WORK, Key=f"{PREFIX}here/0a1b2c3d4e5f/a.json")

    external_matrix.renew(PREFIX, BUCKETS)

    assert published()["classification"] == []
