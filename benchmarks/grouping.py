"""SplitDataset on a large data set: parts read, images grouped, split, checked, documents written.

    python -m benchmarks.grouping                      # 100,000 images of each kind

The function's own handler runs in a process of its own for each kind, with a folder in place of the
bucket: the peak is that of one Lambda function, the time the processor's. The kinds, from
what is easy to what is not:

    different   no two images alike, hashes spread evenly
    clips       a hundred clips of nearly equal frames
    twins       scans of a few hundred patients, blended: most images resemble many others

Writes docs/results/grouping.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.memory import peak_mb
from sonoflow.aws import clients, objects
from sonoflow.images import fingerprints

KINDS = ("different", "clips", "twins")
BATCH = 50
CLIPS, SCANS = 100, 400
DATASET = {"name": "large", "version": "0a1b2c3d4e5f"}
RESULT = Path(__file__).resolve().parents[1] / "docs/results/grouping.json"

Pixels = npt.NDArray[np.uint8]


def pictures(kind: str, count: int) -> Iterator[Pixels]:
    """So many pictures (64, 64), the same each time."""
    generator = np.random.default_rng(7)
    scans = np.stack([_scan(generator) for _ in range(CLIPS if kind == "clips" else SCANS)])
    for number in range(count):
        if kind == "different":
            picture = _scan(generator)
        elif kind == "clips":
            picture = scans[number * CLIPS // count] + generator.normal(0, 3, (64, 64))
        else:
            one, other = generator.integers(0, SCANS, 2)
            share = generator.beta(0.25, 0.25)
            picture = share * scans[one] + (1 - share) * scans[other]
            picture = picture + generator.normal(0, 2, (64, 64))
        yield np.clip(picture, 0, 255).astype(np.uint8)


def _scan(generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Tissue of two scales: what hashes and thumbnails see."""
    tissue = np.full((64, 64), 110.0)
    for cells, weight in ((5, 45), (16, 25)):
        grains = Image.fromarray(generator.normal(0, weight, (cells, cells)).astype(np.float32))
        tissue += np.asarray(grains.resize((64, 64), Image.Resampling.BICUBIC))
    return tissue


def write_parts(folder: Path, kind: str, count: int) -> int:
    """The parts that staging would leave of the pictures; gives their number."""
    prefix = folder / f"datasets/{DATASET['name']}/{DATASET['version']}/parts"
    prefix.mkdir(parents=True)
    (prefix / "plan.json").write_text(json.dumps({"images": [], "quarantine": []}))
    entries: list[dict[str, Any]] = []
    number = 0
    for at, pixels in enumerate(pictures(kind, count)):
        entries.append(_entry(at, kind, count, pixels))
        if len(entries) == BATCH or at == count - 1:
            document = {"digest": "", "images": entries, "quarantine": []}
            (prefix / f"{number:05d}.json").write_text(json.dumps(document, indent=1))
            entries, number = [], number + 1
    return number


def _entry(at: int, kind: str, count: int, pixels: Pixels) -> dict[str, Any]:
    identity = hashlib.sha256(str(at).encode()).hexdigest()[:16]
    label = ("benign", "malignant", "normal")[(at * CLIPS // count if kind == "clips" else at) % 3]
    return {
        "id": identity,
        "class": label,
        "source": f"Data set/{label}/{label} ({at}).png",
        "masks": [f"Data set/{label}/{label} ({at})_mask.png"],
        "width": 600,
        "height": 500,
        "image": f"images/{label}/{identity}.png",
        "mask": f"masks/{label}/{identity}.png",
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        **fingerprints.fingerprint(pixels).document(),
        "lesion_pixels": 1000,
        "given_split": None,
        "group_hint": None,
        "flags": [],
    }


class FolderS3:
    """What the function asks of S3, out of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO((self._folder / Key).read_bytes())}

    def put_object(self, Key: str, Body: bytes, **_: str) -> None:
        target = self._folder / Key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Body)


def split(folder: Path, batches: int) -> dict[str, Any]:
    """In a process of its own: what the handler answered, how long it took, its peak memory."""
    os.environ.update(
        WORK_BUCKET="work", RESULTS_BUCKET="results",
        STAGING_OPTIONS='{"minimum-images-per-class": 10}',
        POWERTOOLS_METRICS_NAMESPACE="Benchmark", POWERTOOLS_LOG_LEVEL="CRITICAL",
        POWERTOOLS_METRICS_DISABLED="true",
    )  # fmt: skip
    from functions.split_dataset.app import handler  # reads the environment at import

    s3 = FolderS3(folder)
    for module in (clients, objects):
        module.client = lambda service: s3  # type: ignore[attr-defined]
    upload = {"bucket": "uploads", "key": "datasets/large.zip", "version_id": None, "size": 1}
    start = time.process_time()
    answer = handler({"dataset": DATASET, "upload": upload, "batches": batches}, _Context())
    seconds = time.process_time() - start
    written = folder / f"datasets/{DATASET['name']}/{DATASET['version']}/duplicates.jsonl"
    joined = [len(json.loads(line)["images"]) for line in written.read_text().splitlines()]
    return {
        "images": sum(answer["images"].values()),
        "cpu_seconds": round(seconds, 1),
        "peak_mb": peak_mb(),
        "groups_of_several": len(joined),
        "images_in_them": sum(joined),
    }


class _Context:
    function_name = "split-dataset"
    memory_limit_in_mb = 2048
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:split-dataset"
    aws_request_id = "0"


def measure(kind: str, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        batches = write_parts(Path(name), kind, count)
        command = [sys.executable, "-m", "benchmarks.grouping", "--split", name, str(batches)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=100_000, help="of each kind")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--split", nargs=2, metavar=("FOLDER", "BATCHES"), help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.split:
        folder, batches = given.split
        print(json.dumps(split(Path(folder), int(batches))))
        return
    machine = f"{os.uname().machine}, {os.cpu_count()} cores"
    result = {"machine": machine, **{kind: measure(kind, given.images) for kind in given.kinds}}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
