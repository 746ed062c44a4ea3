"""By hand, and equal to what the training scripts say of the same masks."""

from __future__ import annotations

import numpy as np
import pytest

from sonoflow.external import answering, boundary, segmentation
from sonomodel.evaluation import boundary as scripts_boundary
from sonomodel.evaluation.metrics import Overlap
from sonomodel.evaluation.segmentation_figures import JudgedMask, segmentation_figures

Mask = np.ndarray


def disc(height: int, width: int, y: float, x: float, radius: float) -> Mask:
    rows, columns = np.mgrid[:height, :width]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def pairs(number: int) -> list[tuple[Mask, Mask]]:
    """Predicted and true: overlapping, missed, empty and false ones."""
    generator = np.random.default_rng(5)
    found = []
    for at in range(number):
        y, x = generator.uniform(10, 40, 2)
        true = disc(50, 60, y, x, generator.uniform(3, 9)) & (at % 4 != 3)
        away = generator.uniform(-4, 4, 2)
        predicted = disc(50, 60, y + away[0], x + away[1], generator.uniform(2, 9))
        found.append((predicted & (at % 5 != 4), true))
    return found


def test_figures_by_hand() -> None:
    true, predicted = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    true[2:6, 2:6] = True
    predicted[2:6, 4:8] = True

    record = answering.measured(predicted, true)

    assert [record[name] for name in segmentation.COUNTS] == [8, 8, 8, 76]
    assert record["hd95"] == 2.0
    assert record["hd95_relative"] == pytest.approx(2 / np.hypot(10, 10))
    figures = segmentation.means([record])(np.array([0]))
    assert figures["lesion_dice"] == 0.5
    assert figures["lesion_iou"] == pytest.approx(1 / 3)
    assert figures["lesion_missed_rate"] == 0.0
    assert figures["normal_false_mask_rate"] is None
    assert segmentation.lesion_share(record) == 0.16


def test_the_scripts_say_the_same() -> None:
    masks = pairs(40)
    said = segmentation_figures(
        [
            JudgedMask(
                Overlap.of(predicted, true),
                scripts_boundary.hd95(predicted, true),
                float(np.hypot(*true.shape)),
            )
            for predicted, true in masks
        ]
    )

    records = [answering.measured(predicted, true) for predicted, true in masks]
    figures = segmentation.means(records)(np.arange(len(records)))

    assert set(figures) <= set(said)
    for name, value in figures.items():
        assert value == pytest.approx(said[name], abs=1e-12), name


@pytest.mark.parametrize("at", range(12))
def test_hd95_is_the_scripts(at: int) -> None:
    predicted, true = pairs(12)[at]

    assert boundary.hd95(predicted, true) == scripts_boundary.hd95(predicted, true)


def test_a_normal_image_tells_of_false_masks_alone() -> None:
    empty, marked = np.zeros((8, 8), bool), np.ones((8, 8), bool)
    records = [answering.measured(mask, empty) for mask in (empty, marked, empty, empty)]

    figures = segmentation.means(records)(np.arange(4))

    assert figures["normal_false_mask_rate"] == 0.25
    assert figures["lesion_dice"] is figures["lesion_hd95"] is figures["lesion_tpr"] is None
    assert segmentation.dice(records[1]) is None
