"""The hyperparameters that the laptop knows: names, defaults, ranges and what an error says.

They are those that the product's training jobs have; Linear Learner has more. Sources: the
algorithm's page in SageMaker's developer guide, the ranges of the SDK's LinearLearner, and the
words of the built-in algorithms' own checks.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from local.sagemaker.linear_learner.errors import CustomerError

BINARY, MULTICLASS, REGRESSOR = "binary_classifier", "multiclass_classifier", "regressor"
AUTO = "auto"
LOSSES = {
    REGRESSOR: ("squared_loss", "absolute_loss", "quantile_loss", "huber_loss"),
    BINARY: ("logistic", "hinge_loss"),
    MULTICLASS: ("softmax_loss",),
}  # the first of each is what `auto` means
MINIMUM_CLASSES = 3
_MAXIMUM_CLASSES = 1_000_000
# Linear Learner's own that the laptop does not know, and what a tuning job adds to them.
# fmt: off
ELSEWHERE = (
    "_tuning_objective_metric", "accuracy_top_k", "balance_multiclass_weights", "beta_1",
    "beta_2", "bias_lr_mult", "bias_wd_mult", "binary_classifier_model_selection_criteria",
    "early_stopping_patience", "early_stopping_tolerance", "f_beta", "init_bias", "init_method",
    "init_scale", "init_sigma", "loss_insensitivity", "lr_scheduler_factor",
    "lr_scheduler_minimum_lr", "lr_scheduler_step", "margin", "momentum", "normalize_label",
    "num_calibration_samples", "num_point_for_scaler", "positive_example_weight_mult",
    "target_precision", "target_recall", "unbias_data", "unbias_label", "use_bias",
    "use_lr_scheduler",
)
# fmt: on
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of a few words; `elsewhere` are those that only Linear Learner itself knows."""

    words: Sequence[str]
    elsewhere: Sequence[str] = ()

    def read(self, text: str) -> str | None:
        return text if text in self.words else None

    def __str__(self) -> str:
        return "accepts one of the following: " + ", ".join(f"'{word}'" for word in self.words)


@dataclasses.dataclass(frozen=True)
class Flag:
    """`true` or `false`, in any case: the SDK writes Python's own `True`."""

    def read(self, text: str) -> bool | None:
        return {"true": True, "false": False}.get(text.lower())

    def __str__(self) -> str:
        return "accepts one of the following: 'true', 'false'"


@dataclasses.dataclass(frozen=True)
class Number:
    """A number between two bounds; `above` and `below` leave the bound itself out."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None
    integer: bool = False

    def read(self, text: str) -> float | int | None:
        if self.integer and not _INTEGER.fullmatch(text):
            return None
        try:
            value = int(text) if self.integer else float(text)
        except ValueError:
            return None
        return value if math.isfinite(value) and self._allows(value) else None

    def _allows(self, value: float) -> bool:
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.above is None or value > self.above)
            and (self.maximum is None or value <= self.maximum)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        bounds = (
            ("at least", self.minimum),
            ("greater than", self.above),
            ("at most", self.maximum),
            ("less than", self.below),
        )
        stated = " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)
        kind = "an integer" if self.integer else "a number"
        return f"expects {kind} {stated}".rstrip()


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """How one hyperparameter is read: its rule, its default, and whether it may be `auto`."""

    rule: Choice | Flag | Number
    default: str | None  # None: it must be given
    auto: bool = False

    def read(self, name: str, text: str) -> bool | float | int | str | None:
        """The value, None for `auto`. Raises CustomerError."""
        if self.auto and text == AUTO:
            return None
        value = self.rule.read(text)
        if value is not None:
            return value
        if isinstance(self.rule, Choice) and text in self.rule.elsewhere:
            raise _invalid(
                f"The value '{text}' of the '{name}' hyperparameter is Linear Learner's, but the "
                f"laptop's does not know it: it {self}"
            )
        raise _out_of_range(name, text, str(self))

    def __str__(self) -> str:
        return f"{self.rule}, or '{AUTO}'" if self.auto else str(self.rule)


_COUNT = Number(minimum=1, integer=True)
_LOSSES = tuple(loss for losses in LOSSES.values() for loss in losses)
_INSENSITIVE = ("eps_insensitive_squared_loss", "eps_insensitive_absolute_loss")

SCHEMA: dict[str, Hyperparameter] = {
    "predictor_type": Hyperparameter(Choice((BINARY, MULTICLASS, REGRESSOR)), None),
    "feature_dim": Hyperparameter(_COUNT, AUTO, auto=True),
    "num_classes": Hyperparameter(Number(1, maximum=_MAXIMUM_CLASSES, integer=True), "1"),
    "mini_batch_size": Hyperparameter(_COUNT, "1000"),
    "epochs": Hyperparameter(_COUNT, "15"),
    "num_models": Hyperparameter(_COUNT, AUTO, auto=True),
    "loss": Hyperparameter(Choice(_LOSSES, _INSENSITIVE), AUTO, auto=True),
    "optimizer": Hyperparameter(Choice(("adam",), ("sgd", "rmsprop")), AUTO, auto=True),
    "learning_rate": Hyperparameter(Number(above=0), AUTO, auto=True),
    "wd": Hyperparameter(Number(minimum=0), AUTO, auto=True),
    "l1": Hyperparameter(Number(minimum=0), AUTO, auto=True),
    "normalize_data": Hyperparameter(Flag(), "true", auto=True),
    "quantile": Hyperparameter(Number(above=0, below=1), "0.5"),
    "huber_delta": Hyperparameter(Number(minimum=0), "1.0"),
}


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """What a job asks for; None stands for `auto` where that is resolved later."""

    predictor_type: str
    feature_dim: int | None
    num_classes: int
    mini_batch_size: int
    epochs: int
    num_models: int | None
    loss: str | None
    optimizer: str | None
    learning_rate: float | None
    wd: float | None
    l1: float | None
    normalize_data: bool | None
    quantile: float
    huber_delta: float

    @property
    def loss_name(self) -> str:
        return self.loss or LOSSES[self.predictor_type][0]

    @property
    def outputs(self) -> int:
        """Scores per row and model."""
        return self.num_classes if self.predictor_type == MULTICLASS else 1


def parse(given: Mapping[str, str]) -> Hyperparameters:
    """Read a job's hyperparameters, which are plain text. Raises CustomerError, naming the one
    that is unknown, missing or out of range."""
    _check_names(given)
    values: dict[str, Any] = {
        name: known.read(name, given.get(name, known.default or ""))
        for name, known in SCHEMA.items()
    }
    read = Hyperparameters(**values)
    allowed = LOSSES[read.predictor_type]
    if read.loss is not None and read.loss not in allowed:
        raise _out_of_range("loss", read.loss, f"{Choice((AUTO, *allowed))}", read.predictor_type)
    if read.predictor_type == MULTICLASS and read.num_classes < MINIMUM_CLASSES:
        known = Number(MINIMUM_CLASSES, maximum=_MAXIMUM_CLASSES, integer=True)
        raise _out_of_range("num_classes", str(read.num_classes), f"{known}", MULTICLASS)
    return read


def _check_names(given: Mapping[str, str]) -> None:
    if unknown := [name for name in given if name not in {*SCHEMA, *ELSEWHERE}]:
        verb = "was" if len(unknown) == 1 else "were"
        raise _invalid(
            f"Additional hyperparameters are not allowed ({_listed(unknown)} {verb} unexpected)"
        )
    if elsewhere := [name for name in given if name in ELSEWHERE]:
        raise _invalid(
            f"Linear Learner has the hyperparameter(s) {_listed(elsewhere)}, but the laptop's does "
            f"not know them; it knows {_listed(list(SCHEMA))}"
        )
    required = [name for name, known in SCHEMA.items() if known.default is None]
    if given.get("predictor_type") == MULTICLASS:
        required.append("num_classes")
    if missing := [name for name in required if name not in given]:
        raise _invalid(
            f"No value(s) were specified for {_listed(missing)} which are required "
            "hyperparameter(s)"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _out_of_range(name: str, text: str, rule: str, predictor: str = "") -> CustomerError:
    where = f", where predictor_type is '{predictor}'," if predictor else ""
    return _invalid(
        f"The value '{text}' is not valid for the '{name}' hyperparameter which{where} {rule}"
    )


def _invalid(message: str) -> CustomerError:
    return CustomerError(f"{message} (caused by ValidationError)")
