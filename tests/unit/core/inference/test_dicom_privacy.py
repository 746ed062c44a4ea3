"""Nothing that a DICOM file says of a patient gets out: results, their metadata and tags, logs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from functions.predict.app import handler
from sonoflow.aws.clients import client
from tests.unit import stack, ultrasound
from tests.unit.core.dicom import samples
from tests.unit.fake_endpoints import FakeEndpoints

# Attributes of the Basic Application Level Confidentiality Profile, PS3.15 table E.1-1, by keyword:
# all that name persons, places, times, devices and objects, or describe them freely.
PROFILE = Path(__file__).with_name("confidentiality_profile.txt").read_text("utf-8").split()
SCAN = ultrasound.scan(1, 96, 64)[np.newaxis]


def secret(number: int, representation: str) -> Any:
    """A value that is found nowhere else, of the representation; None where there can be none."""
    texts = ("LO", "SH", "PN", "LT", "ST", "UT", "UC", "AE")
    digits = f"7{number:04d}391"
    return {
        **dict.fromkeys(texts, f"SECRET{digits}"),
        "UI": f"1.2.999.{digits}",
        "DA": f"19{number % 90 + 10}1{number % 3}2{number % 9}",
        "TM": f"1{number % 10}{number % 50 + 10}47.{digits[:6]}",
        "DT": f"1967112{number % 9}114759.{digits[:6]}",
        "AS": f"{number % 900 + 99:03d}Y",
        "IS": digits,
        "DS": f"{digits}.5",
    }.get(representation)


def filled() -> tuple[Dataset, list[str]]:
    """An object in which every attribute of the profile says something, and what they say."""
    found, values = samples.dataset(SCAN), []
    for number, keyword in enumerate(PROFILE):
        tag = tag_for_keyword(keyword)
        assert tag is not None
        if tag >> 16 <= 2:
            continue
        representation = dictionary_VR(tag)
        if representation == "SQ":
            inside = Dataset()
            inside.CodeMeaning = inside.PersonName = value = f"NESTED7{number:04d}391"
            found.add_new(tag, "SQ", Sequence([inside]))
        else:
            value = secret(number, representation)
            if value is None:
                continue
            found.add_new(tag, representation, value)
        if len(str(value)) > 5:
            values.append(str(value))
    block = found.private_block(0x0011, "SECRETCREATOR", create=True)
    block.add_new(1, "LO", "SECRETPRIVATE")
    values += ["SECRETCREATOR", "SECRETPRIVATE"]
    return found, values


def written() -> bytes:
    """Every byte in the results bucket, and what stands beside the objects."""
    s3, parts = client("s3"), []
    for key in stack.keys_of(stack.RESULTS):
        answer = s3.get_object(Bucket=stack.RESULTS, Key=key)
        tags = s3.get_object_tagging(Bucket=stack.RESULTS, Key=key)["TagSet"]
        parts += [key, answer["Body"].read().decode("latin-1"), str(answer["Metadata"]), str(tags)]
        parts += [str(answer["ResponseMetadata"]["HTTPHeaders"])]
    return "\n".join(parts).encode("latin-1", "replace")


def delivered(data: bytes, context: Any) -> None:
    batch = stack.upload_messages(stack.event("predict.image"), data)
    text = batch["Records"][0]["body"].replace("scan (1).png", "scan (1).dcm")
    batch["Records"][0]["body"] = text
    client("s3").put_object(Bucket=stack.UPLOADS, Key="inbox/ward3/scan (1).dcm", Body=data)
    body = json.loads(text)
    head = client("s3").head_object(Bucket=stack.UPLOADS, Key="inbox/ward3/scan (1).dcm")
    body["detail"]["object"]["version-id"] = head["VersionId"]
    batch["Records"][0]["body"] = json.dumps(body)
    assert handler(batch, context) == {"batchItemFailures": []}


def test_the_profile_is_one_of_names_that_exist() -> None:
    found, values = filled()

    assert len(values) > 150
    assert len({*values}) == len(values)
    named = {keyword_for_tag(element.tag) for element in found}
    assert {"PatientName", "PatientID", "StudyInstanceUID", "PersonName", "StationName"} <= named


@pytest.mark.parametrize(
    ("results", "spoilt"),
    [
        ("deidentified", None),
        *(("none", how) for how in (None, "Rows", "Modality")),
        *(("none", how) for how in ("PhotometricInterpretation", "cut", "VR")),
    ],
)
def test_no_value_of_the_profile_is_in_results_metadata_tags_or_logs(
    context: Any,
    endpoints: FakeEndpoints,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    results: str,
    spoilt: str | None,
) -> None:
    """Answered, in DICOM too, or rejected: for a tag, in the middle of a name, behind all names."""
    monkeypatch.setenv("DICOM_RESULTS", results)
    found, values = filled()
    if spoilt == "Modality":
        found.Modality = "MG"
    elif spoilt not in (None, "cut", "VR"):
        delattr(found, spoilt)
    data = samples.encode(found)
    hidden = [value for value in values if value.encode() in data]
    assert len(hidden) == len(values)
    if spoilt == "cut":
        data = data[: data.index(str(found.PatientName).encode()) + 5]

    if spoilt == "VR":
        data = data.replace(b"\x28\0\x10\0US", b"\x28\0\x10\0zz", 1)

    with caplog.at_level(logging.DEBUG):
        delivered(data, context)

    said = capsys.readouterr()
    everything = written() + (said.out + said.err + caplog.text).encode()
    whole = 6 if results == "deidentified" else 3
    assert len(stack.answers()) == (whole if spoilt is None else 1)
    assert [value for value in hidden if value.encode() in everything] == []
    sent = b"".join(body for _, _, body in endpoints.requests)
    assert [value for value in hidden if value.encode() in sent] == []
