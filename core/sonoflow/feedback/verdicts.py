"""What a reviewer says of an answered image: `feedback/<inbox path>.json`, docs/schemas/.

    {"label": "malignant"}                        the class
    {"label": "malignant", "mask": "iVBORw0…"}    and where the lesion is: a PNG of two values
    {"label": "benign", "mask": "as-predicted"}   the answer's mask is right
    {"withdraw": true}                            what was said before no longer holds

`version_id` may say which version of the image is meant, else it is the one that is answered.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from sonoflow import uploaded_json
from sonoflow.errors import DocumentInvalid, FeedbackRejected
from sonoflow.images.pixels import PIXELS_LIMIT, Mask

BYTES_LIMIT = 16 * 1024 * 1024
AS_PREDICTED = "as-predicted"
_KEYS = frozenset({"label", "mask", "version_id", "withdraw"})
_DAMAGED = (OSError, SyntaxError, ValueError)
_MODES = ("1", "L", "P", "I;16")


@dataclasses.dataclass(frozen=True)
class Verdict:
    label: str | None  # None: withdrawn
    mask: bytes | None = None  # a PNG, as it was sent
    as_predicted: bool = False  # the answer's own mask is right
    version_id: str | None = None


def read(answer: Mapping[str, Any]) -> Verdict:
    """The verdict that GetObject answers with. Raises FeedbackRejected (verdict-invalid)."""
    try:
        document = uploaded_json.read(answer, BYTES_LIMIT)
    except DocumentInvalid as error:
        raise _invalid(str(error)) from error
    if not isinstance(document, dict):
        raise _invalid(f"a JSON object is expected, not {type(document).__name__}")
    if unknown := sorted(set(document) - _KEYS):
        raise _invalid(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    version_id = document.get("version_id")
    if version_id is not None and not (isinstance(version_id, str) and version_id):
        raise _invalid(f"'version_id' must be a text, not {version_id!r}")
    if "withdraw" in document:
        if document["withdraw"] is not True or {"label", "mask"} & set(document):
            raise _invalid("'withdraw' is true, and stands without label and mask")
        return Verdict(None, version_id=version_id)
    return _judgement(document, version_id)


def _judgement(document: Mapping[str, Any], version_id: str | None) -> Verdict:
    label, mask = document.get("label"), document.get("mask")
    if not isinstance(label, str) or not label.strip():
        raise _invalid(f"'label' must be a class, not {label!r}")
    label = label.strip()
    if mask is None or mask == AS_PREDICTED:
        return Verdict(label, None, mask == AS_PREDICTED, version_id)
    try:
        return Verdict(label, base64.b64decode(mask, validate=True), version_id=version_id)
    except (TypeError, ValueError, binascii.Error) as error:
        detail = f"'mask' must be {AS_PREDICTED!r} or a PNG file in Base64: {error}"
        raise _invalid(detail) from error


def lesion(png: bytes, size: tuple[int, int]) -> Mask:
    """The mask that a PNG of two values shows, black and one other, or of black alone. `size` is
    its image's (width, height). Raises FeedbackRejected (mask-invalid)."""
    try:
        image = Image.open(io.BytesIO(png), formats=("PNG",))
        if image.size != size or image.width * image.height > PIXELS_LIMIT:
            wanted = f"{size[0]} × {size[1]}"
            raise _no_mask(f"it has {image.width} × {image.height} pixels, its image {wanted}")
        image.load()
    except (*_DAMAGED, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _no_mask(f"it is no PNG image: {error}") from error
    if image.mode not in _MODES:
        raise _no_mask(f"its pixels are of mode {image.mode}, not single values")
    values = np.asarray(image)
    levels = np.unique(values)
    if len(levels) > 2 or levels[0] != 0:
        shown = ", ".join(str(int(level)) for level in levels[:4])
        raise _no_mask(f"it must hold 0 and one other value, and holds {shown}")
    found: Mask = values != 0
    return found


def _invalid(detail: str) -> FeedbackRejected:
    return FeedbackRejected("verdict-invalid", detail)


def _no_mask(detail: str) -> FeedbackRejected:
    return FeedbackRejected("mask-invalid", f"the mask cannot be used: {detail}")
