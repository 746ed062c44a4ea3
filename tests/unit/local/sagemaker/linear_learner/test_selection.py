"""Thresholds against a search over every one that makes a difference, and models by them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker.linear_learner.selection import (
    Choice,
    best_threshold,
    by_accuracy,
    by_loss,
)

rows = st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=1, max_size=25)


@given(rows)
@settings(max_examples=200)
def test_no_threshold_is_better_by_more_than_one_row(pairs: list[tuple[int, bool]]) -> None:
    scores = np.array([float(score) / 2 for score, _ in pairs])
    labels = np.array([float(label) for _, label in pairs], np.float32)

    found = best_threshold(scores, labels)

    def accuracy(threshold: float) -> float:
        return float(((scores >= threshold) == (labels > 0)).mean())

    every = [-10.0, 0.0, 10.0, *(np.unique(scores) - 0.25), *(np.unique(scores) + 0.25)]
    assert accuracy(found.value) == pytest.approx(found.accuracy)
    assert found.accuracy >= max(map(accuracy, every)) - 1 / len(labels) - 1e-9


def test_even_odds_are_left_only_for_more_than_one_row() -> None:
    """Given a gain of one row in ten, then the threshold stays; given two, it moves."""
    scores = np.array([-3.0, -2, -1.5, -1, -0.5, -0.4, 1, 2, 3, 4])
    one, two = np.zeros(10, np.float32), np.zeros(10, np.float32)
    one[[5, 6, 7, 8, 9]] = 1
    two[[4, 5, 6, 7, 8, 9]] = 1

    assert best_threshold(scores, one).value == 0
    moved = best_threshold(scores, two).value
    assert moved == pytest.approx(-0.45)  # one row is wrong, as good as none, and it is nearer


def test_one_class_alone_is_answered() -> None:
    ones = np.ones(5, np.float32)

    found = best_threshold(np.array([-1.0, -2, -3, 1, 2]), ones)

    assert found.accuracy == pytest.approx(1.0, abs=0.2)


def test_the_first_of_models_within_one_row_is_taken() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1], np.float32)
    right = np.array([-3.0, -2, -1, 1, 2, 3])
    one_wrong = np.array([-3.0, -2, 2.5, 1, 2, 3])
    two_wrong = np.array([3.0, -2, 2.5, 1, 2, 3])

    scores = np.stack([two_wrong, one_wrong, right], axis=1)

    assert by_accuracy(scores, labels, np.zeros(3)).model == 1
    assert by_accuracy(scores, labels, np.array([0, np.inf, 0])).model == 2


def test_by_loss_an_infinite_one_is_none() -> None:
    assert by_loss(np.array([np.nan, 2.0, 1.0, np.inf])) == Choice(2)
