"""Data sets of DICOM from upload to splits: patients stay together, and stay unnamed."""

from __future__ import annotations

import collections
import logging
import re
from typing import Any

import pytest
from pydicom.dataset import Dataset

from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.planning import checks
from sonoflow.reports import check_report
from tests.unit import pictures, stack, ultrasound
from tests.unit.core.dicom import samples
from tests.unit.core.images.test_loops import loop
from tests.unit.core.inference import test_dicom_privacy
from tests.unit.core.planning.test_checks import put

LABELS = ("benign", "malignant")


def archive(patients: int = 6, **tags: Any) -> dict[str, bytes]:
    """Of each patient a loop, a picture, and a picture of another study under another name."""
    files = {}
    for offset, label in enumerate(LABELS):
        for number in range(patients):
            seed = 1000 * offset + 10 * number
            told = {"PatientID": f"ID-{label}-{number}", "StudyInstanceUID": f"1.2.{seed}", **tags}
            files[f"{label}/a{seed}.dcm"] = samples.file(loop(5, seed), **told)
            files[f"{label}/b{seed + 1}.dcm"] = samples.file(loop(1, seed + 6), **told)
            told |= {"StudyInstanceUID": f"1.2.{seed + 5}"}
            files[f"{label}/{offset}.{seed}"] = samples.file(loop(1, seed + 7), **told)
    return files


def test_patients_are_never_divided(aws: None) -> None:
    found = checks.check(put("a.zip", pictures.archive(archive())), stack.WORK)

    assert found.refusal is None
    assert found.facts()["classes"]["benign"]["images"] == 6 * (3 + 1 + 1)
    assert found.facts()["groups"] == 12
    sides = collections.defaultdict(set)
    for entry in found.entries:
        last = re.search(r"(\d+)(?:\.dcm)?$", entry["source"])
        patient = int(last[1]) if last else -1
        sides[entry["class"], patient // 10].add((entry["group"], entry["split"], entry["fold"]))
    assert all(len(some) == 1 for some in sides.values()) and len(sides) == 12
    assert {split for some in sides.values() for _, split, _ in some} == {
        "train", "validation", "test",
    }  # fmt: skip
    assert [assumption.code for assumption in found.assumptions] == ["frame-of-loop"]


def test_one_patient_id_for_all_is_refused_until_the_mapping_says_what_holds(aws: None) -> None:
    data = pictures.archive(archive(PatientID="DEID-1"))

    found = checks.check(put("a.zip", data), stack.WORK)

    assert found.refusal is not None and found.refusal.reason == "one-patient"
    told = checks.check(put("b.zip", data, {"groups": "none"}), stack.WORK)
    assert told.refusal is None
    assert told.facts()["groups"] == 12  # the loops
    assert checks.check(put("c.zip", pictures.archive(archive(PatientID="ANON"))), stack.WORK)


def test_the_mapping_says_how_many_frames(aws: None) -> None:
    data = pictures.archive(archive())

    for frames, images in (("first", 18), ("middle", 18), (2, 24), (5, 42)):
        mapping = {"pictures": {"frames": frames}}
        facts = checks.check(put("a.zip", data, mapping), stack.WORK).facts()
        assert facts["classes"]["benign"]["images"] == images
    for wrong in (1, 0, 65, "last", True, 2.5):
        refusal = checks.check(put("a.zip", data, {"pictures": {"frames": wrong}}), stack.WORK)
        assert refusal.refusal is not None and "'frames' must be" in refusal.refusal.detail


def filled(number: int, label: str) -> tuple[bytes, list[str]]:
    """An object that says something in each tag of the confidentiality profile."""
    found, values = test_dicom_privacy.filled()
    replaced: dict[str, str] = {}
    for value in values:
        replaced[value] = value.replace("391", f"{391 + number}")
    _rename(found, replaced)
    found.PatientID = f"PATIENTNUMBER-{label}-{number // 2}"
    scan = ultrasound.scan(number + 100 * len(label), 96, 64)
    found.PixelData = scan.tobytes()
    return samples.encode(found), [*values, str(found.PatientID)]


def _rename(found: Dataset, replaced: dict[str, str]) -> None:
    for element in found:
        if element.VR in ("LO", "SH", "PN", "UI", "LT", "ST", "UT") and element.tag != 0x00080016:
            value = str(element.value)
            if value in replaced:
                element.value = replaced[value]


def test_no_value_of_the_profile_is_in_anything_that_is_written_or_said(
    aws: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    files, secrets = {}, set()
    for label in LABELS:
        for number in range(8):
            data, values = filled(number, label)
            files[f"{label}/{label}{number:02d}x.dcm"] = data
            secrets |= {value for value in values if value.encode() in data}
    files["benign/cut.dcm"] = files["benign/benign00x.dcm"][:-500]
    files["benign/broken.dcm"] = files["benign/benign00x.dcm"].replace(
        b"(\0\x10\0US", b"(\0\x10\0zz"
    )
    assert len(secrets) > 150

    with caplog.at_level(logging.DEBUG):
        found = checks.check(put("a.zip", pictures.archive(files)), stack.WORK)
        page = check_report.make(stack.WORK, {"upload": "a.zip", **found.facts()}, found.entries)

    assert found.refusal is None
    assert found.facts()["classes"]["benign"]["images"] == 8
    assert {aside["reason"] for aside in found.quarantine} == {"truncated", "dicom-damaged"}
    said = capsys.readouterr()
    everything = [page, (said.out + said.err + caplog.text + str(found)).encode()]
    for key in stack.keys_of(stack.WORK):
        answer = client("s3").get_object(Bucket=stack.WORK, Key=key)
        everything += [key.encode(), answer["Body"].read(), str(answer["Metadata"]).encode()]
    whole = b"\n".join(everything)
    assert b"benign00x.dcm" in whole
    assert [value for value in secrets if value.encode() in whole] == []


def test_hints_end_with_the_splits(aws: None) -> None:
    found = checks.check(put("a.zip", pictures.archive(archive())), stack.WORK)

    assert found.dataset is not None
    lines = list(objects.read_lines(stack.WORK, found.dataset.index))
    assert not any(name.endswith("_hint") for line in lines for name in line)
    assert {line.get("frame") for line in lines} == {None, 1, 3, 5}
