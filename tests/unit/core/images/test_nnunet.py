from __future__ import annotations

import json
from typing import Any

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


@pytest.mark.parametrize(
    ("labels", "settle"),
    [
        (
            {"background": 0, "benign": 1, "malignant": 2},
            {"masks": {"classes": {"1": "benign", "2": "malignant"}}},
        ),
        ({"0": "background", "1": "lesion", "2": "ignore"}, {"masks": {"lesion": [1]}}),
        ({"background": 0, "core": 1, "rim": 2}, {"masks": {"lesion": [1, 2]}}),
        ({"background": 0, "whole": [1, 2], "a": 1, "b": 2}, {"masks": {"lesion": [1, 2]}}),
    ],
)
def test_names_of_values_are_said_with_what_the_mapping_may_say(
    labels: dict[str, Any], settle: dict[str, Any]
) -> None:
    (told,) = nnunet.named_values(json.dumps({"labels": labels}).encode())

    assert told.code == nnunet.NAMED
    assert json.loads(told.settle) == settle


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"labels": 3}', b'{"labels": {"lesion": 1}}', b"\xff"]
)
def test_documents_that_name_no_two_values_say_nothing(content: bytes) -> None:
    assert nnunet.named_values(content) == []
