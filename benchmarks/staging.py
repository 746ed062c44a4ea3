"""Staging an archive, against what the usual notebook does: download, unzip, upload one by one.

    python -m benchmarks.staging                        # phantoms
    python -m benchmarks.staging --archive busi.zip

Both sides see the same S3: objects in memory, and a fixed delay on every request (bandwidth and
the SDK's own time are free, which favours the notebook's download and upload of the whole).
Staging does more for its time: it decodes, checks and hashes every image and unites its masks. Its
workers are processes, as Lambda's are, and warm: each has staged an image before.

With fewer cores than workers the cores are the limit, where every Lambda function has its own. So
there are two figures: `staging` with all workers on this machine at once, and `a_core_each`, for
which the same workers' shares run one after another and the longest counts. Other work on the
machine spoils the first: staging is repeated, each round says how many cores were busy with
something else, and the median round is the figure. Writes docs/results/staging.json.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import io
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import staging_steps
from benchmarks.memory import peak_mb
from local.demo import phantoms
from sonoflow.images import batches, contents, staging

DELAY_SECONDS = 0.030
WORKERS = 8
BATCH = batches.Limits(images=50, bytes=32 * 1024 * 1024)
RESULT = Path(__file__).resolve().parents[1] / "docs/results/staging.json"


class SlowS3:
    """One object to read, any number to write, and a delay before each answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.requests = 0

    def read_at(self, offset: int, length: int) -> bytes:
        self._answer()
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def put(self, key: str, body: bytes) -> None:
        self._answer()

    def head(self) -> None:
        self._answer()

    def _answer(self) -> None:
        time.sleep(DELAY_SECONDS)
        self.requests += 1


@dataclasses.dataclass(frozen=True)
class Work:
    requests: int
    images: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclasses.dataclass(frozen=True)
class Planned:
    batches: list[Any]
    requests: int
    seconds: float


def warm_up(path: Path) -> None:
    """What a function's first invocation has done for the next: code loaded, tables made."""
    planned = plan(path)
    first = planned.batches[0]
    stage_batch(path, {**first, "images": first["images"][:1]})
    time.sleep(1)  # so that every worker of the pool takes one


def plan(path: Path) -> Planned:
    """plan_dataset: the index, then the plan and what it sets aside."""
    start = time.perf_counter()
    s3 = SlowS3(path)
    index = contents.open_archive(s3)
    document, _ = batches.plan_document(batches.cut(contents.read(index, s3).images, BATCH))
    s3.put("plan", document)
    s3.put("part", b"")
    seconds = time.perf_counter() - start
    return Planned(json.loads(document), s3.requests, seconds)


def stage_batch(path: Path, item: Any) -> Work:
    """What one invocation of stage_images asks of S3: is there a part, the members, the objects,
    the part."""
    cpu, start = time.process_time(), time.perf_counter()
    s3 = SlowS3(path)
    s3.head()
    images = batches.from_state({"batch": item}).images
    entries, quarantine = staging.stage(s3, images, s3.put)
    s3.put("part", json.dumps([entries, [one.document() for one in quarantine]]).encode())
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return Work(s3.requests, len(entries), seconds, cpu, peak_mb())


def stage(path: Path, pool: concurrent.futures.Executor) -> dict[str, float]:
    """plan_dataset, then as many workers as the pool has."""
    start, busy = time.perf_counter(), busy_seconds()
    planned = plan(path)
    cpu = planned.seconds - planned.requests * DELAY_SECONDS
    done = list(pool.map(stage_batch, [path] * len(planned.batches), planned.batches))
    images = sum(work.images for work in done)
    seconds = time.perf_counter() - start
    cpu += sum(work.cpu_seconds for work in done)
    requests = planned.requests + sum(work.requests for work in done)
    return {
        "images": images,
        "seconds": round(seconds, 2),
        "ms_per_image": round(1000 * seconds / images, 2),
        "cpu_ms_per_image": round(1000 * cpu / images, 2),
        "requests_per_image": round(requests / images, 3),
        "peak_mb": max(work.peak_mb for work in done),
        "cores_busy_elsewhere": round(max(0.0, busy_seconds() - busy - cpu) / seconds, 2),
    }


def busy_seconds() -> float:
    """Time that the cores of this machine have been busy since it started, stolen time included."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _, _, interrupt, soft, stolen = fields
    total = user + nice + system + interrupt + soft + stolen
    return total / os.sysconf("SC_CLK_TCK")


def stage_one_by_one(path: Path, pool: concurrent.futures.Executor) -> dict[str, float]:
    """The same, had every worker a core of its own: each worker's batches with nothing beside."""
    planned = plan(path)
    done = [pool.submit(stage_batch, path, batch).result() for batch in planned.batches]
    shares = [0.0] * WORKERS
    for work in done:  # the next batch goes to whoever is free first
        shares[shares.index(min(shares))] += work.seconds
    return {
        "seconds": round(planned.seconds + max(shares), 2),
        "plan_seconds": round(planned.seconds, 2),
        "longest_worker_seconds": round(max(shares), 2),
    }


def notebook(path: Path) -> dict[str, float]:
    start = time.perf_counter()
    s3 = SlowS3(path)
    data = s3.read_at(0, s3.size)
    with zipfile.ZipFile(io.BytesIO(data)) as opened, tempfile.TemporaryDirectory() as folder:
        opened.extractall(folder)
        files = sorted(one for one in Path(folder).rglob("*") if one.is_file())
        for file in files:
            s3.put(file.name, file.read_bytes())
    seconds = time.perf_counter() - start
    return {"files": len(files), "seconds": round(seconds, 2), "requests": s3.requests}


def repeated(path: Path, times: int, target: Path) -> Path:
    """The archive's files so many times, under as many root folders."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for info in source.infolist():
            content = source.read(info)
            for number in range(times):
                copy.writestr(f"copy{number}/{info.filename}", content)
    return target


def phantom_archive(folder: Path, images_per_class: int) -> Path:
    target = folder / "phantoms.zip"
    phantoms.main([str(target), "--images-per-class", str(images_per_class)])
    return target


def scaling(scaled: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What every data set costs, and what every image adds: a line through the sizes."""
    if len(scaled) < 2:
        return scaled
    sizes = [one["images"] for one in scaled.values()]
    line = statistics.linear_regression(sizes, [one["seconds"] for one in scaled.values()])
    fixed, added = round(line.intercept, 2), round(1000 * line.slope, 2)
    return {**scaled, "fixed_seconds": fixed, "ms_per_added_image": added}


def measure(path: Path, scales: Sequence[int], rounds: int, folder: Path) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        list(pool.map(warm_up, [path] * WORKERS))
        usual = notebook(path)
        ours = [stage(path, pool) for _ in range(rounds)]
        alone = stage_one_by_one(path, pool)
        scaled = {}
        for scale in scales:
            larger = repeated(path, scale, folder / f"{scale}.zip")
            scaled[f"{scale}x"] = stage(larger, pool)
            larger.unlink()
    middle = sorted(ours, key=lambda one: one["seconds"])[len(ours) // 2]
    return {
        "delay_ms": 1000 * DELAY_SECONDS,
        "workers": WORKERS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "archive": {"name": path.name, "bytes": path.stat().st_size},
        "notebook": usual,
        "staging": middle,
        "times_faster": round(usual["seconds"] / middle["seconds"], 2),
        "rounds": [[one["seconds"], one["cores_busy_elsewhere"]] for one in ours],
        "a_core_each": alone,
        "times_faster_with_a_core_each": round(usual["seconds"] / alone["seconds"], 2),
        "cpu_ms_of_steps": staging_steps.measure(path),
        "scaling": scaling(scaled),
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--archive", type=Path, help="a data set; phantoms if it is left out")
    parser.add_argument("--images-per-class", type=int, default=200, help="of the phantoms")
    parser.add_argument("--scales", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=5, help="of staging; the median counts")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = given.archive or phantom_archive(folder, given.images_per_class)
        result = measure(path, given.scales, given.rounds, folder)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
