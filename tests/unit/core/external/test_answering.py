"""Answers of endpoints are told in tests/unit/functions/test_answer_external.py."""

from __future__ import annotations

import numpy as np
import pytest

from sonoflow.external import answering


@pytest.mark.parametrize("seed", range(5))
def test_every_pixel_is_counted_once(seed: int) -> None:
    generator = np.random.default_rng(seed)
    predicted, true = generator.random((2, 30, 40)) > 0.5

    found = answering.measured(predicted, true)

    assert sum(found[name] for name in list(found)[:4]) == 1200
    assert found["true_positives"] + found["false_negatives"] == true.sum()
    assert found["true_positives"] + found["false_positives"] == predicted.sum()


def test_no_mask_has_no_distance() -> None:
    empty, full = np.zeros((9, 9), bool), np.ones((9, 9), bool)

    for pair in ((empty, full), (full, empty), (empty, empty)):
        assert (
            answering.measured(*pair)["hd95"] is answering.measured(*pair)["hd95_relative"] is None
        )
    assert answering.measured(full, full)["hd95"] == 0.0
