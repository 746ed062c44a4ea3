"""Small arrays, and the files that the SageMaker SDK makes of them in the folder golden.

python -m tests.unit.core.tables.golden_records # writes them; needs sagemaker==2.257.7
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "golden"
SPECIAL = [np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4028235e38]


def vectors(rows: int, columns: int) -> NDArray[np.float32]:
    numbers = np.arange(rows * columns, dtype=np.float64).reshape(rows, columns)
    return (numbers * 0.37 - 5).astype(np.float32)


def labels(rows: int) -> NDArray[np.float32]:
    return (np.arange(rows) % 3).astype(np.float32)


def special() -> NDArray[np.float32]:
    return np.array([SPECIAL, SPECIAL[::-1]], np.float32)


DENSE: dict[str, tuple[NDArray[np.float32], NDArray[np.float32] | None]] = {
    f"{rows}x{columns}{suffix}": (vectors(rows, columns), labels(rows) if suffix else None)
    for rows, columns in ((7, 1), (5, 2), (4, 30), (2, 784))
    for suffix in ("", "-labelled")
}
DENSE["special"] = (special(), None)
DENSE["special-labelled"] = (special(), np.array([np.nan, -1.5], np.float32))


def main() -> None:
    from sagemaker.amazon import common

    for name, (array, own) in DENSE.items():
        with (FOLDER / f"{name}.recordio").open("wb") as file:
            common.write_numpy_to_dense_tensor(file, array, own)


if __name__ == "__main__":
    main()
