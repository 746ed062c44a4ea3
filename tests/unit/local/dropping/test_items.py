"""Which key a file is dropped to, and what a folder is taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.dropping.items import Load, gather
from local.laptop.folders import FolderRefused
from local.laptop.uploads import DropFailed
from tests.unit import pictures
from tests.unit.core.dicom import samples


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def written(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pictures.png(number))
    return paths


def keys_of(load: Load) -> list[str]:
    return [item.key for item in load.items]


@pytest.mark.parametrize(
    ("name", "to", "key"),
    [
        ("a.PNG", None, "inbox/a.PNG"),
        ("a.dcm", None, "inbox/a.dcm"),
        ("a.csv", None, "inbox/a.csv"),
        ("a.csv", "datasets/", "datasets/a.csv"),
        ("a.data", None, "datasets/a.data"),
        ("a.zip", None, "datasets/a.zip"),
        ("a.zip", "inbox/bulk/", "inbox/bulk/a.zip"),
        ("a.mapping.json", None, "datasets/a.mapping.json"),
        ("a.png", "inbox/ward/b.png", "inbox/ward/b.png"),
    ],
)
def test_a_file_goes_where_its_kind_belongs(
    tmp_path: Path, scratch: Path, name: str, to: str | None, key: str
) -> None:
    assert keys_of(gather(written(tmp_path, name), to, scratch)) == [key]


def test_dicom_without_an_extension_is_known_by_its_beginning(
    tmp_path: Path, scratch: Path
) -> None:
    (image,) = written(tmp_path, "1.2.840.113619")
    image.write_bytes(samples.file(samples.ramp()))

    assert keys_of(gather([image], None, scratch)) == ["inbox/1.2.840.113619"]

    image.write_bytes(b"x" * 200)
    with pytest.raises(DropFailed, match=r"none of \.bmp, \.csv, \.data"):
        gather([image], None, scratch)


def test_a_picture_of_another_kind_is_told_what_to_do(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(DropFailed, match=r"\.nii is NIfTI; only .* are read: convert it to PNG"):
        gather(written(tmp_path, "a.nii"), None, scratch)


def test_files_of_one_name_keep_the_folders_that_tell_them_apart(
    tmp_path: Path, scratch: Path
) -> None:
    files = written(tmp_path, "w/a/scan.png", "w/b/scan.png", "v/b/scan.png", "w/other.png")

    load = gather(files, None, scratch)

    assert keys_of(load) == [
        "inbox/a/scan.png", "inbox/w/b/scan.png", "inbox/v/b/scan.png", "inbox/other.png",
    ]  # fmt: skip
    assert f"{files[0]} becomes inbox/a/scan.png" in load.decided
    assert keys_of(gather(files[:2], "inbox/x/", scratch)) == [
        "inbox/x/a/scan.png",
        "inbox/x/b/scan.png",
    ]


def test_data_sets_of_one_name_get_names_of_their_own(tmp_path: Path, scratch: Path) -> None:
    load = gather(written(tmp_path, "a/data.zip", "b/data.zip"), None, scratch)

    assert keys_of(load) == ["datasets/a-data.zip", "datasets/b-data.zip"]


def test_a_file_that_is_named_twice_is_dropped_once(tmp_path: Path, scratch: Path) -> None:
    (file,) = written(tmp_path, "scan.png")

    (tmp_path / "x").mkdir()
    assert keys_of(gather([file, tmp_path / "x/../scan.png"], None, scratch)) == ["inbox/scan.png"]


def test_a_mapping_goes_before_the_table_that_it_lies_beside(tmp_path: Path, scratch: Path) -> None:
    table, other, mapping = written(tmp_path, "t.csv", "u.png", "t.mapping.json")

    load = gather([other, table], "datasets/", scratch)

    assert keys_of(load) == ["datasets/t.mapping.json", "datasets/u.png", "datasets/t.csv"]
    assert load.decided == (f"t.mapping.json goes with {table}",)
    assert (
        keys_of(gather([table, mapping], "datasets/", scratch)).count("datasets/t.mapping.json")
        == 1
    )


def test_a_table_to_be_scored_says_that_it_has_a_mapping(tmp_path: Path, scratch: Path) -> None:
    table, _ = written(tmp_path, "t.csv", "t.mapping.json")

    load = gather([table], None, scratch)

    assert keys_of(load) == ["inbox/t.csv"]
    assert "--to datasets/ trains on it, as t.mapping.json says" in load.decided[0]


def busi(folder: Path) -> Path:
    for name, content in pictures.busi().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_folder_with_classes_is_packed_as_a_data_set_the_same_each_time(
    tmp_path: Path, scratch: Path
) -> None:
    folder = busi(tmp_path / "my set")
    (tmp_path / "my set.mapping.json").write_text('{"ignore": ["notes"]}')

    first, again = (gather([folder], None, scratch) for _ in range(2))

    assert keys_of(first) == ["datasets/my set.mapping.json", "datasets/my set.zip"]
    assert (
        "a data set of 12 images (benign 4, malignant 4, normal 4), 12 of them with masks"
        in (first.decided[0])
    )
    assert first.items[1].file != again.items[1].file
    assert first.items[1].file.read_bytes() == again.items[1].file.read_bytes()


def test_a_folder_of_images_goes_to_the_inbox_one_by_one(tmp_path: Path, scratch: Path) -> None:
    written(tmp_path, "scans/one.png", "scans/p2/two.jpg", "scans/notes.txt", "scans/.hidden.png")

    load = gather([tmp_path / "scans"], None, scratch)

    assert keys_of(load) == ["inbox/scans/one.png", "inbox/scans/p2/two.jpg"]
    assert "2 images to be answered, as no two classes tell what they show" in load.decided[0]
    assert "left out: 1 × .txt" in load.decided[0]


def test_names_that_speak_of_classes_make_no_data_set_by_themselves(
    tmp_path: Path, scratch: Path
) -> None:
    written(tmp_path, "scans/benign (1).png", "scans/malignant (1).png")

    load = gather([tmp_path / "scans"], None, scratch)

    assert keys_of(load) == ["inbox/scans/benign (1).png", "inbox/scans/malignant (1).png"]
    assert "--to datasets/ trains on them" in load.decided[0]


def test_what_may_be_either_is_asked_for(tmp_path: Path, scratch: Path) -> None:
    written(tmp_path, "d/anna/1.png", "d/anna/2.png", "d/berta/1.png", "d/berta/2.png")

    with pytest.raises(FolderRefused, match="--to datasets/ trains on them, --to inbox/ asks"):
        gather([tmp_path / "d"], None, scratch)

    asked = gather([tmp_path / "d"], "inbox/", scratch)
    assert keys_of(asked)[0] == "inbox/d/anna/1.png"
    assert keys_of(gather([tmp_path / "d"], "datasets/", scratch)) == ["datasets/d.zip"]


def test_masks_are_no_images_to_be_asked_about(tmp_path: Path, scratch: Path) -> None:
    """Unless somebody names them."""
    scan, mask, _ = written(tmp_path, "d/a.png", "d/a_mask.png", "d/masks/a.png")

    load = gather([tmp_path / "d"], "inbox/", scratch)

    assert keys_of(load) == ["inbox/d/a.png"]
    assert "left out: 2 × mask" in load.decided[0]
    named = gather([scan, mask], None, scratch)
    assert keys_of(named) == ["inbox/a.png", "inbox/a_mask.png"]
    assert named.decided == (f"{mask} is called as a mask is, and asked about all the same",)


def test_a_folder_without_pictures_is_refused(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(FolderRefused, match="no image that could be dropped: it is empty"):
        gather([tmp_path / "d"], None, scratch)

    (tmp_path / "d/a.zip").write_bytes(b"x")
    with pytest.raises(FolderRefused, match=r"it holds 1 × \.zip"):
        gather([tmp_path / "d"], None, scratch)


def test_one_key_is_for_one_file(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(DropFailed, match="end it with / for several files"):
        gather(written(tmp_path, "a.png", "b.png"), "inbox/x.png", scratch)


@pytest.mark.parametrize("name", ["/nope.png", "/nope"])
def test_what_is_not_there_is_no_file(scratch: Path, name: str) -> None:
    with pytest.raises(DropFailed, match="is not a file"):
        gather([Path(name)], None, scratch)
