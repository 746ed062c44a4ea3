"""The inbox as a service: what is lost or doubled under faults, and how long an answer takes.

    python -m benchmarks.inbox_service                        # 300 deliveries, some two minutes
    python -m benchmarks.inbox_service --deliveries 10000

`faults`: seeded uploads of fewer keys than uploads, with overwrites, deletes and files that are no
image, are delivered twice, late, out of order or never, while workers die, all of them at once too,
and endpoints throttle, fail and are silent (inbox_faults.py). Then the product's sweep delivers
what nothing has come of, under the same faults, until it finds nothing more. In the end every key
that is there must have the answer of its newest version, whole and alone. Exits with 1 where not.

`times`: from an upload's event to its answer, by the product's code against an S3 in memory, beside
the bare time of both endpoints called at once, whose delays are fixed; and images a second, one at
a time and sixteen at once. Networks and Lambda's own starts are not in these figures.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import inbox_faults
from benchmarks.inbox_faults import (
    BUCKETS,
    PREDICTING,
    UPLOADS,
    Chances,
    Deliveries,
    Endpoints,
    inbox_of,
    picture,
    put,
    wrong,
)
from sonoflow.aws import uploads
from sonoflow.aws.clients import client
from sonoflow.inference import image_endpoints, inbox
from sonoflow.settings import Sweeping
from sonoflow.sweeping.sweep import Order, Sweep, Where

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs/results/inbox_service.json"
WORKERS, UPLOADS_AT_ONCE = 8, 16
DELAYS = (0.2, 0.3)  # seconds of the classifier and the segmenter, where times are measured
ROUNDS = 10  # of sweeps, at most
IN_TURN = 40  # uploads of which the times are taken


def faults(deliveries: int, seed: int) -> dict[str, Any]:
    """Counts of what was done and what is wrong in the end, by name."""
    chance = random.Random(seed)  # noqa: S311 - faults
    chances, endpoints = Chances(), Endpoints(Chances(), 0.0, 0.0)
    with inbox_of(endpoints):
        queue = Deliveries(chances, chance)
        done = _upload(deliveries, chance, chances, queue)
        images = client("sqs").create_queue(QueueName="service-inbox")["QueueUrl"]
        tables = client("sqs").create_queue(QueueName="service-tables")["QueueUrl"]
        swept = [_sweep(images, tables, queue)]
        while swept[-1] and len(swept) < ROUNDS:
            swept.append(_sweep(images, tables, queue))
        found = {key: what for key in done.pop("keys") if (what := wrong(key))}
    return {
        **done,
        "handled": dict(sorted(queue.counts.items())),
        "endpoint_faults": dict(sorted(endpoints.faults.items())),
        "swept": swept,
        "wrong": found,
    }


def _upload(
    deliveries: int, chance: random.Random, chances: Chances, queue: Deliveries
) -> dict[str, Any]:
    """Uploads and deletes in groups, each while workers are at the one before."""
    names = [f"inbox/{number}.png" for number in range(max(1, deliveries // 3))]
    counts = {"uploads": 0, "deletes": 0, "lost": 0, "twice": 0, "deliveries": 0}
    number = 0
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        working = pool.submit(queue.work, WORKERS)
        while counts["deliveries"] < deliveries:
            key, number = chance.choice(names), number + 1
            if chance.random() < 0.1:
                client("s3").delete_object(Bucket=UPLOADS, Key=key)
                counts["deletes"] += 1
                continue
            body = b"no image" if chance.random() < 0.1 else picture(number % 50)
            upload = put(key, body + b"%d" % number, f"{number:018X}")
            counts["uploads"] += 1
            if chance.random() < chances.lost:
                counts["lost"] += 1
                continue
            times = 2 if chance.random() < chances.twice else 1
            counts["twice"] += times - 1
            for _ in range(times):
                queue.add(upload)
                counts["deliveries"] += 1
            if working.done():
                working.result()
                working = pool.submit(queue.work, WORKERS)
        working.result()
        queue.work(WORKERS)
    return {**counts, "keys": names}


def _sweep(images: str, tables: str, queue: Deliveries) -> int:
    """How many a sweep has found; they are answered when this returns."""
    nobody = ("none",) * 6
    sweeping = Sweeping(UPLOADS, images, tables, *nobody, 0)
    where, order = Where("aws", "123456789012", "us-east-1"), Order(0.0, by_hand=True)
    found = Sweep(BUCKETS, sweeping, where, order).run()
    while messages := client("sqs").receive_message(QueueUrl=images).get("Messages"):
        for message in messages:
            queue.add(uploads.from_event(json.loads(message["Body"])))
            client("sqs").delete_message(QueueUrl=images, ReceiptHandle=message["ReceiptHandle"])
    queue.work(WORKERS)
    return len(found.unanswered)


def times(count: int, delays: tuple[float, float] = DELAYS) -> dict[str, Any]:
    """Seconds and images a second."""
    with inbox_of(Endpoints(None, *delays)):
        body = picture(1)

        def answered(number: int) -> float:
            upload = put(f"inbox/{number}.png", body + b"%d" % number, f"{number:018X}")
            begun = time.perf_counter()
            outcome = inbox.handle(upload, BUCKETS, PREDICTING)
            seconds = time.perf_counter() - begun
            if outcome.kind != "predicted":
                raise RuntimeError(f"upload {number} was {outcome.kind}")
            return seconds

        def bare(_: int) -> float:
            begun = time.perf_counter()
            names = PREDICTING.classifier_endpoint_name, PREDICTING.segmenter_endpoint_name
            image_endpoints.ask(*names, body, (64, 48))
            return time.perf_counter() - begun

        for warm in range(-3, 0):
            answered(1000 - warm)
            bare(warm)
        begun = time.perf_counter()
        one = [answered(number) for number in range(count)]
        in_turn = count / (time.perf_counter() - begun)
        called = [bare(number) for number in range(count)]
        begun = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            list(pool.map(answered, range(2000, 2000 + count)))
        at_once = count / (time.perf_counter() - begun)
    quantiles = {"p50": 49, "p99": 98}
    answer, endpoint = (statistics.quantiles(each, n=100) for each in (one, called))
    return {
        "delays": list(delays),
        "answer_seconds": {name: round(answer[at], 3) for name, at in quantiles.items()},
        "endpoints_seconds": {name: round(endpoint[at], 3) for name, at in quantiles.items()},
        "ratio": {name: round(answer[at] / endpoint[at], 2) for name, at in quantiles.items()},
        "images_per_second": {"one_at_a_time": round(in_turn, 2), "16_at_once": round(at_once, 2)},
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--deliveries", type=int, default=300)
    parser.add_argument("--timed", type=int, default=IN_TURN, help="uploads that are timed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "benchmark")
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    begun = time.monotonic()
    result: dict[str, Any] = {
        "command": "python -m benchmarks.inbox_service "
        f"--deliveries {given.deliveries} --timed {given.timed} --seed {given.seed}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "chances": dataclasses.asdict(inbox_faults.Chances()),
        "faults": faults(given.deliveries, given.seed),
        "times": times(given.timed),
    }
    result["seconds"] = round(time.monotonic() - begun)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    left = result["faults"]
    return 1 if left["wrong"] or left["swept"][-1] else 0


if __name__ == "__main__":
    sys.exit(main())
