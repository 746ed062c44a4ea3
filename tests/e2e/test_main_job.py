"""`make demo`, as a newcomer runs it: phantoms in, answers out, good ones."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from benchmarks.permissions import removals
from tests.contracts.test_permissions import CALLS, EXCUSED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def out(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "local", "demo"]
    demo = subprocess.run(
        [*command, "--out", str(folder / "out"), "--state", str(folder / "state")],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-4000:]
    return folder / "out"


@pytest.fixture(scope="module")
def summary(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return found


def test_the_models_are_good(summary: dict[str, Any]) -> None:
    assert summary["ok"] is True
    assert summary["models"]["classifier"]["metrics"]["accuracy"] >= 0.90
    assert summary["models"]["segmenter"]["metrics"]["lesion_dice"] >= 0.80
    assert {"macro_f1"} <= set(summary["models"]["classifier"]["metrics"])
    assert {"lesion_iou", "normal_false_mask_rate"} <= set(
        summary["models"]["segmenter"]["metrics"]
    )


def test_every_test_image_is_answered(summary: dict[str, Any], out: Path, root: Path) -> None:
    in_test = sum(summary["dataset"]["splits"]["test"].values())
    assert len(summary["predictions"]) == in_test
    schema = json.loads((root / "docs/schemas/prediction.schema.json").read_text())
    for row in summary["predictions"]:
        path = row["key"].removeprefix("inbox/")
        document = json.loads((out / "predictions" / f"{path}.json").read_text())
        Draft202012Validator(schema).validate(document)
        with (
            Image.open(out / "images" / path) as image,
            Image.open(out / row["mask_key"]) as mask,
            Image.open(out / row["overlay_key"]) as overlay,
        ):
            assert image.size == mask.size == overlay.size


def test_every_answer_is_told_and_cases_for_review_have_their_reasons(
    summary: dict[str, Any], out: Path
) -> None:
    told = list(csv.DictReader((out / "answers.csv").read_text().splitlines()))
    told = [row for row in told if row["answer"] == "prediction"]
    shown = {row["key"].removeprefix("inbox/"): row for row in summary["predictions"]}

    assert {row["path"]: row["decision"] for row in told} == {
        path: row["decision"] for path, row in shown.items()
    }
    cases = {path for path, row in shown.items() if row["decision"] == "review"}
    assert {path for path in shown if (out / "review" / f"{path}.json").exists()} == cases
    assert all(bool(row["reasons"]) == (path in cases) for path, row in shown.items())


def test_the_decisions_go_by_the_models_own_threshold(summary: dict[str, Any], out: Path) -> None:
    evaluation = json.loads(next(out.glob("reports/*/*/classifier.evaluation.json")).read_text())
    for row in summary["predictions"]:
        path = row["key"].removeprefix("inbox/")
        decision = json.loads((out / "predictions" / f"{path}.json").read_text())["decision"]
        assert decision["review_below_from"] == "model"
        assert decision["review_below"] == evaluation["triage"]["threshold"]


def test_the_answers_agree_with_the_evaluation(summary: dict[str, Any]) -> None:
    """What the endpoints say of the test images is what training measured on them."""
    rows = summary["predictions"]
    right = sum(row["label"] == row["true_label"] for row in rows) / len(rows)
    assert right == pytest.approx(summary["models"]["classifier"]["metrics"]["accuracy"], abs=0.05)
    lesions = [row["dice"] for row in rows if row["dice"] is not None]
    measured = summary["models"]["segmenter"]["metrics"]["lesion_dice"]
    assert sum(lesions) / len(lesions) == pytest.approx(measured, abs=0.05)


def test_the_pictures_and_the_report_are_there(out: Path) -> None:
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.width > 500
    html = (out / "report.html").read_text()
    assert "<script" not in html
    assert "http://" not in html
    assert json.loads((out / "report.json").read_text())["dataset"]


@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_every_models_report_and_card_are_there(out: Path, model: str) -> None:
    assert f'href="{model}/report.html"' in (out / "report.html").read_text()
    page = (out / model / "report.html").read_text()
    assert "http" not in page
    assert "<script" not in page
    assert "bootstrap over groups" in page
    for word in ("Training and validation loss", "vanishing gradient", "Worst cases"):
        assert word in page
    assert "# Model card" in (out / model / "model_card.md").read_text()
    assert json.loads((out / model / "diagnostics.json").read_text())["rules"]
    assert json.loads((out / model / "history.json").read_text())["class_balance"]


def test_no_role_was_refused_anything_and_none_may_do_more_than_it_needs(out: Path) -> None:
    document = json.loads((out / "permissions.json").read_text())
    missed = {removal.name: removal.refused for removal in removals(document)}

    assert [role["name"] for role in document["roles"] if role["refused"]] == []
    unexplained = {name for name, refused in missed.items() if not refused}
    assert unexplained <= {*CALLS, *EXCUSED}
