from __future__ import annotations

import io

import highdicom
import pytest

from sonoflow.dicom_results import writing
from tests.unit.core.dicom_results.findings import FRAME, LOOP, PIXELS, finding, read, referred


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
