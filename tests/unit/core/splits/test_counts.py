from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.splits import counts

SPLITS = ("train", "validation", "test")


def entry(label: str, number: int, split: str = "train") -> dict[str, Any]:
    name = f"{label}-{number}"
    return {
        "id": name,
        "class": label,
        "sha256": name,
        "group": name,
        "split": split,
        "flags": ["no-mask"],
        "image": f"images/{label}/{number}.png",
        "mask": None,
    }


def whole(*labels: str) -> list[dict[str, Any]]:
    return [entry(label, n, split) for label in labels for n, split in enumerate(SPLITS)]


def test_enough_images_of_enough_classes_in_every_split_pass() -> None:
    counts.check(whole("benign", "normal"), minimum=3)


@pytest.mark.parametrize(
    ("entries", "minimum", "reason", "named"),
    [
        ([], 1, "too-few-classes", r"\[\]"),
        (whole("benign"), 1, "too-few-classes", "benign"),
        (whole("benign", "normal"), 4, "too-few-images", "benign"),
        (whole("benign", "normal")[:-1], 2, "empty-split", "normal.*test"),
    ],
)
def test_what_cannot_train_is_refused_and_the_class_named(
    entries: list[dict[str, Any]], minimum: int, reason: str, named: str
) -> None:
    with pytest.raises(DatasetRefused, match=f"{reason}: .*{named}"):
        counts.check(entries, minimum)


def test_few_groups_are_named_where_they_are_why_a_split_is_empty() -> None:
    entries = whole("normal") + [
        {**entry("benign", n, split), "group": f"patient-{n // 2}"}
        for n, split in enumerate(("train", "train", "validation", "validation"))
    ]

    with pytest.raises(DatasetRefused, match="'benign' has 4 images that make 2 groups"):
        counts.check(entries, 3)


def test_what_was_set_aside_comes_first_where_it_is_the_reason() -> None:
    aside = [{"source": f"{n}.png", "reason": "blank", "detail": "all black"} for n in range(7)]
    aside += [{"source": "x.txt", "reason": "unsupported-extension", "detail": "no image"}]

    with pytest.raises(DatasetRefused) as caught:
        counts.check(whole("benign") * 2, 1, aside)

    assert caught.value.detail.startswith("files were set aside: 7 × blank (all black). What is")
    assert "['benign']" in caught.value.detail


@pytest.mark.parametrize(
    ("label", "told"),
    [("lesion", "every usable mask shows a lesion"), ("normal", "every mask is empty")],
)
def test_masks_that_all_tell_the_same_class_are_refused_with_what_to_do(
    label: str, told: str
) -> None:
    entries = [{**one, "flags": ["class-from-mask"]} for one in whole(label)]

    with pytest.raises(
        DatasetRefused, match=f"too-few-classes: no folder, name or table tells a class, and {told}"
    ):
        counts.check(entries, minimum=1)
