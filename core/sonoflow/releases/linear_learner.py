"""The hyperparameters of SageMaker's built-in Linear Learner, by its own names.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonoflow import options
from sonoflow.errors import ConfigurationError
from sonoflow.tables.linear_learner import BINARY_CLASSIFIER, MULTICLASS_CLASSIFIER, REGRESSOR

LOSSES = {
    BINARY_CLASSIFIER: ("auto", "logistic", "hinge_loss"),
    REGRESSOR: ("auto", "squared_loss", "absolute_loss", "huber_loss", "quantile_loss"),
}
_OF_ONE_LOSS = {"huber_delta": "huber_loss", "quantile": "quantile_loss"}


@functools.cache
def declared() -> dict[str, options.Declaration]:
    """Those that the stack's parameter may hold; the others follow from the table."""
    file = Path(__file__).with_name("linear_learner.json")
    found: dict[str, options.Declaration] = json.loads(file.read_text("utf-8"))
    return found


def given(text: str) -> dict[str, Any]:
    """What the parameter TableHyperparameters says, over the defaults. Raises ConfigurationError,
    also for a loss that the predictor does not know."""
    chosen = options.merged("TableHyperparameters", declared(), text)
    losses = LOSSES[chosen["predictor_type"]]
    if chosen["loss"] not in losses:
        raise ConfigurationError(
            f"TableHyperparameters: loss must be {' or '.join(losses)} for a "
            f"{chosen['predictor_type']}, not {chosen['loss']}"
        )
    return chosen


def predictor_type(chosen: Mapping[str, Any], classes: int) -> str:
    """More than two classes make a multiclass classifier, whatever the parameter says."""
    return chosen["predictor_type"] if classes == 2 else MULTICLASS_CLASSIFIER


def hyperparameters(
    chosen: Mapping[str, Any], features: int, rows: int, classes: int
) -> dict[str, str]:
    """As Linear Learner reads them: plain text, not JSON. `rows` is an instance's share of the
    training split."""
    kind = predictor_type(chosen, classes)
    complete = {
        **chosen,
        "predictor_type": kind,
        "feature_dim": features,
        # Linear Learner refuses a mini batch that is larger than an instance's share of the rows.
        "mini_batch_size": min(chosen["mini_batch_size"], max(1, rows)),
        "optimizer": "auto",
        "normalize_data": "true",
    }
    # No binary_classifier_model_selection_criteria: it is accuracy by default, but once it is
    # named, early stopping follows it instead of the loss and ends the training sooner.
    if kind == MULTICLASS_CLASSIFIER:
        complete |= {"loss": "auto", "num_classes": classes}
    for name, loss in _OF_ONE_LOSS.items():
        if complete["loss"] != loss:
            del complete[name]
    return {name: str(value) for name, value in complete.items()}
