from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from operations import identify
from operations.__main__ import main
from sonoflow.dicom_results import writing
from sonoflow.dicom_results.finding import Source
from tests.unit.core.dicom import samples
from tests.unit.core.dicom_results.findings import LOOP, finding
from tests.unit.core.dicom_results.validity import complaints
from tests.unit.core.images.test_loops import loop

OBJECT = samples.file(
    loop(3),
    SpecificCharacterSet="ISO_IR 100",
    PatientName="Müller^Änne",
    PatientID="4711",
    StudyInstanceUID="1.2.840.1",
    SeriesInstanceUID="1.2.840.2",
    SOPInstanceUID="1.2.840.3",
    StudyDate="20250102",
    AccessionNumber="A1",
)


def results() -> dict[str, bytes]:
    mask = np.zeros((64, 96), np.bool_)
    mask[9:20, 9:40] = True
    shown = np.zeros((64, 96, 3), np.uint8)
    source = Source(LOOP, 2, 3, clean=True)
    digest = hashlib.sha256(OBJECT).hexdigest()
    return writing.write(finding(sha256=digest, source=source, mask=mask, shown=shown))


def test_the_objects_patient_study_and_uids_are_put_back(tmp_path: Path) -> None:
    for kind, data in results().items():
        content = identify.identified(OBJECT, data)
        found = pydicom.dcmread(io.BytesIO(content))

        assert str(found.PatientName) == "Müller^Änne"
        assert (found.PatientID, found.StudyDate, found.AccessionNumber) == (
            "4711",
            "20250102",
            "A1",
        )
        assert found.StudyInstanceUID == "1.2.840.1"
        assert found.SOPInstanceUID != "1.2.840.3"
        assert "PatientIdentityRemoved" not in found
        assert found.SeriesDescription.startswith("RESEARCH USE ONLY")
        if kind != "capture":
            assert b"1.2.840.3" in content and b"1.2.840.2" in content
        assert complaints(content, tmp_path) == []


def test_what_answers_another_object_stays_unnamed() -> None:
    other = samples.file(loop(3, 9), StudyInstanceUID="1.2", SeriesInstanceUID="1.3")
    data = results()["segmentation"]

    with pytest.raises(identify.NotIdentified, match="no answer to this object"):
        identify.identified(other, data)
    with pytest.raises(identify.NotIdentified, match="the object has no StudyInstanceUID"):
        identify.identified(samples.file(loop(1)), data)
    with pytest.raises(identify.NotIdentified, match="the result is no DICOM file"):
        identify.identified(OBJECT, b"x" * 200)


def test_files_are_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scan.dcm").write_bytes(OBJECT)
    (tmp_path / "scan.dcm.seg.dcm").write_bytes(results()["segmentation"])
    told = [str(tmp_path / name) for name in ("scan.dcm", "scan.dcm.seg.dcm")]
    out = tmp_path / "identified"

    assert main(["identify", *told, "--out", str(out)]) == 0
    assert b"4711" in (out / "scan.dcm.seg.dcm").read_bytes()
    assert main(["identify", *told, "--out", str(out)]) == 1
    assert "scan.dcm.seg.dcm" in capsys.readouterr().err
