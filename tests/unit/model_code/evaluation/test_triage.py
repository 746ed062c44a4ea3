from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sonomodel.evaluation import triage


def answers(*given: tuple[float, bool]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Of two classes; each answer by its probability, and whether it is right."""
    probabilities = np.array([[p, 1 - p] for p, _ in given]).reshape(-1, 2)
    return probabilities, np.array([0 if right else 1 for _, right in given], dtype=np.int64)


MIXED = answers((0.95, True), (0.9, True), (0.85, False), (0.8, True), (0.75, True), (0.6, False))


@pytest.mark.parametrize(
    ("accuracy", "threshold", "automatic", "right"),
    [
        (1.0, 0.9, 2, 2),
        (0.8, 0.75, 5, 4),  # not 0.85, where it is two of three
        (0.6, 0.6, 6, 4),
    ],
)
def test_the_lowest_threshold_that_reaches_the_accuracy_is_chosen(
    accuracy: float, threshold: float, automatic: int, right: int
) -> None:
    chosen = triage.choose(*MIXED, accuracy)

    assert chosen["threshold"] == pytest.approx(threshold, abs=1e-6)
    assert chosen["required_accuracy"] == accuracy
    assert chosen["validation"] == {
        "images": 6,
        "automatic": automatic,
        "right": right,
        "coverage": round(automatic / 6, 6),
        "accuracy": round(right / automatic, 6),
    }
    assert triage.automatic(*MIXED, chosen["threshold"]).automatic == automatic


def test_where_the_surest_answer_is_wrong_nothing_is_automatic() -> None:
    chosen = triage.choose(*answers((0.9, False), (0.8, True)), 0.95)

    assert chosen["threshold"] is None
    assert chosen["validation"]["automatic"] == 0
    assert chosen["validation"]["accuracy"] is None


def test_a_split_without_images_leaves_everything_to_a_person() -> None:
    nothing = answers()

    assert triage.choose(*nothing, 0.95)["threshold"] is None
    assert triage.curve(*nothing) == []
    assert triage.automatic(*nothing, 0.5).coverage == 0


def test_equal_probabilities_are_on_one_side() -> None:
    chosen = triage.choose(*answers((0.9, True), (0.9, False), (0.8, True)), 0.95)

    assert chosen["threshold"] is None


def test_an_image_at_the_threshold_is_above_it_however_it_is_written() -> None:
    given = answers((2 / 3, True), (0.6, False))
    threshold = triage.choose(*given, 1.0)["threshold"]

    assert threshold <= 2 / 3
    assert len(str(threshold)) <= 8
    assert triage.automatic(*given, threshold).automatic == 1


def test_the_curve_tells_the_risk_at_each_coverage() -> None:
    points = triage.curve(*MIXED)

    assert [round(point["coverage"] * 6) for point in points] == [1, 2, 3, 4, 5, 6]
    risks = [0, 0, 1 / 3, 1 / 4, 1 / 5, 2 / 6]
    assert [point["risk"] for point in points] == pytest.approx(risks, abs=1e-6)
    assert points[-1]["threshold"] == pytest.approx(0.6, abs=1e-6)
    assert len(triage.curve(*answers(*[(0.5 + n / 1000, True) for n in range(400)]))) == 20
