"""Inbox keys that are written twice, or deleted, within a second: which answer stays.

    python -m benchmarks.inbox_races                    # 50 trials of each kind, some four minutes

Trains small models on phantoms and on WDBC in a laptop runtime of its own, then, for each trial,
puts a large object and after a random delay

- `images`: a small image at the same key;
- `garbage`: something that is no image at the same key;
- `deleted`: a delete marker on it;
- `tables`: a small table at the same key.

When the queue is empty, the newest version must be answered, whole and alone: document, mask and
overlay, or rejection, or scores of that version and no other's; and nothing of a key that was
deleted before its answer was there. Exits with 1 where that does not hold. Writes
docs/results/inbox_races.json.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import ClientError
from PIL import Image

from local.demo.phantoms import write_phantoms
from local.demo.table import write_table
from local.laptop.client import Laptop
from sonoflow import keys

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs/results/inbox_races.json"
KINDS = ("images", "garbage", "deleted", "tables")
TOGETHER = 5  # keys in flight at once; a trial's two versions are what has to meet
DELAY_SECONDS = 1.0
LARGE, SMALL = (1600, 1500), (200, 150)  # pixels
QUIET_POLLS = 8
TIMEOUT_SECONDS = 600.0
PARAMETERS = {
    "MinimumAccuracy": "0",
    "MinimumLesionDice": "0",
    "ClassifierEpochs": "1",
    "SegmenterEpochs": "1",
}


class Race:
    """One runtime with models in service, and trials against its inbox."""

    def __init__(self, laptop: Laptop, rows: list[str], seed: int) -> None:
        self._s3 = laptop.client("s3")
        self._sqs = laptop.client("sqs")
        self._queues = [laptop.outputs[f"{kind}InboxQueueUrl"] for kind in ("", "Table")]
        self._uploads = laptop.outputs["UploadsBucketName"]
        self._results = laptop.outputs["ResultsBucketName"]
        self._rows, self._chance = rows, random.Random(seed)  # noqa: S311 - delays

    def trials(self, kind: str, count: int) -> collections.Counter[str]:
        """Outcomes by name; every one but `right` is a fault."""
        outcomes: collections.Counter[str] = collections.Counter()
        for first in range(0, count, TOGETHER):
            numbers = range(first, min(first + TOGETHER, count))
            suffix = "csv" if kind == "tables" else "png"
            started = [self._start(kind, f"{kind}/{number}.{suffix}") for number in numbers]
            self._wait_until_quiet()
            outcomes.update(check() for check in started)
            print(f"{kind}: {outcomes.total()} of {count}, {dict(outcomes)}", flush=True)
        return outcomes

    def _start(self, kind: str, path: str) -> Callable[[], str]:
        """Makes the trial's uploads; the answer says what became of them."""
        if kind == "tables":
            self._put(path, self._table(len(self._rows) * 20))
        else:
            self._put(path, self._picture(LARGE))
        time.sleep(self._chance.uniform(0, DELAY_SECONDS))
        if kind == "deleted":
            self._s3.delete_object(Bucket=self._uploads, Key=f"inbox/{path}")
            answered = self._head(keys.prediction(path)) is not None
            return lambda: self._of_deleted(path, answered)
        small = {"images": self._picture(SMALL), "garbage": b"no image"}.get(kind, self._table(3))
        version = self._put(path, small)
        return lambda: self._of_newest(kind, path, version)

    def _put(self, path: str, body: bytes) -> str:
        answer = self._s3.put_object(Bucket=self._uploads, Key=f"inbox/{path}", Body=body)
        return str(answer["VersionId"])

    def _picture(self, size: tuple[int, int]) -> bytes:
        noise = np.random.default_rng(self._chance.getrandbits(32))
        pixels = noise.integers(0, 256, (size[1], size[0]), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
        return buffer.getvalue()

    def _table(self, rows: int) -> bytes:
        return "".join(self._chance.choices(self._rows, k=rows)).encode()

    def _wait_until_quiet(self) -> None:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        names.append("ApproximateNumberOfMessagesDelayed")
        quiet, deadline = 0, time.monotonic() + TIMEOUT_SECONDS
        while quiet < QUIET_POLLS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"messages are left after {TIMEOUT_SECONDS:.0f} seconds")
            time.sleep(0.1)
            found = [
                self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
                for url in self._queues
            ]
            busy = any(int(each[name]) for each in found for name in names)
            quiet = 0 if busy else quiet + 1

    def _of_deleted(self, path: str, answered: bool) -> str:
        found = self._found(path)
        if not found:
            return "right"
        return "right" if answered and len(found) == 3 else f"kept: {', '.join(found)}"

    def _of_newest(self, kind: str, path: str, version: str) -> str:
        found = self._found(path)
        expected = {"garbage": ["rejected"], "tables": ["scores"]}.get(
            kind, ["predictions", "masks", "overlays"]
        )
        if sorted(found) != sorted(expected):
            return f"there is: {', '.join(found) or 'nothing'}"
        older = [name for name, of in found.items() if of != version]
        return "right" if not older else f"of the older version: {', '.join(older)}"

    def _found(self, path: str) -> dict[str, str]:
        """The version that each object of the key is of."""
        places = {
            "predictions": keys.prediction(path),
            "masks": keys.mask(path),
            "overlays": keys.overlay(path),
            "rejected": keys.rejection(path),
            "scores": keys.scores(path),
        }
        heads = {name: self._head(key) for name, key in places.items()}
        return {
            name: head["Metadata"].get("sonoflow-version-id") or self._told(places[name])
            for name, head in heads.items()
            if head is not None
        }

    def _told(self, key: str) -> str:
        """By the document itself."""
        if not key.endswith(".json"):
            return "unknown"
        document = json.loads(self._s3.get_object(Bucket=self._results, Key=key)["Body"].read())
        return str((document.get("image") or document["table"])["version_id"])

    def _head(self, key: str) -> dict[str, Any] | None:
        try:
            head: dict[str, Any] = self._s3.head_object(Bucket=self._results, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "404":
                return None
            raise
        return head


def train(laptop: Laptop, folder: Path) -> list[str]:
    """Models of phantoms and of WDBC, in service; the table's lines."""
    archive, table = folder / "phantoms.zip", folder / "wdbc.data"
    write_phantoms(archive, images_per_class=12, seed=11)
    write_table(table)
    s3, states = laptop.client("s3"), laptop.client("stepfunctions")
    for file in (table, archive):
        bucket = laptop.outputs["UploadsBucketName"]
        s3.upload_file(str(file), bucket, f"datasets/{file.name}")
    for machine in ("TrainTable", "TrainImages"):
        arn = laptop.outputs[f"{machine}StateMachineArn"]
        deadline = time.monotonic() + TIMEOUT_SECONDS
        status = "none"
        while status in ("none", "RUNNING"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{machine} has not ended")
            time.sleep(0.5)
            runs = states.list_executions(stateMachineArn=arn)["executions"]
            status = next((run["status"] for run in runs if "mapRunArn" not in run), "none")
        if status != "SUCCEEDED":
            raise RuntimeError(f"{machine} ended {status}")
        print(f"{machine} succeeded", flush=True)
    return table.read_text().splitlines(keepends=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=50, help="of each kind")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Laptop.start(ROOT, Path(folder) / "state", parameters=PARAMETERS) as laptop,
    ):
        race = Race(laptop, train(laptop, Path(folder)), given.seed)
        outcomes = {kind: race.trials(kind, given.trials) for kind in given.kinds}
    result = {
        "command": f"python -m benchmarks.inbox_races --trials {given.trials} --seed {given.seed}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "delay_seconds": [0, DELAY_SECONDS],
        "outcomes": {kind: dict(counted) for kind, counted in outcomes.items()},
        "seconds": round(time.monotonic() - start),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    return 0 if all(set(counted) == {"right"} for counted in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
