"""Rows to train on or to measure by."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

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

    def first(self, rows: int) -> Dataset:
        return Dataset(self.vectors[:rows], self.labels[:rows])
