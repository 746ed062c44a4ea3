from __future__ import annotations

from typing import Any

import pytest

from sonomodel.report import plots
from sonomodel.report.results import (
    FALSE_MASKS_LISTED,
    MEASURES,
    Calibration,
    LesionResults,
    NormalResults,
    results,
)
from tests.unit.model_code.records import evaluation, masked, record

LESIONS = [
    masked("none", "malignant", 0, missed=100),
    masked("half", "benign", 50, missed=50),
    masked("all", "benign", 100),
]


def test_each_task_has_what_its_template_takes() -> None:
    classified, segmented = (results(record(task)) for task in ("classification", "segmentation"))

    assert classified.keys() == {"calibration"}
    assert segmented.keys() == {"lesions", "normal"}
    assert (segmented["lesions"].images, segmented["normal"].images) == (1, 1)


def test_calibration_is_told_before_and_after_scaling() -> None:
    facts = evaluation("classification", [])["calibration"]

    told = Calibration.of(facts)

    assert (told.temperature, told.before, told.after) == (2.0, 0.123, 0.041)
    assert told.plot == plots.reliability(
        "Reliability diagram; expected calibration error 0.041",
        facts["bins"],
        facts["before"]["bins"],
    )


def test_older_calibration_does_not_say_what_was_before() -> None:
    facts = evaluation("classification", [])["calibration"]
    del facts["before"]

    told = Calibration.of(facts)

    assert (told.before, told.after) == (None, 0.041)
    assert told.plot == plots.reliability(
        "Reliability diagram; expected calibration error 0.041", facts["bins"], []
    )


def test_lesions_by_hand() -> None:
    """Dice 0, 2/3 and 1."""
    told = LesionResults.of(LESIONS)

    assert told is not None
    assert (told.images, told.missed) == (3, 1)
    assert told.spread.keys() == set(MEASURES)
    assert told.spread["dice"] == pytest.approx([0, 1 / 3, 2 / 3, 5 / 6, 1])
    assert list(told.by_class) == ["benign", "malignant"]
    assert told.by_class["benign"] == pytest.approx(
        {"lesions": 2, "mean_dice": 5 / 6, "lowest": 2 / 3}
    )
    assert told.by_class["malignant"] == {"lesions": 1, "mean_dice": 0, "lowest": 0}


def test_dice_is_counted_in_tenths_and_the_best_is_in_the_last() -> None:
    told = LesionResults.of(LESIONS)

    assert told is not None
    counts = [1, 0, 0, 0, 0, 0, 1, 0, 0, 1]
    edges = [number / 10 for number in range(11)]
    middle = LESIONS[1]["dice"]
    assert told.plot == plots.bars("Dice of 3 lesions, median 0.67", counts, edges, "Dice", middle)


@pytest.mark.parametrize(
    ("lesions", "spread"),
    [
        (LESIONS, [4.5] * 5),
        (LESIONS[:2], [4.5] * 5),
        (LESIONS[:1], [None] * 5),
    ],
)
def test_a_distance_is_spread_over_what_was_found(
    lesions: list[dict[str, Any]], spread: list[float | None]
) -> None:
    told = LesionResults.of(lesions)

    assert told is not None
    assert told.spread["hd95"] == spread


def test_false_masks_are_listed_by_size() -> None:
    marked = [masked(f"{pixels}", "normal", 0, pixels) for pixels in range(1, 13)]

    told = NormalResults.of([*marked, masked("clean", "normal", 0)])

    assert told is not None
    assert (told.images, told.falsely_marked) == (13, 12)
    assert told.largest == [
        (f"{pixels}", pixels, pytest.approx(pixels / 1000)) for pixels in range(12, 2, -1)
    ]
    assert len(told.largest) == FALSE_MASKS_LISTED


def test_where_there_is_no_image_of_a_kind_there_is_no_result() -> None:
    assert LesionResults.of([]) is None
    assert NormalResults.of([]) is None
    assert results(record("segmentation", LESIONS))["normal"] is None
