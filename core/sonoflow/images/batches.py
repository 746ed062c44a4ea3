"""Cutting a plan into batches: what one invocation of stage_images gets.

A batch is bounded three ways, as a worker's time goes with the images, its memory with the bytes,
and the input of a state must not exceed 256 KB. Within these bounds batches are balanced by bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sonoflow.images.contents import PlannedImage

DOCUMENT_BYTES_LIMIT = 160_000
# What staging does to an image; a new number makes what was staged before be staged again.
REVISION = 1


@dataclasses.dataclass(frozen=True)
class Limits:
    images: int
    bytes: int


def cut(images: Sequence[PlannedImage], limits: Limits) -> Iterator[dict[str, Any]]:
    """The items of the state machine's map, in the archive's order: neighbours are read at once."""
    ordered = sorted(images, key=lambda image: image.members[0].offset)
    total = sum(image.bytes for image in ordered)
    count = max(math.ceil(len(ordered) / limits.images), math.ceil(total / limits.bytes), 1)
    share = min(limits.bytes, total / count)
    number, done = 0, 0
    batch: list[dict[str, Any]] = []
    held = written = 0
    for image in ordered:
        document = image.document()
        size = len(json.dumps(document).encode())
        over = held + image.bytes > limits.bytes or written + size > DOCUMENT_BYTES_LIMIT
        due = done + image.bytes / 2 > share * (number + 1)
        if batch and (len(batch) == limits.images or over or due):
            yield {"number": number, "images": batch}
            number, batch, held, written = number + 1, [], 0, 0
        batch.append(document)
        held, written, done = held + image.bytes, written + size, done + image.bytes
    if batch:
        yield {"number": number, "images": batch}


def document(batches: Iterator[Mapping[str, Any]]) -> tuple[bytes, int]:
    """The plan's file and the number of batches, made without holding all of them at once."""
    text = bytearray(b"[")
    count = 0
    for batch in batches:
        text += b",\n" if count else b"\n"
        text += json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode()
        count += 1
    text += b"\n]"
    return bytes(text), count


def digest(images: Sequence[PlannedImage]) -> str:
    """Equal for batches that are staged to the same objects, wherever they lie in an archive."""
    facts = [
        [i.image, i.masks, i.label, i.given_split, i.group_hint, [m.crc for m in i.members]]
        for i in images
    ]
    return hashlib.sha256(json.dumps([REVISION, facts]).encode()).hexdigest()
