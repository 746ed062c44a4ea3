"""What it costs that IAM is asked: calls of a role with the guard before the services and without.

python -m benchmarks.enforcement --out out/enforcement.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from benchmarks.interpreter import unbounded_role
from local.iam.guard import Guard
from local.iam.role_clients import client_of_role
from local.iam.usage import of_run
from local.runtime.reaper import Reaper
from local.runtime.runtime import Runtime
from local.server import prompt_handler

BUCKET, KEY = "measured", "datasets/object"


@contextlib.contextmanager
def serving(state: Path, *, guarded: bool) -> Iterator[Runtime]:
    """moto on a port of its own, behind the guard or not."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    handler = prompt_handler(MotoRequestHandler)
    behind = Guard(application, of_run(state)) if guarded else application
    server = make_server("127.0.0.1", 0, behind, threaded=True, request_handler=handler)
    reaper = Reaper()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Runtime(port=server.server_port, state=state, root=Path(), reaper=reaper)
    finally:
        server.shutdown()
        reaper.close()


def calls(runtime: Runtime, role: str) -> dict[str, Callable[[], Any]]:
    """What a function does most, by name."""

    def client(service: str) -> Any:
        return client_of_role(runtime, service, role, "measured", "states.amazonaws.com")

    s3, sqs = client("s3"), client("sqs")
    large = b"x" * (1 << 20)
    return {
        "GetObject, 1 KiB": lambda: s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read(),
        "PutObject, 1 KiB": lambda: s3.put_object(Bucket=BUCKET, Key=KEY, Body=large[:1024]),
        "PutObject, 1 MiB": lambda: s3.put_object(Bucket=BUCKET, Key="large", Body=large),
        "GetQueueUrl": lambda: sqs.get_queue_url(QueueName=BUCKET),
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--out", type=Path, metavar="FILE", help="the figures as JSON")
    arguments = parser.parse_args(argv)
    with contextlib.ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with_guard = stack.enter_context(serving(state, guarded=True))
        without = stack.enter_context(serving(state, guarded=False))
        with_guard.client("s3").create_bucket(Bucket=BUCKET)
        with_guard.client("sqs").create_queue(QueueName=BUCKET)
        role = unbounded_role(with_guard, "measured")
        pairs = (calls(with_guard, role), calls(without, role))
        pairs[0]["PutObject, 1 KiB"]()
        guarded, plain = pairs
        rows = {
            name: _measured(call, plain[name], arguments.rounds) for name, call in guarded.items()
        }
    for name, row in rows.items():
        print(
            f"{name}: {row['with_ms']:.2f} ms, without {row['without_ms']:.2f}: {row['ratio']:.2f}"
        )
    if arguments.out:
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        document = {"machine": machine, "rounds": arguments.rounds, "calls": rows}
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")


def _measured(first: Callable[[], Any], second: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Medians of calls that take turns, so that whatever else runs disturbs both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, taken in zip((first, second), times, strict=True):
            begun = time.perf_counter()
            call()
            taken.append(1000 * (time.perf_counter() - begun))
    medians = [statistics.median(taken) for taken in times]
    return {"with_ms": medians[0], "without_ms": medians[1], "ratio": medians[0] / medians[1]}


if __name__ == "__main__":
    main()
