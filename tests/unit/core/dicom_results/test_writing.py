from __future__ import annotations

import io
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sonoflow.dicom_results import capture, identity, writing
from sonoflow.dicom_results.finding import Source
from tests.unit.core.dicom_results.findings import IMAGE, LOOP, PIXELS, finding
from tests.unit.core.dicom_results.validity import complaints

FRAME = Source(LOOP, 3, 7, clean=True)


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def referred(found: Dataset) -> list[tuple[str, str, int | None]]:
    """Class, instance and frame of each reference."""
    told = []

    def look(_: Dataset, element: pydicom.DataElement) -> None:
        if element.VR == "SQ":
            for item in element.value:
                if "ReferencedSOPInstanceUID" in item:
                    frame = item.get("ReferencedFrameNumber")
                    place = (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID)
                    told.append((*place, None if frame is None else int(frame)))

    found.walk(look)
    return told


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"source": FRAME},
        {"measurements": PIXELS},
        {"label": "恶性" * 40, "probability": 1 / 3},
        {"mask": np.ones((50, 93), np.bool_)},
        {"source": Source("1.2.840.10008.5.1.4.1.1.7", 1, 1, clean=True)},
    ],
)
def test_each_file_is_valid_by_another_tool(given: dict[str, object], tmp_path: Path) -> None:
    files = writing.write(finding(**given))

    assert list(files) == ["segmentation", "capture", "report"]
    for data in files.values():
        assert complaints(data, tmp_path) == []


def test_what_is_not_valid_is_told(tmp_path: Path) -> None:
    spoilt = read(writing.write(finding())["segmentation"])
    del spoilt.SegmentSequence[0].SegmentAlgorithmType
    buffer = io.BytesIO()
    spoilt.save_as(buffer)

    assert any("SegmentAlgorithmType" in line for line in complaints(buffer.getvalue(), tmp_path))


def test_the_segmentation_holds_the_mask_and_names_the_frame() -> None:
    given = finding(source=FRAME)

    found = highdicom.seg.segread(io.BytesIO(writing.write(given)["segmentation"]))

    assert (found.pixel_array.astype(bool) == given.mask).all()
    assert found.segment_numbers == [1]
    segment = found.get_segment_description(1)
    assert segment.segment_label == "lesion"
    assert segment.algorithm_type.value == "AUTOMATIC"
    assert segment.algorithm_identification[0].AlgorithmVersion == "0a1b2c3d4e5f-2"
    instance = identity.of_source(given, identity.INSTANCE)
    references = referred(found)
    assert {(kind, uid) for kind, uid, _ in references} == {(LOOP, instance)}
    assert 3 in {frame for _, _, frame in references}


def test_of_one_frame_none_is_named() -> None:
    files = writing.write(finding())

    for kind in ("segmentation", "report"):
        frames = {frame for of, _, frame in referred(read(files[kind])) if of == IMAGE}
        assert frames == {None}


def test_the_capture_shows_the_overlay_and_a_notice() -> None:
    given = finding()

    found = read(writing.write(given)["capture"])

    assert (found.pixel_array[:50] == given.shown).all()
    assert found.pixel_array.shape[0] > 50
    assert found.pixel_array[50:].max() > 200
    assert [float(size) for size in found.PixelSpacing] == [0.1, 0.2]
    assert found.Modality == "OT"  # never taken for a picture to be answered


@pytest.mark.parametrize("width", [32, 2000])
def test_the_notice_fits(width: int) -> None:
    shown = capture.with_notice(np.zeros((32, width, 3), np.uint8))

    assert shown.shape == (52, width, 3)
    assert shown[32:].any() and not shown[:, width - 1].any()


@pytest.mark.parametrize(
    ("measurements", "expected"),
    [
        (finding().measurements, [(4.0, "mm2"), (4.123, "mm"), (1.94, "mm")]),
        (PIXELS, [(200.0, "{pixels}"), (22.361, "{pixels}"), (11.2, "{pixels}")]),
        (
            {**PIXELS, "area_mm2": None, "longest_axis_mm": None, "no_millimetres": "no-region"},
            [(200.0, "{pixels}"), (22.361, "{pixels}"), (11.2, "{pixels}")],
        ),
    ],
)
def test_the_report_says_what_was_measured(
    measurements: dict[str, object], expected: list[tuple[float, str]]
) -> None:
    files = writing.write(finding(source=FRAME, measurements=measurements))

    found = highdicom.sr.srread(io.BytesIO(files["report"]))

    (group,) = found.content.get_planar_roi_measurement_groups()
    told = [(one.value, one.unit.value) for one in group.get_measurements()]
    assert told == [*expected, (93.12, "%")]
    names = [one.name.meaning for one in group.get_measurements()]
    assert names == ["Area", "Long axis", "Short axis", "Certainty of Finding"]
    said = {one.name.meaning: one.value.meaning for one in group.get_qualitative_evaluations()}
    assert said["Class by software"] == "malignant"
    segmentation = read(files["segmentation"])
    assert (segmentation.SOPClassUID, segmentation.SOPInstanceUID, 1) in referred(found)
    assert 3 in {frame for kind, _, frame in referred(found) if kind == LOOP}
    assert (found.CompletionFlag, found.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert found.PreliminaryFlag == "PRELIMINARY"


def test_each_says_that_it_is_for_research_and_names_nobody() -> None:
    for data in writing.write(finding()).values():
        found = read(data)
        assert found.SeriesDescription.startswith("RESEARCH USE ONLY: ")
        assert found.PatientIdentityRemoved == "YES"
        for keyword in ("PatientID", "PatientName", "PatientBirthDate", "AccessionNumber"):
            assert not found[keyword].value
        assert not found.StudyDate
    assert b"Research use only, not for diagnosis" in writing.write(finding())["report"]


def test_of_what_may_show_a_name_there_is_no_capture() -> None:
    files = writing.write(finding(source=Source(IMAGE, 1, 1, clean=False)))

    assert list(files) == ["segmentation", "report"]


def test_one_object_is_of_one_study_and_each_answer_of_its_own_series() -> None:
    one, again, other = (finding(**g) for g in ({}, {"answer": "v2"}, {"sha256": "cd" * 32}))
    found = [[read(data) for data in writing.write(of).values()] for of in (one, again, other)]

    studies = [{result.StudyInstanceUID for result in results} for results in found]
    assert studies[0] == studies[1] != studies[2]
    assert len(studies[0]) == 1
    instances = [result.SOPInstanceUID for results in found for result in results]
    series = [result.SeriesInstanceUID for results in found for result in results]
    assert len(set(instances)) == len(set(series)) == 9
    assert all(pydicom.uid.UID(uid).is_valid for uid in (*instances, *series))


def test_the_same_finding_makes_the_same_objects_but_for_the_time() -> None:
    first, second = writing.write(finding()), writing.write(finding())

    for kind in first:
        one, other = read(first[kind]), read(second[kind])
        for found in (one, other):
            found.walk(lambda dataset, element: _without_time(dataset, element))
        assert one == other


def _without_time(dataset: Dataset, element: pydicom.DataElement) -> None:
    if element.VR in ("DA", "TM", "DT"):
        element.value = ""
