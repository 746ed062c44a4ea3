"""Batches: what one invocation of stage_images gets, cut from a plan, written and read as JSON.

A batch is bounded three ways, as a worker's time goes with the images, its memory with the bytes,
and the input of a state must not exceed 256 KB. Within these bounds batches are balanced by bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sonoflow import payloads
from sonoflow.archives.members import Location
from sonoflow.errors import PayloadInvalid
from sonoflow.images import reading
from sonoflow.images.reading import USUAL, Reading

DOCUMENT_BYTES_LIMIT = 160_000
# One image's part of it: names of masks and where they lie.
IMAGE_DOCUMENT_BYTES_LIMIT = 64_000
# What staging does to an image; a new number makes what was staged before be staged again.
REVISION = 1


@dataclasses.dataclass(frozen=True)
class PlannedImage:
    """An image of an archive with its masks, by member names."""

    image: str
    masks: tuple[str, ...]
    label: str | None  # None: decided by whether its masks show a lesion
    members: tuple[Location, ...]  # the image, then its masks
    given_split: str | None = None
    group_hint: str | None = None
    # Of folds that the archive gives: by how many there are, "5", the image's own, from 0 on.
    official_folds: Mapping[str, int] = dataclasses.field(default_factory=dict)
    # Of an external set: the device, the site, as a table in the archive has them, by column.
    subgroups: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What staging it costs: to be read or to be unpacked, whichever is more."""
        return sum(max(member.packed, member.size) for member in self.members)


@dataclasses.dataclass(frozen=True)
class Batch:
    number: int
    images: tuple[PlannedImage, ...]
    reading: Reading = USUAL


@dataclasses.dataclass(frozen=True)
class Limits:
    images: int
    bytes: int


def cut(
    images: Sequence[PlannedImage], limits: Limits, reading: Reading = USUAL
) -> Iterator[Batch]:
    """The items of the state machine's map, in the archive's order: neighbours are read at once."""
    ordered = sorted(images, key=lambda image: image.members[0].offset)
    total = sum(image.bytes for image in ordered)
    count = max(math.ceil(len(ordered) / limits.images), math.ceil(total / limits.bytes), 1)
    share = min(limits.bytes, total / count)
    number, done = 0, 0
    batch: list[PlannedImage] = []
    held = written = 0
    for image in ordered:
        size = document_bytes(image)
        over = held + image.bytes > limits.bytes or written + size > DOCUMENT_BYTES_LIMIT
        due = done + image.bytes / 2 > share * (number + 1)
        if batch and (len(batch) == limits.images or over or due):
            yield Batch(number, tuple(batch), reading)
            number, batch, held, written = number + 1, [], 0, 0
        batch.append(image)
        held, written, done = held + image.bytes, written + size, done + image.bytes
    if batch:
        yield Batch(number, tuple(batch), reading)


def plan_document(batches: Iterable[Batch]) -> tuple[bytes, int]:
    """The plan's file and the number of batches, made without holding all of them at once."""
    text = bytearray(b"[")
    count = 0
    for batch in batches:
        text += b",\n" if count else b"\n"
        text += json.dumps(document(batch), ensure_ascii=False, separators=(",", ":")).encode()
        count += 1
    text += b"\n]"
    return bytes(text), count


def document(batch: Batch) -> dict[str, Any]:
    told = {"reading": batch.reading.document()} if batch.reading != USUAL else {}
    return {"number": batch.number, "images": [_document(one) for one in batch.images], **told}


def document_bytes(image: PlannedImage) -> int:
    """What the image takes of a batch's document."""
    return len(json.dumps(_document(image)).encode())


def _document(image: PlannedImage) -> dict[str, Any]:
    return {
        "image": image.image,
        "masks": list(image.masks),
        "class": image.label,
        "given_split": image.given_split,
        "group_hint": image.group_hint,
        **({"official_folds": dict(image.official_folds)} if image.official_folds else {}),
        **({"subgroups": dict(image.subgroups)} if image.subgroups else {}),
        "members": [[m.offset, m.length, m.packed, m.size, m.crc, m.method] for m in image.members],
    }


def from_state(payload: Mapping[str, Any]) -> Batch:
    """The batch in a state's input, as the plan's file holds it. Raises PayloadInvalid."""
    number = payloads.field(payload, "batch.number", int)
    documents = payloads.field(payload, "batch.images", list)
    try:
        images = tuple(_parse(document) for document in documents)
        told = reading.parse(payload["batch"].get("reading", {}))
    except (KeyError, TypeError, ValueError) as error:
        raise PayloadInvalid(f"the batch's images are not as planned: {error!r}") from error
    for image in images:
        if len(image.members) != 1 + len(image.masks):
            raise PayloadInvalid(f"the batch's {image.image!r} does not say where its files lie")
        if image.label is None and not image.masks:
            raise PayloadInvalid(f"the batch's {image.image!r} has neither a class nor a mask")
    return Batch(number, images, told)


def _parse(document: Any) -> PlannedImage:
    return PlannedImage(
        document["image"],
        tuple(document["masks"]),
        document["class"],
        tuple(Location(*(int(number) for number in member)) for member in document["members"]),
        document["given_split"],
        document["group_hint"],
        {str(number): int(fold) for number, fold in document.get("official_folds", {}).items()},
        {str(column): str(value) for column, value in document.get("subgroups", {}).items()},
    )


def digest(images: Sequence[PlannedImage], reading: Reading = USUAL) -> str:
    """Equal for batches that are staged to the same objects, wherever they lie in an archive."""
    facts = [
        [i.image, i.masks, i.label, i.given_split, i.group_hint, [m.crc for m in i.members]]
        for i in images
    ]
    told: list[Any] = [reading.document()] if reading != USUAL else []
    if any(image.official_folds for image in images):
        told.append([dict(image.official_folds) for image in images])
    if any(image.subgroups for image in images):
        told.append({"subgroups": [dict(image.subgroups) for image in images]})
    return hashlib.sha256(json.dumps([REVISION, facts, *told]).encode()).hexdigest()
