"""The demo's table: cell-nucleus features in UCI's format, and the scores that come back."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import time
from pathlib import Path
from typing import Any

from local.demo.inbox import ANSWER_TIMEOUT, DemoFailed
from local.laptop import uploads
from local.laptop.client import Laptop
from local.laptop.progress import RunWatch

NAME = "wdbc.data"
INBOX_PATH = "demo/wdbc.csv"


def write_table(path: Path) -> None:
    """The Wisconsin diagnostic data as UCI publishes it: id, M or B, 30 features, no header.

    scikit-learn's copy, which holds no ids: the number of the row stands for it.
    """
    from sklearn.datasets import load_breast_cancer  # seconds to import, only the demo needs it

    data = load_breast_cancer()
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        rows = zip(data.target, data.data, strict=True)
        for number, (target, values) in enumerate(rows, start=1):
            label = "MB"[target]  # there, malignant is 0
            writer.writerow([number, label, *(repr(float(value)) for value in values)])


@dataclasses.dataclass(frozen=True)
class Scores:
    """What came back for the rows of the test split, beside what is known of them."""

    key: str
    rows: int
    correct: int

    def document(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "accuracy": round(self.correct / self.rows, 4)}


class TableInbox:
    """Drops the test split's rows into the inbox, unlabelled, and collects their scores."""

    def __init__(self, laptop: Laptop, watch: RunWatch, out: Path) -> None:
        self._laptop, self._out = laptop, out
        self._s3 = laptop.client("s3")
        self._uploads = laptop.outputs["UploadsBucketName"]
        self._work = laptop.outputs["WorkBucketName"]
        self._results = laptop.outputs["ResultsBucketName"]
        given = json.loads(watch.outcome()["input"])["dataset"]
        self._dataset = f"{given['name']}/{given['version']}"
        self._prefix = f"datasets/{self._dataset}/"

    def drop_test_rows(self, table: Path) -> dict[str, str]:
        """The true label of each row that was dropped, by id."""
        listed = self._s3.list_objects_v2(Bucket=self._work, Prefix=f"{self._prefix}rows/test/")
        keys = [item["Key"] for item in listed["Contents"] if item["Key"].endswith(".csv")]
        lines = {
            int(row["line"])
            for key in keys
            for row in csv.DictReader(io.StringIO(self._get(self._work, key).decode()))
        }
        with table.open(newline="") as file:
            rows = [row for number, row in enumerate(csv.reader(file), 1) if number in lines]
        body = io.StringIO()
        csv.writer(body).writerows([identity, *values] for identity, _, *values in rows)
        self._s3.put_object(
            Bucket=self._uploads, Key=f"inbox/{INBOX_PATH}", Body=body.getvalue().encode()
        )
        return {row[0]: row[1] for row in rows}

    def wait(self, truth: dict[str, str]) -> Scores:
        """Raises DemoFailed when a row is rejected or the scores stay away."""
        key, rejected = f"scores/{INBOX_PATH}.csv", f"rejected/{INBOX_PATH}.json"
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while (scores := uploads.find(self._laptop, self._results, key)) is None:
            if rejection := uploads.find(self._laptop, self._results, rejected):
                raise DemoFailed(rejection.decode())
            if time.monotonic() > deadline:
                raise DemoFailed(f"no {key} in {ANSWER_TIMEOUT:.0f} s")
            time.sleep(0.2)
        path = self._out / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(scores)
        rows = list(csv.DictReader(io.StringIO(scores.decode())))
        if [row["id"] for row in rows] != list(truth):
            raise DemoFailed(f"{key} does not hold the rows that were dropped, in their order")
        correct = sum(row["label"] == truth[row["id"]] for row in rows)
        return Scores(key, len(rows), correct)

    def collect_report(self) -> None:
        page = self._get(self._results, f"reports/{self._dataset}/report.html")
        (self._out / "table_report.html").write_bytes(page)

    def _get(self, bucket: str, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body
