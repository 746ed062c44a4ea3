"""By hand, and equal to what the training scripts say of the same answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonoflow.external import classification
from sonoflow.external.classification import Answers
from sonomodel.evaluation import classification_figures as scripts
from sonomodel.evaluation.metrics import confusion_matrix

CLASSES = ("benign", "malignant", "normal")


def record(label: str, *probabilities: float) -> dict[str, Any]:
    return {"class": label, "probabilities": dict(zip(CLASSES, probabilities, strict=True))}


def random(images: int, seed: int, classes: int = 3) -> Answers:
    """Too sure in some bins and not sure enough in others: else the error tells no bins."""
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.ones(3), size=images).round(2)
    rows /= rows.sum(axis=1, keepdims=True)
    true = np.array([generator.choice(3, p=row) for row in rows]) % classes
    return Answers(true, rows, CLASSES)


def test_figures_by_hand() -> None:
    answers = Answers.of(
        [
            record("benign", 0.7, 0.2, 0.1),
            record("benign", 0.3, 0.6, 0.1),
            record("malignant", 0.1, 0.9, 0.0),
            record("malignant", 0.25, 0.75, 0.0),
            record("normal", 0.5, 0.1, 0.4),
        ],
        CLASSES,
    )

    figures = classification.figures(answers)

    assert figures["accuracy"] == 3 / 5
    assert classification.confusion_matrix(answers) == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    # Malignant shares: .222, .667 of the benign ones, .9, .75 of the malignant ones.
    assert figures["malignant_auc"] == 1.0
    assert figures[classification.FIXED] == 1.0
    by_class = classification.by_class(answers)
    assert by_class["benign"]["recall"] == 0.5
    assert by_class["normal"] == {"recall": 0.0, "precision": 0.0, "f1": 0.0, "auc": 1.0}
    # Bins of a fifteenth: .7 and .75 apart, .6, .9, .5.
    apart = abs(0.7 - 1) + abs(0.6 - 0) + abs(0.9 - 1) + abs(0.75 - 1) + abs(0.5 - 0)
    assert figures["ece"] == pytest.approx(apart / 5)


@pytest.mark.parametrize(("images", "seed", "classes"), [(40, 1, 3), (200, 2, 3), (30, 3, 2)])
def test_the_scripts_say_the_same(images: int, seed: int, classes: int) -> None:
    answers = random(images, seed, classes)  # of two classes: nothing is normal
    said = scripts.classification_figures(
        scripts.Answers(answers.true, answers.probabilities, list(CLASSES))
    )

    figures = classification.figures(answers)

    for name in ("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"):
        assert figures[name] == pytest.approx(said[name], abs=1e-12), name
    for label, own in classification.by_class(answers).items():
        if said["per_class"][label]["support"]:
            for name in classification.OF_CLASS:
                assert own[name] == pytest.approx(said["per_class"][label][name], abs=1e-12)
        else:
            assert set(own.values()) == {None}
    assert classification.confusion_matrix(answers) == confusion_matrix(
        answers.true.tolist(), answers.predicted.tolist(), 3
    )


def test_what_is_not_defined_is_none_and_never_nought() -> None:
    answers = Answers.of([record("normal", 0.1, 0.1, 0.8)], CLASSES)

    figures = classification.figures(answers)

    assert figures["accuracy"] == 1.0
    assert figures["macro_auc"] is figures["malignant_auc"] is figures[classification.FIXED] is None
    assert classification.by_class(answers)["benign"]["recall"] is None


def test_other_classes_have_no_malignant_figures() -> None:
    answers = Answers(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), ("cyst", "solid"))

    assert classification.figures(answers)["malignant_auc"] is None


def test_the_threshold_leaves_nine_of_ten_benign_images_alone() -> None:
    benign = np.arange(10) / 10  # 0 … 0.9
    malignant = np.array([0.85, 0.5, 0.95, 0.91])
    scores = np.concatenate([benign, malignant])
    positive = np.arange(14) >= 10

    point = classification.operating_point(scores, positive)

    # Above the ninth benign score, .8, is the malignant .85.
    assert point == {"threshold": 0.85, "sensitivity": 0.75, "specificity": 0.9}


def test_of_equal_scores_none_is_let_through() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.5, 0.4])
    positive = np.array([False, False, True, True, True])

    point = classification.operating_point(scores, positive)

    assert (point["sensitivity"], point["specificity"]) == (0.0, 1.0)


def test_a_threshold_of_another_set_may_do_worse() -> None:
    scores, positive = np.array([0.2, 0.9, 0.6, 0.3]), np.array([False, False, True, True])

    assert classification.rates(scores, positive, 0.5) == {"sensitivity": 0.5, "specificity": 0.5}
