"""Turning a batch of an archive's members into staged images and masks."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from sonoflow import keys
from sonoflow.archives.members import BatchReader, Reader
from sonoflow.aws import objects
from sonoflow.aws.ranged import Source
from sonoflow.errors import ImageRejected
from sonoflow.images import (
    agreement,
    batches,
    fingerprints,
    formats,
    kinds,
    loops,
    masks,
    oddities,
    parts,
    pixels,
    png,
)
from sonoflow.images.batches import Batch, PlannedImage
from sonoflow.images.classes import EMPTY_MASK, FROM_MASK, LESION, LESION_IN_NORMAL, NORMAL
from sonoflow.images.fingerprints import Fingerprint
from sonoflow.images.masks import ELSEWHERE, MaskUnion
from sonoflow.images.parts import Entry
from sonoflow.images.pixels import Decoded
from sonoflow.images.reading import SHOWN, USUAL, Reading
from sonoflow.keys import Dataset
from sonoflow.quarantine import SetAside

# S3 takes some tens of ms a PUT whatever the size: sending one by one would dominate.
UPLOADS_AT_ONCE = 16
_KEY_BYTES = 256 * 1024  # of either end of an archive

Put = Callable[[str, bytes], None]


@dataclasses.dataclass(frozen=True)
class StagedBatch:
    staged: int
    quarantined: int
    before: bool  # by an earlier invocation: nothing was left to do


@dataclasses.dataclass(frozen=True)
class Staged:
    """An image ready to be stored: its line of the index (no split yet) and its objects."""

    entry: Entry
    pictures: dict[str, bytes]  # PNG by key below the data set's prefix


def stage_batch(
    source: Source, batch: Batch, dataset: Dataset, work: str, at_once: int
) -> StagedBatch:
    """Stages a batch into the bucket `work` and leaves its part there, unless an earlier invocation
    has. Errors of S3 escape."""
    key, digest = dataset.part(batch.number), batches.digest(batch.images, batch.reading)
    if part := parts.find(work, key, digest):
        return StagedBatch(len(part["images"]), len(part["quarantine"]), before=True)
    put = functools.partial(_put, work, dataset.prefix)
    entries, quarantine = stage(source, batch.images, put, at_once, batch.reading)
    parts.write(work, key, entries, quarantine, digest)
    return StagedBatch(len(entries), len(quarantine), before=False)


def _put(bucket: str, prefix: str, key: str, content: bytes) -> None:
    objects.write(bucket, prefix + key, content, "image/png")


def prepare(reader: Reader, planned: PlannedImage, reading: Reading = USUAL) -> Staged:
    """Decodes an image and its masks. Raises ImageRejected."""
    data = reader.read(planned.image, planned.members[0])
    decoded = pixels.decode(data, reading.bits)
    packed = data if png.is_plain(data) else None
    return _staged(planned, decoded, _masks(reader, planned, decoded, reading), reading, packed)


def prepare_dicom(
    reader: Reader, planned: PlannedImage, reading: Reading, key: bytes
) -> Iterator[Staged | SetAside]:
    """The same of a DICOM object, for each frame that is used. One that cannot be is set aside.

    `key` hides whose the object is. Raises ImageRejected where none can be used.
    """
    data = reader.read(planned.image, planned.members[0])
    for frame in loops.read(data, reading, key, bool(planned.masks)):
        try:
            decoded = frame.decode()
            lesions = _masks(reader, planned, decoded, reading)
            loops.check_masked(frame, lesions)
            staged = _staged(planned, decoded, lesions, reading, None, frame.name(planned.image))
        except ImageRejected as error:
            if frame.count == 1:
                raise
            detail = f"frame {frame.number + 1}: {error.detail}"
            yield SetAside(planned.image, error.reason, detail)
            continue
        staged.entry.update(frame.facts(planned.image))
        yield staged


def _masks(
    reader: Reader, planned: PlannedImage, decoded: Decoded, reading: Reading
) -> MaskUnion | None:
    if not planned.masks:
        return None
    files = zip(planned.masks, planned.members[1:], strict=True)
    return masks.union((reader.read(name, where) for name, where in files), decoded, reading)


def _staged(
    planned: PlannedImage,
    decoded: Decoded,
    lesions: MaskUnion | None,
    reading: Reading,
    packed: bytes | None,
    name: str | None = None,
) -> Staged:
    """`packed` is the picture's file where that can be stored as it is; `name` what its id is made
    of. Raises ImageRejected."""
    pixels.check_not_blank(decoded)
    kinds.check_scan(decoded)
    flags = [*decoded.flags] if decoded.orientation == 1 else ["rotated", *decoded.flags]
    flags += lesions.flags if lesions else ()
    lesion_pixels = int(np.count_nonzero(lesions.mask)) if lesions else 0
    label, doubts = _class(planned, lesion_pixels, lesions)
    look = fingerprints.fingerprint(decoded.pixels)
    doubts += _place(look, lesions, reading)
    identity, mask_digest = keys.image_id(name or planned.image), None
    image_key, mask_key = keys.staged_image(label, identity), None
    pictures = {image_key: packed or png.encode(decoded.pixels)}
    if lesions is not None:
        mask_key = keys.staged_mask(label, identity)
        pictures[mask_key] = png.encode(lesions.mask)
        mask_digest = hashlib.sha256(pictures[mask_key]).hexdigest()
    entry = {
        "id": identity,
        "class": label,
        "source": planned.image,
        "masks": list(planned.masks),
        "image": image_key,
        "mask": mask_key,
        "lesion_pixels": lesion_pixels,
        **_told(planned),
        "mask_sha256": mask_digest,
        **_looks(decoded, look),
        "flags": [*dict.fromkeys((*flags, *doubts))],
    }
    return Staged(entry, pictures)


def _told(planned: PlannedImage) -> dict[str, Any]:
    """What an image's line of the index has of what the archive says of it."""
    return {
        "given_split": planned.given_split,
        "group_hint": planned.group_hint,
        **({"official_folds": planned.official_folds} if planned.official_folds else {}),
        **({"subgroups": dict(planned.subgroups)} if planned.subgroups else {}),
    }


def _place(look: Fingerprint, lesions: MaskUnion | None, reading: Reading) -> list[str]:
    """A flag where a mask lies elsewhere, unless it is said that none is turned."""
    if lesions is None or reading.drawn_on == SHOWN:
        return []
    return [ELSEWHERE] if agreement.lies_elsewhere(look.thumb, lesions.mask) else []


def _looks(decoded: pixels.Decoded, look: Fingerprint) -> dict[str, Any]:
    """What an image's line of the index says of its pixels."""
    return {
        "width": decoded.width,
        "height": decoded.height,
        "sha256": pixels.digest(decoded.pixels),
        **look.document(),
        "histogram": pixels.histogram(decoded.levels),
        "texture": oddities.texture(decoded.pixels),
        "strokes": oddities.strokes(decoded.pixels),
    }


def _class(
    planned: PlannedImage, lesion_pixels: int, lesions: MaskUnion | None
) -> tuple[str, list[str]]:
    """An image's class, and the flags that go with it."""
    if lesions is not None and lesions.label is not None:
        return lesions.label, [FROM_MASK]
    if planned.label is None:
        return LESION if lesion_pixels else NORMAL, [FROM_MASK]
    if lesion_pixels == 0 and planned.label != NORMAL:
        # Such an image would teach the segmenter that there is nothing.
        return planned.label, [EMPTY_MASK if planned.masks else "no-mask"]
    if lesion_pixels and planned.label == NORMAL:
        return planned.label, [LESION_IN_NORMAL]
    return planned.label, []


def stage(
    source: Source,
    batch: Sequence[PlannedImage],
    put: Put,
    at_once: int = UPLOADS_AT_ONCE,
    reading: Reading = USUAL,
) -> tuple[list[Entry], list[SetAside]]:
    """Stages a batch through `put(key, png)`; gives index entries and what was set aside.

    Holds the batch's members packed, one image unpacked, and what waits to be sent. A bad image
    never stops the others. Errors of `put` and of reading from S3 escape: the whole batch is then
    tried again and gives the same objects.
    """
    entries: list[Entry] = []
    quarantine: list[SetAside] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=at_once) as pool:
        reader = BatchReader(source, [place for image in batch for place in image.members], pool)
        outbox = _Outbox(pool, put, at_once)
        hidden = _Key(source)
        for planned in batch:
            used = 0
            for found in _prepared(reader, planned, reading, hidden):
                if isinstance(found, SetAside):
                    quarantine.append(found)
                    continue
                used += 1
                entries.append(found.entry)
                for key, picture in found.pictures.items():
                    outbox.send(key, picture)
            quarantine += [] if used else _masks_of(planned)
        outbox.finish()
    return entries, quarantine


class _Key:
    """What patients and studies are hidden with: bytes that only who has the archive has."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @functools.cached_property
    def value(self) -> bytes:
        size = min(self._source.size, _KEY_BYTES)
        ends = (self._source.read_at(0, size), self._source.read_at(self._source.size - size, size))
        return hashlib.sha256(b"".join(ends)).digest()


def _prepared(
    reader: Reader, planned: PlannedImage, reading: Reading, key: _Key
) -> Iterator[Staged | SetAside]:
    try:
        if formats.may_be_dicom(planned.image):
            yield from prepare_dicom(reader, planned, reading, key.value)
        else:
            yield prepare(reader, planned, reading)
    except ImageRejected as error:
        yield SetAside(planned.image, error.reason, error.detail)


def _masks_of(planned: PlannedImage) -> list[SetAside]:
    """Nothing is dropped silently: the masks go with their image."""
    detail = f"its image {planned.image!r} cannot be used"
    return [SetAside(name, parts.MASK_WITHOUT_IMAGE, detail) for name in planned.masks]


class _Outbox:
    """Uploads side by side; whoever sends waits while too many are on their way."""

    def __init__(self, pool: concurrent.futures.Executor, put: Put, at_once: int) -> None:
        self._pool, self._put = pool, put
        self._places = threading.BoundedSemaphore(2 * at_once)
        self._errors: list[BaseException] = []
        self._sent: list[concurrent.futures.Future[None]] = []

    def send(self, key: str, png: bytes) -> None:
        if self._errors:
            raise self._errors[0]
        self._places.acquire()
        future = self._pool.submit(self._put, key, png)
        future.add_done_callback(self._done)
        self._sent.append(future)

    def _done(self, future: concurrent.futures.Future[None]) -> None:
        self._places.release()
        if error := future.exception():
            self._errors.append(error)

    def finish(self) -> None:
        for future in self._sent:
            future.result()
