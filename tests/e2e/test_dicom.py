"""DICOM in and out: a zip of it trains, an object of it is answered in DICOM, nobody is named."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import JPEGLSLossless, RLELossless

from tests.e2e.conftest import Deploy, Stack, wait_for, zip_of
from tests.unit.core.dicom import samples
from tests.unit.core.dicom_results.validity import complaints

SYNTAXES = [samples.LITTLE, samples.IMPLICIT, samples.DEFLATED, RLELossless, JPEGLSLossless]
SECRET = "SECRETPATIENT"


def as_dicom(picture: bytes, number: int, frames: int = 1, **tags: Any) -> bytes:
    """A loop in which a probe is turned round, or one frame, in one of the transfer syntaxes."""
    grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    turns = itertools.cycle((grey, grey[:, ::-1]))
    found = samples.dataset(np.stack(list(itertools.islice(turns, frames))), **tags)
    found.PatientName, found.PatientID = f"{SECRET}^{number}", f"{SECRET}-{number // 2}"
    found.StudyInstanceUID = f"1.2.840.99999.{number // 2}"
    syntax = SYNTAXES[number % len(SYNTAXES)]
    if syntax in (RLELossless, JPEGLSLossless):
        samples.encode(found)  # gives it a header
        found.compress(syntax, generate_instance_uid=False)
    return samples.encode(found, syntax)


def archive(phantoms: bytes) -> tuple[bytes, list[bytes]]:
    """The phantoms with their pictures as DICOM, one of each class as a loop without mask; and
    their pictures of the malignant class."""
    members, malignant = {}, []
    with zipfile.ZipFile(io.BytesIO(phantoms)) as found:
        names = [name for name in found.namelist() if name.endswith(".png")]
        scans = [name for name in names if "_mask" not in name]
        files = {name: found.read(name) for name in names}
    for number, name in enumerate(scans):
        stem = name.removesuffix(".png")
        members[f"{stem}.dcm"] = as_dicom(files[name], number)
        malignant += [files[name]] * ("malignant" in name)
        if number % 8 == 0:
            members[f"{stem.rpartition('/')[0]}/1.2.840.{number}"] = as_dicom(
                files[name], number, 4
            )
    return zip_of(members | {name: files[name] for name in names if "_mask" in name}), malignant


def everything(stack: Stack, log: Path) -> bytes:
    """Every key and byte of what is staged, trained and answered, and all that was logged."""
    parts = [path.read_bytes() for path in log.rglob("*.log")]
    for bucket in (stack.work, stack.results):
        for key in stack.keys(bucket):
            if not key.startswith("weights/"):
                parts += [key.encode(), stack.find(bucket, key) or b""]
    return b"\n".join(parts)


def test_dicom_trains_and_is_answered_in_dicom(
    deploy: Deploy, phantoms: Callable[[int], bytes], tmp_path: Path
) -> None:
    data, malignant = archive(phantoms(1))
    with deploy(SegmenterEpochs="8") as stack:
        ended = stack.run_to_the_end("datasets/dicom.zip", data)
        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        lines = stack.find(stack.work, _only(stack, stack.work, "/index.jsonl")) or b""
        assert lines.count(b'"frame-of-loop"') == 9
        item = samples.region((0, 0, 400, 400), (0.1, 0.1))
        for number, picture in enumerate(itertools.islice(malignant, 4)):
            height, width = np.asarray(Image.open(io.BytesIO(picture))).shape[:2]
            item.RegionLocationMaxX1, item.RegionLocationMaxY1 = width - 1, height - 1
            regions = samples.regions(item)
            body = as_dicom(picture, number, 2, SequenceOfUltrasoundRegions=regions)
            stack.upload(f"inbox/w/{number}.dcm", body)
        answered = [
            stack.wait_for_document(stack.results, f"predictions/w/{number}.dcm.json")
            for number in range(4)
        ]
        with_lesion = [one for one in answered if one["segmentation"]["lesion_pixels"]]
        assert with_lesion, "the segmenter has found nothing in four pictures that it trained on"
        for one in answered:
            assert ("results" in one["dicom"]) == bool(one["segmentation"]["lesion_pixels"])
        for one in with_lesion:
            check_results(stack, one, tmp_path)
        whole = everything(stack, stack.laptop.state)
        assert b"predictions/w/0.dcm.json" in whole
        for hidden in (SECRET, "1.2.840.99999"):
            assert hidden.encode() in data
            assert hidden.encode() not in whole


def check_results(stack: Stack, document: dict[str, Any], folder: Path) -> None:
    files = {
        kind: wait_for(lambda key=key: stack.find(stack.results, key), key, 10)
        for kind, key in document["dicom"]["results"].items()
    }
    assert list(files) == ["segmentation", "capture", "report"]
    for content in files.values():
        assert complaints(content, folder) == []
    found = highdicom.seg.segread(io.BytesIO(files["segmentation"]))
    assert int(found.pixel_array.sum()) == document["segmentation"]["lesion_pixels"]
    report = highdicom.sr.srread(io.BytesIO(files["report"]))
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert group.get_measurements()[0].value == document["measurements"]["area_mm2"]
    assert pydicom.dcmread(io.BytesIO(files["capture"])).pixel_array.any()


def _only(stack: Stack, bucket: str, end: str) -> str:
    (key,) = (key for key in stack.keys(bucket) if key.endswith(end))
    return key
