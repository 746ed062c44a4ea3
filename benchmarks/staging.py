"""Staging an archive, against what the usual notebook does: download, unzip, upload one by one.

    python -m benchmarks.staging                        # phantoms
    python -m benchmarks.staging --archive busi.zip

Both sides see the same S3: objects in memory, and a fixed delay on every request (bandwidth is
free, which favours the notebook: it moves the archive twice). Staging does more for its time: it
decodes, checks and hashes every image and unites its masks. Its workers are processes, as Lambda's
are; they are started beforehand, as imports are no part of a warm function's time. With fewer
cores than workers the cores are the limit: `cpu_ms_per_image` says what staging itself takes.
Writes docs/results/staging.json.
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
import resource
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local import phantoms
from sonoflow import archive, batches, staging

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
    peak_mb: float
    cpu_seconds: float


def warm_up(_: int) -> None:
    time.sleep(0.5)  # so that every worker of the pool takes one


def stage_batch(path: Path, documents: Sequence[Any]) -> Work:
    """What one invocation of stage_images asks of S3: is there a part, the members, the objects,
    the part."""
    cpu = time.process_time()
    s3 = SlowS3(path)
    s3.head()
    entries, quarantine = staging.stage(s3, archive.planned(documents), s3.put)
    s3.put("part", json.dumps([entries, [one.document() for one in quarantine]]).encode())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Work(s3.requests, len(entries), peak, time.process_time() - cpu)


def stage(path: Path, pool: concurrent.futures.Executor) -> dict[str, float]:
    """plan_dataset, then as many workers as the pool has."""
    start = time.perf_counter()
    s3 = SlowS3(path)
    index = archive.open_archive(s3)
    planned = archive.plan(index, s3)
    plan, count = batches.document(batches.cut(planned.images, BATCH))
    s3.put("plan", plan)
    s3.put("part", b"")
    documents = [batch["images"] for batch in json.loads(plan)]
    done = list(pool.map(stage_batch, [path] * count, documents))
    images = sum(work.images for work in done)
    seconds = time.perf_counter() - start
    requests = s3.requests + sum(work.requests for work in done)
    return {
        "images": images,
        "seconds": round(seconds, 2),
        "ms_per_image": round(1000 * seconds / images, 2),
        "cpu_ms_per_image": round(1000 * sum(work.cpu_seconds for work in done) / images, 2),
        "requests_per_image": round(requests / images, 3),
        "peak_mb": round(max(work.peak_mb for work in done), 1),
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


def measure(path: Path, scales: Sequence[int], folder: Path) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        list(pool.map(warm_up, range(WORKERS)))
        usual, ours = notebook(path), stage(path, pool)
        scaling = {}
        for scale in scales:
            larger = repeated(path, scale, folder / f"{scale}.zip")
            scaling[f"{scale}x"] = stage(larger, pool)
            larger.unlink()
    return {
        "delay_ms": 1000 * DELAY_SECONDS,
        "workers": WORKERS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "archive": {"name": path.name, "bytes": path.stat().st_size},
        "notebook": usual,
        "staging": ours,
        "times_faster": round(usual["seconds"] / ours["seconds"], 2),
        "scaling": scaling,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--archive", type=Path, help="a data set; phantoms if it is left out")
    parser.add_argument("--images-per-class", type=int, default=40, help="of the phantoms")
    parser.add_argument("--scales", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = given.archive or phantom_archive(folder, given.images_per_class)
        result = measure(path, given.scales, folder)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
