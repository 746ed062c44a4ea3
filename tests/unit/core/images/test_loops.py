from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonoflow.archives import directory, members
from sonoflow.aws.ranged import HeldFile
from sonoflow.images import pixels, staging
from sonoflow.images.batches import PlannedImage
from sonoflow.images.parts import OBJECT_HINT, PATIENT_HINT, STUDY_HINT, Entry
from sonoflow.images.reading import FIRST, MIDDLE, Reading
from sonoflow.quarantine import SetAside
from tests.unit import pictures, ultrasound
from tests.unit.core.dicom import samples

WIDTH, HEIGHT = 96, 64
NAME, MASK = "benign/x.dcm", "benign/x_mask.png"


def loop(frames: int, seed: int = 1) -> Any:
    return np.stack([ultrasound.scan(seed + n, WIDTH, HEIGHT) for n in range(frames)])


def staged(
    data: bytes,
    mask: Image.Image | None = None,
    reading: Reading | None = None,
    name: str = NAME,
    **more: bytes,
) -> tuple[list[Entry], list[SetAside], dict[str, bytes]]:
    """Entries, what was set aside, and what was stored."""
    files = {name: data} | ({MASK: pictures.encode(mask)} if mask is not None else {})
    source = HeldFile(io.BytesIO(pictures.archive(files | more)))
    index = directory.read(source)
    places = {m.name: members.locate(m, index.end) for m in index.members}
    planned = PlannedImage(name, tuple(files)[1:], "benign", tuple(places[n] for n in files))
    stored: dict[str, bytes] = {}
    put = stored.__setitem__
    return *staging.stage(source, [planned], put, 1, reading or Reading()), stored


def test_one_frame_is_staged_as_the_same_picture_in_png() -> None:
    scan = loop(1)
    (entry,), aside, stored = staged(samples.file(scan, PatientID="P1"))
    (other,), _, _ = staged(pictures.encode(Image.fromarray(scan[0])), name="benign/x.png")

    assert aside == []
    same = ("class", "sha256", "phash", "histogram", "width", "height", "flags")
    assert [entry[name] for name in same] == [other[name] for name in same]
    assert (pixels.decode(stored[entry["image"]]).pixels == scan[0]).all()
    assert OBJECT_HINT not in entry and "frame" not in entry


def test_a_loop_is_sampled_and_its_frames_are_of_one_object_patient_and_study() -> None:
    scans = loop(7)
    data = samples.file(scans, PatientID="P1", StudyInstanceUID="1.2.3")

    entries, aside, stored = staged(data)

    assert aside == []
    assert [entry["frame"] for entry in entries] == [1, 4, 7]
    assert {entry["frames"] for entry in entries} == {7}
    assert all("frame-of-loop" in entry["flags"] for entry in entries)
    for entry in entries:
        shown = pixels.decode(stored[entry["image"]]).pixels
        assert (shown == scans[entry["frame"] - 1]).all()
    for hint in (OBJECT_HINT, PATIENT_HINT, STUDY_HINT):
        assert len({entry[hint] for entry in entries}) == 1
    assert len({entry["id"] for entry in entries}) == 3


@pytest.mark.parametrize(
    ("frames", "used"), [(FIRST, [1]), (MIDDLE, [4]), (2, [1, 7]), (64, [1, 2, 3, 4, 5, 6, 7])]
)
def test_the_mapping_says_which_frames(frames: int, used: list[int]) -> None:
    entries, _, _ = staged(samples.file(loop(7)), reading=Reading(frames=frames))

    assert [entry["frame"] for entry in entries] == used


def test_of_which_frame_a_mask_is_must_be_said() -> None:
    data, mask = samples.file(loop(3)), pictures.lesion(20, 20, 40, 40).resize((WIDTH, HEIGHT))

    entries, aside, _ = staged(data, mask)

    assert entries == []
    assert [one.reason for one in aside] == ["mask-frame-unclear", "mask-without-image"]
    assert '{"pictures": {"frames": "first"}}' in aside[0].detail

    (entry,), aside, stored = staged(data, mask, Reading(frames=MIDDLE))
    assert (entry["frame"], aside) == (2, [])
    assert len(stored) == 2 and entry["lesion_pixels"] > 0


def test_a_frame_that_cannot_be_used_leaves_the_others() -> None:
    scans = loop(3)
    scans[0] = 7

    entries, aside, _ = staged(samples.file(scans))

    assert [entry["frame"] for entry in entries] == [2, 3]
    (one,) = aside
    assert (one.source, one.reason) == (NAME, "blank")
    assert one.detail.startswith("frame 1: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (samples.file(loop(1), Modality="MG"), "not-ultrasound"),
        (samples.file(loop(1))[:900], "truncated"),
        (pictures.png(), "not-an-image"),
        (samples.file(np.full((1, HEIGHT, WIDTH), 9, np.uint8)), "blank"),
        (samples.file(samples.ramp(31, 64)), "too-small"),
        (samples.packed([b"x"], loop(1), "1.2.840.10008.1.2.4.100"), "unsupported-syntax"),
    ],
)
def test_what_cannot_be_used_is_set_aside_with_its_mask(data: bytes, reason: str) -> None:
    entries, aside, stored = staged(data, pictures.lesion(20, 20, 40, 40))

    assert (entries, stored) == ([], {})
    assert [one.reason for one in aside] == [reason, "mask-without-image"]


def test_what_lies_outside_of_the_regions_is_black() -> None:
    scan = np.maximum(loop(1), 30)
    region = samples.region((0, 10, WIDTH - 1, HEIGHT - 1), (0.1, 0.1))
    data = samples.file(scan, SequenceOfUltrasoundRegions=samples.regions(region))

    (entry,), _, stored = staged(data)

    shown = pixels.decode(stored[entry["image"]]).pixels
    assert (shown[:10] == 0).all()
    assert (shown[10:] == scan[0, 10:]).all()


@pytest.mark.parametrize(("top", "used"), [(12, True), (0, False)])
def test_a_lesion_that_was_drawn_outside_of_the_regions_is_not_trained_on(
    top: int, used: bool
) -> None:
    region = samples.region((0, 10, WIDTH - 1, HEIGHT - 1), (0.1, 0.1))
    data = samples.file(loop(1), SequenceOfUltrasoundRegions=samples.regions(region))
    drawn = Image.new("L", (WIDTH, HEIGHT))
    drawn.paste(255, (20, top, 50, 40))

    entries, aside, _ = staged(data, drawn)

    assert bool(entries) == used
    assert used or aside[0].reason == "mask-outside-regions"


def test_the_mapping_may_say_that_tags_do_not_group() -> None:
    data = samples.file(loop(3), PatientID="P1", StudyInstanceUID="1.2.3")

    entries, _, _ = staged(data, reading=Reading(patients=False))

    assert all(OBJECT_HINT in entry for entry in entries)
    assert not any(PATIENT_HINT in entry or STUDY_HINT in entry for entry in entries)


def test_another_archive_hides_a_patient_otherwise() -> None:
    data = samples.file(loop(1), PatientID="P1")

    (one,), _, _ = staged(data)
    (again,), _, _ = staged(data)
    (other,), _, _ = staged(data, more=b"x")

    assert one[PATIENT_HINT] == again[PATIENT_HINT] != other[PATIENT_HINT]
