"""One frame's samples, whatever they are compressed with."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.dicom import codestreams, elements, files, fragments, lossless, run_lengths
from sonoflow.dicom.attributes import Grid
from sonoflow.dicom.codestreams import Heading
from sonoflow.dicom.elements import Element
from sonoflow.dicom.files import File
from sonoflow.errors import ImageRejected

Samples = npt.NDArray[Any]  # (rows, columns) or (rows, columns, 3), of uint8 or uint16

COLOUR_MODEL_ASSUMED = "colour-model-by-codestream"
_MIXED = ("YBR_ICT", "YBR_RCT")


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    samples: Samples
    photometric: str  # of the samples as they are here
    flags: tuple[str, ...] = ()
    codes: bool = True  # in the bits that the data set says, not yet told apart from each other


class Frames:
    """Those of one file; each is decoded when it is asked for."""

    def __init__(self, file: File, grid: Grid) -> None:
        """Raises ImageRejected where the pixels cannot be as many as the data set says."""
        self._file, self._grid = file, grid
        self._pixels: Element = file.found[files.PIXELS]
        self._encapsulated = file.syntax not in files.NATIVE
        if self._encapsulated is not self._pixels.undefined:
            raise elements.damaged("the pixels are not stored as the transfer syntax says")
        if self._encapsulated:
            self._pieces = fragments.frames(file.walk.view, self._pixels, grid.frames)
            return
        halved = grid.photometric == "YBR_FULL_422"
        self._size = grid.pixels * (2 if halved else grid.samples) * grid.allocated // 8
        held = self._pixels.end - self._pixels.start
        if held < self._size * grid.frames:
            detail = f"{grid.frames} frames need {self._size * grid.frames} bytes, {held} are there"
            raise elements.cut_off(detail)

    def decode(self, number: int) -> Frame:
        """The frame of that number, from 0. Raises ImageRejected."""
        if not self._encapsulated:
            return _native(self._bytes(number), self._grid, self._file)
        view = self._file.walk.view
        data = b"".join(view[start:end] for start, end in self._pieces[number])
        syntax, grid = self._file.syntax, self._grid
        if syntax == files.RLE:
            planes = run_lengths.decode(data, grid.pixels, grid.samples, grid.allocated // 8)
            return Frame(
                _joined(planes.reshape(grid.samples, grid.rows, -1), grid), grid.photometric
            )
        if syntax in (files.JPEG_2000, files.JPEG_2000_LOSSLESS):
            return _jpeg_2000(data, grid)
        return _jpeg(data, grid, syntax)

    def _bytes(self, number: int) -> npt.NDArray[np.uint8]:
        start = self._pixels.start + number * self._size
        data = np.frombuffer(self._file.walk.view, dtype=np.uint8)
        words = self._pixels.encoding.big_endian and self._pixels.representation == "OW"
        if not words or self._grid.allocated != 8:
            return data[start : start + self._size]
        # Bytes that were written as words of two: each pair is the other way round.
        first = start - (start - self._pixels.start) % 2
        pairs = data[first : start + self._size + 1]
        if len(pairs) % 2:
            pairs = pairs[: len(pairs) - 1] if len(pairs) > self._size else np.append(pairs, 0)
        turned = pairs.reshape(-1, 2)[:, ::-1].reshape(-1)
        return turned[start - first : start - first + self._size].astype(np.uint8)


def _native(data: npt.NDArray[np.uint8], grid: Grid, file: File) -> Frame:
    order = file.found[files.PIXELS].encoding.order
    values = data.view(f"{order}u2").astype(np.uint16) if grid.allocated == 16 else data
    if grid.photometric == "YBR_FULL_422":
        return Frame(_widened(values, grid), "YBR_FULL")
    if grid.samples == 1:
        return Frame(values.reshape(grid.rows, grid.columns), grid.photometric)
    if grid.by_plane:
        planes = values.reshape(3, grid.rows, grid.columns)
        return Frame(_joined(planes, grid), grid.photometric)
    return Frame(values.reshape(grid.rows, grid.columns, 3), grid.photometric)


def _joined(planes: Samples, grid: Grid) -> Samples:
    """(samples, rows, columns) → (rows, columns, samples), or without the last."""
    kind = np.uint8 if grid.allocated == 8 else np.uint16
    if grid.samples == 1:
        first: Samples = planes[0].astype(kind)
        return first
    joined: Samples = np.moveaxis(planes, 0, 2).astype(kind)
    return joined


def _widened(values: Samples, grid: Grid) -> Samples:
    """Two pixels share a colour: their two lumas come first, then the two halves of it."""
    if grid.columns % 2:
        raise elements.damaged("pixels that share a colour in pairs need an even width")
    pairs = values.reshape(grid.rows, grid.columns // 2, 4)
    found = np.empty((grid.rows, grid.columns, 3), dtype=values.dtype)
    found[:, 0::2, 0], found[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    for channel in (1, 2):
        found[..., channel] = np.repeat(pairs[..., channel + 1], 2, axis=1)
    return found


def _check(heading: Heading, grid: Grid) -> None:
    """Before anything is allocated: the frame is as the data set says."""
    size = (heading.columns, heading.rows, heading.components)
    if size != (grid.columns, grid.rows, grid.samples):
        detail = f"a frame is {size[0]} × {size[1]} of {size[2]}, the data set says "
        raise elements.damaged(f"{detail}{grid.columns} × {grid.rows} of {grid.samples}")
    if heading.precision > grid.allocated:
        raise elements.damaged(f"a frame has samples of {heading.precision} bits, too many")


def _jpeg(data: bytes, grid: Grid, syntax: str) -> Frame:
    heading = codestreams.jpeg(data)
    _check(heading, grid)
    lossy = syntax in (files.JPEG_BASELINE, files.JPEG_EXTENDED)
    near = syntax in (files.JPEG_LS, files.JPEG_LS_NEAR)
    wanted = (codestreams.BASELINE, codestreams.EXTENDED) if lossy else (codestreams.LOSSLESS,)
    if heading.kind not in ((codestreams.NEAR_LOSSLESS,) if near else wanted):
        detail = "a frame's JPEG process is not that of the transfer syntax"
        raise ImageRejected("unsupported-syntax", detail)
    if near:
        return Frame(_jpeg_ls(data, grid, heading), grid.photometric)
    if not lossy:
        return Frame(_joined(lossless.decode(data), grid), grid.photometric)
    if heading.precision != 8:
        raise ImageRejected("unsupported-syntax", "JPEG of 12 bits a sample is not read")
    return _baseline(data, grid)


def _baseline(data: bytes, grid: Grid) -> Frame:
    image = _opened(data, "JPEG")
    if grid.samples == 1:
        return Frame(_loaded(image, "L"), grid.photometric)
    # Without Adobe's marker the samples are taken as they are stored; the data set says what they
    # are. Where the file says so itself, in either of two ways, that is the surer word.
    if "adobe_transform" in image.info:
        return Frame(_loaded(image, "RGB"), "RGB")
    image.draft("YCbCr", image.size)
    samples = _loaded(image, "YCbCr")
    if grid.photometric == "RGB" and "jfif" in image.info:
        return Frame(samples, "YBR_FULL", (COLOUR_MODEL_ASSUMED,))
    return Frame(samples, grid.photometric if grid.photometric == "RGB" else "YBR_FULL")


def _jpeg_2000(data: bytes, grid: Grid) -> Frame:
    heading = codestreams.jpeg_2000(data)
    _check(heading, grid)
    if grid.photometric in _MIXED and not heading.mixed:
        raise elements.damaged("a frame's colours are not transformed as the data set says")
    if heading.signed is not grid.signed:
        raise elements.damaged(
            "a frame's samples have a sign, or none, other than the data set says"
        )
    image = _opened(data, "JPEG2000")
    if grid.samples == 3:
        if heading.precision > 8:
            raise ImageRejected("unsupported-mode", "JPEG 2000 colours of over 8 bits are not read")
        turned = heading.mixed or grid.photometric in (*_MIXED, "RGB")
        return Frame(_loaded(image, "RGB"), "RGB" if turned else "YBR_FULL", codes=False)
    values = _loaded(image, "L" if heading.precision <= 8 else "I;16").astype(np.int32)
    # Pillow makes 8 or 16 bits of any other number of them, and lifts signs.
    values >>= (8 if heading.precision <= 8 else 16) - heading.precision
    if grid.signed:
        values -= 1 << (heading.precision - 1)
        limit = 1 << (grid.stored - 1)
        values = np.clip(values, -limit, limit - 1) & ((1 << grid.stored) - 1)
    else:
        values = np.minimum(values, (1 << grid.stored) - 1)
    return Frame(values.astype(np.uint16), grid.photometric, codes=False)


def _jpeg_ls(data: bytes, grid: Grid, heading: Heading) -> Samples:
    # Loaded here: few files need it, and whoever reads none is not to wait for it.
    import jpeg_ls

    try:
        pixels, said = jpeg_ls.decode_buffer(data)
    except (RuntimeError, ValueError, MemoryError, OverflowError) as error:
        raise elements.cut_off("a frame's JPEG-LS codestream cannot be read") from error
    kind = np.dtype(np.uint8 if heading.precision <= 8 else "<u2")
    if len(pixels) != grid.pixels * grid.samples * kind.itemsize:
        raise elements.cut_off("a frame's JPEG-LS codestream has other pixels than it says")
    values = np.frombuffer(bytes(pixels), dtype=kind)
    if grid.samples == 3 and int(said.get("interleave_mode", 0)) == 0:
        return _joined(values.reshape(3, grid.rows, grid.columns), grid)
    shape = (grid.rows, grid.columns) + ((3,) if grid.samples == 3 else ())
    return values.reshape(shape)


def _opened(data: bytes, kind: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=(kind,))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise elements.cut_off(f"a frame's {kind} codestream cannot be read") from error


def _loaded(image: Image.Image, mode: str) -> Samples:
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise elements.cut_off("a frame's codestream is damaged or cut off") from error
    if image.mode != mode:
        raise elements.damaged(f"a frame holds pixels of {image.mode}, not of {mode}")
    return np.asarray(image)
