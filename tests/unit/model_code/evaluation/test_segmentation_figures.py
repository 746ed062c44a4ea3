from __future__ import annotations

import numpy as np
import pytest

from sonomodel.evaluation.metrics import Overlap
from sonomodel.evaluation.segmentation_figures import (
    JudgedMask,
    segmentation_figures,
    segmentation_means,
)

FOUND = JudgedMask(Overlap(9, 5, 3, 83), distance=4.0, diagonal=20.0)
MISSED = JudgedMask(Overlap(0, 0, 8, 92), distance=None, diagonal=20.0)
CLEAN = JudgedMask(Overlap(0, 0, 0, 100), distance=None, diagonal=10.0)
MARKED = JudgedMask(Overlap(0, 1, 0, 99), distance=None, diagonal=10.0)
ALL = [FOUND, MISSED, CLEAN, MARKED, CLEAN]


def test_distances_are_over_what_was_found_and_misses_are_counted() -> None:
    figures = segmentation_figures(ALL)

    assert figures["lesion_hd95"] == 4
    assert figures["lesion_hd95_relative"] == 0.2
    assert figures["lesion_missed_rate"] == 0.5
    assert figures["normal_false_mask_rate"] == pytest.approx(1 / 3)


def test_means_for_resampling_are_the_figures_themselves() -> None:
    figures, means = segmentation_figures(ALL), segmentation_means(ALL)

    for picks in (np.arange(5), np.array([0, 0, 2, 3]), np.array([2, 2]), np.array([1, 1, 1])):
        expected = segmentation_figures([ALL[pick] for pick in picks])
        assert means(picks) == {name: expected[name] for name in means(picks)}
    counts = {"lesion_images", "normal_images"}
    assert means(np.arange(5)).keys() == figures.keys() - counts


def test_facts_of_an_image() -> None:
    facts = FOUND.facts()

    assert facts["dice"] == pytest.approx(18 / 26)
    assert (facts["hd95"], facts["hd95_relative"]) == (4.0, 0.2)
    assert facts["true_positives"] == 9
    assert CLEAN.facts()["hd95"] is None
