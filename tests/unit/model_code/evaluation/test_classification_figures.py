from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from sonomodel.evaluation.classification_figures import Answers, classification_figures

CLASSES = ["benign", "malignant", "normal"]


def answers(count: int = 200, seed: int = 0) -> Answers:
    rng = np.random.default_rng(seed)
    true = rng.integers(3, size=count)
    scores = rng.normal(size=(count, 3)) + 1.5 * np.eye(3)[true]
    odds = np.exp(scores.round(1))  # rounded: some are equal
    return Answers(true, odds / odds.sum(axis=1, keepdims=True), CLASSES)


def test_figures_agree_with_scikit_learn() -> None:
    given = answers()

    figures = classification_figures(given)

    one_vs_rest = sklearn_metrics.roc_auc_score(
        given.true, given.probabilities, multi_class="ovr", average=None
    )
    for name, area in zip(CLASSES, one_vs_rest, strict=True):
        assert figures["per_class"][name]["auc"] == pytest.approx(area)
    assert figures["macro_auc"] == pytest.approx(one_vs_rest.mean())
    report = sklearn_metrics.precision_recall_fscore_support(
        given.true, given.predicted, average="macro"
    )
    assert figures["macro_precision"] == pytest.approx(report[0])
    assert figures["macro_recall"] == pytest.approx(report[1])
    assert figures["macro_f1"] == pytest.approx(report[2])


def test_malignant_auc_leaves_normal_images_and_probabilities_out() -> None:
    given = answers()
    lesions = given.true < 2
    share = given.probabilities[:, 1] / given.probabilities[:, :2].sum(axis=1)

    expected = sklearn_metrics.roc_auc_score(given.true[lesions] == 1, share[lesions])

    assert classification_figures(given)["malignant_auc"] == pytest.approx(expected)


def test_other_classes_have_no_malignant_auc() -> None:
    given = answers()
    renamed = Answers(given.true, given.probabilities, ["a", "b", "c"])

    assert classification_figures(renamed)["malignant_auc"] is None


def test_class_without_images_is_left_out_of_the_mean() -> None:
    given = answers()
    two = given.pick(np.flatnonzero(given.true < 2))

    figures = classification_figures(two)

    assert figures["per_class"]["normal"]["auc"] is None
    present = [figures["per_class"][name]["auc"] for name in CLASSES[:2]]
    assert figures["macro_auc"] == pytest.approx(np.mean(present))
