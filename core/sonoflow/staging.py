"""Turning a batch of an archive's members into staged images and masks."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

from sonoflow import images, keys
from sonoflow.archive import PlannedImage, SetAside, read_member
from sonoflow.errors import ImageRejected

# S3 takes some tens of ms a PUT whatever the size: sending one by one would dominate.
UPLOADS_AT_ONCE = 16
NORMAL = "normal"

Put = Callable[[str, bytes], None]


@dataclasses.dataclass(frozen=True)
class Staged:
    """An image ready to be stored: its line of the index (no split yet) and its objects."""

    entry: dict[str, Any]
    objects: dict[str, bytes]  # PNG by key below the data set's prefix


def prepare(archive: zipfile.ZipFile, planned: PlannedImage) -> Staged:
    """Decodes an image and its masks. Raises ImageRejected."""
    decoded = images.decode(read_member(archive, planned.image))
    identity = keys.image_id(planned.image)
    image_key = keys.staged_image(planned.label, identity)
    objects = {image_key: images.encode_png(decoded.pixels)}
    mask_key, lesion_pixels, flags = None, 0, []
    if planned.masks:
        masks = [read_member(archive, name) for name in planned.masks]
        mask = images.union(masks, decoded.width, decoded.height)
        mask_key = keys.staged_mask(planned.label, identity)
        objects[mask_key] = images.encode_png(mask)
        lesion_pixels = int(mask.sum())
    if lesion_pixels == 0 and planned.label != NORMAL:
        # Such an image would teach the segmenter that there is nothing.
        flags.append("empty-mask" if planned.masks else "no-mask")
    entry = {
        "id": identity,
        "class": planned.label,
        "source": planned.image,
        "masks": list(planned.masks),
        "width": decoded.width,
        "height": decoded.height,
        "image": image_key,
        "mask": mask_key,
        "sha256": images.digest(decoded.pixels),
        "lesion_pixels": lesion_pixels,
        "flags": flags,
    }
    return Staged(entry, objects)


def stage(
    archive: zipfile.ZipFile, batch: Iterable[PlannedImage], put: Put
) -> tuple[list[dict[str, Any]], list[SetAside]]:
    """Stages a batch through `put(key, png)`; gives index entries and what was set aside.

    A bad image never stops the others. Errors of `put` and of reading from S3 escape: the whole
    batch is then tried again and gives the same objects.
    """
    entries: list[dict[str, Any]] = []
    quarantine: list[SetAside] = []
    sent: list[concurrent.futures.Future[None]] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=UPLOADS_AT_ONCE) as pool:
        for planned in batch:
            try:
                staged = prepare(archive, planned)
            except ImageRejected as error:
                quarantine.append(SetAside(planned.image, error.reason, error.detail))
                continue
            entries.append(staged.entry)
            sent.extend(pool.submit(put, key, png) for key, png in staged.objects.items())
    for upload in sent:
        upload.result()
    return entries, quarantine
