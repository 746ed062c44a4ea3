from __future__ import annotations

import io
import threading
import time
from typing import Any

import pytest

from sonoflow.archives import directory, members
from sonoflow.aws.ranged import HeldFile, Source
from sonoflow.errors import ImageRejected
from sonoflow.images import contents, staging
from sonoflow.images.batches import PlannedImage
from tests.unit import pictures

SCAN, MASK, OTHER = "a/x.png", "a/x_mask.png", "a/y.png"


class Opened:
    """An archive, and a batch's images by the names of their files."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.source: Source = HeldFile(io.BytesIO(pictures.archive(files)))
        index = directory.read(self.source)
        self.places = {m.name: members.locate(m, index.end) for m in index.members}

    def planned(self, image: str, *masks: str, label: str | None = "benign") -> PlannedImage:
        places = tuple(self.places[name] for name in (image, *masks))
        return PlannedImage(image, masks, label, places, "test", "patient-1")

    def read(self, name: str, location: members.Location) -> bytes:
        data = memoryview(self.source.read_at(location.offset, location.length))
        return members.unpack(data[30 + len(name) :][: location.packed], location)


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
    files = {SCAN: pictures.png()}
    if mask is not None:
        files[MASK] = pictures.encode(mask)  # type: ignore[arg-type]
    opened = Opened(files)

    staged = staging.prepare(opened, opened.planned(*files, label=label))

    assert staged.entry["flags"] == flags
    assert (staged.entry["given_split"], staged.entry["group_hint"]) == ("test", "patient-1")
    assert (staged.entry["mask"] is None) == (mask is None)
    assert len(staged.pictures) == (1 if mask is None else 2)


@pytest.mark.parametrize(
    ("mask", "label"),
    [(pictures.lesion(1, 1, 9, 9), "lesion"), (pictures.lesion(0, 0, 0, 0), "normal")],
)
def test_the_class_of_an_image_without_one_is_told_by_its_mask(mask: Any, label: str) -> None:
    opened = Opened({SCAN: pictures.png(), MASK: pictures.encode(mask)})

    staged = staging.prepare(opened, opened.planned(SCAN, MASK, label=None))

    assert staged.entry["class"] == label
    assert staged.entry["flags"] == ["class-from-mask"]
    assert [key.split("/")[:2] for key in staged.pictures] == [["images", label], ["masks", label]]
    assert list(staged.pictures) == [staged.entry["image"], staged.entry["mask"]]


def test_a_mask_of_the_same_shape_is_scaled_and_told_of() -> None:
    mask = pictures.lesion(10, 10, 30, 20).resize((192, 128))
    opened = Opened({SCAN: pictures.png(), MASK: pictures.encode(mask)})

    staged = staging.prepare(opened, opened.planned(SCAN, MASK))

    assert staged.entry["flags"] == ["mask-resized"]
    assert staged.entry["lesion_pixels"] == 200


def test_an_image_whose_mask_does_not_fit_is_not_staged_at_all() -> None:
    opened = Opened({SCAN: pictures.png(), MASK: pictures.encode(pictures.scan(width=50))})

    entries, quarantine = staging.stage(
        opened.source, [opened.planned(SCAN, MASK)], lambda *_: pytest.fail("staged")
    )

    assert entries == []
    assert [(q.source, q.reason) for q in quarantine] == [
        (SCAN, "mask-size-mismatch"),
        (MASK, "mask-without-image"),
    ]


def test_a_blank_image_is_rejected() -> None:
    opened = Opened({SCAN: pictures.encode(pictures.lesion(0, 0, 0, 0))})

    with pytest.raises(ImageRejected, match="blank"):
        staging.prepare(opened, opened.planned(SCAN))


def test_a_plain_file_is_staged_as_it_is_and_another_without_what_it_tells() -> None:
    told = pictures.encode(pictures.scan(1), dpi=(72, 72))
    opened = Opened({SCAN: pictures.png(), OTHER: told})
    sent: dict[str, bytes] = {}

    staging.stage(opened.source, [opened.planned(SCAN), opened.planned(OTHER)], sent.__setitem__)

    first, second = sent.values()
    assert first == pictures.png()
    assert b"pHYs" in told
    assert b"pHYs" not in second


def test_a_failed_upload_fails_the_batch() -> None:
    def refuse(key: str, png: bytes) -> None:
        raise ConnectionError(key)

    opened = Opened({SCAN: pictures.png()})

    with pytest.raises(ConnectionError):
        staging.stage(opened.source, [opened.planned(SCAN)], refuse)


def test_an_error_of_reading_from_s3_fails_the_batch() -> None:
    class Failing(HeldFile):
        def read_at(self, offset: int, length: int) -> bytes:
            raise ConnectionError("S3 hung up")

    opened = Opened({SCAN: pictures.png()})

    with pytest.raises(ConnectionError):
        staging.stage(Failing(io.BytesIO()), [opened.planned(SCAN)], lambda *_: None)


def test_uploads_run_side_by_side() -> None:
    """Two uploads that wait for each other only end if both are under way."""
    meeting = threading.Barrier(2, timeout=10)
    opened = Opened({SCAN: pictures.png(1), OTHER: pictures.png(2)})
    batch = [opened.planned(SCAN), opened.planned(OTHER)]

    entries, _ = staging.stage(opened.source, batch, lambda *_: meeting.wait())

    assert [entry["source"] for entry in entries] == [SCAN, OTHER]


def test_what_waits_to_be_sent_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 is slow, decoding is fast: PNGs must not pile up."""
    names = [f"a/{number}.png" for number in range(30)]
    opened = Opened({name: pictures.png(n) for n, name in enumerate(names)})
    prepared, sent, ahead = 0, 0, 0
    prepare = staging.prepare

    def counted(*given: Any) -> staging.Staged:
        nonlocal prepared, ahead
        prepared += 1
        ahead = max(ahead, prepared - sent)
        return prepare(*given)

    def slow(key: str, png: bytes) -> None:
        nonlocal sent
        time.sleep(0.02)
        sent += 1

    monkeypatch.setattr(staging, "prepare", counted)
    batch = [opened.planned(name, label="normal") for name in names]

    staging.stage(opened.source, batch, slow, at_once=2)

    assert sent == 30
    assert ahead <= 2 * 2 + 3


def test_a_rerun_of_a_plan_reads_the_same_images() -> None:
    opened = Opened(pictures.busi(2))
    plan = contents.read(directory.read(opened.source), opened.source)

    first: dict[str, bytes] = {}
    second: dict[str, bytes] = {}
    assert staging.stage(opened.source, plan.images, first.__setitem__) == staging.stage(
        opened.source, plan.images, second.__setitem__
    )
    assert first == second
