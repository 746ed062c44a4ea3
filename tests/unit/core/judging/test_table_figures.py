from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from sonoflow.judging import table_figures
from sonoflow.judging.table_figures import Baseline

BASELINE = Baseline(majority=0, median=0.0)


def sample(
    rows: int, seed: int = 1, ties: bool = False, apart: float = 1.0
) -> tuple[Any, Any, Any]:
    """True classes, scores and classes at a threshold of one half."""
    generator = np.random.default_rng(seed)
    truth = (generator.random(rows) < 0.4).astype(np.int64)
    truth[:2] = 0, 1
    scores = 1 / (1 + np.exp(-generator.normal(apart * (2 * truth - 1))))
    scores = np.round(scores, 1) if ties else scores
    return truth, scores, (scores >= 0.5).astype(np.int64)


labels = st.lists(st.integers(0, 1), min_size=2, max_size=60).filter(lambda v: len(set(v)) == 2)


@given(labels, st.data())
def test_figures_are_scikit_learns(values: list[int], data: Any) -> None:
    scores = np.array([data.draw(st.integers(0, 12)) / 12 for _ in values])
    truth = np.array(values, dtype=np.int64)
    predicted = (scores >= 0.5).astype(np.int64)

    found = table_figures.evaluate(truth, scores, predicted, ["B", "M"], BASELINE)

    metrics = found["metrics"]
    assert metrics["accuracy"] == pytest.approx(oracle.accuracy_score(truth, predicted))
    assert metrics["sensitivity"] == pytest.approx(oracle.recall_score(truth, predicted))
    assert metrics["specificity"] == pytest.approx(oracle.recall_score(1 - truth, 1 - predicted))
    assert metrics["auc"] == pytest.approx(oracle.roc_auc_score(truth, scores))
    assert metrics["mae"] == pytest.approx(oracle.mean_absolute_error(truth, scores))
    assert found["confusion_matrix"] == oracle.confusion_matrix(truth, predicted).tolist()
    curve = np.array(found["roc"])
    assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(metrics["auc"])
    for name, (low, high) in metrics["intervals"].items():
        assert 0 <= low <= metrics[name] + 1e-12 and metrics[name] - 1e-12 <= high <= 1, name
        assert low < high


def test_the_curve_is_scikit_learns() -> None:
    truth, scores, _ = sample(300, ties=False)
    false_positive, true_positive, _ = oracle.roc_curve(truth, scores)

    curve = table_figures.roc(truth, scores)

    # scikit-learn, too, keeps the corners alone, and with them the point after the first.
    expected = np.delete(np.column_stack([false_positive, true_positive]), 1, axis=0)
    np.testing.assert_allclose(curve, expected)


def test_a_long_curve_is_cut_to_its_limit_and_keeps_its_ends() -> None:
    truth, scores, _ = sample(20_000)

    curve = table_figures.roc(truth, scores)

    assert len(curve) == table_figures.ROC_POINTS_LIMIT
    assert curve[0].tolist() == [0, 0] and curve[-1].tolist() == [1, 1]
    assert (np.diff(curve, axis=0) >= 0).all()
    area = np.trapezoid(curve[:, 1], curve[:, 0])
    assert area == pytest.approx(oracle.roc_auc_score(truth, scores), abs=1e-3)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # By R's prop.test(hits, trials, correct = FALSE), which gives Wilson's interval.
    [(0, 10, 0.0, 0.2775328), (10, 10, 0.7224672, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_rates_have_wilsons_interval(hits: int, trials: int, low: float, high: float) -> None:
    assert table_figures.wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_a_rate_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no trials"):
        table_figures.wilson(0, 0)


@pytest.mark.parametrize("ties", [False, True])
def test_the_aucs_interval_is_delongs(ties: bool) -> None:
    """By the definition: the variance of each row's share of the pairs that it wins."""
    truth, scores, _ = sample(120, ties=ties)
    positive, negative = scores[truth == 1], scores[truth == 0]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    area = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / len(positive)
    variance += wins.mean(axis=0).var(ddof=1) / len(negative)
    half = 1.959964 * math.sqrt(variance) / (area * (1 - area))
    ends = [1 / (1 + math.exp(-(math.log(area / (1 - area)) + sign * half))) for sign in (-1, 1)]

    figure = table_figures.auc(truth, scores)

    assert figure.method == "DeLong"
    assert figure.value == pytest.approx(area)
    assert figure.interval == pytest.approx(tuple(ends), abs=1e-6)


def test_classes_that_are_told_apart_without_fault_leave_some_doubt_all_the_same() -> None:
    """DeLong's interval would be the point 1, however few the rows."""
    few, many = (
        table_figures.auc(truth, truth + 0.0)
        for truth in (np.array([0] * n + [1] * n) for n in (6, 600))
    )

    assert few.value == many.value == 1.0
    assert few.method == many.method == "Newcombe"
    assert few.interval is not None and many.interval is not None
    assert few.interval[1] == many.interval[1] == 1.0
    assert 0.5 < few.interval[0] < 0.9 < 0.99 < many.interval[0] < 1.0


def test_the_ends_of_newcombes_interval_are_z_standard_errors_away() -> None:
    m, n = 21, 36
    figure = table_figures.auc(np.array([0] * n + [1] * m), np.array([0.0] * n + [1.0] * m))

    assert figure.interval is not None
    low = figure.interval[0]
    spread = ((m + n) / 2 - 1) * ((1 - low) / (2 - low) + low / (1 + low))
    error = math.sqrt(low * (1 - low) * (1 + spread) / (m * n))
    assert (1 - low) / error == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize("rows", [40, 57, 200])
def test_the_aucs_interval_covers_the_truth_about_as_often_as_it_says(rows: int) -> None:
    truth_area = 0.5 * (1 + math.erf(1.5 * 2 / math.sqrt(2) / math.sqrt(2)))
    covered = 0
    for seed in range(400):
        classes, scores, _ = sample(rows, seed=seed, apart=1.5)
        interval = table_figures.auc(classes, scores).interval
        assert interval is not None
        covered += interval[0] <= truth_area <= interval[1]

    assert covered / 400 > 0.9


def test_baselines_are_the_training_splits() -> None:
    truth = np.array([0, 0, 0, 1, 1], dtype=np.int64)
    scores = np.array([0.1, 0.2, 0.3, 0.9, 0.8])
    predicted = (scores > 0.5).astype(np.int64)

    found = table_figures.evaluate(truth, scores, predicted, ["B", "M"], Baseline(1, 1.0))

    assert found["metrics"]["majority_accuracy"] == pytest.approx(0.4)
    assert found["metrics"]["baseline_mae"] == pytest.approx(0.6)
    assert found["metrics"]["mae"] == pytest.approx(0.18)


def test_the_threshold_is_the_known_one_or_lies_in_the_gap_of_the_answers() -> None:
    truth = np.array([0, 0, 1, 1], dtype=np.int64)
    scores = np.array([0.1, 0.4, 0.3, 0.8])

    def threshold(predicted: list[int], cut: float | None = None) -> Any:
        labels = np.array(predicted, dtype=np.int64)
        found = table_figures.evaluate(truth, scores, labels, ["B", "M"], BASELINE, cut)
        return found["threshold"]

    assert threshold([0, 0, 0, 1]) == pytest.approx(0.6)
    assert threshold([0, 0, 0, 1], cut=0.5) == 0.5
    assert threshold([0, 0, 0, 0]) is None
    assert threshold([1, 0, 0, 1]) is None  # no threshold answers so


def test_more_than_two_classes_have_rates_alone() -> None:
    truth = np.array([0, 1, 2, 2], dtype=np.int64)
    predicted = np.array([0, 2, 2, 2], dtype=np.int64)

    found = table_figures.evaluate(truth, np.ones(4), predicted, ["a", "b", "c"], BASELINE)

    assert found["metrics"]["accuracy"] == 0.75
    assert found["metrics"]["auc"] is None
    assert found["confusion_matrix"] == [[1, 0, 0], [0, 0, 1], [0, 0, 2]]
    assert (found["roc"], found["threshold"]) == ([], None)


def test_a_class_that_is_absent_leaves_its_figures_undefined() -> None:
    truth = np.zeros(3, dtype=np.int64)

    found = table_figures.evaluate(truth, np.array([0.1, 0.2, 0.9]), truth, ["B", "M"], BASELINE)

    metrics = found["metrics"]
    assert (metrics["sensitivity"], metrics["auc"], metrics["specificity"]) == (None, None, 1.0)
    assert set(metrics["intervals"]) == {"accuracy", "specificity"}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("truth", "scores", "predicted", "message"),
    [
        ([], [], [], "as many"),
        ([0, 1], [0.5], [0, 1], "as many"),
        ([0, 2], [0.5, 0.5], [0, 1], "none of the 2"),
        ([0, 1], [0.5, 0.5], [0, -1], "none of the 2"),
    ],
)
def test_answers_that_do_not_fit_the_rows_are_an_error(
    truth: list[int], scores: list[float], predicted: list[int], message: str
) -> None:
    arrays = np.array(truth, np.int64), np.array(scores), np.array(predicted, np.int64)
    with pytest.raises(ValueError, match=message):
        table_figures.evaluate(*arrays, ["B", "M"], BASELINE)
