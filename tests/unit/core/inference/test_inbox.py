from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import inbox, outcomes
from sonoflow.inference.outcomes import Outcome
from tests.unit import pictures, stack, tables
from tests.unit.fake_endpoints import FakeEndpoints


def upload(key: str, data: bytes) -> Upload:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=data)
    return Upload(stack.UPLOADS, key, answer["VersionId"], len(data), "0055AED6DCD90281E5")


def handled(item: Upload) -> Outcome:
    return inbox.handle(item, settings.read(settings.Buckets), settings.read(settings.Predicting))


@pytest.mark.parametrize("key", ["inbox/", "inbox/ward3/"])
def test_a_folder_is_skipped(endpoints: FakeEndpoints, key: str) -> None:
    assert handled(Upload(stack.UPLOADS, key, "v", 0)).kind == outcomes.SKIPPED
    assert stack.keys_of(stack.RESULTS) == []


@pytest.mark.parametrize("name", ["rows.csv", "ROWS.CSV", "ward3/rows.png.csv"])
def test_a_table_is_scored_and_its_rows_counted(endpoints: FakeEndpoints, name: str) -> None:
    item = upload(f"inbox/{name}", b"a1,B,40,1\na2,M,90,2\nbad\n")

    with tables.served(endpoints):
        outcome = handled(item)

    assert outcome == Outcome(outcomes.PREDICTED, rows=2, bad_rows=1)
    assert f"scores/{name}.csv" in stack.keys_of(stack.RESULTS)


def test_a_table_of_no_use_is_rejected(endpoints: FakeEndpoints) -> None:
    with tables.served(endpoints):
        assert handled(upload("inbox/rows.csv", b"bad\n")).kind == outcomes.REJECTED


@pytest.mark.parametrize("name", ["week.zip", "WEEK.Zip", "again.jsonl", "AGAIN.JSONL"])
def test_what_stands_for_many_is_skipped_unread(endpoints: FakeEndpoints, name: str) -> None:
    assert handled(upload(f"inbox/{name}", b"no archive")).kind == outcomes.SKIPPED
    assert stack.keys_of(stack.RESULTS) == []


def test_a_table_that_is_gone_is_skipped(endpoints: FakeEndpoints) -> None:
    assert handled(Upload(stack.UPLOADS, "inbox/rows.csv", "v", 10)).kind == outcomes.SKIPPED


@pytest.mark.parametrize("name", ["scan.png", "SCAN.PNG", "notes.txt", "rows.csv.gz"])
def test_anything_else_is_taken_for_an_image(endpoints: FakeEndpoints, name: str) -> None:
    kind = handled(upload(f"inbox/{name}", pictures.png())).kind

    assert kind == (outcomes.PREDICTED if name.lower().endswith(".png") else outcomes.REJECTED)


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("rows.csv", ("TABLE_ENDPOINT_NAME",)),
        ("scan.png", ("CLASSIFIER_ENDPOINT_NAME", "SEGMENTER_ENDPOINT_NAME")),
        ("notes.txt", ("CLASSIFIER_ENDPOINT_NAME", "SEGMENTER_ENDPOINT_NAME")),
    ],
)
def test_what_another_function_answers_is_skipped_unread_and_not_rejected(
    endpoints: FakeEndpoints, settings_env: pytest.MonkeyPatch, name: str, without: tuple[str, ...]
) -> None:
    item = upload(f"inbox/{name}", b"bad\n")
    for variable in without:
        settings_env.delenv(variable)

    assert handled(item).kind == outcomes.SKIPPED
    assert stack.keys_of(stack.RESULTS) == []
    assert endpoints.requests == []


# What a new process has loaded when it has handled one object.
SCRIPT = """
import contextlib, json, sys
sys.path[:0] = [{root!r}, {core!r}]
from moto import mock_aws
from tests.unit import stack
from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import inbox

with mock_aws(), contextlib.ExitStack() as fakes:
    if {predicted}:
        from tests.unit.fake_endpoints import FakeEndpoints

        fakes.enter_context(FakeEndpoints().behind(client("sagemaker-runtime")))
    for bucket in (stack.UPLOADS, stack.RESULTS):
        client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=stack.UPLOADS, Key={key!r}, Body={data!r})
    outcome = inbox.handle(
        Upload(stack.UPLOADS, {key!r}, None, {size}, "0055AED6DCD90281E5"),
        settings.read(settings.Buckets),
        settings.read(settings.Predicting),
    )
assert outcome.kind == ("predicted" if {predicted} else "rejected"), outcome
print(json.dumps(sorted(sys.modules)))
"""


def loaded_by(root: Path, key: str, data: bytes, *, predicted: bool = False) -> set[str]:
    script = SCRIPT.format(
        root=str(root),
        core=str(root / "core"),
        key=key,
        data=data,
        size=len(data),
        predicted=predicted,
    )
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x")
    keys["AWS_DEFAULT_REGION"] = "us-east-1"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=stack.ENVIRONMENT | keys,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def within(loaded: set[str], *packages: str) -> list[str]:
    return sorted(name for name in loaded if name.startswith(packages))


def test_an_image_loads_nothing_of_the_table_side(root: Path) -> None:
    loaded = loaded_by(root, "inbox/scan.png", pictures.png(), predicted=True)

    assert within(loaded, "sonoflow.images.", "sonoflow.inference.image_inbox", "PIL.Image")
    assert within(loaded, "sonoflow.tables", "sonoflow.inference.table_") == []


def test_a_table_loads_nothing_of_the_image_side(root: Path) -> None:
    loaded = loaded_by(root, "inbox/rows.csv", b"")

    assert within(loaded, "sonoflow.tables.", "sonoflow.inference.table_inbox")
    image_side = ("sonoflow.images", "sonoflow.inference.image_", "sonoflow.inference.overlays")
    assert within(loaded, *image_side, "sonoflow.inference.predictions", "PIL") == []
