"""What a DICOM file says of its pixels, checked before a single one is decoded."""

from __future__ import annotations

import dataclasses

from sonoflow.dicom import calibration, elements, files, scope
from sonoflow.dicom.calibration import Region
from sonoflow.dicom.files import File
from sonoflow.dicom.values import Values
from sonoflow.errors import ImageRejected

FRAMES_LIMIT = 100_000
GREYS = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


@dataclasses.dataclass(frozen=True)
class Grid:
    """How pixels are stored, as PS3.3 C.7.6.3 describes it."""

    rows: int
    columns: int
    frames: int
    samples: int  # of a pixel: 1 or 3
    photometric: str
    by_plane: bool  # colours one after the other, not pixel by pixel
    allocated: int  # bits: 8 or 16
    stored: int  # of these
    high: int  # where the highest of these is
    signed: bool

    @property
    def pixels(self) -> int:
        return self.rows * self.columns


@dataclasses.dataclass(frozen=True)
class Attributes:
    grid: Grid
    regions: tuple[Region, ...]
    flags: tuple[str, ...]  # of the object as a whole
    sop_class: str  # its UID


def read(file: File, pixels_limit: int, side_minimum: int) -> Attributes:
    """Raises ImageRejected: not-ultrasound, no-pixels, too-large, too-small, unsupported-mode,
    truncated, dicom-damaged."""
    values = Values(file.walk, file.found)
    classes = (values.code(0x00080016), file.media_class)
    flags = scope.check(classes, values.code(0x00080060), values.code(0x00180015))
    if files.PIXELS not in values:
        raise ImageRejected("no-pixels", "the DICOM file holds no pixels")
    grid = _grid(values)
    _check_size(grid, pixels_limit, side_minimum)
    regions = calibration.regions(values, grid.columns, grid.rows)
    if values.code(0x00280301) != "NO":
        flags = (*flags, scope.BURNED_IN)
    return Attributes(grid, regions, flags, next(filter(None, classes)))


def _grid(values: Values) -> Grid:
    samples, allocated = _needed(values, 0x00280002), _needed(values, 0x00280100)
    stored = _needed(values, 0x00280101)
    high = values.number(0x00280102, "US")
    frames = values.written(0x00280008)
    grid = Grid(
        rows=_needed(values, 0x00280010),
        columns=_needed(values, 0x00280011),
        frames=_frames(frames[0]) if frames else 1,
        samples=samples,
        photometric=values.code(0x00280004),
        by_plane=values.number(0x00280006, "US") == 1,
        allocated=allocated,
        stored=stored,
        high=stored - 1 if high is None else high,
        signed=values.number(0x00280103, "US") == 1,
    )
    known = (*GREYS, PALETTE) if samples == 1 else COLOURS
    if samples not in (1, 3) or grid.photometric not in known:
        detail = f"{samples} samples a pixel of a photometric interpretation that is not read"
        raise ImageRejected("unsupported-mode", detail)
    if allocated not in (8, 16):
        raise ImageRejected("unsupported-mode", f"pixels of {allocated} bits are not read")
    if not 0 < stored <= grid.high + 1 <= allocated:
        detail = f"{stored} bits up to bit {grid.high} do not fit in {allocated}"
        raise elements.damaged(detail)
    return grid


def _needed(values: Values, tag: int) -> int:
    found = values.number(tag, "US")
    if found is None:
        raise elements.damaged(f"{elements.name(tag)} is missing")
    return found


def _frames(written: float) -> int:
    if not 1 <= written <= FRAMES_LIMIT or written != int(written):
        raise elements.damaged(f"a number of frames of 1 to {FRAMES_LIMIT} is needed")
    return int(written)


def _check_size(grid: Grid, pixels_limit: int, side_minimum: int) -> None:
    if grid.pixels > pixels_limit:
        detail = f"{grid.columns} × {grid.rows} pixels, the limit is {pixels_limit} in all"
        raise ImageRejected("too-large", detail)
    if min(grid.columns, grid.rows) < side_minimum:
        detail = f"{grid.columns} × {grid.rows} pixels, each side must have {side_minimum} at least"
        raise ImageRejected("too-small", detail)
