"""Small arrays, and the files that the SageMaker SDK makes of them in the folder golden.

# Writes them; needs sagemaker==2.257.7, scipy.
python -m tests.unit.local.sagemaker.linear_learner.golden_records
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "golden"

# One row each of: some values, none at all, all of them.
SPARSE = np.array([[0, 1.5, 0, -2], [0, 0, 0, 0], [1, 2, 3, 4]])
WIDE = np.array([[1.5, -2.25, 1e300], [0, 3, 0.1]])
WHOLE = np.array([[1, -2, 300], [0, 2**31 - 1, -(2**31)]])
LABELS = np.array([0, 1, 2], np.float32)  # of the sparse ones


def main() -> None:
    from sagemaker.amazon import common
    from scipy import sparse

    def make(name: str, write: Any, array: Any, own: Any) -> None:
        with (FOLDER / f"{name}.recordio").open("wb") as file:
            write(file, array, own)

    for name, kind in (("sparse32", np.float32), ("sparse64", np.float64)):
        matrix = sparse.csr_matrix(SPARSE.astype(kind))
        make(name, common.write_spmatrix_to_sparse_tensor, matrix, LABELS)
    make("float64", common.write_numpy_to_dense_tensor, WIDE, np.array([0.5, 1.5]))
    make("int32", common.write_numpy_to_dense_tensor, WHOLE, np.array([0, -1]))


if __name__ == "__main__":
    main()
