"""Masks' files as numbers, before anything says what they mean.

The numbers are taken from where a mask's pixels differ: grey values, colours, the indices of a
palette whose colours do not, or transparency.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import modes, pixels
from sonoflow.images.reading import BLACK, WHITE, Token

GREY, COLOUR, INDEX, ALPHA = "grey", "colour", "index", "alpha"

# Flags of an image, by what was taken for true of its mask.
BY_INDEX, BY_ALPHA = "mask-by-palette-index", "mask-by-alpha"
ALPHA_IGNORED = "mask-alpha-ignored"

# More different values than these are edges that were smoothed, or noise.
TOKENS_LIMIT = 64
_OPAQUE = 128
_COLOUR_BIN = 64  # levels of each channel that count as one colour

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
    if stored.white_is_zero:
        image = modes.turned_around(image)
    values, tokens = _black_and_white(image) if image.mode == "1" else _numbers(image)
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
    """The picture that counts, on black, and a flag; no picture where transparency alone is the
    mask, as all that is shown is dark too."""
    lowest, highest = image.getchannel("A").getextrema()
    if lowest == highest:
        return image.convert("RGB"), None if lowest == 255 else ALPHA_IGNORED
    colours = _counted(image, 4096)
    shown = {colour[:3] for colour in colours if colour[3] >= _OPAQUE}
    bright = any(max(colour) >= _OPAQUE for colour in shown)
    if not colours or len(shown) > 1 or bright:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, image).convert("RGB"), None
    return None, BY_ALPHA


def _black_and_white(image: Image.Image) -> tuple[Values, dict[Token, int]]:
    """Most masks are so; counting all 256 values would take longer."""
    values = np.asarray(image.convert("L"))
    bright = int(np.count_nonzero(values >= _OPAQUE))  # of bools: many times faster
    counts = {BLACK: values.size - bright, WHITE: bright}
    return values, {token: count for token, count in counts.items() if count}


def _numbers(image: Image.Image) -> tuple[Values, dict[Token, int]]:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        wide = _whole_numbers(np.asarray(image))
        found, counts = np.unique(wide, return_counts=True)
        if len(found) > TOKENS_LIMIT:
            return pixels.grey(Image.fromarray(wide))[0], {}
        return wide, {(int(value),): int(n) for value, n in zip(found, counts, strict=True)}
    if image.mode == "RGB":
        red, green, blue = image.split()
        if not _alike(red, green, blue):
            return np.asarray(image), _counted(image)
        image = red
    elif image.mode != "L":
        image = Image.fromarray(pixels.grey(image)[0])
    return np.asarray(image), _counted(image)


def _whole_numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """Labels as programs for arrays store them: as 16 or 32 bits, or as fractions of one."""
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 65535:
        raise ImageRejected("unsupported-mode", "it holds numbers below 0 or above 65535")
    fractions = values.max() <= 1 and (values % 1).any()
    numbers: npt.NDArray[np.uint16] = np.rint(values * (255 if fractions else 1)).astype(np.uint16)
    return numbers


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


def main_colours(stored: StoredMask) -> list[Token]:
    """The colours of a mask of many that are far from black and hold most of it."""
    if stored.kind != COLOUR:
        return []
    far = distance(stored, BLACK)
    shown = stored.values[far >= 0.9 * far.max()]
    bins, which = np.unique(shown // _COLOUR_BIN, axis=0, return_inverse=True)
    counts = np.bincount(which.ravel(), minlength=len(bins))
    some = [at for at in np.argsort(-counts)[:4] if counts[at] >= 0.1 * len(shown)]
    middles = (np.median(shown[which.ravel() == at], axis=0) for at in some)
    return [(int(red), int(green), int(blue)) for red, green, blue in middles]


def _grey(colour: Token) -> int:
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


def _white(stored: StoredMask) -> int:
    """What is white in a mask that holds 255, 65535, or 0 and 1."""
    highest = max(token[0] for token in stored.tokens)
    return 65535 if highest > 255 else 1 if highest <= 1 else 255
