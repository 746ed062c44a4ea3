"""Loss functions over many models at once: their values and their slopes by the score.

Scores have the shape (rows, models, outputs), where outputs is one except for softmax; targets
broadcast against them. Values have the shape (rows, models), slopes that of the scores.
"""

from __future__ import annotations

import abc
import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from local.sagemaker.linear_learner.hyperparameters import Hyperparameters


class Loss(abc.ABC):
    """One loss function; `objective` is its name in the logs."""

    objective: str

    def target(self, labels: Tensor) -> Tensor:
        """What scores are held against, from labels (rows,)."""
        return labels.reshape(-1, 1, 1)

    @abc.abstractmethod
    def value(self, scores: Tensor, target: Tensor) -> Tensor: ...

    @abc.abstractmethod
    def slope(self, scores: Tensor, target: Tensor) -> Tensor: ...


class Squared(Loss):
    objective = "mse_objective"

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        return (scores - target).square()[..., 0]

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return 2 * (scores - target)


class Absolute(Loss):
    objective = "absolute_loss_objective"

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        return (scores - target).abs()[..., 0]

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return (scores - target).sign()


@dataclasses.dataclass
class Quantile(Loss):
    """The label is to be greater than the score with probability `quantile`."""

    quantile: float
    objective = "quantile_loss_objective"

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        error = scores - target
        return torch.where(error > 0, self.quantile * error, (self.quantile - 1) * error)[..., 0]

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return (scores > target).to(scores.dtype) - (1 - self.quantile)


@dataclasses.dataclass
class Huber(Loss):
    """Half the squared error up to `delta`, linear beyond."""

    delta: float
    objective = "huber_loss_objective"

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        error = (scores - target).abs()
        linear = self.delta * (error - self.delta / 2)
        return torch.where(error <= self.delta, error.square() / 2, linear)[..., 0]

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return (scores - target).clamp(-self.delta, self.delta)


class Logistic(Loss):
    """Cross entropy of labels 0 and 1; the score is the log odds."""

    objective = "binary_classification_cross_entropy_objective"

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        return (functional.softplus(scores) - target * scores)[..., 0]

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return torch.sigmoid(scores) - target


class Hinge(Loss):
    """Labels 0 and 1 are held as -1 and 1; the margin is 1."""

    objective = "hinge_loss_objective"

    def target(self, labels: Tensor) -> Tensor:
        return (2 * labels - 1).reshape(-1, 1, 1)

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        return functional.relu(1 - target * scores)[..., 0]

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return torch.where(target * scores < 1, -target, 0.0)


@dataclasses.dataclass
class Softmax(Loss):
    """Cross entropy over `classes`; there is one score per class."""

    classes: int
    objective = "multiclass_cross_entropy_objective"

    def target(self, labels: Tensor) -> Tensor:
        return functional.one_hot(labels.long(), self.classes).unsqueeze(1).to(labels.dtype)

    def value(self, scores: Tensor, target: Tensor) -> Tensor:
        return torch.logsumexp(scores, dim=-1) - (scores * target).sum(dim=-1)

    def slope(self, scores: Tensor, target: Tensor) -> Tensor:
        return torch.softmax(scores, dim=-1) - target


def loss_of(settings: Hyperparameters) -> Loss:
    """The loss function that the settings name; its lengths are in units of the scaled label."""
    losses: dict[str, Loss] = {
        "squared_loss": Squared(),
        "absolute_loss": Absolute(),
        "quantile_loss": Quantile(settings.quantile),
        "huber_loss": Huber(settings.huber_delta),
        "logistic": Logistic(),
        "hinge_loss": Hinge(),
        "softmax_loss": Softmax(settings.num_classes),
    }
    return losses[settings.loss_name]
