from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from local.laptop.check import CannotCheck, check, show
from tests.unit import pictures, ultrasound
from tests.unit.core.dicom import samples
from tests.unit.core.planning import test_dicom_training


def files(count: int = 6) -> dict[str, bytes]:
    found = {}
    for offset, label in enumerate(("benign", "malignant")):
        for number in range(count):
            scan = Image.fromarray(ultrasound.scan(100 * offset + number, 96, 64))
            found[f"d/{label}/{number}.png"] = pictures.encode(scan)
            found[f"d/{label}/{number}_GT.png"] = pictures.encode(pictures.lesion(9, 9, 40, 30))
    return found


def run(path: Path, out: Path | None = None, *, external: bool = False) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    status = check(path, out, console, external=external)
    return status, console.file.getvalue()  # type: ignore[attr-defined]


def test_a_zip_and_its_folder_are_the_same_data_set(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    for name, content in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (tmp_path / "bus.zip").write_bytes(pictures.archive(files()))

    zipped, unzipped = run(tmp_path / "bus.zip"), run(folder)

    assert zipped == unzipped
    assert zipped[0] == 0
    assert "would be trained on" in zipped[1]
    assert "malignant" in zipped[1]


def test_a_folder_of_dicom_is_a_data_set(tmp_path: Path) -> None:
    for name, content in test_dicom_training.archive().items():
        (tmp_path / "us" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "us" / name).write_bytes(content)
    (tmp_path / "us" / "benign" / "mg.dcm").write_bytes(
        samples.file(samples.ramp(), Modality="MG", PatientID="SECRET")
    )

    status, told = run(tmp_path / "us", tmp_path / "page.html")

    assert status == 0
    assert "would be trained on" in told
    assert "12 groups that stay together" in told
    assert "flagged: 36 × frame-of-loop" in told
    assert "assumed: 36 pictures are frames of loops" in told
    assert "set aside: 1 × not-ultrasound: its modality is MG, mammography" in told
    assert "SECRET" not in told + (tmp_path / "page.html").read_text("utf-8")


def test_the_mapping_beside_counts_and_a_refusal_is_status_one(tmp_path: Path) -> None:
    (tmp_path / "bus.zip").write_bytes(pictures.archive(files()))
    (tmp_path / "bus.mapping.json").write_text('{"ignore": ["malignant"]}')

    status, told = run(tmp_path / "bus.zip", tmp_path / "page.html")

    assert status == 1
    assert "would be refused: too-few-classes" in told
    assert "24" not in told.partition("set aside")[0]
    assert b"It would be refused" in (tmp_path / "page.html").read_bytes()


def test_an_external_set_is_checked_by_either_way_to_say_so(tmp_path: Path) -> None:
    """Of one class and a few images, which could not be trained on."""
    few = {name: content for name, content in files().items() if "malignant" not in name}
    (tmp_path / "bus.zip").write_bytes(pictures.archive(few))

    by_option = run(tmp_path / "bus.zip", external=True)
    (tmp_path / "bus.mapping.json").write_text('{"role": "external"}')
    by_role = run(tmp_path / "bus.zip", tmp_path / "page.html")

    assert by_option[0] == by_role[0] == 0
    assert "never trained on" in by_option[1]
    assert "which images are of one patient" in by_option[1]
    assert by_role[1].startswith(by_option[1])
    assert (tmp_path / "page.html").is_file()


def test_a_table_is_checked_too(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'MB'[n % 2]},{n}.5,{n * n}\n" for n in range(40))
    (tmp_path / "t.csv").write_text("id,diagnosis,a,b\n" + rows)

    status, told = run(tmp_path / "t.csv", tmp_path / "page.html")

    assert (status, "rows" in told) == (0, True)
    assert (tmp_path / "page.html").is_file()


def test_nothing_to_check_is_said_and_the_surroundings_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    with pytest.raises(CannotCheck, match="neither a file nor a folder"):
        run(tmp_path / "none")

    (tmp_path / "a.7z").write_bytes(b"x")
    assert run(tmp_path / "a.7z")[0] == 1
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"


@pytest.mark.parametrize(("number", "said"), [(1, "1 group that stays"), (2, "2 groups that stay")])
def test_one_group_is_one(number: int, said: str) -> None:
    console = Console(file=io.StringIO(), width=200)
    facts = {"dataset": None, "assumptions": [], "classes": {}, "flags": {}, "set_aside": {}}
    facts["role"] = "training"

    show({**facts, "groups": number, "given_splits": False, "tables": (), "refused": None}, console)

    assert isinstance(console.file, io.StringIO)
    assert f"{said} together, splits drawn" in console.file.getvalue()


def test_a_folder_that_drop_takes_for_something_else_is_told_of(tmp_path: Path) -> None:
    """By the words that drop says, whatever the check of it as a data set comes to."""
    for name in ("scans/1.png", "wards/anna/1.png", "wards/berta/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(pictures.png())

    scans, wards = run(tmp_path / "scans"), run(tmp_path / "wards")

    assert scans[0] == 1
    assert f"dropped, {tmp_path}/scans would be 1 image to be answered" in scans[1]
    assert "are its folders (anna, berta) classes to be trained on" in wards[1]
