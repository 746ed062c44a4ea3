from __future__ import annotations

import pytest

from sonoflow.images import paths
from sonoflow.images.paths import Roles


@pytest.mark.parametrize(
    ("stem", "plain"),
    [
        ("x_mask", "x"),
        ("x_mask_2", "x"),
        ("x-mask", "x"),
        ("x mask 1", "x"),
        ("x_mask (1)", "x"),
        ("x_Mask - Copy", "x"),
        ("mask", "mask"),
        ("x_seg", "x_seg"),
        ("unmasked_1", "unmasked_1"),
    ],
)
def test_a_mask_has_the_name_of_its_picture(stem: str, plain: str) -> None:
    assert paths.plain(stem) == plain


def test_roles_that_were_found_are_no_classes() -> None:
    roles = Roles(pictures=frozenset({"original"}), masks=frozenset({"bw"}))

    picture, mask = (paths.read(f"d/{name}/1.png", roles) for name in ("Original", "BW"))

    assert (picture.folder, picture.place.whole, picture.named_mask) == ("d", True, False)
    assert mask.named_mask


def cases(*folders: str) -> set[str]:
    return {"/".join(c) for c in paths.case_folders(f"{folder}/x.png" for folder in folders)}


def test_folders_that_differ_by_a_number_alone_are_cases() -> None:
    folders = [f"benign/patient_{n:02d}" for n in range(3)]

    assert cases(*folders) == set(folders)
    file = paths.read(
        f"{folders[1]}/x.png", Roles(cases=paths.case_folders(f"{f}/x" for f in folders))
    )
    assert (file.folder, file.place.case) == ("benign", folders[1])


@pytest.mark.parametrize(
    "folders",
    [
        ["x1", "x2", "x3"],
        ["T1", "T2", "T3", "T4"],
        ["BI-RADS 2", "BI-RADS 3", "BI-RADS 4"],
        ["class1", "class2", "class3"],
        ["0", "1", "2"],
    ],
    ids=["few", "stages", "BI-RADS", "classes", "bare"],
)
def test_numbered_classes_are_no_cases(folders: list[str]) -> None:
    assert cases(*folders) == set()


def test_many_bare_numbers_are_cases_and_folds_are_no_group() -> None:
    assert len(cases(*(f"a/{n:03d}" for n in range(20)))) == 20
    folds = paths.case_folders(f"benign/fold{n}/x.png" for n in range(5))
    file = paths.read("benign/fold1/x.png", Roles(cases=folds))
    assert (file.folder, file.place.case) == ("benign", "")
