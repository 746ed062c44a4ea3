"""Loss functions against their definitions, and their slopes against autograd."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from local.sagemaker.linear_learner.hyperparameters import LOSSES, parse
from local.sagemaker.linear_learner.losses import Loss, loss_of

NAMES = [(predictor, loss) for predictor, losses in LOSSES.items() for loss in losses]


def loss(predictor: str, name: str, **given: str) -> Loss:
    classes = {"num_classes": "3"} if predictor == "multiclass_classifier" else {}
    return loss_of(parse({"predictor_type": predictor, "loss": name, **classes, **given}))


def labels(predictor: str, rows: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if predictor == "regressor":
        return torch.randn(rows, generator=generator, dtype=torch.float64)
    classes = 3 if predictor == "multiclass_classifier" else 2
    return torch.randint(classes, (rows,), generator=generator).double()


@pytest.mark.parametrize(("predictor", "name"), NAMES)
def test_slopes_are_the_derivatives_of_the_values(predictor: str, name: str) -> None:
    outputs = 3 if predictor == "multiclass_classifier" else 1
    generator = torch.Generator().manual_seed(2)
    scores = 2 * torch.randn((20, 4, outputs), generator=generator, dtype=torch.float64)
    scores.requires_grad_()
    subject = loss(predictor, name, quantile="0.9", huber_delta="0.7")
    target = subject.target(labels(predictor, 20))

    value = subject.value(scores, target)
    value.sum().backward()  # type: ignore[no-untyped-call]

    assert value.shape == (20, 4)
    assert scores.grad is not None
    torch.testing.assert_close(subject.slope(scores.detach(), target), scores.grad)


@pytest.mark.parametrize(
    ("name", "given", "error", "expected"),
    [
        ("squared_loss", {}, 3.0, 9.0),
        ("absolute_loss", {}, -3.0, 3.0),
        ("quantile_loss", {"quantile": "0.9"}, 1.0, 0.9),
        ("quantile_loss", {"quantile": "0.9"}, -1.0, 0.1),
        ("huber_loss", {"huber_delta": "2"}, 1.0, 0.5),
        ("huber_loss", {"huber_delta": "2"}, -3.0, 4.0),
    ],
)
def test_values_of_a_regressors_losses(
    name: str, given: dict[str, str], error: float, expected: float
) -> None:
    """`error` is score minus label."""
    subject = loss("regressor", name, **given)

    value = subject.value(torch.tensor([[[5 + error]]]), subject.target(torch.tensor([5.0])))

    assert value.item() == pytest.approx(expected, abs=1e-6)


def test_the_hinge_begins_at_the_margin() -> None:
    subject = loss("binary_classifier", "hinge_loss")
    scores = torch.tensor([[[0.5]], [[0.5]], [[1.5]]])

    values = subject.value(scores, subject.target(torch.tensor([1.0, 0.0, 1.0])))

    assert values.flatten().tolist() == [0.5, 1.5, 0.0]
