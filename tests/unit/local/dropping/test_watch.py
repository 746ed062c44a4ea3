"""A watched folder: complete files are dropped once, and answers lie beside them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from local.dropping import watch
from local.dropping.watch import NoFolder, Watch
from sonoflow import keys
from sonoflow.aws.clients import client
from tests.unit import pictures, stack
from tests.unit.local.dropping import laptops
from tests.unit.local.dropping.test_drop import answered


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_STILL_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_POLL_SECONDS", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "ward"
    (path / "deep").mkdir(parents=True)
    yield path


def watching(folder: Path, answer: laptops.Answer = answered) -> tuple[Watch, list[str]]:
    laptop = laptops.laptop(folder, answer)
    uploaded: list[str] = laptop.uploaded  # type: ignore[attr-defined]
    return Watch(laptop, folder, Console(file=io.StringIO()), "sonoflow"), uploaded


def test_what_appears_is_dropped_once_and_answered_beside_it(aws: None, folder: Path) -> None:
    (folder / "a.png").write_bytes(pictures.png())
    (folder / "deep/bad.jpg").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    (folder / ".hidden.png").write_bytes(b"x")
    watched, uploaded = watching(folder)

    assert watched.until_idle(0.2) == 0

    assert sorted(uploaded) == ["inbox/ward/a.png", "inbox/ward/deep/bad.jpg"]
    assert (folder / "a.png.overlay.png").read_bytes() == b"overlay of ward/a.png"
    assert (folder / "deep/bad.jpg.rejected.json").exists()


def test_it_can_be_begun_again_and_takes_what_has_changed(aws: None, folder: Path) -> None:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(pictures.png())
    watching(folder)[0].until_idle(0.2)
    later = (folder / "a.png.prediction.json").stat().st_mtime + 5
    (folder / "a.png").write_bytes(pictures.png(1))
    os.utime(folder / "a.png", (later, later))

    watched, uploaded = watching(folder)
    watched.until_idle(0.2)

    assert uploaded == ["inbox/ward/a.png"]


def test_a_file_that_grows_is_not_dropped_yet(
    aws: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, uploaded = watching(folder)
    for size in range(1, 4):
        (folder / "a.png").write_bytes(b"x" * size)
        assert watched.turn()
    assert uploaded == []

    monkeypatch.setattr(watch, "_STILL_SECONDS", 60.0)
    watched.turn()
    watched.turn()
    assert uploaded == []

    monkeypatch.setattr(watch, "_STILL_SECONDS", 0.0)
    watched.turn()
    assert uploaded == ["inbox/ward/a.png"]


def test_what_has_no_model_yet_is_answered_when_there_is_one(aws: None, folder: Path) -> None:
    (folder / "a.png").write_bytes(pictures.png())
    versions: list[str] = []
    watched, _ = watching(folder, lambda key, version: versions.append(version))
    assert watched.turn()
    assert watched.turn()
    assert not (folder / "a.png.prediction.json").exists()

    laptops.prediction("ward/a.png", versions[0])
    watched.turn()

    assert (folder / "a.png.prediction.json").exists()
    assert not watched.turn()


def test_a_table_goes_to_be_scored_and_a_mapping_is_no_upload_of_its_own(
    aws: None, folder: Path
) -> None:
    def scored(key: str, version: str) -> None:
        client("s3").put_object(
            Bucket=stack.RESULTS,
            Key=keys.scores("ward/t.csv"),
            Body=b"id,score,label\n1,.9,M\n",
            Metadata={"sonoflow-version-id": version},
        )

    (folder / "t.csv").write_bytes(b"a\n1\n")
    (folder / "t.mapping.json").write_bytes(b"{}")
    watched, uploaded = watching(folder, scored)

    watched.until_idle(0.2)

    assert uploaded == ["inbox/ward/t.csv"]
    assert (folder / "t.csv.scores.csv").read_bytes() == b"id,score,label\n1,.9,M\n"


def test_a_file_is_no_folder_to_be_watched(tmp_path: Path) -> None:
    with pytest.raises(NoFolder, match="is not a folder"):
        watching(tmp_path / "none")
