"""Which pixels of a mask are a lesion.

The lesion is what differs from the outside. That is black, unless a `Reading` says otherwise; which
of a file's two values is nearer to it is then sure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from sonoflow.errors import ImageRejected
from sonoflow.images import regions
from sonoflow.images.pixels import Mask
from sonoflow.images.reading import BLACK, WHITE, Reading, Token, spelt
from sonoflow.images.stored_masks import (
    ALPHA,
    ALPHA_IGNORED,
    BY_ALPHA,
    BY_INDEX,
    COLOUR,
    INDEX,
    StoredMask,
    Values,
    distance,
)

# Flags of an image, by what was taken for true of its mask.
POLARITY, OUTSIDE, VALUES, COLOURS = "mask-polarity", "mask-outside", "mask-values", "mask-colours"
# What a mapping settles that says which values, colours or sides are lesions.
ASSUMED = frozenset({POLARITY, OUTSIDE, VALUES, COLOURS, BY_INDEX, BY_ALPHA, ALPHA_IGNORED})

# Where a mask of smooth edges is lesion: at half of white.
_HALF = 128
_NOISE = 32  # what JPEG may make of black


def binary(stored: StoredMask, reading: Reading, number: int) -> tuple[Mask, tuple[str, ...]]:
    """Which pixels are a lesion, and flags. Raises ImageRejected (mask-not-binary, mask-unclear,
    mask-inverted)."""
    if reading.lesions:
        return named(stored, reading.lesions), ()
    outside = reading.outside or BLACK
    far = distance(stored, outside)
    mask, flags = _told_apart(stored, far, outside, number)
    if reading.inside and regions.border_share(mask) > 0.5:
        mask = ~mask
    if outside == WHITE and regions.border_share(mask) > 0.5:
        # A black frame, or what lies around the fan: no lesion where there is one inside.
        inner = regions.inside_of_frame(mask)
        mask = inner if inner.any() else mask
    share = np.count_nonzero(mask) / mask.size
    if not reading.polarity_known and 0.5 < share < 1 and regions.border_share(mask) >= 0.75:
        detail = f"mask {number} is a lesion all around and none inside, unlike the others; say "
        detail += 'which is right: {"masks": {"lesion": "inside"}}, or "dark", or "bright"'
        raise ImageRejected("mask-inverted", detail)
    if outside != BLACK and not reading.polarity_known:
        return mask, (*flags, POLARITY if outside == WHITE else OUTSIDE)
    return mask, flags


def named(stored: StoredMask, lesions: Iterable[Token]) -> Mask:
    mask = np.zeros(stored.shape, dtype=np.bool_)
    for token in lesions:
        if stored.kind == COLOUR:
            sharp = stored.exact and stored.tokens  # else edges were smoothed, or JPEG did it
            near = distance(stored, token) <= (0 if sharp else 2 * _NOISE)
            mask |= near
        elif len(token) == 1:
            mask |= stored.values == token[0]
    return mask


def _told_apart(
    stored: StoredMask, far: Values, outside: Token, number: int
) -> tuple[Mask, tuple[str, ...]]:
    if not stored.exact or not stored.tokens or len(stored.tokens) > 8:
        return _smooth(stored, far, number)
    steps = _steps(stored, outside)
    if len(steps) == 1 and len(stored.tokens) > 1:
        raise _unclear(stored, number)
    if len(steps) == 1:
        return _constant(stored, steps[0], number)
    if len(steps) == 2 and len(stored.tokens) == 2:
        known = outside != BLACK and steps[0] == 0
        return far > steps[0], () if known or _usual(stored, steps) else (_flag(stored),)
    # Several values: edges that were smoothed a little, or several things.
    things = [step for step in steps[1:-1] if _is_body(far == step, far == steps[-1])]
    if stored.kind != COLOUR:
        if things:
            raise _unclear(stored, number)
        return _smooth(stored, far, number)
    if steps[0] > 0:
        raise _unclear(stored, number)
    nearest = min([*things, steps[-1]])
    return far > nearest / 2, (COLOURS,)


def _steps(stored: StoredMask, outside: Token) -> list[int]:
    """The different distances of its values from the outside."""
    values = np.empty((1, len(stored.tokens), *stored.values.shape[2:]), stored.values.dtype)
    for at, token in enumerate(stored.tokens):
        values[0, at] = token if stored.kind == COLOUR else token[0]
    few = dataclasses.replace(stored, values=values)
    return sorted({int(far) for far in distance(few, outside)[0]})


def _flag(stored: StoredMask) -> str:
    return {COLOUR: COLOURS, INDEX: BY_INDEX, ALPHA: BY_ALPHA}.get(stored.kind, VALUES)


def _usual(stored: StoredMask, steps: list[int]) -> bool:
    """Whether two distances from the outside can mean nothing else: 0 and 1, black and white."""
    low, high = steps
    if stored.kind in (COLOUR, INDEX):
        return False
    return low == 0 and (high == 1 or high >= (_HALF if high <= 255 else 32768))


def _constant(stored: StoredMask, far: int, number: int) -> tuple[Mask, tuple[str, ...]]:
    if far == 0:
        return np.zeros(stored.shape, dtype=np.bool_), ()
    if far == 1 or far >= _HALF:
        return np.ones(stored.shape, dtype=np.bool_), ()
    raise _not_binary(stored, far, number)


def _smooth(stored: StoredMask, far: Values, number: int) -> tuple[Mask, tuple[str, ...]]:
    """A mask with smooth edges: lesion from half of its brightest on."""
    highest = int(far.max())
    if not stored.exact and highest < _NOISE:
        return np.zeros(stored.shape, dtype=np.bool_), ()
    half = _HALF if _HALF <= highest <= 255 else highest / 2
    mask: Mask = far >= half
    between = (far > 0.25 * highest) & (far < 0.75 * highest)
    if np.count_nonzero(between) > 0.3 * far.size:
        raise _not_binary(stored, highest, number)
    if _is_body(between & _flat(far, highest), mask):
        raise _unclear(stored, number)
    if highest >= _HALF:
        return mask, (COLOURS,) if stored.kind == COLOUR else ()
    if np.count_nonzero(between) > 0.5 * np.count_nonzero(mask):
        raise _not_binary(stored, highest, number)
    return mask, (_flag(stored),)


def _flat(far: Values, highest: int) -> Mask:
    """Where neighbours hardly differ: no slope of a smooth edge."""
    levels, most = far.astype(np.int32), max(1, highest // 40)
    flat = np.ones(far.shape, dtype=np.bool_)
    flat[:, 1:] &= np.abs(np.diff(levels, axis=1)) <= most
    flat[1:] &= np.abs(np.diff(levels, axis=0)) <= most
    return flat


def _is_body(part: Mask, lesion: Mask) -> bool:
    """Whether a part is more than an edge: thick, and not tiny beside the lesion."""
    core = int(np.count_nonzero(regions.eroded(part, 2)))
    return core > 0 and 10 * core > int(np.count_nonzero(lesion))


def _shown(stored: StoredMask) -> str:
    some = [str(spelt(token)) for token in sorted(stored.tokens)[:6]]
    return ", ".join(some) + (", …" if len(stored.tokens) > 6 else "")


def _unclear(stored: StoredMask, number: int) -> ImageRejected:
    held = f"the values {_shown(stored)}" if stored.tokens else "more than two kinds of values"
    some = [spelt(token) for token in sorted(stored.tokens) if any(token)][-1:]
    word = f'"{some[0]}"' if some and isinstance(some[0], str) else some[0] if some else 255
    detail = f"mask {number} holds {held}; say which are lesions, as in "
    return ImageRejected("mask-unclear", detail + f'{{"masks": {{"lesion": [{word}]}}}}')


def _not_binary(stored: StoredMask, highest: int, number: int) -> ImageRejected:
    spread = f"mask {number} is no mask of two values: "
    if stored.exact and len(stored.tokens) == 1:
        spread += f"all of it is {_shown(stored)}"
    else:
        spread += f"its values spread up to {highest}"
    return ImageRejected("mask-not-binary", spread)
