"""What of an archive could not be read, and what that means for the rest of it."""

from __future__ import annotations

import collections
from collections.abc import Sequence

from sonoflow.archives import verdicts
from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import formats, layouts
from sonoflow.images.batches import PlannedImage
from sonoflow.images.paths import stem_of
from sonoflow.quarantine import SetAside

# What a set is refused for, by its own name, where no image is left because of it.
_CAUSES = frozenset({"unsupported-compression"})
_UNREAD = _CAUSES | {"unsupported-extension", "encrypted", layouts.DICOM_MASK}


def lost_masks(images: Sequence[PlannedImage], quarantine: Sequence[SetAside]) -> list[Assumption]:
    """Says so where images are without masks, and files that may be these are not read."""
    lost: collections.Counter[str] = collections.Counter()
    beside = _annotations(images, quarantine)
    for entry in quarantine:
        path = verdicts.canonical(entry.source)
        unread = entry.reason in _UNREAD and (formats.is_image(path) or formats.may_be_image(path))
        drawn = entry.reason in _UNREAD and path in beside
        if (unread and layouts.is_named_mask(path)) or drawn:
            suffix = path[path.rfind(".") :].lower()
            lost[suffix if entry.reason == "unsupported-extension" else entry.reason] += 1
    without = sum(not image.masks for image in images)
    if not lost or not without:
        return []
    told = ", ".join(f"{count} × {what}" for what, count in lost.most_common(4))
    detail = f"{without} images have no mask; files that may be masks cannot be read: {told}"
    return [Assumption("masks-not-read", detail, "")]


def nothing_left(quarantine: Sequence[SetAside]) -> DatasetRefused:
    """The largest cause first, in its own words."""
    reasons = collections.Counter(entry.reason for entry in quarantine)
    if set(reasons) == {"encrypted"}:
        return DatasetRefused("encrypted", "the zip archive is encrypted; send it without password")
    detail = "the zip archive holds no image in a class folder (<class>/<name>.png)"
    if not reasons:
        return DatasetRefused("no-images", detail)
    counts = ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(5))
    # That a mask has no image is what follows where the images cannot be used.
    largest = max(reasons, key=lambda reason: (reason != "mask-without-image", reasons[reason]))
    causes = collections.Counter(e.detail for e in quarantine if e.reason == largest)
    cause, _ = causes.most_common(1)[0]
    detail = f"{reasons[largest]} × {largest}: {cause}. So {detail}; set aside: {counts}"
    drawn = sorted(_annotations([], quarantine)) or _documents(quarantine)
    if largest == "no-class" and drawn:
        told = formats.unsupported(drawn[0])
        detail += f". It holds {len(drawn)} files that seem to be annotations: {told}"
    return DatasetRefused(largest if largest in _CAUSES else "no-images", detail)


def _annotations(images: Sequence[PlannedImage], quarantine: Sequence[SetAside]) -> set[str]:
    """Files of annotations that are called as images are, read or not."""
    stems = {_stem(image.image) for image in images}
    stems |= {_stem(entry.source) for entry in quarantine if formats.is_image(entry.source)}
    canonical = (verdicts.canonical(entry.source) for entry in quarantine)
    return {path for path in canonical if formats.may_be_annotation(path) and _stem(path) in stems}


def _documents(quarantine: Sequence[SetAside]) -> list[str]:
    """Files of which each may hold the annotations of all images."""
    return [
        entry.source for entry in quarantine if entry.source.lower().endswith((".json", ".xml"))
    ]


def _stem(path: str) -> str:
    return stem_of(verdicts.canonical(path)).lower()
