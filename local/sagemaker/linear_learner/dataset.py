"""Rows to train on or to measure by, and whether they fit the settings."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import MULTICLASS, REGRESSOR, Hyperparameters

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """`vectors` (rows, features) and `labels` (rows,), both float32."""

    vectors: Vectors
    labels: Labels

    @property
    def rows(self) -> int:
        return len(self.labels)

    @property
    def features(self) -> int:
        return int(self.vectors.shape[1])


def check(channel: str, data: Dataset, settings: Hyperparameters, features: int) -> None:
    """Raises CustomerError for data that do not fit the settings or `features`."""
    if data.rows == 0:
        raise CustomerError(f"No data found in the '{channel}' channel.")
    if data.features != features:
        raise CustomerError(
            f"The '{channel}' channel has {data.features} features per record, but "
            f"{features} are expected (feature_dim)."
        )
    for what, values in (("features", data.vectors), ("labels", data.labels)):
        if not np.isfinite(values).all():
            raise CustomerError(f"The {what} of the '{channel}' channel hold NaN or infinity.")
    if settings.predictor_type != REGRESSOR:
        _check_classes(channel, data, settings)


def check_batch(train: Dataset, settings: Hyperparameters) -> None:
    """The built-in algorithm fails where a batch is larger than the data, so this one does."""
    if settings.mini_batch_size > train.rows:
        raise CustomerError(
            f"mini_batch_size ({settings.mini_batch_size}) must not be larger than the number of "
            f"records in the 'train' channel ({train.rows})."
        )


def _check_classes(channel: str, data: Dataset, settings: Hyperparameters) -> None:
    classes = settings.num_classes if settings.predictor_type == MULTICLASS else 2
    right = (data.labels >= 0) & (data.labels < classes) & (data.labels == np.floor(data.labels))
    if right.all():
        return
    wrong = data.labels[~right][0]
    allowed = (
        "either 0 or 1" if classes == 2 else f"integers from 0 to num_classes - 1 ({classes - 1})"
    )
    raise CustomerError(
        f"The labels of the '{channel}' channel must be {allowed} where predictor_type is "
        f"'{settings.predictor_type}'; found {wrong:g}."
    )
