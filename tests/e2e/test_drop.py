"""The command line's drops, through to the answers: folders, and files of one name."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import Deploy, Stack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Iterator[Stack]:
    with deploy() as deployed:
        yield deployed


def run(stack: Stack, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command, *rest = map(str, words)
    return subprocess.run(
        [sys.executable, "-m", "local", command, "--state", str(stack.laptop.state), *rest],
        capture_output=True,
        text=True,
        check=False,
    )


def test_folders_and_files_of_one_name_come_back_as_what_they_are(
    stack: Stack, phantoms: Callable[[int], bytes], tmp_path: Path
) -> None:
    """Given nothing deployed, when an image is dropped, then it is said at once that nothing can
    answer. Given a folder of classes and masks, two images of one name and a folder of images,
    when all are dropped together, then the first becomes a data set, is trained on and deployed,
    and each image has the answer to itself."""
    with zipfile.ZipFile(BytesIO(phantoms(5))) as archive:
        archive.extractall(tmp_path / "wards")
    images = tmp_path / "wards/Dataset_BUSI_with_GT"
    for place, image in (
        ("a/scan.png", "benign/benign (1).png"),
        ("b/scan.png", "malignant/malignant (1).png"),
        ("new/one.png", "normal/normal (1).png"),
    ):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_bytes((images / image).read_bytes())

    early = run(stack, "drop", tmp_path / "a/scan.png")

    assert early.returncode == 1, early.stdout
    assert "no classifier and no segmenter is deployed" in early.stdout
    assert "scan.png waits in the inbox" in early.stdout

    given = [tmp_path / name for name in ("a/scan.png", "b/scan.png", "new", "wards")]
    dropped = run(stack, "drop", "--json", "--out", tmp_path / "saved", *given)

    assert dropped.returncode == 0, dropped.stderr
    outcomes = {one["key"]: one for one in json.loads(dropped.stdout)}
    assert outcomes.keys() == {
        *("datasets/wards.zip", "inbox/a/scan.png", "inbox/b/scan.png", "inbox/new/one.png"),
    }
    assert outcomes["datasets/wards.zip"]["outcome"] == "trained"
    assert "wards is a data set of 24 images" in dropped.stderr
    for key in outcomes.keys() - {"datasets/wards.zip"}:
        path = key.removeprefix("inbox/")
        document = outcomes[key]["document"]
        with (
            Image.open(tmp_path / path) as image,
            Image.open(tmp_path / "saved" / f"{path}.mask.png") as mask,
        ):
            assert document["image"]["key"] == key
            assert (document["image"]["width"], document["image"]["height"]) == image.size
            assert mask.size == image.size
        saved = json.loads((tmp_path / "saved" / f"{path}.prediction.json").read_text())
        assert saved == document
    assert (tmp_path / "saved/wards.zip.report.html").exists()
    assert len((tmp_path / "saved/answers.csv").read_text().splitlines()) == 4


def test_a_watched_folder_is_answered_beside_its_files(
    stack: Stack, phantoms: Callable[[int], bytes], tmp_path: Path
) -> None:
    with zipfile.ZipFile(BytesIO(phantoms(5))) as archive:
        name = next(name for name in archive.namelist() if name.endswith("benign (2).png"))
        (tmp_path / "ward").mkdir()
        (tmp_path / "ward/scan.png").write_bytes(archive.read(name))

    watched = run(stack, "watch", tmp_path / "ward", "--until-idle", "3")

    assert watched.returncode == 0, watched.stderr
    assert "ward/scan.png: " in watched.stdout
    assert (tmp_path / "ward/scan.png.overlay.png").exists()
