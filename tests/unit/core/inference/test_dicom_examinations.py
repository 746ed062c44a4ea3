from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.images import png
from sonoflow.inference import image_inbox, outcomes
from tests.unit import fake_endpoints, stack, ultrasound
from tests.unit.core.dicom import samples
from tests.unit.core.dicom.test_frames import lossless
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints

WIDTH, HEIGHT = 96, 64
LOOP = np.stack([ultrasound.scan(seed, WIDTH, HEIGHT) for seed in range(1, 6)])
BENIGN = {"benign": 0.9, "malignant": 0.06, "normal": 0.04}


def upload(key: str, data: bytes) -> Upload:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=data)
    return Upload(stack.UPLOADS, key, answer["VersionId"], len(data), "0055AED6DCD90281E5")


def handled(key: str, data: bytes, **given: Any) -> str:
    how = dataclasses.replace(settings.read(settings.Predicting), **given)
    return image_inbox.handle(upload(key, data), stack.RESULTS, how).kind


def prediction(root: Path, path: str) -> Any:
    found = stack.read_json(stack.RESULTS, f"predictions/{path}.json")
    schema = json.loads((root / "docs/schemas/prediction.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def malignant_in(endpoints: FakeEndpoints, frame: int, chance: float = 0.8) -> None:
    worst = png.encode(LOOP[frame])
    bad = {"benign": 1 - chance - 0.01, "malignant": chance, "normal": 0.01}
    endpoints.answers[CLASSIFIER] = lambda body: fake_endpoints.classification(
        bad if body == worst else BENIGN
    )


@pytest.mark.parametrize("name", ["loop.dcm", "LOOP.DICOM", "loop", "1.2.840.113619.2.55"])
def test_a_loop_is_answered_by_its_worst_frame(
    endpoints: FakeEndpoints, root: Path, name: str
) -> None:
    malignant_in(endpoints, 3)

    assert handled(f"inbox/{name}", samples.file(LOOP)) == outcomes.PREDICTED

    found = prediction(root, name)
    assert found["dicom"]["frame"] == 4
    assert found["dicom"]["frame_count"] == 5
    assert [one["frame"] for one in found["dicom"]["frames"]] == [1, 2, 3, 4, 5]
    assert [one["label"] for one in found["dicom"]["frames"]] == ["benign"] * 3 + [
        "malignant",
        "benign",
    ]
    assert found["classification"]["probabilities"]["malignant"] == 0.8
    overlay = Image.open(io.BytesIO(stack.read(stack.RESULTS, f"overlays/{name}.png")))
    assert (np.asarray(overlay)[-1, :, 0] == LOOP[3][-1]).all()
    assert found["measurements"]["no_millimetres"] == "no-region"


def test_of_a_long_loop_frames_at_equal_distances_are_looked_at(
    endpoints: FakeEndpoints, root: Path
) -> None:
    handled("inbox/a.dcm", samples.file(LOOP), dicom_frames_limit=3)

    found = prediction(root, "a.dcm")
    assert [one["frame"] for one in found["dicom"]["frames"]] == [1, 3, 5]
    assert found["dicom"]["frame_count"] == 5
    assert len(endpoints.requests) == 6


@pytest.mark.parametrize(
    ("first", "second", "worst"),
    [
        ({"malignant": 0.4, "benign": 0.6}, {"malignant": 0.5, "benign": 0.5}, 2),
        ({"malignant": 0.5, "benign": 0.5}, {"malignant": 0.4, "benign": 0.6}, 1),
        ({"lesion": 0.4, "normal": 0.6}, {"lesion": 0.9, "normal": 0.1}, 2),
        ({"a": 0.4, "b": 0.6}, {"a": 0.9, "b": 0.1}, 1),
    ],
)
def test_worst_is_what_is_likeliest_malignant_or_else_no_normal(
    endpoints: FakeEndpoints,
    root: Path,
    first: dict[str, float],
    second: dict[str, float],
    worst: int,
) -> None:
    one = png.encode(LOOP[0])
    endpoints.answers[CLASSIFIER] = lambda body: fake_endpoints.classification(
        first if body == one else second
    )

    handled("inbox/a.dcm", samples.file(LOOP[:2]))

    assert prediction(root, "a.dcm")["dicom"]["frame"] == worst


def test_of_equals_the_frame_of_the_larger_lesion_is_worst(
    endpoints: FakeEndpoints, root: Path
) -> None:
    large = png.encode(LOOP[2])
    endpoints.answers[SEGMENTER] = lambda body: fake_endpoints.segmentation(
        body, (10, 10, 50, 40) if body == large else (10, 10, 30, 20)
    )

    handled("inbox/a.dcm", samples.file(LOOP))

    found = prediction(root, "a.dcm")
    assert found["dicom"]["frame"] == 3
    assert found["segmentation"]["lesion_pixels"] == 1200


def test_a_region_gives_millimetres_and_what_lies_outside_is_blanked_in_the_overlay(
    endpoints: FakeEndpoints, root: Path
) -> None:
    item = samples.region((5, 4, 80, 50), (0.2, 0.1))
    data = samples.file(LOOP[:1], SequenceOfUltrasoundRegions=samples.regions(item))

    handled("inbox/a.dcm", data)

    found = prediction(root, "a.dcm")
    assert found["measurements"]["area_mm2"] == 4.0  # 20 × 10 pixels of 0.2 × 0.1 mm
    assert found["measurements"]["longest_axis_mm"] == pytest.approx(4.123)
    assert found["measurements"]["perpendicular_mm"] == pytest.approx(1.94, abs=0.001)
    assert found["measurements"]["millimetres_per_pixel"] == [0.2, 0.1]
    assert found["dicom"]["blanked"] is True
    overlay = np.asarray(Image.open(io.BytesIO(stack.read(stack.RESULTS, "overlays/a.dcm.png"))))
    assert not overlay[:4].any()
    assert not overlay[51:].any()
    assert not overlay[:, :5].any()
    assert (overlay[45, 5:81, 0] == LOOP[0][45, 5:81]).all()
    # The models see the whole picture, as they did in training.
    assert {body for _, _, body in endpoints.requests} == {png.encode(LOOP[0])}


def test_a_lesion_that_reaches_out_of_its_region_has_no_millimetres(
    endpoints: FakeEndpoints, root: Path
) -> None:
    item = samples.region((5, 4, 28, 50), (0.2, 0.1))
    data = samples.file(LOOP[:1], SequenceOfUltrasoundRegions=samples.regions(item))

    handled("inbox/a.dcm", data)

    found = prediction(root, "a.dcm")["measurements"]
    assert found["area_mm2"] is found["longest_axis_mm"] is found["perpendicular_mm"] is None
    assert found["no_millimetres"] == "outside-of-regions"
    assert found["longest_axis_pixels"] == 22.361


@pytest.mark.parametrize(
    ("tags", "flags", "action"),
    [
        ({"BurnedInAnnotation": None}, ["burned-in-text-possible"], "auto"),
        ({"SOPClassUID": samples.CAPTURE}, ["secondary-capture"], "review"),
        ({"BodyPartExamined": "THYROID"}, ["other-body-part"], "review"),
        ({"WindowCenter": "9", "WindowWidth": "0"}, ["window-ignored"], "review"),
    ],
)
def test_what_is_unusual_is_flagged(
    endpoints: FakeEndpoints, root: Path, tags: dict[str, Any], flags: list[str], action: str
) -> None:
    handled("inbox/a.dcm", samples.file(LOOP[:1], **tags))

    found = prediction(root, "a.dcm")
    assert found["image"]["flags"] == flags
    assert found["decision"]["action"] == action


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.dcm", samples.file(LOOP, Modality="MG"), "not-ultrasound"),
        ("a.dcm", samples.file(LOOP, SOPClassUID=samples.MAMMOGRAPHY), "not-ultrasound"),
        ("a.dcm", png.encode(LOOP[0]), "not-an-image"),
        ("a.dcm", b"", "empty"),
        ("a", png.encode(LOOP[0]), "unsupported-extension"),
        ("a.png", samples.file(LOOP), "not-an-image"),
        ("a.ima", samples.file(LOOP), "unsupported-extension"),
        ("a.dcm", samples.file(LOOP)[:-1], "truncated"),
    ],
)
def test_whatever_is_no_ultrasound_is_rejected_and_never_scored(
    endpoints: FakeEndpoints, name: str, data: bytes, reason: str
) -> None:
    assert handled(f"inbox/{name}", data) == outcomes.REJECTED

    assert stack.keys_of(stack.RESULTS) == [f"rejected/{name}.json"]
    assert stack.read_json(stack.RESULTS, f"rejected/{name}.json")["reason"] == reason
    assert endpoints.requests == []


def test_one_bad_frame_rejects_the_object(endpoints: FakeEndpoints) -> None:
    frames = [lossless(one) for one in LOOP]
    frames[3] = frames[3][:500]
    data = samples.packed(frames, LOOP, uid.JPEGLosslessSV1)

    assert handled("inbox/a.dcm", data) == outcomes.REJECTED

    found = stack.read_json(stack.RESULTS, "rejected/a.dcm.json")
    assert found["reason"] == "truncated"
    assert found["detail"].startswith("frame 4: ")
