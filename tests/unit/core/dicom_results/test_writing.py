from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sonoflow.dicom_results import writing
from sonoflow.dicom_results.finding import Source
from tests.unit.core.dicom_results.findings import FRAME, IMAGE, PIXELS, finding, read
from tests.unit.core.dicom_results.validity import complaints


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
