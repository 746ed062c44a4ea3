"""A few of a data set's images with their masks, read before anything is staged."""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Iterable, Iterator, Sequence

from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import pixels, stored_masks
from sonoflow.images.layouts import Scan
from sonoflow.images.looks import Looks
from sonoflow.images.pixels import Decoded, Stored
from sonoflow.images.stored_masks import StoredMask

PAIRS, SINGLE = 48, 24
# What may be decoded in all, and of one picture: a plan has seconds and little memory.
_PIXELS_LIMIT, _PICTURE_LIMIT = 64_000_000, 8_000_000
# Of masks that stay decoded, for three decisions look at each: some 50 MB if they are coloured.
_HELD_LIMIT = 16_000_000


@dataclasses.dataclass(frozen=True)
class Sample:
    """An image with its masks, as packed; what could not be read is left out."""

    label: str | None
    image: bytes | None
    masks: tuple[bytes, ...]
    held: bool = False  # masks that are decoded stay so: there is memory for them

    def picture(self) -> Stored | None:
        """None where it cannot be decoded: staging will say why."""
        try:
            return pixels.load(self.image) if self.image else None
        except ImageRejected:
            return None

    def decoded(self) -> Decoded | None:
        try:
            return pixels.decode(self.image) if self.image else None
        except ImageRejected:
            return None

    def stored_masks(self) -> Iterable[StoredMask]:
        return self._held_masks if self.held else self._masks()

    @functools.cached_property
    def _held_masks(self) -> list[StoredMask]:
        return list(self._masks())

    def _masks(self) -> Iterator[StoredMask]:
        for data in self.masks:
            try:
                yield stored_masks.load(data)
            except ImageRejected:
                continue


def take(scans: Sequence[Scan], reader: Looks) -> list[Sample]:
    """The same ones whenever the same archive is planned. Errors of S3 escape."""
    marked = [at for at, scan in enumerate(scans) if scan.masks]
    single = [at for at, scan in enumerate(scans) if not scan.masks]
    chosen = [scans[at] for at in (*_spread(marked, PAIRS), *_spread(single, SINGLE))]
    # All masks of an image in one part are rare: of many, a few tell as much.
    wanted = {scan.image: (scan.image, *scan.masks[:3]) for scan in chosen}
    paths = dict.fromkeys(path for one in wanted.values() for path in one)
    contents = reader.read(paths)
    left, masked = _PIXELS_LIMIT, 0
    samples = []
    for scan in chosen:
        files = [contents.get(path) for path in wanted[scan.image]]
        sizes = [_size(data) if data else 0 for data in files]
        kept = [
            data if 0 < size <= _PICTURE_LIMIT else None
            for data, size in zip(files, sizes, strict=True)
        ]
        left -= sum(size for size in sizes if size <= _PICTURE_LIMIT)
        if left < 0:
            break
        masked += sum(sizes[1:])
        masks, held = tuple(data for data in kept[1:] if data), masked <= _HELD_LIMIT
        samples.append(Sample(scan.label, kept[0], masks, held))
    return samples


def _spread(places: Sequence[int], count: int) -> list[int]:
    if len(places) <= count:
        return list(places)
    return [places[at * len(places) // count] for at in range(count)]


def _size(data: bytes) -> int:
    """Pixels of a picture, by its header; none where it is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.width * image.height
    except Exception:  # whatever Pillow says of it, staging will say why it cannot be used
        return 0
