"""`make demo`: the whole main job on this machine, from a zip to answered inbox images.

Everything between the upload and the answers happens by events, as on AWS; the demo only uploads,
watches, and collects what it finds in the buckets.
"""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console

from local.demo.contact_sheet import Sheet, draw_contact_sheet
from local.demo.inbox import DemoFailed, Inbox, TestImage
from local.demo.phantoms import write_phantoms
from local.demo.summary import Summary, print_summary, summarise
from local.demo.table import NAME, TableInbox, write_table
from local.laptop import permissions, uploads
from local.laptop.client import Laptop
from local.laptop.progress import RUNNING, ProgressView, RunFailed, RunWatch
from local.laptop.uploads import UploadRefused

PHANTOMS_PER_CLASS = 100
PHANTOM_SEED = 7
# The phantoms are easy: less than this on their test split means a bug.
PHANTOM_GATE = {"MinimumAccuracy": "0.9", "MinimumLesionDice": "0.8"}
# A stranger's data may be hard or few: the demo shows what comes of it rather than refuse it, and
# trains as a stack on AWS does.
OWN_DATA = {
    "MinimumAccuracy": "0",
    "MinimumLesionDice": "0",
    "ClassifierArchitecture": "efficientnet_lite0",
    "ClassifierImageSize": "224",
    "ClassifierEpochs": "20",
    "SegmenterImageSize": "224",
    "SegmenterEpochs": "20",
    "SegmenterHyperparameters": '{"encoder": "efficientnet_lite0"}',
}


def run_demo(
    root: Path, state: Path, out: Path, dataset: Path | None, console: Console
) -> dict[str, Any]:
    """Run the main job and return what `out/summary.json` holds.

    Raises DemoFailed, UploadRefused or RunFailed with the cause; `out/summary.json` then says
    `"ok": false` and why.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    try:
        return _run(root, state, out, dataset, console)
    except (DemoFailed, UploadRefused, RunFailed) as error:
        (out / "summary.json").write_text(json.dumps({"ok": False, "error": str(error)}, indent=2))
        raise


def _run(
    root: Path, state: Path, out: Path, dataset: Path | None, console: Console
) -> dict[str, Any]:
    clock = Clock()
    archive = dataset or _phantoms(state, console)
    table = state / NAME
    write_table(table)
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
        table_run, run = (_upload(laptop, file, console) for file in (table, archive))
        watch = _watch(laptop, run, console)
        table_watch = _watch(laptop, table_run, console)
        clock.lap("train_run")
        console.rule("[bold]Predicting, by events")
        inbox, rows = Inbox(laptop, watch, out), TableInbox(laptop, table_watch, out)
        truth = rows.drop_test_rows(table)
        images = inbox.drop_test_images(archive)
        inbox.wait(images, console)
        scores = rows.wait(truth)
        console.print(f"{scores.rows} rows scored")
        clock.lap("predict")
        inbox.collect()
        inbox.list_answers(images)
        rows.collect_report()
        clock.laps["total"] = clock.total()
        of_table = {f"table: {state}": took for state, took in table_watch.seconds().items()}
        timings = {**clock.laps, **watch.seconds(), **of_table}
        (out / "permissions.json").write_text(json.dumps(permissions.document(laptop), indent=1))
        summary = summarise(Summary(watch, table_watch, images, scores, out, timings))
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


def _upload(laptop: Laptop, file: Path, console: Console) -> str:
    """ARN of the execution that the upload starts."""
    key = f"datasets/{file.name}"
    version = uploads.put(laptop, file, key)
    console.print(f"dropped s3://{laptop.outputs['UploadsBucketName']}/{key}")
    return uploads.run_of(laptop, file, key, version)


def _watch(laptop: Laptop, run: str, console: Console) -> RunWatch:
    """Watch an execution to its end."""
    watch = RunWatch(laptop.client, laptop.outputs, run)
    console.print(f"execution {watch.run}")
    with ProgressView(console) as view:
        while (progress := watch.look()).status == RUNNING:
            view.show(progress)
            time.sleep(0.5)
        view.show(progress)
    watch.outcome()
    return watch


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
