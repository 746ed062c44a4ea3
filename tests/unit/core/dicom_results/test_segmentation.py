from __future__ import annotations

import io

import highdicom

from sonoflow.dicom_results import identity, writing
from tests.unit.core.dicom_results.findings import FRAME, IMAGE, LOOP, finding, read, referred


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
