from __future__ import annotations

import io

import pytest

from sonoflow.archives import directory, verdicts
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import ImageRejected
from sonoflow.images import formats, listings
from sonoflow.images.opened import OpenedArchive
from tests.unit import pictures
from tests.unit.core.dicom import samples

DICOM = samples.file(samples.ramp())


def opened(files: dict[str, bytes]) -> OpenedArchive:
    source = HeldFile(io.BytesIO(pictures.archive(files)))
    index = directory.read(source)
    usable, _ = verdicts.judge(index, formats.FILE_BYTES_LIMIT)
    return OpenedArchive(index, source, usable)


def test_pictures_are_looked_at_and_dicom_is_not() -> None:
    found = opened({"a.png": pictures.png(), "b.dcm": DICOM, "c": DICOM, "d.png": b"x"})

    looks = found.look(["a.png", "b.dcm", "c", "d.png"])

    assert set(looks) == {"a.png", "d.png"}
    assert looks["a.png"] is not None and not looks["a.png"].drawn
    assert looks["d.png"] is None


@pytest.mark.parametrize("size", [0, 10, 131, 132, 100_000])
def test_a_head_is_as_much_as_there_is(size: int) -> None:
    content = (DICOM * 100)[:size]

    assert opened({"a": content}).heads(["a"]) == {"a": content[:132]}


def test_a_table_is_read_whole_or_not_at_all() -> None:
    found = opened({"t.csv": b"a,b\n", "large.csv": b"x" * (listings.BYTES_LIMIT + 1)})

    assert found.table("t.csv") == b"a,b\n"
    with pytest.raises(ImageRejected, match="too-large"):
        found.table("large.csv")
