from __future__ import annotations

import io
import threading
import zipfile

import pytest

from sonoflow import staging
from sonoflow.archive import PlannedImage
from sonoflow.errors import ImageRejected
from tests.unit import pictures

SCAN = "a/x.png"
MASK = "a/x_mask.png"


def opened(**files: bytes) -> zipfile.ZipFile:
    names = {"scan": SCAN, "mask": MASK, "other": "a/y.png"}
    data = pictures.archive({names[name]: content for name, content in files.items()})
    return zipfile.ZipFile(io.BytesIO(data))


@pytest.mark.parametrize(
    ("label", "mask", "flags"),
    [
        ("benign", pictures.lesion(1, 1, 9, 9), []),
        ("benign", pictures.lesion(0, 0, 0, 0), ["empty-mask"]),
        ("benign", None, ["no-mask"]),
        ("normal", pictures.lesion(0, 0, 0, 0), []),
        ("normal", None, []),
    ],
)
def test_an_image_that_should_have_a_lesion_and_shows_none_is_flagged(
    label: str, mask: object, flags: list[str]
) -> None:
    files = {"scan": pictures.png()}
    if mask is not None:
        files["mask"] = pictures.encode(mask)  # type: ignore[arg-type]
    planned = PlannedImage(SCAN, (MASK,) if mask is not None else (), label)

    staged = staging.prepare(opened(**files), planned)

    assert staged.entry["flags"] == flags
    assert (staged.entry["mask"] is None) == (mask is None)
    assert len(staged.objects) == (1 if mask is None else 2)


def test_an_image_whose_mask_does_not_fit_is_not_staged_at_all() -> None:
    archive = opened(scan=pictures.png(), mask=pictures.encode(pictures.scan(width=50)))

    with pytest.raises(ImageRejected, match="mask-size-mismatch"):
        staging.prepare(archive, PlannedImage(SCAN, (MASK,), "benign"))


def test_a_failed_upload_fails_the_batch() -> None:
    def refuse(key: str, png: bytes) -> None:
        raise ConnectionError(key)

    with pytest.raises(ConnectionError):
        staging.stage(opened(scan=pictures.png()), [PlannedImage(SCAN, (), "benign")], refuse)


def test_uploads_run_side_by_side() -> None:
    """Two uploads that wait for each other only end if both are under way."""
    meeting = threading.Barrier(2, timeout=10)
    batch = [PlannedImage(SCAN, (), "a"), PlannedImage("a/y.png", (), "a")]

    entries, _ = staging.stage(
        opened(scan=pictures.png(1), other=pictures.png(2)), batch, lambda *_: meeting.wait()
    )

    assert [entry["source"] for entry in entries] == [SCAN, "a/y.png"]
