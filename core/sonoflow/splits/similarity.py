"""Whether two thumbnails show the same picture: two normalised correlations.

The plain one tells pictures apart that differ as a whole. It is not enough: ultrasound is bright
near the skin and dark below, so unrelated scans correlate up to 0.9. The detail, what is left after
subtracting the mean of the 9 × 9 cells around, is what such scans do not share.
docs/duplicates.md tells how the thresholds were found.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sonoflow.images.fingerprints import THUMB_SIDE

Thumbs = npt.NDArray[np.uint8]  # (n, 32, 32)
Values = npt.NDArray[np.float32]

CORRELATION_MINIMUM = 0.85
DETAIL_MINIMUM = 0.4
_RADIUS = 4


def confirmed(first: Thumbs, second: Thumbs) -> tuple[npt.NDArray[np.bool_], Values]:
    """For each pair: whether it is the same picture, and the plain correlation."""
    plain = _correlation(first.astype(np.float32), second.astype(np.float32))
    same = plain >= CORRELATION_MINIMUM
    likely = np.flatnonzero(same)
    same[likely] = _correlation(_detail(first[likely]), _detail(second[likely])) >= DETAIL_MINIMUM
    return same, plain


def _correlation(first: Values, second: Values) -> Values:
    """Pearson's; 0 where a picture is flat, which is like nothing."""
    one, other = _normalised(first), _normalised(second)
    products: Values = np.einsum("ij,ij->i", one, other)
    return products


def _normalised(pictures: Values) -> Values:
    flat = pictures.reshape(len(pictures), THUMB_SIDE * THUMB_SIDE)
    centred = flat - flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    normalised: Values = centred / np.maximum(norms, np.float32(1e-6))
    return normalised


def _detail(thumbs: Thumbs) -> Values:
    """The thumbnails less their local mean; outside, the border goes on."""
    side = 2 * _RADIUS + 1
    margins = ((0, 0), (_RADIUS, _RADIUS), (_RADIUS, _RADIUS))
    sums = np.pad(thumbs, margins, mode="edge").astype(np.int32)
    for axis in (1, 2):
        totals = np.insert(np.cumsum(sums, axis=axis), 0, 0, axis=axis)
        length = totals.shape[axis]
        upper = np.take(totals, range(side, length), axis=axis)
        sums = upper - np.take(totals, range(length - side), axis=axis)
    return thumbs.astype(np.float32) - (sums / side**2).astype(np.float32)
