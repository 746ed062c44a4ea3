from __future__ import annotations

import numpy as np
import pytest
import torch

from sonomodel.evaluation.calibration import (
    expected_calibration_error,
    likelihood,
    reliability,
    temperature,
)


def drawn(scale: float, count: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels drawn from the probabilities of logits, which are then exaggerated by `scale`."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(count, 3, generator=generator)
    labels = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator)[:, 0]
    return scale * logits, labels


@pytest.mark.parametrize("scale", [0.8, 1.0, 3.0])
def test_temperature_undoes_exaggeration(scale: float) -> None:
    assert temperature(*drawn(scale)) == pytest.approx(scale, rel=0.05)


def test_temperature_stays_bounded_where_all_is_right() -> None:
    labels = torch.arange(3)

    assert temperature(5 * torch.eye(3), labels) == pytest.approx(0.5, abs=1e-3)
    assert temperature(5 * torch.eye(3).roll(1, 0), labels) == pytest.approx(10, abs=1e-2)


def test_likelihood_is_that_of_the_best_temperature() -> None:
    logits, labels = drawn(1.0)
    given = torch.softmax(logits, dim=1)[torch.arange(len(labels)), labels]

    assert likelihood(logits, labels) == pytest.approx(float(given.log().mean().exp()), rel=1e-3)
    assert likelihood(5 * logits, labels) == pytest.approx(likelihood(logits, labels), rel=1e-6)
    assert likelihood(torch.zeros(6, 3), torch.arange(6) % 3) == pytest.approx(1 / 3)


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.35, 0.65]])

    bins = reliability(probabilities, np.array([0, 1, 1, 1]))

    filled = [one for one in bins if one.images]
    assert [one.images for one in filled] == [2, 2]
    assert [one.accuracy for one in filled] == [1, 0.5]
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.375 + 2 * 0.4) / 4)


def test_certain_answers_have_a_bin() -> None:
    bins = reliability(np.array([[1.0, 0.0]]), np.array([0]))

    assert bins[-1].images == 1
    assert expected_calibration_error(bins) == 0


def test_no_images_define_no_error() -> None:
    assert expected_calibration_error(reliability(np.zeros((0, 3)), np.zeros(0, int))) is None


def test_scaling_makes_probabilities_honest() -> None:
    logits, labels = drawn(3.0)

    def error(divisor: float) -> float:
        probabilities = torch.softmax(logits / divisor, dim=1).double().numpy()
        found = expected_calibration_error(reliability(probabilities, labels.numpy()))
        assert found is not None
        return found

    assert error(1.0) > 0.1
    assert error(temperature(logits, labels)) < 0.03
