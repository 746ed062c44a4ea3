"""What tests/unit/functions/test_record_feedback.py cannot force from outside."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sonoflow.aws import objects, uploads
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.feedback import recording
from sonoflow.images import pixels, png
from sonoflow.settings import Buckets
from tests.unit import pictures, stack
from tests.unit.core.dicom import samples
from tests.unit.core.feedback.judged import scan

BUCKETS = Buckets(stack.WORK, stack.RESULTS)
PATH = "ward3/scan.png"


@pytest.fixture
def verdict(aws: None) -> Upload:
    """On an image that was answered."""
    s3 = client("s3")
    image = s3.put_object(Bucket=stack.UPLOADS, Key=f"inbox/{PATH}", Body=png.encode(scan(1)))[
        "VersionId"
    ]
    prediction = {
        "image": {
            "bucket": stack.UPLOADS,
            "key": f"inbox/{PATH}",
            "version_id": image,
            "sha256": "0" * 64,
        },
        "classification": {"label": "benign", "probabilities": {"benign": 0.9, "normal": 0.1}},
        "segmentation": {"mask_key": f"masks/{PATH}.png"},
        "sequencer": "01",
    }
    stack.write(stack.RESULTS, f"predictions/{PATH}.json", json.dumps(prediction))
    body = json.dumps({"label": "benign"}).encode()
    key = f"feedback/{PATH}.json"
    version = s3.put_object(Bucket=stack.UPLOADS, Key=key, Body=body)["VersionId"]
    return Upload(stack.UPLOADS, key, version, len(body), "02")


def test_a_verdict_that_was_deleted_has_no_reply(verdict: Upload) -> None:
    client("s3").delete_object(Bucket=verdict.bucket, Key=verdict.key)

    assert recording.handle(verdict, BUCKETS) == "skipped"
    assert f"feedback/{PATH}.json" not in stack.keys_of(stack.RESULTS)


def test_a_verdict_deleted_while_it_is_judged_has_no_reply_either(
    verdict: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = objects.write

    def meanwhile(*args: Any) -> None:
        client("s3").delete_object(Bucket=verdict.bucket, Key=verdict.key)
        write(*args)

    monkeypatch.setattr(objects, "write", meanwhile)

    assert recording.handle(verdict, BUCKETS) == "skipped"
    assert uploads.state(verdict) is uploads.State.DELETED
    assert f"feedback/{PATH}.json" not in stack.keys_of(stack.RESULTS)


def test_errors_of_s3_escape_and_leave_no_reply(
    verdict: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject")

    monkeypatch.setattr(objects, "write", failing)

    with pytest.raises(ClientError, match="SlowDown"):
        recording.handle(verdict, BUCKETS)
    assert f"feedback/{PATH}.json" not in stack.keys_of(stack.RESULTS)


def test_an_answer_without_mask_has_none_to_confirm(verdict: Upload) -> None:
    body = json.dumps({"label": "benign", "mask": "as-predicted"}).encode()
    version = client("s3").put_object(Bucket=verdict.bucket, Key=verdict.key, Body=body)[
        "VersionId"
    ]
    later = Upload(verdict.bucket, verdict.key, version, len(body), "03")

    assert recording.handle(later, BUCKETS) == "refused"
    reply = stack.read_json(stack.RESULTS, f"feedback/{PATH}.json")
    assert reply["reason"] == "another-version"


def test_a_folders_marker_is_no_verdict(aws: None) -> None:
    assert recording.handle(Upload(stack.UPLOADS, "feedback/a/", None, 0), BUCKETS) == "skipped"


def test_of_a_loop_the_frame_is_kept_that_it_was_answered_by(verdict: Upload) -> None:
    loop = np.stack([scan(seed) for seed in range(3)])
    data = samples.file(loop)
    s3 = client("s3")
    image = s3.put_object(Bucket=stack.UPLOADS, Key=f"inbox/{PATH}", Body=data)["VersionId"]
    prediction = stack.read_json(stack.RESULTS, f"predictions/{PATH}.json")
    prediction["image"]["version_id"], prediction["dicom"] = image, {"frame": 3}
    stack.write(stack.RESULTS, f"predictions/{PATH}.json", json.dumps(prediction))

    assert recording.handle(verdict, BUCKETS) == "accepted"

    kept = stack.read_json(stack.RESULTS, f"feedback/{PATH}.json")["kept"]
    assert kept["sha256"] == pixels.digest(loop[2])


def test_what_lies_outside_of_its_regions_is_not_kept_of_a_frame(verdict: Upload) -> None:
    loop = np.stack([scan(seed) for seed in range(3)])
    rows, columns = loop.shape[1:]
    region = samples.region((0, 9, columns - 1, rows - 1), (0.1, 0.1))
    data = samples.file(loop, SequenceOfUltrasoundRegions=samples.regions(region))
    s3 = client("s3")
    image = s3.put_object(Bucket=stack.UPLOADS, Key=f"inbox/{PATH}", Body=data)["VersionId"]
    prediction = stack.read_json(stack.RESULTS, f"predictions/{PATH}.json")
    prediction["image"]["version_id"], prediction["dicom"] = image, {"frame": 3}
    stack.write(stack.RESULTS, f"predictions/{PATH}.json", json.dumps(prediction))

    assert recording.handle(verdict, BUCKETS) == "accepted"

    kept = stack.read_json(stack.RESULTS, f"feedback/{PATH}.json")["kept"]
    shown = loop[2].copy()
    shown[:9] = 0
    assert kept["sha256"] == pixels.digest(shown) != pixels.digest(loop[2])


@pytest.mark.parametrize("there", [True, False])
def test_a_verdict_on_an_image_of_a_zip_keeps_that_image(verdict: Upload, there: bool) -> None:
    data = pictures.archive({("ward3/scan.png" if there else "other.png"): png.encode(scan(5))})
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key="inbox/week.zip", Body=data)
    path = "week.zip/ward3/scan.png"
    prediction = stack.read_json(stack.RESULTS, f"predictions/{PATH}.json")
    prediction["image"] |= {
        "key": f"inbox/{path}",
        "archive": "inbox/week.zip",
        "version_id": answer["VersionId"],
    }
    stack.write(stack.RESULTS, f"predictions/{path}.json", json.dumps(prediction))
    body = json.dumps({"label": "benign"}).encode()
    key = f"feedback/{path}.json"
    version = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=body)["VersionId"]

    status = recording.handle(Upload(stack.UPLOADS, key, version, len(body), "02"), BUCKETS)

    reply = stack.read_json(stack.RESULTS, f"feedback/{path}.json")
    if there:
        assert status == "accepted"
        assert reply["kept"]["sha256"] == pixels.digest(scan(5))
        assert reply["image"]["archive"] == "inbox/week.zip"
    else:
        assert (status, reply["reason"]) == ("refused", "not-in-archive")
