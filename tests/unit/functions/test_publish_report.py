from __future__ import annotations

import json
from typing import Any

import pytest

from functions.publish_report.app import handler
from sonoflow.errors import PayloadInvalid
from tests.unit import pictures, stack

PREFIX = "datasets/busi-mini/cd0007f2cf09/"
PUBLISHED = "reports/busi-mini/cd0007f2cf09/"


@pytest.fixture
def payload(aws: None) -> Any:
    """A finished run: index, quarantine, images, masks, evaluations."""
    payload = stack.event("publish_report.released")
    entries = []
    for seed, label in enumerate(("benign", "malignant", "normal")):
        mask = None if label == "normal" else f"masks/{label}/{seed}.png"
        entries.append(
            {
                "id": f"{seed:016x}",
                "class": label,
                "source": f"{label}/{seed}.png",
                "masks": [mask] if mask else [],
                "width": pictures.WIDTH,
                "height": pictures.HEIGHT,
                "image": f"images/{label}/{seed}.png",
                "mask": mask,
                "sha256": "0" * 64,
                "lesion_pixels": 200 if mask else 0,
                "split": "train",
                "flags": [],
            }
        )
        stack.write(stack.WORK, f"{PREFIX}images/{label}/{seed}.png", pictures.png(seed))
        if mask:
            outline = pictures.encode(pictures.lesion(10, 10, 30, 20))
            stack.write(stack.WORK, PREFIX + mask, outline)
    aside = {"source": "<b>bad</b>.png", "reason": "truncated", "detail": "cut off"}
    write_lines("index.jsonl", entries)
    write_lines("quarantine.jsonl", [aside])
    for release in payload["releases"]:
        key = release["evaluation_uri"].removeprefix(f"s3://{stack.WORK}/")
        stack.write(stack.WORK, key, json.dumps(evaluation(release["task"])))
    return payload


def write_lines(name: str, documents: list[Any]) -> None:
    stack.write(stack.WORK, PREFIX + name, "".join(json.dumps(d) + "\n" for d in documents))


def evaluation(task: str) -> dict[str, Any]:
    classes = ["benign", "malignant", "normal"]
    document: dict[str, Any] = {"task": task, "images": 9, "classes": classes, "metrics": {}}
    if task == "classification":
        figures = {"precision": 0.5, "recall": 1.0, "f1": 0.667, "support": 3}
        document["metrics"] = {"accuracy": 0.9, "per_class": dict.fromkeys(classes, figures)}
        document["confusion_matrix"] = [[3, 0, 0], [1, 2, 0], [0, 0, 17]]
    return document


def test_the_report_is_left_in_both_buckets_with_the_evaluations(
    payload: Any, context: Any
) -> None:
    answer = handler(payload, context)

    assert answer == {"report_uri": f"s3://{stack.RESULTS}/{PUBLISHED}report.html"}
    assert stack.keys_of(stack.RESULTS) == [
        f"{PUBLISHED}{name}"
        for name in (
            "classifier.evaluation.json",
            "report.html",
            "report.json",
            "segmenter.evaluation.json",
        )
    ]
    for suffix in ("json", "html"):
        published = stack.read(stack.RESULTS, f"{PUBLISHED}report.{suffix}")
        assert stack.read(stack.WORK, f"{PREFIX}report.{suffix}") == published
    report = stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")
    assert report["images"] == {"benign": 1, "malignant": 1, "normal": 1}
    assert [model["model"] for model in report["models"]] == ["classifier", "segmenter"]
    assert report["models"][0]["confusion_matrix"][2][2] == 17


def test_the_page_stands_alone_and_runs_nothing(payload: Any, context: Any) -> None:
    handler(payload, context)

    page = stack.read(stack.RESULTS, f"{PUBLISHED}report.html").decode()
    assert "<script" not in page
    assert "http" not in page.replace("data:image", "")
    assert page.count("data:image/jpeg;base64,") == 3
    assert "&lt;b&gt;bad&lt;/b&gt;.png" in page, "names of files are text, not markup"


def test_publishing_again_gives_the_same_bytes(payload: Any, context: Any) -> None:
    handler(payload, context)
    first = stack.read(stack.RESULTS, f"{PUBLISHED}report.html")
    handler(payload, context)

    assert stack.read(stack.RESULTS, f"{PUBLISHED}report.html") == first


def test_a_release_without_evaluation_is_an_error_that_says_so(payload: Any, context: Any) -> None:
    bad = stack.event("publish_report.bad_release")

    with pytest.raises(PayloadInvalid, match="evaluation_uri"):
        handler(bad, context)
