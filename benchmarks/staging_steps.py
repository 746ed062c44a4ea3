"""Where a staging worker's time goes: the CPU time of each step, alone and in one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sonoflow.archives.members import Location, unpack
from sonoflow.aws.ranged import HeldFile
from sonoflow.images import contents as archive
from sonoflow.images import fingerprints, pixels, png, staging
from sonoflow.images import masks as mask_files
from sonoflow.images.batches import PlannedImage

SAMPLE = 100  # images
REPEATS = 3


class _Files:
    """The members of a sample, as a batch's reader gives them."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            source = HeldFile(file)
            found = archive.read(archive.open_archive(source), source).images
            self.sample = found[:: max(1, len(found) // SAMPLE)][:SAMPLE]
            self.packed = {
                place: source.read_at(place.offset, place.length)
                for planned in self.sample
                for place in planned.members
            }

    def read(self, name: str, location: Location) -> bytes:
        data = memoryview(self.packed[location])
        begin = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
        return unpack(data[begin : begin + location.packed], location)

    def image(self, planned: PlannedImage) -> bytes:
        return self.read(planned.image, planned.members[0])

    def masks(self, planned: PlannedImage) -> list[bytes]:
        return [self.read(planned.image, place) for place in planned.members[1:]]


def measure(path: Path) -> dict[str, float]:
    """Milliseconds per image of each step, the least of some repeats; `prepare` is all of them."""
    files = _Files(path)
    contents = [files.image(planned) for planned in files.sample]
    masks = [files.masks(planned) for planned in files.sample]
    decoded = [pixels.decode(data) for data in contents]
    lesions = [
        mask_files.union(some, image).mask for some, image in zip(masks, decoded, strict=True)
    ]
    coloured = [
        image.pixels
        for image, data in zip(decoded, contents, strict=True)
        if not png.is_plain(data)
    ]
    count = len(files.sample)
    return {
        "unpack image": _least(files.image, files.sample, count),
        "unpack masks": _least(files.masks, files.sample, count),
        "decode image": _least(pixels.decode, contents, count),
        "decode and unite masks": _least(
            lambda both: mask_files.union(*both), list(zip(masks, decoded, strict=True)), count
        ),
        "digest": _least(lambda image: pixels.digest(image.pixels), decoded, count),
        "fingerprint": _least(lambda i: fingerprints.fingerprint(i.pixels), decoded, count),
        "is it plain": _least(png.is_plain, contents, count),
        "encode image": _least(png.encode, coloured, count),
        "encode mask": _least(png.encode, lesions, count),
        "prepare": _least(lambda planned: staging.prepare(files, planned), files.sample, count),
    }


def _least(step: Callable[[Any], object], items: Iterable[Any], images_in_all: int) -> float:
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        for item in items:
            step(item)
        taken.append(time.process_time() - start)
    return round(1000 * min(taken) / images_in_all, 3)
