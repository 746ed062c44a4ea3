"""Time and peak memory of staging large tables, one process each, as Lambda runs them.

    python -m benchmarks.large_table                   # a table of 1 GB, and one of 60 million rows

The tables are generated where they are read and never written anywhere; what is staged goes to a
process of its own that throws it away. `wdbc` has rows as long as the Wisconsin table's: what is
read takes the time. `short` has as many rows as are allowed, of one feature: the memory is that of
their ids. One thread does nearly all the work, so its processor time (`main_thread_seconds`) is
what a function takes that has a processor for it and a part of one for reading and writing.
Writes docs/results/large_table.json.
"""

from __future__ import annotations

import argparse
import http.server
import importlib
import json
import multiprocessing
import multiprocessing.connection
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.memory import peak_mb
from sonoflow import settings
from sonoflow.aws import clients
from sonoflow.keys import Dataset
from sonoflow.tables import mapping, staging

BYTES, ROWS = 1000**3, staging.ROWS_LIMIT
RESULT = Path(__file__).resolve().parents[1] / "docs/results/large_table.json"
_DIFFERENT_ROWS, _ID_DIGITS = 1000, 9
_BLOCK_DIGITS = 5  # of the first feature: how often the different rows have come before


class GeneratedTable:
    """A header and rows of one length, no two alike, each with an id of its own: any range, made
    when asked."""

    def __init__(self, rows: int, features: int, digits: int) -> None:
        names = ["id", "diagnosis", *(f"feature_{number}" for number in range(features))]
        self._header = (",".join(names) + "\n").encode()
        numbers = np.random.default_rng(7).uniform(1, 9.9, (_DIFFERENT_ROWS, features))
        lines = [
            f"{0:0{_ID_DIGITS}},{'BM'[at % 8 > 4]},"
            + ",".join(f"{value:.{digits}f}" for value in row)
            + "\n"
            for at, row in enumerate(numbers)
        ]
        self._lines = np.array([list(line.encode()) for line in lines], np.uint8)
        self.rows, self._digits = rows, digits
        self.size = len(self._header) + rows * self._lines.shape[1]

    @staticmethod
    def row_bytes(features: int, digits: int) -> int:
        return _ID_DIGITS + len(",B") + features * (digits + len(",1.")) + len("\n")

    def read_at(self, offset: int, length: int) -> bytes:
        width, begin = self._lines.shape[1], len(self._header)
        stop = min(offset + length, self.size)
        head = self._header[offset:stop]
        start, stop = max(offset - begin, 0), max(stop - begin, 0)
        first = start // width
        numbers = np.arange(first, -(-stop // width))
        made = self._lines[numbers % _DIFFERENT_ROWS]
        for digit in range(_ID_DIGITS):
            made[:, digit] = 48 + numbers // 10 ** (_ID_DIGITS - 1 - digit) % 10
        if self._digits >= _BLOCK_DIGITS:  # else nobody could tell copies from equal rows
            blocks, begins = numbers // _DIFFERENT_ROWS, _ID_DIGITS + len(",B,1.")
            for digit in range(_BLOCK_DIGITS):
                made[:, begins + digit] = 48 + blocks // 10 ** (_BLOCK_DIGITS - 1 - digit) % 10
        rows: bytes = made.tobytes()
        return head + rows[start - first * width : stop - first * width]


class _Drain(http.server.BaseHTTPRequestHandler):
    """S3, as far as writing goes; keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(200)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def _drain(connection: multiprocessing.connection.Connection) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Drain)
    connection.send(server.server_address[1])
    server.serve_forever()


def wdbc(size: int, _: int) -> GeneratedTable:
    return GeneratedTable(size // GeneratedTable.row_bytes(30, 5), 30, 5)


def short(_: int, rows: int) -> GeneratedTable:
    return GeneratedTable(rows, 1, 1)


KINDS: dict[str, Callable[[int, int], GeneratedTable]] = {"wdbc": wdbc, "short": short}


def stage(kind: str, size: int, rows: int) -> dict[str, Any]:
    """In this process, which must not have staged before."""
    here, there = multiprocessing.Pipe()
    drain = multiprocessing.get_context("spawn").Process(target=_drain, args=(there,), daemon=True)
    drain.start()
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{here.recv()}"
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    importlib.import_module("functions.stage_table.app")
    clients.client("s3")
    loaded, source = peak_mb(), KINDS[kind](size, rows)
    options = settings.read(settings.TableStaging, {})
    dataset = Dataset("large", "0123456789ab")
    job = staging.Job(source, dataset, mapping.parse({}), options, "drain")
    wall, process, thread = time.perf_counter(), time.process_time(), time.thread_time()
    answer = staging.stage(job)
    drain.kill()
    return {
        "bytes": source.size,
        "rows": sum(answer["rows"].values()),
        "seconds": round(time.perf_counter() - wall, 1),
        "main_thread_seconds": round(time.thread_time() - thread, 1),
        "processor_seconds": round(time.process_time() - process, 2),
        "loaded_mb": loaded,
        "peak_mb": peak_mb(),
    }


def measure(kind: str, size: int, rows: int) -> dict[str, Any]:
    """In a process of its own."""
    command = [sys.executable, "-m", "benchmarks.large_table", "--only", kind]
    command += ["--bytes", str(size), "--rows", str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bytes", type=int, default=BYTES, help="of the table `wdbc`")
    parser.add_argument("--rows", type=int, default=ROWS, help="of the table `short`")
    parser.add_argument("--only", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    if given.only:
        print(json.dumps(stage(given.only, given.bytes, given.rows)))
        return
    result = {kind: measure(kind, given.bytes, given.rows) for kind in KINDS}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
