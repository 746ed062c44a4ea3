"""When a result is told to be none."""

from __future__ import annotations

from typing import Any

import pytest

from local.dropping import cautions


def output(accuracy: float | None, per_class: int = 200, test: int = 20) -> dict[str, Any]:
    classes = ("benign", "malignant", "normal")
    return {
        "split": {
            "images": dict.fromkeys(classes, per_class),
            "splits": {"train": {}, "test": dict.fromkeys(classes, test)},
        },
        "releases": [
            {"model": "classifier", "metrics": {"accuracy": accuracy}},
            {"model": "segmenter", "metrics": {"lesion_dice": 0.1}},
        ],
    }


@pytest.mark.parametrize(
    ("accuracy", "test", "chance"),
    [
        (1 / 3, 20, True),
        (0.4, 20, True),  # 24 of 60: from .29 on
        (0.5, 20, False),
        (0.5, 2, True),  # 3 of 6 say nothing
        (1.0, 1, False),
        (0.0, 20, True),
    ],
)
def test_chance_is_what_always_one_class_may_reach(
    accuracy: float, test: int, chance: bool
) -> None:
    told = list(cautions.at_chance(output(accuracy, test=test)))

    assert bool(told) is chance
    if chance:
        assert f"an accuracy of {accuracy:.3f} on {3 * test} test cases" in told[0]
        assert "would reach 0.333" in told[0]


def test_the_largest_class_counts_not_their_number() -> None:
    assert cautions.is_chance(0.8, {"a": 16, "b": 4})
    assert not cautions.is_chance(0.8, {"a": 10, "b": 10})


def test_few_images_are_told_of() -> None:
    assert cautions.of_run(output(0.9, per_class=8)) == [
        "24 images teach nothing that holds elsewhere: the smallest class has 8; 200 of each class"
        " do"
    ]
    assert cautions.of_run(output(0.9)) == []


def test_a_table_is_not_counted_in_images() -> None:
    table = {"split": {"rows": {"B": 9}, "splits": {"test": {"B": 30, "M": 27}}}, "releases": []}

    assert cautions.of_run(table) == []
