from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import pairing, paths


def files(*names: str) -> list[paths.File]:
    return [paths.read(name, paths.Roles()) for name in names]


def owner(mask: str, *images: str) -> tuple[str | None, list[str]]:
    pairs = pairing.pair(files(*images), files(mask))
    owners = [image for image, masks in pairs.owned.items() if masks]
    return (owners[0] if owners else None), [a.code for a in pairs.assumptions]


@pytest.mark.parametrize(
    ("mask", "image"),
    [
        ("labelsTr/b_001.png", "imagesTr/b_001_0000.png"),
        ("masks/1.png", "images/1.jpg"),
        ("a/x_mask_1.png", "a/x.png"),
        ("masks/seg-1.png", "images/img-1.png"),
        ("masks/1_gt.png", "images/1.png"),
    ],
)
def test_what_is_documented_is_no_assumption(mask: str, image: str) -> None:
    assert owner(mask, image, image.replace("1", "7")) == (image, [])


@pytest.mark.parametrize(
    ("mask", "image"),
    [
        ("Masks/mask_0001-l.png", "Images/echo_0001-l.png"),
        ("masks/17_gt.png", "images/b/17.png"),
        ("masks/ab_17_segmentation (1).png", "images/us_17.png"),
    ],
)
def test_a_part_of_the_name_may_pair_and_is_assumed_to(mask: str, image: str) -> None:
    other = image.replace("1", "3")

    assert owner(mask, image, other) == (image, ["masks-by-part-of-name"])


def test_a_part_that_two_images_have_pairs_none() -> None:
    assert owner("masks/mask_1.png", "images/a_1.png", "images/b_1.png") == (None, [])
    assert owner("masks/benign (1).png", "images/benign (2).png", "images/x (3).png")[0] is None


@pytest.mark.parametrize(
    ("stem", "core"),
    [
        ("img_17_seg", "17"),
        ("benign (1)", "benign (1)"),
        ("mask", "mask"),
        ("17_seg (1)", "17"),
        ("img (1)", "(1)"),
    ],
)
def test_the_core_of_a_name_is_what_is_no_role(stem: str, core: str) -> None:
    assert pairing.core(stem) == core


def test_masks_of_several_folders_for_one_image_are_said_to_be_united() -> None:
    owned = {f"images/{n}.png": [f"masks/r1/{n}.png", f"masks/r2/{n}.png"] for n in (1, 2)}

    (told,) = pairing.united(owned)

    assert "2 images have masks in several folders ('r1', 'r2')" in told.detail
    assert told.settle == '{"ignore": ["r2"]}'
    (beside,) = pairing.united({"benign/1.png": ["benign/1_mask.png", "masks/1.png"]})
    assert beside.settle == '{"ignore": ["masks"]}'


def test_masks_of_one_folder_are_lesions_of_one_image() -> None:
    assert pairing.united({"a/1.png": ["a/1_mask.png", "a/1_mask_1.png"], "a/2.png": []}) == []


@pytest.mark.parametrize(
    ("image", "mask"),
    [("images/img_{}.png", "masks/mask_{}.png"), ("a/images/{}.png", "a/masks/{}.png")],
)
def test_masks_that_are_counted_from_another_number_on_are_refused(image: str, mask: str) -> None:
    images = files(*(image.format(number) for number in range(1, 6)))

    with pytest.raises(DatasetRefused, match=r"masks-shifted: 5 masks are numbered from 0 on"):
        pairing.pair(images, files(*(mask.format(number) for number in range(5))))


def test_masks_of_some_images_are_not_taken_to_be_shifted() -> None:
    images = files(*(f"images/{number}.png" for number in range(1, 6)))

    owned = pairing.pair(images, files("masks/2.png", "masks/5.png", "masks/9.png")).owned

    assert [image for image, masks in owned.items() if masks] == ["images/2.png", "images/5.png"]


def test_a_number_pairs_with_its_padded_self_where_one_image_has_it() -> None:
    told = ["masks-by-part-of-name"]

    assert owner("masks/1.png", "images/001.png", "images/002.png") == ("images/001.png", told)
    assert owner("a/masks/007.png", "a/images/7.png", "b/images/7.png") == ("a/images/7.png", told)
    assert owner("masks/01.png", "images/1.png", "images/001.png") == (None, [])
