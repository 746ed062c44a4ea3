from __future__ import annotations

import numpy as np
import pytest

from sonoflow.comparing.answers import Classified, Scored, Segmented, area
from sonomodel.evaluation.classification_figures import Answers, classification_figures

CLASSES = ("benign", "malignant", "normal")


def test_a_classifiers_figures_are_those_of_its_evaluation() -> None:
    """The same as the training job's own, which the floors are held against."""
    generator = np.random.default_rng(3)
    true = generator.integers(3, size=200)
    probabilities = generator.dirichlet([1, 1, 1], size=200)
    evaluated = classification_figures(Answers(true, probabilities, CLASSES))

    figures = Classified(true, probabilities.argmax(axis=1), probabilities, CLASSES).figures()

    for name in ("accuracy", "macro_f1", "macro_auc", "malignant_auc"):
        assert figures[name] == pytest.approx(evaluated[name]), name
    recall = evaluated["per_class"]["malignant"]["recall"]
    assert figures["malignant_sensitivity"] == pytest.approx(recall)


def test_the_label_that_is_answered_counts_whatever_the_probabilities() -> None:
    given = [{"label": "malignant", "probabilities": dict.fromkeys(CLASSES, 1 / 3)}] * 2

    figures = Classified.of(["malignant", "benign"], given, CLASSES).figures()

    assert (figures["accuracy"], figures["malignant_sensitivity"]) == (0.5, 1.0)


def test_without_a_malignant_class_there_is_no_figure_of_it() -> None:
    given = [{"label": "lesion", "probabilities": {"lesion": 0.7, "normal": 0.3}}]

    found = Classified.of(["lesion"], given, ("lesion", "normal"))

    assert set(found.figures()) == set(found.about()) == {"accuracy", "macro_f1", "macro_auc"}


def test_a_segmenters_figures_are_of_lesions_or_of_normal_images() -> None:
    given = [
        {"lesion_pixels": 100, "predicted_pixels": 80, "dice": 0.8},
        {"lesion_pixels": 100, "predicted_pixels": 0, "dice": 0.0},
        {"lesion_pixels": 0, "predicted_pixels": 0, "dice": None},
        {"lesion_pixels": 0, "predicted_pixels": 3, "dice": None},
    ]

    found = Segmented.of(given)

    assert found.figures() == {
        "lesion_dice": 0.4,
        "lesion_missed_rate": 0.5,
        "normal_false_mask_rate": 0.5,
    }
    assert found.about()["normal_false_mask_rate"][0].tolist() == [False, False, True, True]
    assert found.pick(np.array([2])).figures()["lesion_dice"] is None


def test_a_table_of_more_classes_has_an_accuracy_alone() -> None:
    labels, scores = np.array([0, 1, 1]), np.array([0.1, 0.9, 0.4])
    two = Scored(labels, scores, np.array([0, 1, 0]), 2).figures()

    assert two == {"accuracy": pytest.approx(2 / 3), "sensitivity": 0.5, "auc": 1.0}
    assert set(Scored(labels, scores, labels, 3).figures()) == {"accuracy"}


def test_equal_scores_count_half() -> None:
    assert area(np.array([0.5, 0.5, 0.9]), np.array([True, False, True])) == 0.75
    assert area(np.array([0.5]), np.array([True])) is None
