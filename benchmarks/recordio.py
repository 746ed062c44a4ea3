"""Writing and reading recordIO-protobuf, against the SageMaker SDK.

    python -m benchmarks.recordio --sdk-python /path/to/python

That interpreter has the SDK: `pip install sagemaker==2.257.7` into an environment of its own (later
versions have no writer). It may be left out where the SDK is importable anyway. One process of it
measures both sides in turns, with the same arrays, after it has seen that they make the same bytes.
Each figure is the best of several rounds, in processor time. `encoding` goes to the null device
and is what writing itself takes; `requests` makes bytes of at most 4 MB, as an endpoint is sent
them; `memory` goes to a new BytesIO, where getting the memory takes far longer than our encoding;
`reading` is from bytes to arrays. Writes docs/results/recordio.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib
import importlib.metadata
import io
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.tables import recordio

SDK = "2.257.7"
ROUNDS, ENOUGH_SECONDS = 3, 0.5
NUMBERS = 6_000_000  # of each array
COLUMNS = (30, 784)
REQUEST_BYTES = 4_000_000
ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs/results/recordio.json"

Work = Callable[[], object]
Writer = Callable[[IO[bytes], NDArray[np.float32], NDArray[np.float32]], None]


@dataclasses.dataclass(frozen=True)
class Arrays:
    vectors: NDArray[np.float32]
    labels: NDArray[np.float32]

    @classmethod
    def make(cls, columns: int) -> Arrays:
        rows = NUMBERS // columns
        random = np.random.default_rng(7)
        labels = random.integers(0, 2, rows).astype(np.float32)
        return cls(random.standard_normal((rows, columns), np.float32), labels)


def seconds(work: Work) -> float:
    """Of the processor, per run: others on the machine do not count."""
    start, runs = time.process_time(), 0
    while (taken := time.process_time() - start) < ENOUGH_SECONDS:
        work()
        runs += 1
    return taken / runs


def compare(records: int, sdk: Work, ours: Work) -> dict[str, float]:
    """Records per second of both, taken in turns, and their ratio."""
    taken = [(seconds(sdk), seconds(ours)) for _ in range(ROUNDS)]
    theirs, own = min(one[0] for one in taken), min(one[1] for one in taken)
    return {
        "sdk_records_per_second": round(records / theirs),
        "records_per_second": round(records / own),
        "times_faster": round(theirs / own, 1),
    }


def to_null(write: Writer, arrays: Arrays) -> None:
    with Path(os.devnull).open("wb") as file:
        write(file, arrays.vectors, arrays.labels)


def to_memory(write: Writer, arrays: Arrays) -> bytes:
    file = io.BytesIO()
    write(file, arrays.vectors, arrays.labels)
    return file.getvalue()


def to_requests(write: Writer, arrays: Arrays) -> None:
    rows = REQUEST_BYTES // recordio.record_bytes(arrays.vectors.shape[1], labelled=True)
    for start in range(0, len(arrays.vectors), rows):
        end = start + rows
        to_memory(write, Arrays(arrays.vectors[start:end], arrays.labels[start:end]))


SINKS = {"encoding": to_null, "requests": to_requests, "memory": to_memory}


def measure_width(sdk: Any, columns: int) -> dict[str, Any]:
    arrays = Arrays.make(columns)
    data = to_memory(recordio.write, arrays)
    if to_memory(sdk.write_numpy_to_dense_tensor, arrays) != data:
        raise SystemExit(f"the bytes differ from the SDK's at {columns} columns")

    def read() -> object:
        records = sdk.read_records(io.BytesIO(data))
        return np.array([one.features["values"].float32_tensor.values for one in records], "f4")

    rows = len(arrays.vectors)
    result: dict[str, Any] = {"records": rows, "bytes_per_record": len(data) // rows}
    for name, sink in SINKS.items():
        theirs = functools.partial(sink, sdk.write_numpy_to_dense_tensor, arrays)
        result[name] = compare(rows, theirs, functools.partial(sink, recordio.write, arrays))
    result["reading"] = compare(rows, read, lambda: recordio.read(data))
    return result


def measure() -> dict[str, Any]:
    """Runs where the SDK is importable."""
    sdk = importlib.import_module("sagemaker.amazon.common")
    api = importlib.import_module("google.protobuf.internal.api_implementation")
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sdk": importlib.metadata.version("sagemaker"),
        "protobuf": f"{importlib.metadata.version('protobuf')}, {api.Type()}",
        "columns": {str(columns): measure_width(sdk, columns) for columns in COLUMNS},
    }


def has_sdk(python: str) -> bool:
    program = f"import importlib.metadata as m; assert m.version('sagemaker') == '{SDK}'"
    return subprocess.run([python, "-c", program], capture_output=True, check=False).returncode == 0


def run(python: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """What `measure` finds in a process of that interpreter."""
    command = [python, "-W", "ignore", "-m", "benchmarks.recordio", "--here"]
    quiet = {**environment, "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sdk-python", default=sys.executable, help="an interpreter with the SDK")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.here:
        print(json.dumps(measure()))
        return
    if not has_sdk(given.sdk_python):
        parser.error(
            f"{given.sdk_python} has no sagemaker {SDK}. Make an environment for it: "
            f"`python -m venv sdk && sdk/bin/pip install sagemaker=={SDK}`, "
            "then give --sdk-python sdk/bin/python"
        )
    result = run(given.sdk_python, os.environ)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
