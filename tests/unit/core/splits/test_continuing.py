from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.keys import Dataset
from sonoflow.settings import Splitting
from sonoflow.splits import continuing, splitting
from tests.unit import stack, staged_parts
from tests.unit.staged_parts import entry, lines, whole

FIRST, NEXT = Dataset("busi", "0a1b2c3d4e5f"), Dataset("busi", "112233445566")
OPTIONS = Splitting(7, minimum_images_per_class=3, split_stable=False, split_folds=5)


def split(dataset: Dataset, images: list[dict[str, Any]], **how: Any) -> dict[str, Any]:
    staged_parts.write(dataset.prefix, images)
    return splitting.split(stack.WORK, dataset, 1, OPTIONS, **how)


def splits(dataset: Dataset) -> dict[str, str]:
    return {line["sha256"]: line["split"] for line in lines(dataset.index)}


def test_all_that_was_there_stays_where_it_was_and_what_is_new_trains(aws: None) -> None:
    split(FIRST, whole())
    added = [entry(label, number) for label in ("benign", "malignant") for number in range(50, 90)]

    answer = split(NEXT, [*added, *whole()], continues=FIRST)

    earlier, later = splits(FIRST), splits(NEXT)
    assert {digest: later[digest] for digest in earlier} == earlier
    assert {later[image["sha256"]] for image in added} == {"train"}
    assert answer["splits"]["test"] == {"benign": 2, "malignant": 2, "normal": 2}
    assert stack.read_json(stack.WORK, NEXT.origin) == dataclasses.asdict(FIRST)
    # Without it, so many more images would have drawn others for the test.
    split(NEXT, [*added, *whole()])
    assert {digest: splits(NEXT)[digest] for digest in earlier} != earlier


def test_what_looks_like_a_tested_or_validating_image_is_left_out_and_said(aws: None) -> None:
    split(FIRST, whole())
    staged = {image["id"]: image for image in whole()}
    known = {line["split"]: staged[line["id"]] for line in lines(FIRST.index)}
    looks = ("phash", "thumb", "class")
    new = {
        name: {**entry("new", at), **{key: twin[key] for key in looks}}
        for at, (name, twin) in enumerate(known.items())
    }

    split(NEXT, [*whole(), *new.values()], continues=FIRST)

    assert splits(NEXT)[new["train"]["sha256"]] == "train"
    assert not {new["validation"]["sha256"], new["test"]["sha256"]} & set(splits(NEXT))
    aside = [line for line in lines(NEXT.quarantine) if line["reason"] == continuing.NEAR_KEPT]
    assert {line["source"] for line in aside} == {
        new["validation"]["source"],
        new["test"]["source"],
    }


def test_images_that_tested_must_be_there_again(aws: None) -> None:
    split(FIRST, whole())
    tested = {digest for digest, name in splits(FIRST).items() if name == "test"}
    fewer = [image for image in whole() if image["sha256"] not in tested]

    with pytest.raises(DatasetRefused, match=r"continues-incomplete: 6 of 12 .* busi/0a1b2c3d4e5f"):
        split(NEXT, [*fewer, entry("benign", 99)], continues=FIRST)


def test_a_version_that_is_not_there_cannot_be_continued(aws: None) -> None:
    with pytest.raises(DatasetRefused, match=r"continues-unknown: .*0a1b2c3d4e5f.*'busi'"):
        split(NEXT, whole(), continues=FIRST)


def test_what_is_continued_is_named_by_the_input() -> None:
    named = {"continues": {"name": "busi", "version": "0a1b2c3d4e5f"}}
    assert continuing.of_input(named) == FIRST
    assert continuing.of_input({"continues": None}) is None
    assert continuing.of_input({}) is None
    with pytest.raises(PayloadInvalid):
        continuing.of_input({"continues": {"name": "../x", "version": "0a1b2c3d4e5f"}})
