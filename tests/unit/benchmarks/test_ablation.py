from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ablation, quality_page
from local.demo.phantoms import write_phantoms

CLASSES = ("benign", "malignant", "normal")


def judged(right: int, count: int = 30) -> list[dict[str, Any]]:
    """One fold's evaluation, in which the first `right` images are classified rightly."""
    images = []
    for place in range(count):
        true = CLASSES[place % 3]
        said = true if place < right else CLASSES[(place + 1) % 3]
        probabilities = {name: 0.8 if name == said else 0.1 for name in CLASSES}
        images.append({"id": f"i{place}", "class": true, "probabilities": probabilities})
    return [{"classes": list(CLASSES), "per_image": images}]


def groups(count: int = 30) -> dict[str, str]:
    return {f"i{place}": f"g{place // 2}" for place in range(count)}


def test_difference_is_what_the_change_adds_and_pairs_the_images() -> None:
    found = ablation.compare("classification", judged(15), judged(21), groups())
    same = ablation.compare("classification", judged(15), judged(15), groups())

    accuracy = found["accuracy"]
    assert accuracy["mean"] == pytest.approx(0.2)
    assert accuracy["low"] is not None
    assert 0 < accuracy["low"] < 0.2
    assert same["accuracy"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_other_images_are_no_comparison() -> None:
    with pytest.raises(ValueError, match="different images"):
        ablation.compare("classification", judged(5), judged(5, count=27), groups())


def test_unknown_variant_and_fold_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--variants", "magic"], "magic"),
        (["--archive", "a.zip", "--only", "fold7"], "there is no fold7"),
        ([], "--archive is needed"),
    ):
        with pytest.raises(SystemExit):
            ablation.main(words)
        assert said in capsys.readouterr().err


@pytest.mark.slow
def test_ablation_of_phantoms_becomes_a_table(tmp_path: Path) -> None:
    archive, out = tmp_path / "phantoms.zip", tmp_path / "results/ablation.json"
    write_phantoms(archive, images_per_class=8, seed=3, size=(60, 90))
    argv = ["--archive", str(archive), "--out", str(out), "--work", str(tmp_path / "work")]
    argv += ["--folds", "2", "--tasks", "segmentation", "--variants", "without averaged weights"]
    argv += ["--segmenter", "--epochs 1 --base-channels 4 --depth 2 --image-size 32"]

    ablation.main(argv)

    result = json.loads(out.read_text())
    found = result["segmentation"]
    assert found["baseline"].keys() >= {"lesion_dice", "normal_false_mask_rate"}
    (variant,) = found["variants"].values()
    assert variant["options"] == "--ema-decay 0"
    dice = variant["differences"]["lesion_dice"]
    assert dice["low"] <= dice["mean"] <= dice["high"]
    page = (tmp_path / "results.md").read_text()
    mean = quality_page.signed(dice["mean"], 3)
    assert f"| without averaged weights | {mean} (" in page
