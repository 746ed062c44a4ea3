from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.splits import official

GROUPS = {"a": "1", "b": "1", "c": "2"}


def entries(**given: str | None) -> list[dict[str, Any]]:
    return [{"id": name, "source": f"{name}.png", "given_split": s} for name, s in given.items()]


def folded(**folds: int) -> list[dict[str, Any]]:
    return [{"id": n, "source": f"{n}.png", "official_folds": {"3": f}} for n, f in folds.items()]


def test_splits_that_part_nothing_are_kept() -> None:
    found = official.settle(entries(a="train", b="train", c="test"), GROUPS, "", 5)

    assert found == official.Official({"a": "train", "b": "train", "c": "test"}, {}, {}, [])


def test_images_that_kept_splits_leave_out_never_join_the_official_test_and_are_said() -> None:
    groups = {"a": "1", "b": "1", "c": "2", "d": "3", "e": "2"}

    found = official.settle(entries(a="train", b=None, c="test", d=None, e=None), groups, "", 5)

    assert found.splits == {"a": "train", "c": "test", "d": "train"}, "b and e go with a and c"
    (told,) = found.assumptions
    assert told.code == "official-split-incomplete"
    assert "say nothing of 3 of 5 images" in told.detail


def test_where_no_split_is_given_nothing_is_said_to_be_missing() -> None:
    assert official.settle(entries(a=None, b=None), GROUPS, "", 5).assumptions == []


def test_splits_that_part_a_group_are_said_with_how_many_images() -> None:
    found = official.settle(entries(a="train", b="test", c="test"), GROUPS, "", 5)

    assert (found.splits, found.folds) == ({}, {})
    assert found.flags == {"a": ["official-split-leak"], "b": ["official-split-leak"]}
    (told,) = found.assumptions
    assert "part 1 group of images that belong together" in told.detail
    assert "2 images, flagged official-split-leak" in told.detail
    assert ".png" not in told.detail, "it is published"


def test_what_leaks_and_is_wanted_is_refused_by_name() -> None:
    with pytest.raises(DatasetRefused, match=r"split-leak: .*a\.png \(train\) \| b\.png \(test\)"):
        official.settle(entries(a="train", b="test", c="test"), GROUPS, official.GIVEN, 5)
    with pytest.raises(DatasetRefused, match="split-leak: the folds"):
        official.settle(folded(a=0, b=1, c=2), GROUPS, official.GIVEN, 3)


def test_folds_are_kept_where_there_are_as_many_as_are_wanted() -> None:
    images = folded(a=0, b=0, c=2)

    assert official.settle(images, GROUPS, "", 3).folds == {"a": 0, "b": 0, "c": 2}
    assert official.settle(images, GROUPS, "", 5).folds == {}
    assert official.settle([*images, *entries(d=None)], GROUPS | {"d": "4"}, "", 3).folds == {}
