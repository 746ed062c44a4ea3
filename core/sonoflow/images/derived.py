"""Whether a picture was made of another one: a copy with lines on it, a crop, several side by side,
a heat map. Told from small grey copies of both, and from how much of a picture is coloured."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.images import fingerprints, kinds
from sonoflow.images.kinds import Look

Small = npt.NDArray[np.uint8]

COPY, PANEL, CROP, HEAT_MAP = "a copy", "pictures side by side", "a crop", "a heat map"
# Of a picture, that is coloured in a heat map; a Doppler box, calipers and frames are less.
_HEAT_SHARE, _GREY_SHARE = 0.5, 0.05
# A picture beside itself is so many times as wide, or as high, as alone.
_PANELS, _ASPECT_SLACK = (2, 3), 0.12
_CROP_SHARE = 0.85  # of the other's area; larger ones are found as copies
_CROP_SIDE = 20  # pixels of the small copy, below which anything lies somewhere
_SCALES = tuple(0.2 * 1.12**step for step in range(14))  # of the other's width, of scaled crops
_CROP_LIKENESS = 0.92


def relation(one: Look, other: Look) -> str | None:
    """What the first picture is of the second."""
    if kinds.alike(one, other):
        return COPY
    if one.colour_share >= _HEAT_SHARE and other.colour_share <= _GREY_SHARE:
        return HEAT_MAP
    if _holds(one, other):
        return PANEL
    # Where the other is several pictures, of which this is one, the other was made of this.
    return CROP if _lies_in(one, other) and not _holds(other, one) else None


def _holds(one: Look, other: Look) -> bool:
    """Whether it is several pictures side by side or one above another, of which one is that."""
    wider = one.width * other.height / max(1, one.height * other.width)
    for count in _PANELS:
        for across, ratio in ((True, wider), (False, 1 / max(wider, 1e-9))):
            if abs(ratio / count - 1) <= _ASPECT_SLACK and any(
                kinds.alike_prints(fingerprints.fingerprint(part), other.fingerprint)
                for part in _parts(one.small, count, across)
            ):
                return True
    return False


def _parts(small: Small, count: int, across: bool) -> list[Small]:
    length = small.shape[1 if across else 0]
    edges = [length * at // count for at in range(count + 1)]
    bounds = [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]
    return [np.ascontiguousarray(small[:, b] if across else small[b]) for b in bounds]


def _lies_in(one: Look, other: Look) -> bool:
    """Whether it is a part of the other, at its scale or at another one."""
    if one.width * one.height > _CROP_SHARE * other.width * other.height:
        widths = [other.small.shape[1] * scale for scale in _SCALES]
    else:
        widths = [one.width * other.small.shape[1] / other.width]
        widths += [other.small.shape[1] * scale for scale in _SCALES]
    return any(_found(one, other.small, width) for width in widths)


def _found(one: Look, small: Small, width: float) -> bool:
    size = (round(width), round(width * one.height / one.width))
    if min(size) < _CROP_SIDE or size[0] > small.shape[1] or size[1] > small.shape[0]:
        return False
    image = Image.fromarray(one.small)
    part = np.asarray(image.resize(size, Image.Resampling.BOX)).astype(np.float64)
    return best_likeness(part, small.astype(np.float64)) >= _CROP_LIKENESS


def best_likeness(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> float:
    """The highest correlation of a part with any place of the same size in a whole."""
    height, width = part.shape
    centred = part - part.mean()
    norm = float(np.sqrt((centred**2).sum()))
    if norm < 1:
        return 0.0
    spectrum = np.fft.rfft2(whole) * np.conj(np.fft.rfft2(centred, whole.shape))
    products = np.fft.irfft2(spectrum, whole.shape)
    rows, columns = whole.shape[0] - height + 1, whole.shape[1] - width + 1
    sums, squares = (_sums(values, height, width) for values in (whole, whole**2))
    spread = np.sqrt(np.maximum(squares - sums**2 / part.size, 0))
    # Where the whole is of one grey, nothing is like anything.
    told = np.where(spread > np.sqrt(part.size), products[:rows, :columns] / (norm * spread + 1), 0)
    return float(told.max())


def _sums(values: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    """Of every place of that size."""
    totals = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    found: npt.NDArray[np.float64] = (
        totals[height:, width:]
        - totals[:-height, width:]
        - totals[height:, :-width]
        + totals[:-height, :-width]
    )
    return found
