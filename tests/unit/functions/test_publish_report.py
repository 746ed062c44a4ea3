from __future__ import annotations

import json
import re
from typing import Any

import pytest

from functions.publish_report.app import handler
from sonoflow.errors import PayloadInvalid
from tests.unit import pictures, stack
from tests.unit.core.tables import table_documents

PREFIX = "datasets/busi-mini/cd0007f2cf09/"
PUBLISHED = "reports/busi-mini/cd0007f2cf09/"
TABLE_PREFIX = "datasets/wdbc/5f2c8e01b7d4/"
TABLE_PUBLISHED = "reports/wdbc/5f2c8e01b7d4/"
PATIENT = "Müller <b>Anna</b>"


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
                "source": f"{label}/{PATIENT} {seed}.png",
                "masks": [mask] if mask else [],
                "width": pictures.WIDTH,
                "height": pictures.HEIGHT,
                "image": f"images/{label}/{seed}.png",
                "mask": mask,
                "sha256": "0" * 64,
                "lesion_pixels": 200 if mask else 0,
                "histogram": [pictures.WIDTH * pictures.HEIGHT, *[0] * 15],
                "split": "train",
                "flags": [],
            }
        )
        stack.write(stack.WORK, f"{PREFIX}images/{label}/{seed}.png", pictures.png(seed))
        if mask:
            outline = pictures.encode(pictures.lesion(10, 10, 30, 20))
            stack.write(stack.WORK, PREFIX + mask, outline)
    aside = {"source": f"{PATIENT}.png", "reason": "truncated", "detail": f"{PATIENT} is cut off"}
    twins = [{key: entry[key] for key in ("id", "class", "source")} for entry in entries[:2]]
    link = {"a": twins[0]["id"], "b": twins[1]["id"], "kind": "pixels"}
    write_lines("index.jsonl", entries)
    write_lines("quarantine.jsonl", [aside])
    group = {"group": "0" * 16, "images": twins, "links": [link], "conflict": True}
    write_lines("duplicates.jsonl", [group])
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
    report = stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")
    assert report["images"] == {"benign": 1, "malignant": 1, "normal": 1}
    assert [model["model"] for model in report["models"]] == ["classifier", "segmenter"]
    assert report["models"][0]["confusion_matrix"][2][2] == 17
    assert report["duplicates"]["conflicts"] == 1


def test_the_report_says_how_each_model_compares_with_the_one_before(
    payload: Any, context: Any
) -> None:
    handler(payload, context)

    report = stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")
    compared, first = (model["comparison"] for model in report["models"])
    assert compared == payload["releases"][0]["comparison"]
    page = stack.read(stack.RESULTS, f"{PUBLISHED}report.html").decode()
    assert f"<p>N{compared['says'][1:]}.</p>" in page
    assert "<td>0.900</td><td>0.883</td><td>+0.017</td><td>-0.067 – +0.100</td>" in page
    assert "60 images in 58 groups; 3 left out, since the model before has learnt" in page
    assert f"<p>N{first['says'][1:]}.</p>" in page


def test_a_run_of_before_has_no_comparison(payload: Any, context: Any) -> None:
    for release in payload["releases"]:
        del release["comparison"]

    handler(payload, context)

    report = stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")
    assert [model["comparison"] for model in report["models"]] == [None, None]


def write_documents(payload: Any, fired: bool) -> dict[str, bytes]:
    """What a training left beside the classifier's evaluation, by name."""
    rules = [{"name": "dead_units", "fired": fired}, {"name": "plateau", "fired": False}]
    documents = {
        "diagnostics.json": json.dumps({"rules": rules}).encode(),
        "history.json": b'{"epochs": []}',
        "model_card.md": b"# Model card",
        "report.html": b"<!DOCTYPE html>",
    }
    release = payload["releases"][0]
    folder = release["evaluation_uri"].removeprefix(f"s3://{stack.WORK}/").rpartition("/")[0]
    for name, content in documents.items():
        stack.write(stack.WORK, f"{folder}/{name}", content)
    stack.write(stack.WORK, f"{folder}/worst_cases/01-0123456789abcdef.image.png", b"PNG")
    return documents


@pytest.mark.slow
def test_a_models_own_report_is_published_and_linked(payload: Any, context: Any) -> None:
    documents = write_documents(payload, fired=True)

    handler(payload, context)

    published = [key for key in stack.keys_of(stack.RESULTS) if "/classifier/" in key]
    assert sorted(published) == [f"{PUBLISHED}classifier/{name}" for name in sorted(documents)]
    for name, content in documents.items():
        assert stack.read(stack.RESULTS, f"{PUBLISHED}classifier/{name}") == content
    page = stack.read(stack.RESULTS, f"{PUBLISHED}report.html").decode()
    links = set(re.findall(r'href="([^#"]+)"', page))
    assert links == {f"classifier/{name}" for name in documents}
    assert "Diagnostic rules that fired in training:</span> dead units." in page
    facts = stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")["models"]
    assert facts[0]["rules_fired"] == ["dead_units"]
    assert (facts[1]["documents"], facts[1]["rules_fired"]) == ([], None)


def test_the_copy_beside_the_data_set_says_where_the_models_report_is(
    payload: Any, context: Any
) -> None:
    write_documents(payload, fired=False)

    handler(payload, context)

    page = stack.read(stack.WORK, f"{PREFIX}report.html").decode()
    assert re.findall(r'href="([^#"]+)"', page) == []
    assert f"<code>training/{payload['releases'][0]['release']}/</code>" in page
    assert page.count("No diagnostic rule fired in training.") == 1


def test_names_of_files_stay_in_the_work_bucket(payload: Any, context: Any) -> None:
    """They may name patients. Beside the data set they say what to put right."""
    handler(payload, context)

    for suffix in ("json", "html"):
        internal = stack.read(stack.WORK, f"{PREFIX}report.{suffix}").decode()
        published = stack.read(stack.RESULTS, f"{PUBLISHED}report.{suffix}").decode()
        assert internal.count("Müller") >= 4
        assert "Müller" not in published
        assert published.count("0000000000000001") >= 1


def test_the_page_stands_alone_and_runs_nothing(payload: Any, context: Any) -> None:
    handler(payload, context)

    for bucket, key in ((stack.RESULTS, PUBLISHED), (stack.WORK, PREFIX)):
        page = stack.read(bucket, f"{key}report.html").decode()
        assert "<script" not in page
        assert "http" not in page
        assert "<b>Anna" not in page, "names of files are text, not markup"
        assert page.count('src="data:image/jpeg;base64,') == 3 + 2
        assert len(re.findall(r"(?:src|href)=(?!\"(?:data:image|#))", page)) == 0


def test_no_image_is_read_that_is_not_shown(payload: Any, context: Any) -> None:
    """An index of a hundred thousand images must not become as many requests."""
    entries = [json.loads(x) for x in stack.read(stack.WORK, f"{PREFIX}index.jsonl").splitlines()]
    more = [
        {**entries[0], "id": f"{n:016x}", "image": "gone", "mask": "gone"} for n in range(9, 99)
    ]
    shown = [{**entries[0], "id": f"{n:016x}"} for n in range(3, 9)]
    write_lines("index.jsonl", [*shown, *more, *entries])

    handler(payload, context)

    report = stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")
    assert report["images"]["benign"] == 6 + 90 + 1


def test_publishing_again_gives_the_same_bytes(payload: Any, context: Any) -> None:
    handler(payload, context)
    first = stack.read(stack.RESULTS, f"{PUBLISHED}report.html")
    handler(payload, context)

    assert stack.read(stack.RESULTS, f"{PUBLISHED}report.html") == first


def test_a_release_without_evaluation_is_an_error_that_says_so(payload: Any, context: Any) -> None:
    bad = stack.event("publish_report.bad_release")

    with pytest.raises(PayloadInvalid, match="evaluation_uri"):
        handler(bad, context)


@pytest.fixture
def table(aws: None) -> Any:
    """A finished run of a table: what staging and judging left."""
    payload = stack.event("publish_report.table")
    features = {"radius": table_documents.feature(10, 20), "<i>": table_documents.feature(1, 1)}
    documents = {
        "table.json": json.dumps(table_documents.table(*features)),
        "table_statistics.json": json.dumps(
            table_documents.statistics(features, quarantine={"missing-value": 1})
        ),
        "quarantine.jsonl": json.dumps(
            {"line": 17, "reason": "missing-value", "detail": "column 'radius' is empty"}
        )
        + "\n",
    }
    for name, text in documents.items():
        stack.write(stack.WORK, TABLE_PREFIX + name, text)
    key = payload["releases"][0]["evaluation_uri"].removeprefix(f"s3://{stack.WORK}/")
    stack.write(stack.WORK, key, json.dumps(table_documents.evaluation()))
    return payload


def test_a_table_gets_a_report_of_its_own(table: Any, context: Any) -> None:
    answer = handler(table, context)

    assert answer == {"report_uri": f"s3://{stack.RESULTS}/{TABLE_PUBLISHED}report.html"}
    assert stack.keys_of(stack.RESULTS) == [
        f"{TABLE_PUBLISHED}{name}"
        for name in ("report.html", "report.json", "table.evaluation.json")
    ]
    report = stack.read_json(stack.RESULTS, f"{TABLE_PUBLISHED}report.json")
    assert report["rows"] == {"B": 60, "M": 40}
    assert report["models"][0]["confusion_matrix"] == [[6, 0], [1, 3]]
    assert report["quarantine"]["listed"][0]["line"] == 17
    page = stack.read(stack.RESULTS, f"{TABLE_PUBLISHED}report.html")
    assert page == stack.read(stack.WORK, f"{TABLE_PREFIX}report.html")
    assert b"<script" not in page
    assert b"http" not in page
    assert b"&lt;i&gt;" in page, "names of columns are text, not markup"


def test_a_run_that_does_not_say_its_kind_is_one_of_images(payload: Any, context: Any) -> None:
    """It began before there were tables."""
    del payload["kind"]

    handler(payload, context)

    assert stack.read_json(stack.RESULTS, f"{PUBLISHED}report.json")["kind"] == "images"


def test_an_unknown_kind_is_an_error_that_names_the_known_ones(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"\['images', 'table'\], not 'video'"):
        handler(stack.event("publish_report.bad_kind"), context)

    assert stack.keys_of(stack.RESULTS) == []
