from __future__ import annotations

from typing import Any

import pytest

from sonoflow.external import comparison
from sonoflow.external.cases import Case
from tests.unit import external_sets

CLASSES = external_sets.CLASSES


def case(at: int, label: str, said: str, group: str | None = None) -> Case:
    return Case(str(at), label, group or str(at), 0.05, external_sets.said(said))


def masked(at: int, hits: int) -> Case:
    counts = {"true_positives": hits, "false_positives": 0, "false_negatives": 10 - hits}
    measured = {**counts, "true_negatives": 90, "hd95": 1.0, "hd95_relative": 0.1}
    return Case(str(at), "benign", str(at), 0.1, measured)


def test_what_was_registered_stands_and_the_rest_is_made_of_the_same_answers() -> None:
    own = [case(at, label, label) for at, label in enumerate(CLASSES)]
    registered = {"accuracy": 0.987, "intervals": {"accuracy": [0.95, 1.0]}}

    found = comparison.classified(own, own, CLASSES, registered)

    assert found["internal"]["metrics"]["accuracy"] == 0.987
    assert found["internal"]["intervals"]["accuracy"] == [0.95, 1.0]
    assert found["external"]["metrics"]["accuracy"] == 1.0
    assert found["internal"]["metrics"]["macro_auc"] == 1.0  # not registered


def test_with_all_classes_there_is_no_third_side() -> None:
    own = [case(at, label, label) for at, label in enumerate(CLASSES)]

    assert comparison.classified(own, own, CLASSES, {})["same_classes"] is None
    some = comparison.classified(own[:2], own, CLASSES, {})["same_classes"]
    assert (some["images"], some["metrics"]["accuracy"]) == (2, 1.0)


def test_images_of_one_group_count_as_one() -> None:
    lone = [case(at, "benign", "benign" if at % 2 else "normal") for at in range(20)]
    twins = [
        case(at, "benign", "benign" if at // 10 else "normal", group=str(at // 5))
        for at in range(20)
    ]
    intervals = [
        comparison.classified(some, lone, CLASSES, {})["external"]["intervals"]["accuracy"]
        for some in (lone, twins)
    ]

    assert intervals[1][1] - intervals[1][0] > 1.5 * (intervals[0][1] - intervals[0][0])


def test_parts_of_either_side_are_told() -> None:
    found = comparison.segmented([masked(0, 10), masked(1, 5)], [masked(0, 8)], {})

    by: dict[Any, Any] = {(part["by"], part["value"]): part for part in found["by"]}
    both = by["class", "benign"]
    assert both["external"]["metrics"]["lesion_dice"] == pytest.approx((1 + 2 / 3) / 2)
    assert both["internal"]["metrics"]["lesion_dice"] == pytest.approx(16 / 18)
    assert (found["external"]["lesion_images"], found["external"]["normal_images"]) == (2, 0)


def test_an_empty_side_has_no_figures() -> None:
    found = comparison.segmented([masked(0, 10)], [], {})

    assert found["internal"]["metrics"] == {}
    assert found["internal"]["images"] == 0
