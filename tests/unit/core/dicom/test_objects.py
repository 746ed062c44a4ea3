from __future__ import annotations

import gzip
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels import pixel_array

from sonoflow.dicom import scope
from sonoflow.dicom.objects import DicomObject
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
GOLDEN = Path(__file__).with_name("pydicom_files.golden.json")


def names() -> list[str]:
    return sorted(
        path.relative_to(FILES).as_posix()
        for path in FILES.rglob("*")
        if path.is_file() and path.suffix not in (".json", ".txt", ".dump", ".icc", ".md", ".py")
    )


def outcome(name: str) -> str:
    """What becomes of a file, as if it were ultrasound: its last frame, or why there is none."""
    data = (FILES / name).read_bytes()
    data = gzip.decompress(data) if name.endswith(".gz") and data[:2] == b"\x1f\x8b" else data
    try:
        found = DicomObject(data, 1 << 20, 1)
        picture, flags = found.frame(found.count - 1)
    except ImageRejected as error:
        return error.reason
    shape = " × ".join(map(str, picture.shape))
    return " ".join([f"{found.count} of {shape}, {picture.dtype}, {found.syntax}", *flags])


@pytest.fixture
def all_ultrasound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "check", lambda *_: ())


def test_each_of_pydicoms_files_ends_as_it_is_written(all_ultrasound: None) -> None:
    """`python -m tests.unit.core.dicom.test_objects` writes it."""
    golden = json.loads(GOLDEN.read_text("utf-8"))

    assert {name: outcome(name) for name in names()} == golden


def test_of_pydicoms_files_only_ultrasound_is_read() -> None:
    read = []
    for name in names():
        try:
            DicomObject((FILES / name).read_bytes(), 1 << 20, 1)
        except ImageRejected:
            continue
        read.append(name)

    assert read == [
        "ExplVR_BigEnd.dcm",
        "examples_jpeg2k.dcm",
        "examples_palette.dcm",
        "examples_rgb_color.dcm",
        "examples_ybr_color.dcm",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "ExplVR_BigEnd.dcm",
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm",
        "SC_rgb_gdcm_KY.dcm",
        "SC_rgb_jls_lossy_line.dcm",
        "SC_rgb_jls_lossy_sample.dcm",
        "SC_rgb_jpeg_app14_dcmd.dcm",
        "SC_rgb_rle_16bit_2frame.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
        "examples_jpeg2k.dcm",
        "examples_rgb_color.dcm",
        "examples_ybr_color.dcm",
    ],
)
def test_colours_are_those_that_pydicom_finds(all_ultrasound: None, name: str) -> None:
    found = DicomObject((FILES / name).read_bytes(), 1 << 20, 1)
    last = found.count - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs: Any = pixel_array(FILES / name, index=last)
    if theirs.dtype == np.uint16:
        theirs = theirs >> 8

    assert np.abs(theirs.astype(int) - found.frame(last)[0]).max() <= 1


def test_jpegs_lossless_process_gives_what_was_packed(all_ultrasound: None) -> None:
    """Of one picture there are a copy that GDCM packed and one that run lengths are in."""
    packed = DicomObject((FILES / "SC_rgb_jpeg_gdcm.dcm").read_bytes(), 1 << 20, 1)
    plain = DicomObject((FILES / "SC_rgb_rle.dcm").read_bytes(), 1 << 20, 1)

    assert (packed.frame(0)[0] == plain.frame(0)[0]).all()


def test_a_loop_is_decoded_frame_by_frame() -> None:
    frames = samples.ramp(frames=5)
    found = DicomObject(samples.file(frames), 1 << 20, 1)

    assert found.count == 5
    assert (found.frame(3)[0] == frames[3]).all()


if __name__ == "__main__":
    scope.check = lambda *_: ()  # type: ignore[assignment]
    text = json.dumps({name: outcome(name) for name in names()}, indent=1, ensure_ascii=False)
    GOLDEN.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(names())} files\n")
