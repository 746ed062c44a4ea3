from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import layouts

Arranged = dict[str, tuple[str | None, tuple[str, ...], str | None]]


def arranged(*paths: str) -> tuple[Arranged, dict[str, str]]:
    made = layouts.arrange(paths)
    found: Arranged = {s.image: (s.label, s.masks, s.given_split) for s in made.scans}
    return found, {entry.source: entry.reason for entry in made.set_aside}


def test_class_folders_lie_at_any_depth_with_masks_beside() -> None:
    found, _ = arranged("x/y/z/cyst/1.png", "x/y/z/cyst/1_mask.png", "tumour/1.bmp")

    assert found == {
        "tumour/1.bmp": ("tumour", (), None),
        "x/y/z/cyst/1.png": ("cyst", ("x/y/z/cyst/1_mask.png",), None),
    }


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("benign/images/1.png", "benign/masks/1.png"),
        ("images/benign/1.png", "masks/benign/1.png"),
        ("data/images/benign/1.jpg", "data/masks/benign/1_mask.png"),
        ("d/Images/benign/1.png", "d/Ground Truth/benign/1.tif"),
        ("images/benign/1.png", "masks/1.png"),
        ("benign/1.png", "masks/1.png"),
        ("benign/1.png", "masks/benign/1.png"),
    ],
)
def test_images_and_masks_may_lie_in_folders_of_their_own(image: str, mask: str) -> None:
    found, set_aside = arranged(image, mask, "normal/2.png")

    assert found[image] == ("benign", (mask,), None)
    assert set_aside == {}


def test_a_given_split_is_kept() -> None:
    found, _ = arranged(
        "d/train/a/1.png", "d/val/a/2.png", "d/test/a/3.png", "d/Validation/a/4.png", "d/a/5.png"
    )

    assert {path: split for path, (_, _, split) in found.items()} == {
        "d/train/a/1.png": "train",
        "d/val/a/2.png": "validation",
        "d/test/a/3.png": "test",
        "d/Validation/a/4.png": "validation",
        "d/a/5.png": None,
    }


@pytest.mark.parametrize("folder", ["test", "train"])
def test_a_single_folder_named_like_a_split_is_none(folder: str) -> None:
    found, _ = arranged(f"{folder}/a/1.png", f"{folder}/b/2.png")

    assert {split for _, _, split in found.values()} == {None}


def test_pairs_take_their_class_from_the_names_of_the_files() -> None:
    found, set_aside = arranged(
        "train_images/train/benign (1).png",
        "train_masks/train/benign (1).png",
        "train_images/train/malignant (1).png",
        "train_masks/train/malignant (1)_mask.png",
        "test_images/test/benign (2).png",
        "test_masks/test/benign (2).png",
    )

    assert found == {
        "train_images/train/benign (1).png": (
            "benign", ("train_masks/train/benign (1).png",), "train",
        ),
        "train_images/train/malignant (1).png": (
            "malignant", ("train_masks/train/malignant (1)_mask.png",), "train",
        ),
        "test_images/test/benign (2).png": (
            "benign", ("test_masks/test/benign (2).png",), "test",
        ),
    }  # fmt: skip
    assert set_aside == {}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("train_images/train/17.png", "train_masks/train/17.png"),
        ("images/17.png", "masks/17.png"),
        ("BUS/images/17.png", "BUS/masks/17_mask.png"),
        ("17.png", "17_mask.png"),
    ],
)
def test_where_no_name_tells_a_class_the_masks_will(image: str, mask: str) -> None:
    bare = image.replace("17", "18")
    found, set_aside = arranged(image, mask, bare)

    assert found == {image: (None, (mask,), None)}
    assert set_aside == {bare: "no-class"}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/benign/1.png", "masks/benign/1.png"),
        ("benign/1.png", "benign/1_mask.png"),
    ],
)
def test_a_single_class_stays_one_whatever_its_masks_show(image: str, mask: str) -> None:
    found, _ = arranged(image, mask)

    assert found[image][0] == "benign"


def test_the_folder_around_images_without_masks_stays_their_class() -> None:
    found, _ = arranged("benign/images/1.png", "benign/images/2.png")

    assert {label for label, _, _ in found.values()} == {"benign"}


def test_splits_of_pairs_without_classes_are_kept() -> None:
    found, set_aside = arranged(
        "train_images/train/1.png",
        "train_masks/train/1.png",
        "val_images/val/2.png",
        "val_masks/val/2.png",
    )

    assert [split for _, _, split in found.values()] == ["train", "validation"]
    assert set_aside == {}


def test_masks_belong_to_the_image_of_their_own_folder() -> None:
    found, set_aside = arranged("a/x.png", "b/x.png", "b/x_mask.png", "c/x_mask.png")

    assert [masks for _, masks, _ in found.values()] == [(), ("b/x_mask.png",)]
    assert set_aside == {"c/x_mask.png": "mask-without-image"}


def test_a_mask_that_two_images_could_own_is_nobodys() -> None:
    _, set_aside = arranged("images/a/1.png", "images/b/1.png", "masks/1.png")

    assert set_aside == {"masks/1.png": "mask-without-image"}


def test_masks_of_a_split_stay_in_it() -> None:
    found, _ = arranged(
        "train/images/a/1.png", "train/masks/a/1.png", "test/images/a/1.png", "test/masks/a/1.png"
    )

    assert found["train/images/a/1.png"][1] == ("train/masks/a/1.png",)
    assert found["test/images/a/1.png"][1] == ("test/masks/a/1.png",)


def test_names_that_only_look_alike_do_not_lend_masks() -> None:
    found, _ = arranged("a/scan (1).png", "a/scan (10).png", "a/scan (10)_mask.png")

    assert [masks for _, masks, _ in found.values()] == [(), ("a/scan (10)_mask.png",)]


def test_masks_of_two_readers_are_said_to_be_united() -> None:
    names = ["images/a.png", "masks/r1/a.png", "masks/r2/a.png"]

    found = layouts.arrange(names)

    assert len(found.scans[0].masks) == 2
    assert "masks-united" in [one.code for one in found.assumptions]


@pytest.mark.parametrize(
    "folder",
    [
        "{split}/{label}/patient_{number:03d}",
        "{split}/patient_{number:03d}/{label}",
        "{label}/patient_{number:03d}/{split}",
        "{split}_images/{label}/patient_{number:03d}",
    ],
)
@pytest.mark.parametrize("mapping", [{}, {"groups": "folders"}])
def test_a_patient_is_one_in_all_splits(folder: str, mapping: dict[str, str]) -> None:
    names = {
        f"{folder.format(split=split, label=label, number=number)}/{split}.png": (label, number)
        for label, first in (("benign", 0), ("malignant", 10))
        for number in range(first, first + 3)
        for split in ("train", "val", "test")
        if split != "test" or number == first + 2  # one alone in its folder is a patient too
    }

    made = layouts.arrange(names, mapping=mapping)

    groups: dict[str | None, set[tuple[str, int]]] = {}
    for scan in made.scans:
        groups.setdefault(scan.group, set()).add(names[scan.image])
    assert None not in groups
    assert sorted(groups.values(), key=sorted) == [{one} for one in sorted(set(names.values()))]
    assert {scan.given_split for scan in made.scans} == {"train", "validation", "test"}


def test_images_that_a_table_of_patients_leaves_out_are_said() -> None:
    names = [f"{label}/{number}.png" for label in ("benign", "malignant") for number in range(3)]

    made = layouts.arrange(names, tables=layouts.Tables(groups={"benign/0.png": "a"}))

    (told,) = made.assumptions
    assert (told.code, told.detail[:9]) == ("groups-incomplete", "5 images ")


def test_folders_that_make_no_groups_are_refused_by_the_mapping_s_word() -> None:
    with pytest.raises(
        DatasetRefused, match=r"mapping-invalid: .*\"groups\": \"folders\".* 2 groups"
    ):
        layouts.arrange(["benign/1.png", "malignant/2.png"], mapping={"groups": "folders"})
