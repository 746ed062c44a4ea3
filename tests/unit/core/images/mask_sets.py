"""Data sets whose masks and pictures are stored as people store them, each with what must come of
it. The lesions are known, so whatever is staged can be held against them."""

from __future__ import annotations

import dataclasses
import io
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tests.unit.pictures import encode

HEIGHT, WIDTH = 80, 112
CLASSES = ("benign", "malignant")
PER_CLASS = 6

Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Write = Callable[[Mask], bytes]


def lesion(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Mask:
    """An ellipse off the middle, no two alike."""
    rng = np.random.default_rng(5000 + seed)
    middle_y, middle_x = rng.uniform(0.25, 0.4) * height, rng.uniform(0.25, 0.4) * width
    radius_y, radius_x = rng.uniform(0.13, 0.2) * height, rng.uniform(0.13, 0.2) * width
    y, x = np.mgrid[:height, :width]
    found: Mask = ((y - middle_y) / radius_y) ** 2 + ((x - middle_x) / radius_x) ** 2 < 1
    return found


def scan(seed: int, mask: Mask) -> Grey:
    """Speckle on smooth tissue, darker where the lesion is, and of both black and white."""
    rng = np.random.default_rng(seed)
    height, width = mask.shape
    cells = Image.fromarray(rng.integers(90, 200, (6, 6)).astype(np.uint8))
    tissue = np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC)).astype(float)
    tissue *= rng.rayleigh(0.8, mask.shape)
    picture = np.clip(np.where(mask, tissue * 0.25, tissue), 0, 255).astype(np.uint8)
    picture[0, :2] = (0, 255)
    return picture


def sample(label: str, number: int, height: int = HEIGHT, width: int = WIDTH) -> tuple[Grey, Mask]:
    seed = 100 * CLASSES.index(label) + number
    mask = lesion(seed, height, width)
    return scan(seed, mask), mask


def cornered(seed: int = 15) -> tuple[Grey, Mask]:
    """A picture whose lesion lies so that mirrored or turned it would lie on none of itself."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    mask: Mask = ((y - 0.22 * HEIGHT) / 9) ** 2 + ((x - 0.22 * WIDTH) / 12) ** 2 < 1
    return scan(seed, mask), mask


def names() -> list[tuple[str, int, str]]:
    return [
        (label, number, f"{label}/{label} ({number})")
        for label in CLASSES
        for number in range(1, PER_CLASS + 1)
    ]


def png(values: npt.NDArray[Any]) -> bytes:
    return encode(Image.fromarray(values))


def white(mask: Mask) -> bytes:
    return png((mask * 255).astype(np.uint8))


def whole(
    write: Write = white, changed: Mapping[str, bytes | None] | None = None
) -> dict[str, bytes]:
    """All images with their masks; of what is `changed`, None leaves a file out."""
    files: dict[str, bytes] = {}
    for label, number, stem in names():
        picture, mask = sample(label, number)
        files[f"{stem}.png"] = png(picture)
        files[f"{stem}_mask.png"] = write(mask)
    altered = {**files, **(changed or {})}
    return {name: content for name, content in altered.items() if content is not None}


def pictures(
    write: Callable[[Grey], bytes], suffix: str = ".png", count: int = 6
) -> dict[str, bytes]:
    """The set with the first pictures of the first class written otherwise."""
    changed: dict[str, bytes | None] = {}
    for label, number, stem in names()[:count]:
        changed[f"{stem}.png"] = None
        changed[f"{stem}{suffix}"] = write(sample(label, number)[0])
    return whole(changed=changed)


# ── Masks ────────────────────────────────────────────────────────────────────────────────────────
def two(low: int, high: int, kind: type = np.uint8) -> Write:
    return lambda mask: png(np.where(mask, high, low).astype(kind))


def colours(outside: tuple[int, ...], inside: tuple[int, ...], kind: str = "PNG") -> Write:
    def write(mask: Mask) -> bytes:
        picture = np.where(mask[..., None], inside, outside).astype(np.uint8)
        return encode(Image.fromarray(picture), kind)

    return write


def palette(*entries: tuple[int, int, int], swapped: bool = False) -> Write:
    def write(mask: Mask) -> bytes:
        indices = (mask != swapped).astype(np.uint8)
        image = Image.frombytes("P", mask.shape[::-1], indices.tobytes())
        image.putpalette([part for entry in entries for part in entry])
        return encode(image)

    return write


def transparent(colour: int, inside: int, outside: int, around: int | None = None) -> Write:
    """Alpha inside and outside of the lesion; its colour, and that around it if another."""

    def write(mask: Mask) -> bytes:
        grey = np.where(mask, colour, colour if around is None else around)
        alpha = np.where(mask, inside, outside)
        return png(np.dstack([grey, grey, grey, alpha]).astype(np.uint8))

    return write


def soft(low: int, high: int, radius: float = 1.5, kind: str = "PNG") -> Write:
    """Of smooth edges."""

    def write(mask: Mask) -> bytes:
        image = Image.fromarray((mask * 255).astype(np.uint8))
        blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(radius))).astype(float)
        return encode(Image.fromarray((low + blurred / 255 * (high - low)).astype(np.uint8)), kind)

    return write


def line(width: int) -> Write:
    """Nothing but a closed line of that width, inside of the lesion's edge."""
    return lambda mask: white(mask & ~shrunk(mask, width))


def shrunk(mask: Mask, by: int) -> Mask:
    for _ in range(by):
        inner = np.pad(mask, 1)
        mask = inner[1:-1, 1:-1] & inner[:-2, 1:-1] & inner[2:, 1:-1]
        mask &= inner[1:-1, :-2] & inner[1:-1, 2:]
    return mask


def three(low: int, middle: int, high: int) -> Write:
    """A body of the middle value beside the lesion of the high one."""

    def write(mask: Mask) -> bytes:
        values = np.where(mask, high, low).astype(np.uint8)
        values[-30:-10, -60:-10] = middle
        return png(values)

    return write


def tiff(kind: type, inside: float = 1) -> Write:
    """Numbers as programs for arrays store them."""
    return lambda mask: encode(Image.fromarray((mask * inside).astype(kind)), "TIFF")


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────
def deep(bits: int, *, stretched: bool = False) -> Callable[[Grey], bytes]:
    """The same grey in so many of 16 bits, shifted or stretched to them."""

    def write(picture: Grey) -> bytes:
        factor = (2**bits - 1) / 255 if stretched else 2 ** (bits - 8)
        return png(np.rint(picture.astype(float) * factor).astype(np.uint16))

    return write


def negative(bits: int) -> Callable[[Grey], bytes]:
    """The same grey in so many of 16 bits of a TIFF whose 0 is white."""

    def write(picture: Grey) -> bytes:
        factor = (2**bits - 1) / 255
        wide = np.rint((255 - picture.astype(float)) * factor).astype(np.uint16)
        return encode(Image.fromarray(wide), "TIFF", tiffinfo={262: 0})

    return write


def dimmed(alpha: int, around: int | None = None) -> Callable[[Grey], bytes]:
    """The same grey, of that opacity; in the upper left corner of another."""

    def write(picture: Grey) -> bytes:
        opacity = np.full_like(picture, alpha)
        if around is not None:
            opacity[:9, :9] = around
        return png(np.dstack([picture, picture, picture, opacity]))

    return write


def turned(orientation: int, kind: str = "JPEG") -> Callable[[Grey], bytes]:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return lambda picture: encode(Image.fromarray(picture), kind, exif=exif)


def ink(*, marked: bool) -> Callable[[Grey], bytes]:
    """CMYK as JPEG: with Adobe's marker its numbers are inverted."""

    def write(picture: Grey) -> bytes:
        inks = np.asarray(Image.fromarray(picture).convert("RGB").convert("CMYK"))
        numbers = inks if marked else 255 - inks  # Pillow inverts what it writes
        data = encode(
            Image.frombytes("CMYK", picture.shape[::-1], numbers.tobytes()), "JPEG", quality=95
        )
        if marked:
            return data
        at = data.find(b"\xff\xee")
        return data[:at] + data[at + 2 + struct.unpack_from(">H", data, at + 2)[0] :]

    return write


def several(kind: str) -> Callable[[Grey], bytes]:
    def write(picture: Grey) -> bytes:
        first, second = Image.fromarray(picture), Image.fromarray(picture[::-1].copy())
        return encode(first, kind, save_all=True, append_images=[second])

    return write


def decoded(data: bytes) -> Grey:
    return np.asarray(Image.open(io.BytesIO(data)))


@dataclasses.dataclass(frozen=True)
class Case:
    """A set, and what must be assumed of it and flagged on each image. Areas are always right."""

    name: str
    build: Callable[[], dict[str, bytes]]
    assumed: tuple[str, ...] = ()
    tolerance: float = 0.0  # of a lesion's area
    mapping: Mapping[str, Any] = dataclasses.field(default_factory=dict)


ALL = len(CLASSES) * PER_CLASS
WHITE8 = np.uint8(255)
WHITE, BLACK, RED, GREEN = (255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0)
PURPLE, YELLOW = (68, 1, 84), (253, 231, 36)


def case(name: str, write: Write, *assumed: str, tolerance: float = 0.0) -> Case:
    return Case(name, lambda: whole(write), assumed, tolerance)


CASES = [
    *(case(f"0 and {high}", two(0, high)) for high in (1, 128, 254, 255)),
    *(case(f"0 and {high} of 16 bits", two(0, high, np.uint16)) for high in (1, 255, 65535)),
    case("0 and 2", two(0, 2), "mask-values"),
    case("0 and 127", two(0, 127), "mask-values"),
    case("0 and 4095 of 16 bits", two(0, 4095, np.uint16), "mask-values"),
    case("1 and 2", two(1, 2), "mask-outside"),
    case("100 and 200", two(100, 200), "mask-outside"),
    case("white outside", two(255, 0), "mask-polarity"),
    case("1 outside, 0 inside", two(1, 0), "mask-polarity"),
    case("65535 outside", two(65535, 0, np.uint16), "mask-polarity"),
    case("white outside, JPEG", soft(255, 0, kind="JPEG"), "mask-polarity", tolerance=0.1),
    case("white outside, smooth edges", soft(255, 0), "mask-polarity", tolerance=0.1),
    case("palette of white and black", palette(WHITE, BLACK), "mask-polarity"),
    case("red on black", colours(BLACK, RED), "mask-colours"),
    case("red on black, JPEG", colours(BLACK, RED, "JPEG"), "mask-colours", tolerance=0.1),
    case("dark red on black, palette", palette(BLACK, (128, 0, 0)), "mask-colours"),
    case("palette of one black", palette(BLACK, BLACK), "mask-by-palette-index"),
    case("palette of one grey", palette((9, 9, 9), (9, 9, 9)), "mask-by-palette-index"),
    case("smooth edges", soft(0, 255), tolerance=0.1),
    case("smooth edges, JPEG", soft(0, 255, kind="JPEG"), tolerance=0.1),
    case("wide smooth edges", soft(0, 255, 4), tolerance=0.2),
    case("smooth edges up to 100", soft(0, 100), "mask-values", tolerance=0.1),
    case("black strokes on nothing", transparent(0, 255, 0), "mask-by-alpha"),
    case(
        "red strokes on nothing",
        lambda m: png(
            np.dstack(
                [np.full(m.shape, 255), np.zeros(m.shape), np.zeros(m.shape), m * 255]
            ).astype(np.uint8)
        ),
        "mask-colours",
    ),
    case("dark grey strokes on nothing", transparent(60, 255, 0), "mask-by-alpha"),
    case("white strokes on nothing", transparent(255, 255, 0)),
    case("white on black, all transparent", transparent(255, 0, 0, 0), "mask-alpha-ignored"),
    case("white on black, all half transparent", transparent(255, 90, 90, 0), "mask-alpha-ignored"),
    case("white on black, opaque", transparent(255, 255, 255, 0)),
    case("0 and 1 of 32 bits", tiff(np.int32)),
    *(
        case(
            f"white is 0 in a TIFF of {bits} bits", lambda m, bits=bits: negative(bits)(m * WHITE8)
        )
        for bits in (8, 16)
    ),
    case("0 and 3 of 32 bits", tiff(np.int32, 3), "mask-values"),
    case("0 and 1 as fractions", tiff(np.float32)),
    case("0 and .5 as fractions", tiff(np.float32, 0.5)),
    case("a line of 2", line(2), "outline-filled"),
    case("a line of 1", line(1), "outline-filled"),
]
