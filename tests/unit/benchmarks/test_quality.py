from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks import quality, quality_page
from benchmarks.fold_channels import fold_split, held_out_split, write_channels
from benchmarks.staged_folder import Entry
from local.demo.phantoms import write_phantoms

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = (
    *("lesion_dice", "lesion_iou", "normal_false_mask_rate"),
    *("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"),
)


def entries(count: int = 120) -> list[Entry]:
    """Groups of up to three; the first group is labelled in two ways."""
    return [
        {
            "id": f"i{number}",
            "class": ("benign", "malignant", "normal")[number // 3 % 3],
            "group": f"g{number // 3}",
            "fold": number // 3 % 5,
            "split": "test" if number // 3 % 10 == 0 else "train",
            "flags": ["conflicting-labels"] if number < 3 else [],
        }
        for number in range(count)
    ]


def groups(part: list[Entry]) -> set[str]:
    return {entry["group"] for entry in part}


@pytest.mark.parametrize("fold", range(5))
def test_no_group_crosses_and_conflicts_only_train(fold: int) -> None:
    split = fold_split(entries(), fold, seed=0)

    train, validation, test = (groups(split[name]) for name in ("train", "validation", "test"))
    assert not train & validation
    assert not train & test
    assert not validation & test
    assert "g0" not in validation | test
    assert {entry["fold"] for entry in split["test"]} == {fold}
    assert 0.08 < len(split["validation"]) / 120 < 0.15


def test_every_image_without_conflict_is_tested_once() -> None:
    tested = [e["id"] for fold in range(5) for e in fold_split(entries(), fold, 0)["test"]]

    assert sorted(tested) == sorted(f"i{number}" for number in range(3, 120))


def test_held_out_split_is_the_frozen_one() -> None:
    split = held_out_split(entries(), seed=0)

    assert {entry["split"] for entry in split["test"]} == {"test"}
    assert {entry["split"] for entry in split["train"] + split["validation"]} == {"train"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--archive is needed"),
        (["--archive", "a.zip", "--jobs", "0"], "at least one"),
        (["--archive", "a.zip", "--held-out", "--only", "fold0"], "--held-out has none"),
        (["--archive", "a.zip", "--development", "--only", "fold9"], "there is no fold9"),
    ],
)
def test_what_cannot_be_run_is_named(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        quality.main(words)

    assert said in capsys.readouterr().err


def test_channels_that_were_left_half_written_are_written_anew(tmp_path: Path) -> None:
    stale = tmp_path / ".fold0.partial/train/images/benign/old.png"
    stale.parent.mkdir(parents=True)
    stale.touch()
    entry = {"image": "images/benign/new.png", "mask": None}
    split = {"train": [entry]}

    write_channels(tmp_path / "staged", split, tmp_path / "fold0")
    write_channels(tmp_path / "staged", {}, tmp_path / "fold0")

    links = [path for path in tmp_path.rglob("*.png") if path.is_symlink()]
    assert [str(path.relative_to(tmp_path)) for path in links] == [
        "fold0/train/images/benign/new.png"
    ]
    assert not stale.exists()


@pytest.mark.slow
def test_two_folds_of_phantoms(tmp_path: Path) -> None:
    archive, out = tmp_path / "phantoms.zip", tmp_path / "results/quality.json"
    write_phantoms(archive, images_per_class=8, seed=3, size=(60, 90))
    argv = ["--archive", str(archive), "--out", str(out), "--work", str(tmp_path / "work")]
    argv += ["--jobs", "2", "--kept", str(tmp_path / "kept")]
    argv += [
        "--folds",
        "2",
        "--segmenter",
        "--epochs 1 --base-channels 4 --depth 2 --image-size 32",
    ]
    first = "--epochs 1 --architecture resnet18 --image-size 32"
    argv += ["--classifier", first, first.replace("32", "40")]

    quality.main([*argv, "--only", "fold1"])

    assert not out.exists(), "one fold must not pass for all"
    kept = sorted(path.name.rpartition("-")[0] for path in tmp_path.glob("kept/*/*.json"))
    assert kept == ["fold1-classification", "fold1-segmentation"]
    shutil.rmtree(tmp_path / "work/phantoms-all-2-0/fold1")  # another session has no checkpoint

    quality.main(argv)

    result = json.loads(out.read_text())
    for name in PUBLISHED:
        figure = result[name]
        assert figure["low"] <= figure["mean"] <= figure["high"], name
    assert result["folds"].keys() == {"fold0", "fold1"}
    tested = sum(split["test"] for split in result["images"].values())
    assert tested == 24
    assert result["command"].startswith("python -m benchmarks.quality --archive")
    logs = [log.read_text() for log in tmp_path.rglob("classification-*/log")]
    assert sum("weights: started from weights.safetensors" in log for log in logs) == 1
    assert len(logs) == 2, "a fold that is kept is not trained again"
    page = (tmp_path / "results.md").read_text()
    assert "phantoms.zip: cross-validation over all images" in page
    assert f"| accuracy | {quality_page.number(result['accuracy']['mean'], 3)} |" in page


def test_published_page_holds_the_published_figures() -> None:
    """docs/results.md is written by the benchmark and never by hand."""
    folder = ROOT / "docs/results"
    results = [(path, json.loads(path.read_text("utf-8"))) for path in folder.glob("*.json")]

    assert (ROOT / "docs/results.md").read_text("utf-8") == quality_page.page(results)


def test_busi_is_published_whole() -> None:
    result = json.loads((ROOT / "docs/results/busi.json").read_text("utf-8"))

    for name in PUBLISHED:
        assert result[name]["low"] < result[name]["mean"] < result[name]["high"], name
    assert len(result["folds"]) == 5
    conflicts = 18
    assert sum(split["test"] for split in result["images"].values()) == 780 - conflicts
