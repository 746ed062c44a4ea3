from __future__ import annotations

import struct
import zlib

import pytest

from sonoflow.dicom import files
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples

PICTURE = samples.ramp()


@pytest.mark.parametrize(
    "syntax", [samples.LITTLE, samples.IMPLICIT, samples.BIG, samples.DEFLATED]
)
def test_pixels_are_found_in_every_syntax_and_nothing_of_a_patient(syntax: str) -> None:
    data = samples.file(PICTURE, syntax, PatientName="DOE^JANE", PatientID="4711")

    found = files.read(data)

    pixels = found.found[files.PIXELS]
    assert found.syntax == syntax
    assert bytes(found.walk.view[pixels.start : pixels.end]) == PICTURE.tobytes()
    assert found.found.keys() <= files.KEPT
    assert not {tag for tag in files.KEPT if tag >> 16 == 0x10}


@pytest.mark.parametrize("data", [b"", b"no image", b"\0" * 200, b"DICM" * 50])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ImageRejected) as caught:
        files.read(data[1:] if data.startswith(b"DICM") else data)

    assert caught.value.reason == ("not-an-image" if data else "empty")


def test_another_syntax_is_refused_and_not_quoted() -> None:
    data = samples.file(PICTURE).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.999.44.2.10\0")

    with pytest.raises(ImageRejected, match="unsupported-syntax") as caught:
        files.read(data)

    assert "999" not in caught.value.detail


def test_an_element_that_is_there_twice_is_refused() -> None:
    """Two readers could take one each."""
    data = samples.file(PICTURE)
    rows = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 40)
    assert data.count(rows) == 1

    with pytest.raises(ImageRejected, match="twice"):
        files.read(data.replace(rows, rows + rows))


def test_a_deflated_bomb_is_refused_before_it_has_gone_off(monkeypatch: pytest.MonkeyPatch) -> None:
    data = samples.file(PICTURE, samples.DEFLATED)
    header = data[: samples.body_at(data)]

    def deflated(body: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return header + packer.compress(body) + packer.flush()

    monkeypatch.setattr(files, "INFLATED_BYTES_LIMIT", 1 << 20)
    with pytest.raises(ImageRejected, match="too-large"):
        files.read(deflated(bytes(10 << 20)))
    with pytest.raises(ImageRejected, match="truncated"):
        files.read(deflated(bytes(1 << 10))[:-4])
    with pytest.raises(ImageRejected, match="truncated"):
        files.read(header + b"\xff" * 50)
