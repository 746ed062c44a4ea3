"""The hyperparameters of Linear Learner: names, defaults and ranges.

Sources: the algorithm's page in SageMaker's developer guide, the ranges of the SDK's
LinearLearner, and the default configuration that the container logs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameter_values import (
    AUTO,
    Choice,
    Hyperparameter,
    Number,
    flag,
    flag_or_auto,
    fraction,
    not_negative_or_auto,
    positive,
    positive_integer,
    positive_integer_or_auto,
    positive_or_auto,
    rate_or_auto,
)

BINARY, MULTICLASS, REGRESSOR = "binary_classifier", "multiclass_classifier", "regressor"
LOSSES = {
    REGRESSOR: (
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
    BINARY: ("logistic", "hinge_loss"),
    MULTICLASS: ("softmax_loss",),
}  # the first of each is what `auto` means
CRITERIA = (
    "accuracy",
    "f_beta",
    "f1",
    "precision_at_target_recall",
    "recall_at_target_precision",
    "loss_function",
    "cross_entropy_loss",
)
MINIMUM_CLASSES = 3
AUTO_MODELS = 32
_MAXIMUM_CLASSES = 1_000_000
_ALL_LOSSES = tuple(loss for losses in LOSSES.values() for loss in losses)

SCHEMA: dict[str, Hyperparameter] = {
    "predictor_type": Hyperparameter(Choice((BINARY, MULTICLASS, REGRESSOR)), None),
    "feature_dim": positive_integer_or_auto(),
    "num_classes": positive_integer("1", _MAXIMUM_CLASSES),
    "mini_batch_size": positive_integer("1000"),
    "epochs": positive_integer("15"),
    "num_models": positive_integer_or_auto(),
    "loss": Hyperparameter(Choice(_ALL_LOSSES), AUTO, (AUTO,)),
    "optimizer": Hyperparameter(Choice(("sgd", "adam", "rmsprop")), AUTO, (AUTO,)),
    "learning_rate": positive_or_auto(),
    "wd": not_negative_or_auto(),
    "l1": not_negative_or_auto(),
    "momentum": rate_or_auto(),
    "beta_1": rate_or_auto(),
    "beta_2": rate_or_auto(),
    "bias_lr_mult": positive_or_auto(),
    "bias_wd_mult": not_negative_or_auto(),
    "use_bias": flag("true"),
    "use_lr_scheduler": flag("true"),
    "lr_scheduler_step": positive_integer_or_auto(),
    "lr_scheduler_factor": Hyperparameter(Number(above=0, below=1), AUTO, (AUTO,)),
    "lr_scheduler_minimum_lr": positive_or_auto(),
    "normalize_data": flag_or_auto("true"),
    "normalize_label": flag_or_auto(),
    "unbias_data": flag_or_auto(),
    "unbias_label": flag_or_auto(),
    "num_point_for_scaler": positive_integer("10000"),
    "init_method": Hyperparameter(Choice(("uniform", "normal")), "uniform"),
    "init_scale": positive("0.07"),
    "init_sigma": positive("0.01"),
    "init_bias": Hyperparameter(Number(), "0"),
    "early_stopping_patience": positive_integer("3"),
    "early_stopping_tolerance": positive("0.001"),
    "binary_classifier_model_selection_criteria": Hyperparameter(Choice(CRITERIA), "accuracy"),
    "num_calibration_samples": positive_integer_or_auto(),
    "target_recall": fraction("0.8"),
    "target_precision": fraction("0.8"),
    "f_beta": positive("1.0"),
    "positive_example_weight_mult": Hyperparameter(Number(above=0), "1.0", ("balanced",)),
    "balance_multiclass_weights": flag("false"),
    "accuracy_top_k": positive_integer("3", _MAXIMUM_CLASSES),
    "margin": Hyperparameter(Number(minimum=0), "1.0"),
    "quantile": fraction("0.5"),
    "loss_insensitivity": positive("0.01"),
    "huber_delta": Hyperparameter(Number(minimum=0), "1.0"),
}
# The service's own: a tuning job names its objective, and then one model is trained. The others
# say how the built-in container spreads its work, which has no meaning here.
TUNING_OBJECTIVE = "_tuning_objective_metric"
WITHOUT_EFFECT = (
    "_enable_profiler",
    "_kvstore",
    "_log_level",
    "_num_gpus",
    "_num_kv_servers",
)


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
    momentum: float | None
    beta_1: float | None
    beta_2: float | None
    bias_lr_mult: float | None
    bias_wd_mult: float | None
    use_bias: bool
    use_lr_scheduler: bool
    lr_scheduler_step: int | None
    lr_scheduler_factor: float | None
    lr_scheduler_minimum_lr: float | None
    normalize_data: bool | None
    normalize_label: bool | None
    unbias_data: bool | None
    unbias_label: bool | None
    num_point_for_scaler: int
    init_method: str
    init_scale: float
    init_sigma: float
    init_bias: float
    early_stopping_patience: int
    early_stopping_tolerance: float
    binary_classifier_model_selection_criteria: str
    num_calibration_samples: int | None
    target_recall: float
    target_precision: float
    f_beta: float
    positive_example_weight_mult: float | str
    balance_multiclass_weights: bool
    accuracy_top_k: int
    margin: float
    quantile: float
    loss_insensitivity: float
    huber_delta: float
    given: frozenset[str]  # the names that the request holds

    @property
    def loss_name(self) -> str:
        return self.loss or LOSSES[self.predictor_type][0]

    @property
    def outputs(self) -> int:
        """Scores per row and model."""
        return self.num_classes if self.predictor_type == MULTICLASS else 1

    @property
    def criterion(self) -> str:
        """What a binary classifier's candidates and thresholds are compared by."""
        named = self.binary_classifier_model_selection_criteria
        return {"f1": "f_beta", "cross_entropy_loss": "loss_function"}.get(named, named)

    @property
    def beta(self) -> float:
        """The beta of the F scores, which `f1` as the criterion sets to one."""
        return 1.0 if self.binary_classifier_model_selection_criteria == "f1" else self.f_beta


def parse(given: Mapping[str, str]) -> Hyperparameters:
    """Read a job's hyperparameters, which are plain text. Raises CustomerError, naming the one
    that is unknown, missing or out of range."""
    unknown = [name for name in given if name not in SCHEMA and not _of_the_service(name)]
    if unknown:
        listed = ", ".join(f"'{name}'" for name in unknown)
        verb = "was" if len(unknown) == 1 else "were"
        raise _invalid(f"Additional hyperparameters are not allowed ({listed} {verb} unexpected)")
    missing = [n for n, known in SCHEMA.items() if known.default is None and n not in given]
    if missing:
        raise _missing(missing)
    values: dict[str, Any] = {}
    for name, known in SCHEMA.items():
        text = given.get(name, known.default) or ""
        try:
            values[name] = known.read(text)
        except ValueError as error:
            raise _invalid(
                f"The value '{text}' is not valid for the '{name}' hyperparameter which {error}"
            ) from error
    if given.get(TUNING_OBJECTIVE):
        values["num_models"] = 1
    read = Hyperparameters(**values, given=frozenset(given))
    _check_together(read)
    return read


def _of_the_service(name: str) -> bool:
    return name == TUNING_OBJECTIVE or name in WITHOUT_EFFECT


def _check_together(read: Hyperparameters) -> None:
    allowed = LOSSES[read.predictor_type]
    if read.loss is not None and read.loss not in allowed:
        words = Choice((AUTO, *allowed))
        raise _invalid(
            f"The value '{read.loss}' is not valid for the 'loss' hyperparameter which, where "
            f"predictor_type is '{read.predictor_type}', {words}"
        )
    if read.predictor_type != MULTICLASS:
        return
    if "num_classes" not in read.given:
        raise _missing(["num_classes"])
    if read.num_classes < MINIMUM_CLASSES:
        raise _invalid(
            f"The value '{read.num_classes}' is not valid for the 'num_classes' hyperparameter "
            f"which, where predictor_type is '{MULTICLASS}', expects an integer at least "
            f"{MINIMUM_CLASSES} and at most {_MAXIMUM_CLASSES}"
        )


def _missing(names: list[str]) -> CustomerError:
    listed = ", ".join(f"'{name}'" for name in names)
    return _invalid(f"No value(s) were specified for {listed} which are required hyperparameter(s)")


def _invalid(message: str) -> CustomerError:
    return CustomerError(f"{message} (caused by ValidationError)")
