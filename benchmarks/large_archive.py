"""Peak memory of planning and staging an archive of 20 GB, one process each, as Lambda runs them.

    python -m benchmarks.large_archive                 # 20 GB, never written anywhere

The archive is generated where it is read: pairs of a scan and its mask, again and again under other
names, with ZIP64 records as any archive of that size has. `largest image` is the worst that one
image may do to a worker: all the pixels that are allowed, in colour, and a mask of that size.
Writes docs/results/large_archive.json.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.memory import peak_mb
from sonoflow.aws import clients
from sonoflow.aws.ranged import HeldFile, Source
from sonoflow.images import batches, pixels, png, staging
from sonoflow.images import contents as archive

GIGABYTE = 1 << 30
BATCH = batches.Limits(images=50, bytes=32 * 1024 * 1024)
BATCHES_STAGED = 8
SIDE = 400  # of a scan; stored without compression, as speckle is hardly compressible
RESULT = Path(__file__).resolve().parents[1] / "docs/results/large_archive.json"
_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_FULL = 0xFFFFFFFF


class GeneratedArchive:
    """Pairs of one size one after another, then the directory: any range of it, made when asked."""

    def __init__(self, size: int) -> None:
        contents = _pair()
        self._files = [(content, zlib.crc32(content)) for content in contents]
        self._pair_bytes = len(self._pair(0))
        self._entry_bytes = len(self._entries(0))
        self.pairs = size // (self._pair_bytes + self._entry_bytes)
        self._directory = self.pairs * self._pair_bytes
        self._end = self._directory + self.pairs * self._entry_bytes
        self._tail = self._end_records()
        self.size = self._end + len(self._tail)

    def read_at(self, offset: int, length: int) -> bytes:
        stop = offset + length
        return b"".join(
            (
                _records(self._pair, self._pair_bytes, offset, min(stop, self._directory)),
                _records(
                    self._entries,
                    self._entry_bytes,
                    max(offset - self._directory, 0),
                    min(stop, self._end) - self._directory,
                ),
                self._tail[max(offset - self._end, 0) : max(stop - self._end, 0)],
            )
        )

    def _pair(self, number: int) -> bytes:
        """Two members with their local headers."""
        made = []
        for which, (content, crc) in enumerate(self._files):
            name, size = _name(number, which), len(content)
            made += [_LOCAL.pack(b"PK\x03\x04", 20, 0, 0, 0, 33, crc, size, size, len(name), 0)]
            made += [name, content]
        return b"".join(made)

    def _entries(self, number: int) -> bytes:
        """Their entries of the directory; all offsets as ZIP64 has them."""
        made, offset = [], number * self._pair_bytes
        for which, (content, crc) in enumerate(self._files):
            name, size = _name(number, which), len(content)
            extra = struct.pack("<2HQ", 1, 8, offset)
            facts = (20, 20, 0, 0, 0, 33, crc, size, size, len(name), len(extra), 0, 0, 0, 0, _FULL)
            made += [_ENTRY.pack(b"PK\x01\x02", *facts), name, extra]
            offset += _LOCAL.size + len(name) + size
        return b"".join(made)

    def _end_records(self) -> bytes:
        members, size = 2 * self.pairs, self._end - self._directory
        facts = (44, 45, 45, 0, 0, members, members, size, self._directory)
        end64 = _END64.pack(b"PK\x06\x06", *facts)
        locator = _LOCATOR64.pack(b"PK\x06\x07", 0, self._end, 1)
        return end64 + locator + _END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, _FULL, _FULL, 0)


def _records(make: Callable[[int], bytes], size: int, start: int, stop: int) -> bytes:
    """A range of records of one size."""
    if stop <= start:
        return b""
    first = start // size
    made = b"".join(make(number) for number in range(first, -(-stop // size)))
    return made[start - first * size : stop - first * size]


def _name(number: int, which: int) -> bytes:
    label = ("benign", "normal")[number % 2]
    return f"Data set/{label}/{label} ({number:07}){('', '_mask')[which]}.png".encode()


def _pair() -> tuple[bytes, bytes]:
    buffer = io.BytesIO()
    noise = np.random.default_rng(7).integers(20, 235, (SIDE, SIDE), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "PNG", compress_level=0)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[100:200, 150:300] = True
    return buffer.getvalue(), png.encode(mask)


def write_largest_image(folder: Path) -> Path:
    """A zip of one image with all pixels that are allowed, and its mask, both in colour."""
    side = int(pixels.PIXELS_LIMIT**0.5)
    ramp = np.add.outer(np.arange(side), np.arange(side)).astype(np.uint8)
    target = folder / "largest.zip"
    with zipfile.ZipFile(target, "w") as opened:
        for name, grey in (("a/x.png", ramp), ("a/x_mask.png", (ramp > 127) * np.uint8(255))):
            file = io.BytesIO()
            Image.fromarray(grey).convert("RGB").save(file, "PNG", compress_level=1)
            opened.writestr(name, file.getvalue())
    return target


def plan(size: int) -> dict[str, Any]:
    """What plan_dataset does with it."""
    source = GeneratedArchive(size)
    start, before = time.perf_counter(), _loaded_mb("plan_dataset")
    index = archive.open_archive(source)
    version = archive.version(index)
    found = archive.read(index, source).images
    document, count = batches.plan_document(batches.cut(found, BATCH))
    facts = {"version": version, "members": len(index.members), "images": len(found)}
    facts |= {"batches": count, "plan_bytes": len(document)}
    return {**facts, **_cost(start), "loaded_mb": before}


def stage(size: int) -> dict[str, Any]:
    """Some batches, as one warm worker gets them."""
    source = GeneratedArchive(size)
    some = GeneratedArchive(min(size, 2 * BATCHES_STAGED * BATCH.bytes))
    found = archive.read(archive.open_archive(some), some).images
    start, before, done = time.perf_counter(), _loaded_mb("stage_images"), 0
    for number, batch in enumerate(batches.cut(found, BATCH)):
        if number == BATCHES_STAGED:
            break
        done += _staged(source, batch)
    return {"images": done, **_cost(start), "loaded_mb": before}


def stage_largest(_: int) -> dict[str, Any]:
    file = Path(os.environ["LARGEST_IMAGE"])
    start, before = time.perf_counter(), _loaded_mb("stage_images")
    with file.open("rb") as opened:
        source = HeldFile(opened)
        found = archive.read(archive.open_archive(source), source).images
        done = sum(_staged(source, batch) for batch in batches.cut(found, BATCH))
    return {"images": done, **_cost(start), "loaded_mb": before}


def _staged(source: Source, batch: batches.Batch) -> int:
    entries, quarantine = staging.stage(source, batch.images, lambda *_: None)
    if quarantine:
        raise RuntimeError(f"set aside: {quarantine[0]}")
    return len(entries)


def _loaded_mb(function: str) -> float:
    """With all that the function loads, its client included."""
    importlib.import_module(f"functions.{function}.app")
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    clients.client("s3")
    return peak_mb()


def _cost(start: float) -> dict[str, float]:
    return {"seconds": round(time.perf_counter() - start, 1), "peak_mb": peak_mb()}


KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "plan": plan,
    "stage": stage,
    "largest image": stage_largest,
}


def measure(kind: str, size: int) -> dict[str, Any]:
    """In a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.large_archive",
        "--only",
        kind,
        "--bytes",
        str(size),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bytes", type=int, default=20 * GIGABYTE, help="of the archive")
    parser.add_argument("--only", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    if given.only:
        print(json.dumps(KINDS[given.only](given.bytes)))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LARGEST_IMAGE"] = str(write_largest_image(Path(folder)))
        result = {"bytes": given.bytes, **{kind: measure(kind, given.bytes) for kind in KINDS}}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
