"""Masks as people really store them: what a file holds, and which of its pixels are a lesion.

A mask's numbers are taken from where they differ: grey values, colours, the indices of a palette
whose colours do not, or transparency. The lesion is what differs from the outside. That is black,
unless a `Reading` says otherwise; which of a file's two values is nearer to it is then sure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import agreement, pixels, regions
from sonoflow.images.pixels import TURNS, Decoded, Mask
from sonoflow.images.reading import BLACK, STORED, USUAL, WHITE, Reading, Token, spelt

GREY, COLOUR, INDEX, ALPHA = "grey", "colour", "index", "alpha"

# Flags of an image, by what was taken for true of its mask or is odd about it.
RESIZED = "mask-resized"
POLARITY, OUTSIDE, TURNED_TO_FIT = "mask-polarity", "mask-outside", "mask-turned"
VALUES, COLOURS, BY_INDEX = "mask-values", "mask-colours", "mask-by-palette-index"
BY_ALPHA, ALPHA_IGNORED = "mask-by-alpha", "mask-alpha-ignored"
# What a mapping settles that says which values, colours or sides are lesions.
ASSUMED = frozenset({POLARITY, OUTSIDE, VALUES, COLOURS, BY_INDEX, BY_ALPHA, ALPHA_IGNORED})
TURN_OPEN = "orientation-ambiguous"
OUTLINE, OUTLINE_FILLED, THIN, FULL = "mask-outline", "outline-filled", "thin-mask", "full-mask"

# A mask that was made on a scaled copy of its image has nearly the same aspect, not quite.
ASPECT_TOLERANCE = 0.02
# More different values than these are edges that were smoothed, or noise.
TOKENS_LIMIT = 64
# Where a mask of smooth edges is lesion: at half of white.
_HALF = 128
_NOISE = 32  # what JPEG may make of black

Values = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclasses.dataclass(frozen=True, eq=False)
class StoredMask:
    """A mask's file as numbers, before anything says what they mean."""

    values: Values  # (height, width), of colours (height, width, 3)
    kind: str
    exact: bool  # nothing was lost when it was packed
    orientation: int
    tokens: dict[Token, int]  # its different values and their pixels, if they are few
    flags: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.values.shape[:2]
        return int(height), int(width)


@dataclasses.dataclass(frozen=True)
class MaskUnion:
    """All masks of an image in one."""

    mask: Mask
    flags: tuple[str, ...]
    label: str | None = None  # the class that its values mean, where a reading says that they do


def load(data: bytes) -> StoredMask:
    """Raises ImageRejected as `pixels.decode` does."""
    stored = pixels.load(data)
    image, flags = stored.image, list(stored.flags)
    exact = image.format != "JPEG"
    if image.mode == "P" and (indices := _telling_indices(image)) is not None:
        tokens = _counted(image)
        return StoredMask(indices, INDEX, exact, stored.orientation, tokens, (*flags, BY_INDEX))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        told, flag = _alpha(image)
        flags += [flag] if flag else []
        if told is None:
            alpha = image.getchannel("A")
            tokens = _counted(alpha)
            return StoredMask(
                np.asarray(alpha), ALPHA, exact, stored.orientation, tokens, tuple(flags)
            )
        image = told
    elif image.mode == "P":
        image = image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    values, tokens = _numbers(image)
    kind = GREY if values.ndim == 2 else COLOUR
    return StoredMask(values, kind, exact, stored.orientation, tokens, tuple(flags))


def _telling_indices(image: Image.Image) -> Values | None:
    """The indices of a palette image that differ where its colours do not."""
    used = [token[0] for token in _counted(image, 256)]
    palette = np.asarray(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    if "transparency" in image.info or not used or max(used) >= len(palette):
        return None
    different = {tuple(palette[index]) for index in {0, *used}}
    return np.asarray(image) if max(used) > 0 and len(different) == 1 else None


def _alpha(image: Image.Image) -> tuple[Image.Image | None, str | None]:
    """The picture that counts, and a flag; no picture where transparency alone is the mask."""
    lowest, highest = image.getchannel("A").getextrema()
    if lowest == highest:
        return image.convert("RGB"), None if lowest == 255 else ALPHA_IGNORED
    colours = _counted(image, 4096)
    shown = {colour[:3] for colour in colours if colour[3] >= _HALF}
    if not colours or len(shown) > 1:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, image).convert("RGB"), None
    white = {(255, 255, 255)}
    return None, None if shown == white else BY_ALPHA


def _numbers(image: Image.Image) -> tuple[Values, dict[Token, int]]:
    if image.mode.startswith("I;16"):
        wide = np.asarray(image).astype(np.uint16)
        found, counts = np.unique(wide, return_counts=True)
        if len(found) > TOKENS_LIMIT:
            return pixels.grey(image)[0], {}
        return wide, {(int(value),): int(n) for value, n in zip(found, counts, strict=True)}
    if image.mode == "RGB":
        red, green, blue = image.split()
        if not _alike(red, green, blue):
            return np.asarray(image), _counted(image)
        image = red
    elif image.mode != "L":
        image = Image.fromarray(pixels.grey(image)[0])
    return np.asarray(image), _counted(image)


def _alike(red: Image.Image, *others: Image.Image) -> bool:
    first = red.tobytes()
    return all(first == other.tobytes() for other in others)


def _counted(image: Image.Image, limit: int = TOKENS_LIMIT) -> dict[Token, int]:
    """Pixels by value or colour; nothing where there are more different ones."""
    colours = image.getcolors(limit) or []
    return {c if isinstance(c, tuple) else (int(c),): int(n) for n, c in colours}


def distance(stored: StoredMask, outside: Token) -> Values:
    """How far each pixel is from the outside; of colours, in the channel where it is farthest."""
    values = stored.values
    if stored.kind == COLOUR:
        colour = outside if len(outside) == 3 else outside * 3
        signed = values.astype(np.int32) - np.minimum(colour, 255)
        channels: npt.NDArray[np.uint8] = np.abs(signed).max(axis=2).astype(np.uint8)
        return channels
    if outside == BLACK:
        return values
    value = _grey(outside) if len(outside) == 3 else outside[0]
    if outside == WHITE and stored.tokens:
        value = max(_white(stored), 0)
    signed = values.astype(np.int32) - value
    return np.abs(signed).astype(np.uint16)


def _grey(colour: Token) -> int:
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


def _white(stored: StoredMask) -> int:
    """What is white in a mask that holds 255, 65535, or 0 and 1."""
    highest = max(token[0] for token in stored.tokens)
    return 65535 if highest > 255 else 1 if highest <= 1 else 255


def binary(stored: StoredMask, reading: Reading, number: int) -> tuple[Mask, tuple[str, ...]]:
    """Which pixels are a lesion, and flags. Raises ImageRejected (mask-not-binary, mask-unclear,
    mask-inverted)."""
    if reading.lesions:
        return _named(stored, reading.lesions), ()
    outside = reading.outside or BLACK
    far = distance(stored, outside)
    mask, flags = _told_apart(stored, far, outside, number)
    if reading.inside and regions.border_share(mask) > 0.5:
        mask = ~mask
    share = np.count_nonzero(mask) / mask.size
    if not reading.polarity_known and 0.5 < share < 1 and regions.border_share(mask) >= 0.75:
        detail = f"mask {number} is a lesion all around and none inside, unlike the others; say "
        detail += 'which is right: {"masks": {"lesion": "inside"}}, or "dark", or "bright"'
        raise ImageRejected("mask-inverted", detail)
    if outside != BLACK and not reading.polarity_known:
        return mask, (*flags, POLARITY if outside == WHITE else OUTSIDE)
    return mask, flags


def _named(stored: StoredMask, lesions: Iterable[Token]) -> Mask:
    mask = np.zeros(stored.shape, dtype=np.bool_)
    for token in lesions:
        if stored.kind == COLOUR:
            near = distance(stored, token) <= (0 if stored.exact else 2 * _NOISE)
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


def union(masks: Iterable[bytes], image: Decoded, reading: Reading = USUAL) -> MaskUnion:
    """The union of an image's masks, each turned and scaled to lie on the image.

    Raises ImageRejected with the reason mask-unreadable, mask-size-mismatch, mask-not-binary,
    mask-unclear or mask-inverted.
    """
    whole = np.zeros(image.pixels.shape, dtype=np.bool_)
    flags: dict[str, None] = {}
    labels: dict[str, int] = {}
    for number, data in enumerate(masks, start=1):
        try:
            stored = load(data)
        except ImageRejected as error:
            raise ImageRejected("mask-unreadable", f"mask {number}: {error}") from error
        placed, told = _placed(stored, image, reading, number)
        settled = ASSUMED if reading.polarity_known else frozenset()
        flags |= dict.fromkeys(flag for flag in (*stored.flags, *told) if flag not in settled)
        for meant, count in _labels(stored, reading).items():
            labels[meant] = labels.get(meant, 0) + count
        whole |= placed
    label = max(labels, key=lambda one: labels[one]) if labels else None
    whole, shape_flags = shaped(whole, reading.fill)
    return MaskUnion(whole, (*flags, *shape_flags), label)


def _labels(stored: StoredMask, reading: Reading) -> dict[str, int]:
    """Pixels by the class that they mean."""
    counts = {
        label: int(np.count_nonzero(_named(stored, [token]))) for token, label in reading.classes
    }
    return {label: count for label, count in counts.items() if count}


def _placed(
    stored: StoredMask, image: Decoded, reading: Reading, number: int
) -> tuple[Mask, tuple[str, ...]]:
    turn = turn_of(stored, image, reading)
    turned = stored.shape if turn < 5 else stored.shape[::-1]
    resized = turned != image.pixels.shape
    if resized:
        _check_aspect(turned, image, number)
    mask, flags = binary(stored, reading, number)
    if _turn_is_open(stored, image, reading):
        flags = (*flags, TURN_OPEN)
        if (agreement.stored_over_shown(image, mask) or 0) > agreement.LEAST_DIFFERENCE:
            turn = image.orientation
    elif _is_assumed(turn, stored, image):
        flags = (*flags, TURNED_TO_FIT)
    if turn != 1:
        mask = TURNS[turn](mask)
    if resized:
        return _resized(mask, image), (*flags, RESIZED)
    return mask, flags


def turn_of(stored: StoredMask, image: Decoded, reading: Reading) -> int:
    """How to turn a mask's stored pixels so that they lie on the image as it is looked at."""
    if stored.orientation != 1:
        return stored.orientation
    if reading.turn != 1:
        return reading.turn
    if image.orientation == 1:
        return 1
    if reading.drawn_on == STORED:
        return image.orientation
    fits = stored.shape == image.pixels.shape
    # Otherwise drawn on the pixels as stored, by a tool that knows nothing of EXIF.
    return 1 if fits or reading.drawn_on else image.orientation


def _is_assumed(turn: int, stored: StoredMask, image: Decoded) -> bool:
    """Whether a mask is turned by what was decided for the whole set, not by its file or shape."""
    if turn == 1 or stored.orientation != 1:
        return False
    return image.orientation == 1 or stored.shape == image.pixels.shape


def _turn_is_open(stored: StoredMask, image: Decoded, reading: Reading) -> bool:
    """Whether nothing says if a mask was drawn before EXIF turned its image or after."""
    if image.orientation == 1 or stored.orientation != 1:
        return False
    before = stored.shape if image.orientation < 5 else stored.shape[::-1]
    told = reading.drawn_on or reading.turn != 1
    return not told and stored.shape == before == image.pixels.shape


def _check_aspect(shape: tuple[int, int], image: Decoded, number: int) -> None:
    height, width = shape
    ratio = (width * image.height) / (height * image.width)
    if abs(ratio - 1) > ASPECT_TOLERANCE:
        detail = f"mask {number} has {width} × {height} pixels, "
        detail += f"the image {image.width} × {image.height}, which is another shape"
        raise ImageRejected("mask-size-mismatch", detail)


def _resized(mask: Mask, image: Decoded) -> Mask:
    """By the nearest pixel: a mask knows no values in between."""
    size = (image.width, image.height)
    scaled = Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(scaled) > 0


def shaped(mask: Mask, fill: bool | None) -> tuple[Mask, tuple[str, ...]]:
    """The mask, its outlines filled where they are to be, and what is odd about it."""
    area = int(np.count_nonzero(mask))
    if area == mask.size:
        return mask, (FULL,)
    if area == 0 or fill is False:
        return mask, ()
    whole = enclosed(mask)
    if whole is not None:
        return (whole, (OUTLINE_FILLED,)) if fill else (mask, (OUTLINE,))
    return mask, (THIN,) if is_thin(mask) else ()


def enclosed(mask: Mask) -> Mask | None:
    """A mask that is an outline, filled; None where it is none."""
    area = int(np.count_nonzero(mask))
    if area >= 0.75 * regions.span(mask):
        return None
    whole = regions.filled(mask)
    return whole if np.count_nonzero(whole) >= 2 * area else None


def is_thin(mask: Mask) -> bool:
    """Whether a mask is all line: nowhere thick, but long."""
    box = regions.bounding_box(mask)
    if box is None:
        return False
    left, top, right, bottom = box
    reach = max(2, min(mask.shape) // 128)
    inside = mask[top:bottom, left:right]
    if max(inside.shape) < 10 * reach:
        return False
    if min(inside.shape) > 2 * reach and 2 * np.count_nonzero(inside) > inside.size:
        return False
    return not regions.eroded(np.pad(inside, 1), reach).any()
