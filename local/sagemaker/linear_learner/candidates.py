"""The models that are trained side by side: the given settings first, then settings close by."""

from __future__ import annotations

import dataclasses
import itertools
import random

from local.sagemaker.linear_learner.hyperparameters import Hyperparameters

SEED = 0
AUTO_MODELS = 32
# What `auto` means for the first model, and what the others try beside it.
AUTO_LEARNING_RATES = (0.02, 0.01, 0.05, 0.1)
AUTO_L1 = (0.0, 1e-2)
AUTO_WD = (1e-4, 1e-3, 3e-3, 1e-2)
# Factors on a value that is given. Zero stays zero: it switches a term off.
LEARNING_RATE_FACTORS = (1.0, 0.5, 2.0, 0.25)
L1_FACTORS = (1.0, 0.1)
WD_FACTORS = (1.0, 0.1, 10.0, 0.01)
_JITTER = 3.0  # further models differ by up to this factor from one of the grid


@dataclasses.dataclass(frozen=True)
class Candidate:
    """What one of the models is trained with."""

    learning_rate: float
    l1: float
    wd: float


def candidates_of(settings: Hyperparameters) -> list[Candidate]:
    """`num_models` candidates, 32 for `auto`.

    The first is trained with the given values. The grid of 4 learning rates, 2 l1 and 4 wd is
    walked with the learning rate changing fastest; models beyond it are drawn near its points
    with a fixed seed.
    """
    rates = _values(settings.learning_rate, LEARNING_RATE_FACTORS, AUTO_LEARNING_RATES)
    penalties = _values(settings.l1, L1_FACTORS, AUTO_L1)
    decays = _values(settings.wd, WD_FACTORS, AUTO_WD)
    grid = [Candidate(*point[::-1]) for point in itertools.product(decays, penalties, rates)]
    count = settings.num_models or AUTO_MODELS
    generator = random.Random(SEED)  # noqa: S311 - repeatable on purpose
    further = [_near(generator.choice(grid), generator) for _ in range(count - len(grid))]
    return (grid + further)[:count]


def _values(
    given: float | None, factors: tuple[float, ...], automatic: tuple[float, ...]
) -> tuple[float, ...]:
    return automatic if given is None else tuple(given * factor for factor in factors)


def _near(candidate: Candidate, generator: random.Random) -> Candidate:
    def jittered(value: float) -> float:
        return float(value * _JITTER ** generator.uniform(-1, 1))

    return Candidate(*(jittered(value) for value in dataclasses.astuple(candidate)))
