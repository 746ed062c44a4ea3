from __future__ import annotations

import numpy as np
import pytest

from sonomodel.evaluation.rule_choice import Validated, choose, gated_agreement
from sonomodel.model.rule import LesionRule


def validated(
    lesion: bool, peak: float, presence: float | None = None, speck: float = 0.0
) -> Validated:
    """20 x 20 pixels, a square lesion, or what is taken for one, found with probability `peak`;
    and a far pixel of probability `speck`."""
    probabilities = np.full((20, 20), 0.02, dtype=np.float32)
    probabilities[5:11, 5:11] = peak
    probabilities[18, 18] = max(speck, 0.02)
    true = np.zeros((20, 20), dtype=bool)
    true[5:11, 5:11] = lesion
    return Validated(probabilities, presence, true)


def test_threshold_is_chosen_where_masks_agree_best() -> None:
    rule = choose([validated(True, 0.32), validated(True, 0.4), validated(False, 0.21)])

    assert rule == LesionRule(threshold=pytest.approx(0.3))


def test_gate_that_costs_nothing_is_half_open() -> None:
    """Validation may be easier than what comes after it."""
    rule = choose([validated(True, 0.9, presence=0.8), validated(False, 0.1, presence=0.3)])

    assert rule == LesionRule(minimum_presence=pytest.approx(0.4, abs=0.05))


def test_nothing_is_gated_without_an_image_to_try_it_on() -> None:
    assert choose([validated(True, 0.9, presence=0.8)] * 2) == LesionRule()


def test_presence_gate_empties_normal_images() -> None:
    """Masks as sure as on lesions, but the head knows."""
    images = [validated(True, 0.9, p) for p in (0.7, 0.9)]
    images += [validated(False, 0.95, p) for p in (0.2, 0.33)]

    rule = choose(images)

    assert 0.45 <= rule.minimum_presence <= 0.6  # far from 0.33 and from 0.7
    assert [image.agreement(rule) for image in images] == [1, 1, 1, 1]


def test_area_gate_empties_normal_images_without_a_head() -> None:
    images = [validated(True, 0.9), validated(False, 0.1, speck=0.95)]

    rule = choose(images)

    assert rule.minimum_area == 0.005  # one pixel is 0.0025
    assert [image.agreement(rule) for image in images] == [1, 1]


def test_largest_component_is_kept_only_if_validation_gains() -> None:
    assert choose([validated(True, 0.9, speck=0.95)] * 2).largest_component
    assert not choose([validated(True, 0.9)] * 2).largest_component


def test_empty_masks_throughout_are_no_rule() -> None:
    """Two normal images of three would be right."""
    images = [validated(True, 0.9, 0.2), validated(False, 0.9, 0.4), validated(False, 0.9, 0.4)]

    assert choose(images).finds_lesion(images[0].probabilities, images[0].presence)
    assert gated_agreement(images, 0.5) == pytest.approx(1 / 3)
    assert choose([validated(True, 0.02, 0.9), validated(False, 0.02, 0.1)]) == LesionRule()


def test_an_epoch_is_worth_what_the_best_gate_makes_of_it() -> None:
    """Both normal images are marked as surely as the lesions: the head knows, or does not."""

    def epoch(presence_of_normals: float) -> list[Validated]:
        lesions = [validated(True, 0.9, 0.8), validated(True, 0.9, 0.8)]
        return lesions + [validated(False, 0.9, presence_of_normals)] * 2

    assert gated_agreement(epoch(0.2), 0.5) == 1
    assert gated_agreement(epoch(0.8), 0.5) == 0.5
    assert gated_agreement(epoch(0.8), 0.95) == 0  # nothing is marked
    assert gated_agreement([validated(True, 0.9, 0.1)], 0.5) == 1  # no gate without a normal image
