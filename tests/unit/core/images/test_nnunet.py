from __future__ import annotations

import pytest

from sonoflow.images import nnunet
from sonoflow.images.listings import Names

CASE = [f"d/imagesTr/case-{n}_{channel:04d}.png" for n in (1, 2) for channel in (0, 1, 2)]
MASKS = [f"d/labelsTr/case-{n}.png" for n in (1, 2)]


def test_channels_after_the_first_are_set_aside_and_name_their_case() -> None:
    aside = nnunet.further_channels([*CASE, *MASKS])

    assert [entry.source for entry in aside] == [path for path in CASE if "_0000" not in path]
    assert {entry.reason for entry in aside} == {"further-channel"}
    assert aside[0].detail == "it is channel 1 of the case 'case-1', of which channel 0 is used"


@pytest.mark.parametrize(
    "paths",
    [
        [path.replace("imagesTr", "benign") for path in CASE],
        [path for path in CASE if "_0000" not in path],
        [*CASE, *(path.replace("imagesTr", "labelsTr") for path in CASE)],
    ],
)
def test_numbers_elsewhere_without_a_first_or_of_masks_are_no_channels(paths: list[str]) -> None:
    assert nnunet.further_channels([*paths, *MASKS]) == []


def test_an_image_s_fold_is_the_one_that_it_validates() -> None:
    content = b'[{"train": ["case-2"], "val": ["case-1"]}, {"train": [], "val": ["case-2", "x"]}]'

    assert nnunet.folds(content, Names(path for path in CASE if "_0000" in path)) == (
        {CASE[0]: 0, CASE[3]: 1},
        2,
    )
