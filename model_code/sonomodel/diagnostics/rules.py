"""The rules by which a training run is judged while it goes on; docs/diagnostics.md explains each.

A rule is a function of what was observed so far. It returns what it found, as a sentence, or None.
Thresholds marked "Debugger" are those of the built-in rules of Amazon SageMaker Debugger.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from sonomodel.diagnostics.observations import EpochFacts, LayerStart

VANISHED = 1e-7  # mean absolute gradient; Debugger: VanishingGradient
VANISHED_EPOCHS = 3
LEARNT = 1e-2  # training loss below which small gradients are to be expected
EXPLODED = 100.0  # gradient norm: twenty times what it is clipped to; Pascanu et al., 2013
GAINS = (0.05, 20.0)  # He et al., 2015, set 1.41, Glorot and Bengio, 2010, about 1
DEAD = 0.5  # share of a layer's units; Debugger: DeadRelu, threshold_layer
DEAD_EPOCHS = 2
WINDOW = 3  # epochs over which losses are averaged before they are compared
RISEN = 1.5  # validation loss against its lowest; Prechelt, 1998, "generalization loss"
APART = 0.1  # validation loss above training loss; Debugger: Overfit, ratio_threshold
STUCK_EPOCHS = 10  # Debugger: LossNotDecreasing, num_steps
STUCK = 0.01  # share of the first epoch's loss that their second half must gain on their first
STUCK_ABOVE = 0.5  # share of the first epoch's loss; below it something was learnt
SATURATED = 0.25  # share of outputs; Glorot and Bengio, 2010, on saturation


@dataclasses.dataclass(frozen=True)
class Run:
    """All that was observed. `epochs` holds at least one."""

    start: Mapping[str, LayerStart]
    epochs: Sequence[EpochFacts]

    @property
    def last(self) -> EpochFacts:
        return self.epochs[-1]


@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    check: Callable[[Run], str | None]
    threshold: str
    source: str


def vanishing_gradient(run: Run) -> str | None:
    recent = run.epochs[-VANISHED_EPOCHS:]
    if len(recent) < VANISHED_EPOCHS or run.last.train_loss < LEARNT:
        return None
    vanished = [
        (value, layer)
        for layer, value in run.last.gradients.items()
        if all(facts.gradients.get(layer, math.inf) < VANISHED for facts in recent)
    ]
    if not vanished:
        return None
    value, layer = min(vanished)
    return (
        f"the gradients of {layer} are {value:.2g} on average, in {len(vanished)} of "
        f"{len(run.last.gradients)} layers below {VANISHED:g} for {VANISHED_EPOCHS} epochs"
    )


def exploding_gradient(run: Run) -> str | None:
    norms = run.last.gradient_norms
    middle = statistics.median(norms) if norms else 0.0
    if middle <= EXPLODED:
        return None
    return f"half of the steps had a gradient longer than {middle:.3g}; {EXPLODED:g} is the limit"


def poor_initialisation(run: Run) -> str | None:
    """Judged once, by the weights before the first step."""
    if len(run.epochs) > 1:
        return None
    same = [layer for layer, start in run.start.items() if start.identical]
    if same:
        return f"all units of {same[0]} start with the same weights and will stay the same"
    low, high = GAINS
    for layer, start in run.start.items():
        if not low <= start.gain <= high:
            return (
                f"the weights of {layer} multiply a signal by about {start.gain:.3g}; "
                f"{low:g} to {high:g} is usual"
            )
    return None


def dead_units(run: Run) -> str | None:
    recent = run.epochs[-DEAD_EPOCHS:]
    if len(recent) < DEAD_EPOCHS:
        return None
    dead = [
        (share, layer)
        for layer, share in run.last.dead_units.items()
        if all(facts.dead_units.get(layer, 0.0) > DEAD for facts in recent)
    ]
    if not dead:
        return None
    share, layer = max(dead)
    return f"{share:.0%} of the units of {layer} are 0 on every validation image"


def overfitting(run: Run) -> str | None:
    if len(run.epochs) < 2 * WINDOW:
        return None
    validation = _averages([facts.validation_loss for facts in run.epochs])
    train = _averages([facts.train_loss for facts in run.epochs])
    lowest = validation.index(min(validation))
    risen = validation[-1] > RISEN * validation[lowest]
    if not (risen and train[-1] < train[lowest] and validation[-1] > (1 + APART) * train[-1]):
        return None
    return (
        f"the validation loss has risen from {validation[lowest]:.3g} to {validation[-1]:.3g} "
        f"while the training loss fell to {train[-1]:.3g}"
    )


def plateau(run: Run) -> str | None:
    losses = [facts.train_loss for facts in run.epochs]
    if len(losses) <= STUCK_EPOCHS:
        return None
    first, recent, half = losses[0], losses[-STUCK_EPOCHS:], STUCK_EPOCHS // 2
    before, since = statistics.fmean(recent[:half]), statistics.fmean(recent[half:])
    if before - since >= STUCK * first or since < STUCK_ABOVE * first:
        return None
    return (
        f"the training loss went from {before:.3g} to {since:.3g} in the last {STUCK_EPOCHS} "
        f"epochs, after {first:.3g} in the first"
    )


def saturated_outputs(run: Run) -> str | None:
    share = run.last.saturated
    if share is None or share <= SATURATED:
        return None
    return f"{share:.0%} of the outputs on validation images rule the truth out"


def _averages(values: Sequence[float]) -> list[float]:
    """Over WINDOW epochs each; from the second epoch on, since the first is mostly warm-up."""
    return [
        statistics.fmean(values[end - WINDOW : end]) for end in range(WINDOW + 1, len(values) + 1)
    ]


NOT_A_NUMBER = "not_a_number"  # seen in the middle of an epoch, and by the loop itself
RULES = (
    Rule(
        "vanishing_gradient",
        vanishing_gradient,
        f"mean |gradient| of a layer < {VANISHED:g} in {VANISHED_EPOCHS} epochs running",
        "SageMaker Debugger, VanishingGradient",
    ),
    Rule(
        "exploding_gradient",
        exploding_gradient,
        f"median gradient norm of an epoch > {EXPLODED:g}",
        "Pascanu et al., 2013; 20 times the clipping limit",
    ),
    Rule(
        "poor_initialisation",
        poor_initialisation,
        f"gain of a layer outside {GAINS[0]:g} to {GAINS[1]:g}, or all its units alike",
        "Glorot and Bengio, 2010; He et al., 2015",
    ),
    Rule(
        "dead_units",
        dead_units,
        f"> {DEAD:.0%} of a layer's units never active in {DEAD_EPOCHS} epochs running",
        "SageMaker Debugger, DeadRelu",
    ),
    Rule(
        "overfitting",
        overfitting,
        f"validation loss > {RISEN:g} times its lowest and > {1 + APART:g} times a falling "
        f"training loss, {WINDOW}-epoch means",
        "Prechelt, 1998; SageMaker Debugger, Overfit",
    ),
    Rule(
        "plateau",
        plateau,
        f"training loss gained < {STUCK:.0%} of its first value in the second half of "
        f"{STUCK_EPOCHS} epochs and is above {STUCK_ABOVE:.0%} of it",
        "SageMaker Debugger, LossNotDecreasing",
    ),
    Rule(
        "saturated_outputs",
        saturated_outputs,
        f"> {SATURATED:.0%} of outputs give the truth a probability < 0.001",
        "Glorot and Bengio, 2010",
    ),
    Rule(
        NOT_A_NUMBER,
        lambda run: None,
        "a loss or a gradient that is NaN or infinite; always stops the training",
        "SageMaker Debugger, ExplodingTensor",
    ),
)
NAMES = tuple(rule.name for rule in RULES)
