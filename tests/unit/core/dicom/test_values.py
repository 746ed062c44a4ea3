from __future__ import annotations

import pytest
from pydicom.dataelem import DataElement

from sonoflow.dicom import files
from sonoflow.dicom.values import Values
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples


def values(syntax: str = samples.LITTLE, **tags: object) -> Values:
    found = files.read(samples.file(samples.ramp(), syntax, **tags))
    return Values(found.walk, found.found)


@pytest.mark.parametrize("syntax", [samples.LITTLE, samples.IMPLICIT, samples.BIG])
def test_numbers_and_codes_are_read_in_every_encoding(syntax: str) -> None:
    found = values(syntax, WindowCenter=["40.5", "7"], WindowWidth="80")

    assert found.number(0x00280010, "US") == 40
    assert found.written(0x00281050) == (40.5, 7.0)
    assert found.written(0x00281051) == (80.0,)
    assert found.code(0x00080060) == "US"
    assert found.written(0x00281052) == ()
    assert found.number(0x00281101, "US") is None
    assert 0x00280010 in found
    assert 0x00281101 not in found


@pytest.mark.parametrize("text", ["1a", "nan", "inf", "1e999", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    found = samples.dataset(samples.ramp())
    data = samples.encode(found)
    window = samples.file(samples.ramp(), WindowCenter="12345").replace(
        b"12345 ", text.encode().ljust(6)
    )
    assert window != data
    file = files.read(window)

    with pytest.raises(ImageRejected, match="number"):
        Values(file.walk, file.found).written(0x00281050)


@pytest.mark.parametrize(("kind", "value"), [("LO", "forty"), ("FD", 40.0), ("SQ", [])])
def test_a_number_of_another_kind_is_refused(kind: str, value: object) -> None:
    found = samples.dataset(samples.ramp())
    found[0x00280010] = DataElement(0x00280010, kind, value)
    file = files.read(samples.encode(found))

    with pytest.raises(ImageRejected, match="dicom-damaged"):
        Values(file.walk, file.found).number(0x00280010, "US")


def test_a_value_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(ImageRejected, match="at most"):
        values().content(files.PIXELS, 100)
