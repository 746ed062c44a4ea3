"""Against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sonomodel.evaluation.metrics import (
    Overlap,
    auc,
    classification_metrics,
    confusion_matrix,
    segmentation_metrics,
)

CLASSES = ["benign", "malignant", "normal"]


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    assert confusion_matrix([0, 0, 1, 2], [0, 1, 1, 1], 3) == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]


def test_classification_figures() -> None:
    metrics = classification_metrics([[3, 1, 0], [1, 2, 1], [0, 0, 2]], CLASSES)

    assert metrics["accuracy"] == pytest.approx(7 / 10)
    assert metrics["per_class"]["malignant"] == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 4),
        "f1": pytest.approx(4 / 7),
        "support": 4,
    }
    assert metrics["macro_precision"] == pytest.approx((3 / 4 + 2 / 3 + 2 / 3) / 3)
    assert metrics["macro_recall"] == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert metrics["macro_f1"] == pytest.approx((3 / 4 + 4 / 7 + 4 / 5) / 3)


def test_class_without_images_is_undefined_and_left_out_of_the_means() -> None:
    metrics = classification_metrics([[2, 0, 0], [0, 1, 1], [0, 0, 0]], CLASSES)

    assert metrics["per_class"]["normal"] == {
        "precision": None,
        "recall": None,
        "f1": None,
        "support": 0,
    }
    assert metrics["macro_recall"] == pytest.approx((1 + 1 / 2) / 2)


def test_class_that_is_never_predicted_has_precision_zero() -> None:
    metrics = classification_metrics([[2, 0], [2, 0]], ["benign", "malignant"])

    assert metrics["per_class"]["malignant"]["precision"] == 0
    assert metrics["per_class"]["malignant"]["f1"] == 0


def test_no_images_at_all_define_nothing() -> None:
    metrics = classification_metrics([[0, 0], [0, 0]], ["benign", "malignant"])

    assert metrics["accuracy"] is None
    assert metrics["macro_f1"] is None


def overlap() -> Overlap:
    """10 x 10 pixels: a lesion of 12, 14 predicted, 9 of them right."""
    true = np.zeros((10, 10), dtype=bool)
    true[2:5, 2:6] = True
    predicted = np.zeros((10, 10), dtype=bool)
    predicted[2:5, 3:6] = True
    predicted[9, :5] = True
    return Overlap.of(predicted, true)


def test_overlap_counts_pixels() -> None:
    assert overlap() == Overlap(
        true_positives=9, false_positives=5, false_negatives=3, true_negatives=83
    )


def test_overlap_figures() -> None:
    found = overlap()

    assert found.dice == pytest.approx(18 / 26)
    assert found.iou == pytest.approx(9 / 17)
    assert found.tpr == pytest.approx(9 / 12)
    assert found.fpr == pytest.approx(5 / 88)
    assert found.fpr_stan == pytest.approx(5 / 12)


def test_figures_of_a_lesion_are_undefined_without_one() -> None:
    empty = Overlap(0, 5, 0, 95)

    assert (empty.dice, empty.iou, empty.tpr, empty.fpr, empty.fpr_stan) == (None,) * 5
    assert empty.agreement == 0
    assert Overlap(0, 0, 0, 100).agreement == 1


def test_means_are_over_lesions_and_false_masks_over_normal_images() -> None:
    missed, clean, marked = Overlap(0, 0, 8, 92), Overlap(0, 0, 0, 100), Overlap(0, 1, 0, 99)

    metrics = segmentation_metrics([overlap(), missed, clean, marked, clean])

    assert metrics["lesion_dice"] == pytest.approx((18 / 26 + 0) / 2)
    assert metrics["normal_false_mask_rate"] == pytest.approx(1 / 3)
    assert metrics["mean_agreement"] == pytest.approx((18 / 26 + 0 + 1 + 0 + 1) / 5)
    assert (metrics["lesion_images"], metrics["normal_images"]) == (2, 3)


def test_what_no_image_defines_is_none() -> None:
    only_lesions = segmentation_metrics([overlap()])
    only_normal = segmentation_metrics([Overlap(0, 0, 0, 100)])

    assert only_lesions["normal_false_mask_rate"] is None
    assert only_normal["lesion_dice"] is None
    assert only_normal["lesion_fpr_stan"] is None


def test_auc_counts_pairs() -> None:
    scores, positive = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])

    assert auc(scores, positive) == 0.75
    assert auc(np.full(4, 0.5), positive) == 0.5
    assert auc(scores, np.array([True] * 4)) is None
