from __future__ import annotations

import dataclasses
import hashlib
import io
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from functions.stage_images.app import handler
from sonoflow.archives import directory, members
from sonoflow.aws.clients import client
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import PayloadInvalid
from sonoflow.images.fingerprints import fingerprint
from tests.unit import pictures, stack

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PREFIX = "datasets/busi-mini/cd0007f2cf09/"


def archive_for(payload: dict[str, Any]) -> bytes:
    """An archive that holds what the batch names."""
    files: dict[str, bytes] = {}
    for number, planned in enumerate(payload["batch"]["images"]):
        files[planned["image"]] = pictures.png(number)
        for offset, mask in enumerate(planned["masks"]):
            left = 10 + 40 * offset
            files[mask] = pictures.encode(pictures.lesion(left, 10, left + 20, 20))
    return located(payload, files)


def located(payload: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """An archive of files; the batch is told where in it they lie."""
    data = pictures.archive(files)
    index = directory.read(HeldFile(io.BytesIO(data)))
    places = {m.name: members.locate(m, index.end) for m in index.members}
    for planned in payload["batch"]["images"]:
        names = (planned["image"], *planned["masks"])
        planned["members"] = [list(dataclasses.astuple(places[name])) for name in names]
    return data


def identity(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def pixels(key: str) -> Any:
    image = Image.open(io.BytesIO(stack.read(stack.WORK, PREFIX + key)))
    assert image.mode == "L"
    return np.asarray(image)


def test_a_batch_is_staged_as_grey_images_and_the_union_of_their_masks(
    aws: None, context: Any
) -> None:
    payload = stack.event("stage_images.batch")
    stack.state_upload(payload, archive_for(payload))

    answer = handler(payload, context)

    assert answer == {"batch": 0, "staged": 4, "quarantined": 0}
    part = stack.read_json(stack.WORK, f"{PREFIX}parts/00000.json")
    assert part["quarantine"] == []
    source = payload["batch"]["images"][1]["image"]
    entry = part["images"][1]
    assert entry == {
        "id": identity(source),
        "class": "benign",
        "source": source,
        "masks": payload["batch"]["images"][1]["masks"],
        "width": pictures.WIDTH,
        "height": pictures.HEIGHT,
        "image": f"images/benign/{identity(source)}.png",
        "mask": f"masks/benign/{identity(source)}.png",
        "sha256": entry["sha256"],
        **fingerprint(np.asarray(pictures.scan(1))).document(),
        "lesion_pixels": 2 * 20 * 10,
        "histogram": np.bincount(np.asarray(pictures.scan(1)).ravel() // 16, minlength=16).tolist(),
        "given_split": None,
        "group_hint": None,
        "mask_sha256": hashlib.sha256(stack.read(stack.WORK, PREFIX + entry["mask"])).hexdigest(),
        "texture": entry["texture"],
        "strokes": entry["strokes"],
        "flags": [],
    }
    assert abs(entry["texture"]) < 0.1, "noise"
    assert (pixels(entry["image"]) == np.asarray(pictures.scan(1))).all()
    mask = pixels(entry["mask"])
    assert sorted(np.unique(mask)) == [0, 255]
    assert (mask == 255).sum() == 400


def test_pairs_without_classes_get_them_from_their_masks(aws: None, context: Any) -> None:
    payload = stack.event("stage_images.pairs")
    (with_lesion, its_mask), (without, empty) = (
        (planned["image"], planned["masks"][0]) for planned in payload["batch"]["images"]
    )
    files = {
        with_lesion: pictures.png(1),
        its_mask: pictures.encode(pictures.lesion(1, 1, 9, 9)),
        without: pictures.png(2),
        empty: pictures.encode(pictures.lesion(0, 0, 0, 0)),
    }
    stack.state_upload(payload, located(payload, files))

    answer = handler(payload, context)

    assert answer == {"batch": 0, "staged": 2, "quarantined": 0}
    first, second = stack.read_json(stack.WORK, f"{PREFIX}parts/00000.json")["images"]
    assert (first["class"], second["class"]) == ("lesion", "normal")
    assert first["flags"] == second["flags"] == ["class-from-mask"]
    assert (pixels(f"masks/lesion/{identity(with_lesion)}.png") == 255).sum() == 64
    assert not pixels(f"masks/normal/{identity(without)}.png").any()


def test_a_batch_that_was_staged_is_not_staged_again(aws: None, context: Any) -> None:
    payload = stack.event("stage_images.batch")
    stack.state_upload(payload, archive_for(payload))
    answer = handler(payload, context)
    staged = stack.keys_of(stack.WORK)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=payload["upload"]["key"])
    payload["upload"]["version_id"] = None  # whoever read the archive now would fail

    assert handler(payload, context) == answer
    assert stack.keys_of(stack.WORK) == staged
    assert len(staged) == 4 + 4 + 1


@pytest.mark.parametrize(
    "change", [{"class": "malignant"}, {"given_split": "test"}, {"group_hint": "patient-1"}]
)
def test_a_batch_that_was_planned_otherwise_is_staged_again(
    aws: None, context: Any, change: dict[str, str]
) -> None:
    payload = stack.event("stage_images.batch")
    stack.state_upload(payload, archive_for(payload))
    handler(payload, context)
    payload["batch"]["images"][0].update(change)

    handler(payload, context)

    part = stack.read_json(stack.WORK, f"{PREFIX}parts/00000.json")
    assert change.items() <= part["images"][0].items()


def test_after_a_failure_the_same_batch_gives_the_same_objects(aws: None, context: Any) -> None:
    payload = stack.event("stage_images.batch")
    stack.state_upload(payload, archive_for(payload))

    handler(payload, context)
    first = {key: stack.read(stack.WORK, key) for key in stack.keys_of(stack.WORK)}
    client("s3").delete_object(Bucket=stack.WORK, Key=f"{PREFIX}parts/00000.json")
    handler(payload, context)
    second = {key: stack.read(stack.WORK, key) for key in stack.keys_of(stack.WORK)}

    assert first == second


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no picture", "not-an-image"),
        (b"", "empty"),
        (pictures.png()[:2000], "truncated"),
    ],
)
def test_a_bad_image_is_set_aside_and_the_rest_goes_on(
    aws: None, context: Any, content: bytes, reason: str
) -> None:
    payload = stack.event("stage_images.bad_image")
    torn, good = payload["batch"]["images"]
    files = {
        good["image"]: pictures.png(),
        good["masks"][0]: pictures.encode(pictures.lesion(1, 1, 9, 9)),
        torn["image"]: content,
    }
    stack.state_upload(payload, located(payload, files))

    answer = handler(payload, context)

    assert answer == {"batch": 1, "staged": 1, "quarantined": 1}
    part = stack.read_json(stack.WORK, f"{PREFIX}parts/00001.json")
    (entry,) = part["quarantine"]
    assert (entry["source"], entry["reason"]) == (torn["image"], reason)
    assert entry["detail"]
    assert [image["source"] for image in part["images"]] == [good["image"]]


def test_a_batch_that_is_not_as_planned_is_an_error_that_says_so(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match="image"):
        handler(stack.event("stage_images.bad_batch"), context)


def test_errors_of_s3_escape_so_that_the_batch_is_tried_again(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    payload = stack.event("stage_images.batch")
    stack.state_upload(payload, archive_for(payload))
    settings_env.setenv("WORK_BUCKET", "sonoflow-workbucket-that-is-not-there")

    with pytest.raises(ClientError, match="NoSuchBucket"):
        handler(payload, context)
