"""`make demo`: the whole main job on this machine, from a zip to answered inbox images.

Everything between the upload and the answers happens by events, as on AWS; the demo only uploads,
watches, and collects what it finds in the buckets.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from botocore.exceptions import ClientError
from PIL import Image
from rich.console import Console

from local.client import Laptop
from local.demo.contact_sheet import Sheet, draw_contact_sheet
from local.demo.progress import RUNNING, ProgressView, RunFailed, RunWatch
from local.demo.summary import Summary, print_summary, summarise
from local.phantoms import write_phantoms

PHANTOMS_PER_CLASS = 100
PHANTOM_SEED = 7
# The phantoms are easy: less than this on their test split means a bug.
PHANTOM_GATE = {"MinimumAccuracy": "0.9", "MinimumLesionDice": "0.8"}
# A stranger's data may be hard or few: the demo shows what comes of it rather than refuse it, and
# gives it more, and smaller, steps than the phantoms need.
OWN_DATA = {
    "MinimumAccuracy": "0",
    "MinimumLesionDice": "0",
    "ClassifierEpochs": "40",
    "SegmenterEpochs": "40",
    "BatchSize": "8",
}
ANSWER_TIMEOUT = 300.0  # seconds for the inbox, all images together
START_TIMEOUT = 60.0  # seconds from upload to execution or refusal


class DemoFailed(Exception):
    """The main job did not come to its end; says where and why."""


@dataclasses.dataclass(frozen=True)
class TestImage:
    """One image of the test split, as it lies in the archive, and what is known of it."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    id: str
    label: str
    source: str
    mask_key: str | None

    @property
    def inbox_path(self) -> str:
        return f"demo/{self.id}{PurePosixPath(self.source).suffix.lower()}"


def run_demo(
    root: Path, state: Path, out: Path, dataset: Path | None, console: Console
) -> dict[str, Any]:
    """Run the main job and return what `out/summary.json` holds.

    Raises DemoFailed, or RunFailed with the execution's cause; `out/summary.json` then says
    `"ok": false` and why.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    try:
        return _run(root, state, out, dataset, console)
    except (DemoFailed, RunFailed) as error:
        (out / "summary.json").write_text(json.dumps({"ok": False, "error": str(error)}, indent=2))
        raise


def _run(
    root: Path, state: Path, out: Path, dataset: Path | None, console: Console
) -> dict[str, Any]:
    clock = Clock()
    archive = dataset or _phantoms(state, console)
    clock.lap("data")
    parameters = OWN_DATA if dataset else PHANTOM_GATE
    with Laptop.start(
        root,
        state,
        parameters=parameters,
        report=console.print,
    ) as laptop:
        clock.lap("deploy")
        console.rule("[bold]Training, by events")
        watch = _train(laptop, archive, console)
        clock.lap("train_run")
        console.rule("[bold]Predicting, by events")
        inbox = Inbox(laptop, watch, out)
        images = inbox.drop_test_images(archive)
        inbox.wait(images, console)
        clock.lap("predict")
        inbox.collect()
        clock.laps["total"] = clock.total()
        summary = summarise(Summary(watch, images, out, timings={**clock.laps, **watch.seconds()}))
        _draw(summary, images, archive, out, inbox)
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print_summary(summary, console, out)
    return summary


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._start = self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 2)
        self._last = now

    def total(self) -> float:
        return round(self._last - self._start, 2)


def _phantoms(state: Path, console: Console) -> Path:
    path = state / "phantoms.zip"
    console.print(f"making {3 * PHANTOMS_PER_CLASS} phantoms, seed {PHANTOM_SEED}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_phantoms(path, images_per_class=PHANTOMS_PER_CLASS, seed=PHANTOM_SEED)
    return path


def _train(laptop: Laptop, archive: Path, console: Console) -> RunWatch:
    """Upload the archive and watch the execution that the upload starts, to its end."""
    key = f"datasets/{archive.name}"
    bucket = laptop.outputs["UploadsBucketName"]
    laptop.client("s3").upload_file(str(archive), bucket, key)
    console.print(f"dropped s3://{bucket}/{key}")
    watch = RunWatch(laptop.client, laptop.outputs, _started(laptop, key))
    console.print(f"execution {watch.run}")
    with ProgressView(console) as view:
        while (progress := watch.look()).status == RUNNING:
            view.show(progress)
            time.sleep(0.5)
        view.show(progress)
    watch.outcome()
    return watch


def _started(laptop: Laptop, key: str) -> str:
    """ARN of the execution that the upload started.

    Raises DemoFailed with the reason when the upload was refused, or when neither comes in time.
    """
    states, work = laptop.client("stepfunctions"), laptop.outputs["WorkBucketName"]
    machine = laptop.outputs["TrainImagesStateMachineArn"]
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        # A distributed map's children carry their map's ARN; the run itself has none.
        for execution in states.list_executions(stateMachineArn=machine)["executions"]:
            if "mapRunArn" not in execution:
                return str(execution["executionArn"])
        if refusal := read_json(laptop, work, f"refused/{key}.json"):
            raise DemoFailed(f"{key} was refused ({refusal['reason']}): {refusal['detail']}")
        time.sleep(0.2)
    raise DemoFailed(f"{key}: no execution started within {START_TIMEOUT:.0f} seconds")


class Inbox:
    """Drops the test split's images into the inbox and collects what comes back."""

    def __init__(self, laptop: Laptop, watch: RunWatch, out: Path) -> None:
        self._laptop, self._out = laptop, out
        self._s3 = laptop.client("s3")
        self._uploads = laptop.outputs["UploadsBucketName"]
        self._work = laptop.outputs["WorkBucketName"]
        self._results = laptop.outputs["ResultsBucketName"]
        given = json.loads(watch.outcome()["input"])["dataset"]
        self._dataset = f"{given['name']}/{given['version']}"

    def drop_test_images(self, archive: Path) -> list[TestImage]:
        body = self._get(self._work, f"datasets/{self._dataset}/index.jsonl")
        entries = [json.loads(line) for line in body.splitlines()]
        images = [
            TestImage(e["id"], e["class"], e["source"], e["mask"])
            for e in entries
            if e["split"] == "test"
        ]
        with zipfile.ZipFile(archive) as members:
            for image in images:
                self._s3.put_object(
                    Bucket=self._uploads,
                    Key=f"inbox/{image.inbox_path}",
                    Body=members.read(image.source),
                )
        return images

    def wait(self, images: list[TestImage], console: Console) -> None:
        """Until each image is answered. Raises DemoFailed when one is rejected or stays away."""
        waiting = {image.inbox_path for image in images}
        deadline = time.monotonic() + ANSWER_TIMEOUT
        with console.status("") as status:
            while waiting:
                if rejected := next(self._keys("rejected/demo/"), None):
                    raise DemoFailed(self._get(self._results, rejected).decode())
                if time.monotonic() > deadline:
                    raise DemoFailed(f"no answer for {sorted(waiting)} in {ANSWER_TIMEOUT:.0f} s")
                answered = {
                    key.removeprefix("predictions/").removesuffix(".json")
                    for key in self._keys("predictions/demo/")
                }
                waiting -= answered
                status.update(f"{len(images) - len(waiting)} of {len(images)} images answered")
                time.sleep(0.2)
        console.print(f"{len(images)} images answered")

    def collect(self) -> None:
        """Copy every prediction, mask, overlay and report from the results bucket to `out`."""
        for prefix in ("predictions/", "masks/", "overlays/", "reports/"):
            for key in self._keys(prefix):
                path = self._out / key
                path.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(self._results, key, str(path))
        for name in ("report.html", "report.json"):
            shutil.copy(self._out / "reports" / self._dataset / name, self._out / name)

    def true_mask(self, image: TestImage) -> Image.Image | None:
        if image.mask_key is None:
            return None
        body = self._get(self._work, f"datasets/{self._dataset}/{image.mask_key}")
        return Image.open(io.BytesIO(body))

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._results, Prefix=prefix
        )
        yield from (item["Key"] for page in pages for item in page.get("Contents", []))

    def _get(self, bucket: str, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


def _draw(
    summary: dict[str, Any], images: list[TestImage], archive: Path, out: Path, inbox: Inbox
) -> None:
    """The contact sheet; adds each image's Dice to the summary on the way."""
    sheets = []
    with zipfile.ZipFile(archive) as members:
        for image, row in zip(images, summary["predictions"], strict=True):
            source = out / "images" / image.inbox_path
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_bytes(members.read(image.source))
            truth = inbox.true_mask(image)
            predicted = out / row["mask_key"]
            row["dice"] = _dice(truth, predicted)
            sheets.append(
                Sheet(
                    source,
                    truth,
                    predicted,
                    row["label"],
                    row["probability"],
                    row["true_label"],
                    row["dice"],
                )
            )
    draw_contact_sheet(sheets, out / "contact_sheet.png", columns=3)


def _dice(truth: Image.Image | None, predicted: Path) -> float | None:
    """2 |A ∩ B| / (|A| + |B|); None where there is no lesion to find."""
    if truth is None:
        return None
    with Image.open(predicted) as mask:
        found = np.asarray(mask.convert("L")) > 127
    real = np.asarray(truth.convert("L")) > 127
    if not real.any():
        return None
    return round(float(2 * (real & found).sum() / (real.sum() + found.sum())), 4)


def read_json(laptop: Laptop, bucket: str, key: str) -> dict[str, Any] | None:
    """The document under a key, or None while there is none."""
    try:
        body = laptop.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    document: dict[str, Any] = json.loads(body)
    return document
