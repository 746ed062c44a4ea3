"""Synthetic breast-ultrasound images ("phantoms") with masks, to try the system without any data.

    sonoflow phantoms out/phantoms.zip --images-per-class 100 --seed 7
    sonoflow phantoms --channels out/phantoms --images-per-class 20

The first writes a zip in the layout of the BUSI data set, the second the folders that the training
scripts read. The images look like B-mode ultrasound and carry the textbook signs of the three
classes, so that the whole system can be shown to work. They are no medical data, and a model
trained on them knows nothing about patients. The same seed gives the same bytes (with the same
NumPy and Pillow).
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from local.demo import phantom_lesions as lesions
from local.demo import phantom_tissue as tissue
from local.runtime.failures import Failure

KINDS = ("benign", "malignant", "normal")
FOLDER = "Dataset_BUSI_with_GT"
SIZE = (180, 320)  # pixels: smallest and largest width
RGB_SHARE = 0.2  # of images are stored as RGB, as BUSI is
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip members need a time, the same bytes a fixed one


@dataclasses.dataclass(frozen=True)
class Phantom:
    kind: str
    number: int
    image: NDArray[np.uint8]  # [height, width]
    masks: list[NDArray[np.bool_]]  # one per lesion, [height, width]
    rgb: bool

    @property
    def mask(self) -> NDArray[np.bool_]:
        """All lesions in one."""
        empty = np.zeros(self.image.shape, dtype=np.bool_)
        return np.asarray(np.any([empty, *self.masks], axis=0))


def draw_phantom(kind: str, number: int, seed: int = 7, size: tuple[int, int] = SIZE) -> Phantom:
    """The phantom of that number; it does not depend on how many others are drawn."""
    rng = np.random.default_rng([seed, KINDS.index(kind), number])
    width = int(rng.integers(size[0], size[1], endpoint=True))
    canvas = tissue.Canvas(round(width * rng.uniform(0.75, 1.0)), width)
    echo = tissue.tissue(canvas, rng)
    masks = []
    for shape in lesions.lesions(kind, canvas, rng):
        echo, mask = lesions.draw(kind, shape, echo, canvas, rng)
        masks.append(mask)
    decibels = echo + tissue.attenuation(canvas, rng) + tissue.speckle(canvas, rng)
    image = tissue.to_grey(decibels, gain=rng.uniform(22, 34))
    view = tissue.field_of_view(canvas, rng)
    image[~view] = 0
    masks = [mask & view for mask in masks]
    return Phantom(kind, number, image, masks, rgb=bool(rng.random() < RGB_SHARE))


def draw_phantoms(
    images_per_class: int, seed: int = 7, size: tuple[int, int] = SIZE
) -> Iterator[Phantom]:
    for kind in KINDS:
        for number in range(1, images_per_class + 1):
            yield draw_phantom(kind, number, seed, size)


def write_phantoms(
    path: Path, images_per_class: int = 100, seed: int = 7, size: tuple[int, int] = SIZE
) -> None:
    """A zip in the BUSI layout: `benign/benign (1).png`, `benign (1)_mask.png`, further lesions in
    `_mask_1.png` …; a normal image has a black mask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for phantom in draw_phantoms(images_per_class, seed, size):
            for name, content in _members(phantom):
                member = f"{FOLDER}/{phantom.kind}/{name}"
                archive.writestr(zipfile.ZipInfo(member, EPOCH), content)


def write_channels(
    folder: Path, images_per_class: int = 100, seed: int = 7, size: tuple[int, int] = SIZE
) -> None:
    """train, validation and test (8 : 1 : 1, at least one each) as the training scripts read them:
    <split>/images/<class>/<id>.png and <split>/masks/<class>/<id>.png."""
    held_out = max(1, images_per_class // 10)
    for phantom in draw_phantoms(images_per_class, seed, size):
        split = "train"
        if phantom.number <= 2 * held_out:
            split = "test" if phantom.number <= held_out else "validation"
        _save(folder / split / "images", phantom, Image.fromarray(phantom.image))
        if phantom.masks:
            _save(folder / split / "masks", phantom, Image.fromarray(phantom.mask))


def _save(folder: Path, phantom: Phantom, image: Image.Image) -> None:
    path = folder / phantom.kind / f"{phantom.number:06}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_png(image))


def _members(phantom: Phantom) -> Iterator[tuple[str, bytes]]:
    stem = f"{phantom.kind} ({phantom.number})"
    image = Image.fromarray(phantom.image)
    yield f"{stem}.png", _png(image.convert("RGB") if phantom.rgb else image)
    if not phantom.masks:
        yield f"{stem}_mask.png", _png(Image.new("RGB", image.size))
    for number, mask in enumerate(phantom.masks):
        yield f"{stem}_mask{f'_{number}' if number else ''}.png", _png(Image.fromarray(mask))


def _png(image: Image.Image) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


class PhantomsRefused(Failure):
    """Such phantoms cannot be drawn; says why."""


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("zip", type=Path, nargs="?", help="the archive to write")
    parser.add_argument("--channels", type=Path, help="write folders for training instead")
    parser.add_argument("--images-per-class", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--size", type=int, nargs=2, default=SIZE, metavar=("SMALLEST", "LARGEST"), help="width"
    )


def write(options: argparse.Namespace) -> str:
    """Write what was asked for, and say what it is. Raises PhantomsRefused."""
    if (options.zip is None) == (options.channels is None):
        raise PhantomsRefused("name either the zip to write or --channels FOLDER")
    if options.images_per_class < 1 or not 32 <= options.size[0] <= options.size[1]:
        raise PhantomsRefused("at least one image per class, widths of 32 pixels or more")
    made = write_phantoms if options.channels is None else write_channels
    target = options.zip if options.channels is None else options.channels
    made(target, options.images_per_class, options.seed, tuple(options.size))
    return f"{target}: {options.images_per_class} images each of {', '.join(KINDS)}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    describe(parser)
    try:
        print(write(parser.parse_args(argv)))
    except PhantomsRefused as error:
        parser.error(str(error))
