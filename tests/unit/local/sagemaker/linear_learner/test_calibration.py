"""Thresholds against a search over every one that makes a difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker.linear_learner.calibration import calibrate
from local.sagemaker.linear_learner.hyperparameters import Hyperparameters, parse

CRITERIA = ("accuracy", "f_beta", "precision_at_target_recall", "recall_at_target_precision")


def binary(criterion: str, **given: str) -> Hyperparameters:
    return parse(
        {
            "predictor_type": "binary_classifier",
            "binary_classifier_model_selection_criteria": criterion,
            **given,
        }
    )


def worth(criterion: str, predicted: np.ndarray, labels: np.ndarray) -> float:
    positive = labels > 0
    hits = (predicted & positive).sum()
    recall = hits / max(1, positive.sum())
    precision = hits / max(1, predicted.sum())
    if criterion == "accuracy":
        return float((predicted == positive).mean())
    if criterion == "f_beta":
        return float(2 * hits / max(1, positive.sum() + predicted.sum()))
    wanted, held = (precision, recall) if criterion.startswith("precision") else (recall, precision)
    return float(wanted if held >= 0.8 else held - 0.8)


rows = st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=1, max_size=25)


@given(rows, st.sampled_from(CRITERIA))
@settings(max_examples=200, deadline=None)
def test_no_threshold_is_better_by_more_than_one_row(
    pairs: list[tuple[int, bool]], criterion: str
) -> None:
    scores = np.array([float(score) / 2 for score, _ in pairs])
    labels = np.array([float(label) for _, label in pairs], np.float32)

    found = calibrate(scores, labels, binary(criterion))

    every = [-10.0, 0.0, 10.0, *(np.unique(scores) - 0.25), *(np.unique(scores) + 0.25)]
    best = max(worth(criterion, scores >= threshold, labels) for threshold in every)
    reached = worth(criterion, scores >= found.threshold, labels)
    assert reached == pytest.approx(found.value)
    assert reached >= best - 1 / len(labels) - 1e-9


def test_even_odds_are_left_only_for_more_than_one_row() -> None:
    """Given a gain of one row in ten, then the threshold stays; given two, it moves."""
    scores = np.array([-3.0, -2, -1.5, -1, -0.5, -0.4, 1, 2, 3, 4])
    one, two = np.zeros(10, np.float32), np.zeros(10, np.float32)
    one[[5, 6, 7, 8, 9]] = 1
    two[[4, 5, 6, 7, 8, 9]] = 1

    assert calibrate(scores, one, binary("accuracy")).threshold == 0
    moved = calibrate(scores, two, binary("accuracy")).threshold
    assert moved == pytest.approx(-0.45)  # one row is wrong, as good as none, and it is nearer


def test_a_target_is_held_on_many_rows() -> None:
    generator = np.random.default_rng(3)
    labels = (generator.random(4000) < 0.3).astype(np.float32)
    scores = generator.normal(1.5 * labels, 1)

    threshold = calibrate(scores, labels, binary("precision_at_target_recall")).threshold
    recall = (scores >= threshold)[labels > 0].mean()
    assert 0.8 <= recall < 0.83
    high = binary("recall_at_target_precision", target_precision="0.9")
    threshold = calibrate(scores, labels, high).threshold
    assert 0.9 <= labels[scores >= threshold].mean() < 0.93


def test_one_class_alone_is_answered() -> None:
    ones = np.ones(5, np.float32)

    found = calibrate(np.array([-1.0, -2, -3, 1, 2]), ones, binary("accuracy"))

    assert found.value == pytest.approx(1.0, abs=0.2)
