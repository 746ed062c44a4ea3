"""What an upload's execution will be called, as the laptop waits for it."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from local.laptop import uploads
from local.laptop.client import Laptop
from sonoflow import keys
from sonoflow.aws.ranged import HeldFile
from sonoflow.external import serving
from sonoflow.images import contents
from tests.unit import pictures

ARCHIVE = pictures.archive({"a/x.png": b"x"})
KEY = "datasets/My set.zip"


class Bucket:
    """Holds one mapping, or none; and what an endpoint serves."""

    def __init__(self, mapping: bytes | None) -> None:
        self.mapping = mapping

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName != "classifier":
            raise ClientError({"Error": {"Code": "ValidationException"}}, "DescribeEndpoint")
        return {"EndpointConfigName": "classifier-1"}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if self.mapping is None or Key != "datasets/My set.mapping.json":
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.mapping), "ContentLength": len(self.mapping)}


OUTPUTS = {
    "UploadsBucketName": "u",
    "ClassifierEndpointName": "classifier",
    "SegmenterEndpointName": "segmenter",
    **{
        f"{name}StateMachineArn": name for name in ("TrainImages", "TrainTable", "ValidateExternal")
    },
}


def run(
    tmp_path: Path, mapping: bytes | None, key: str = KEY, data: bytes = ARCHIVE
) -> tuple[str, str | None]:
    file = tmp_path / "x"
    file.write_bytes(data)
    laptop = SimpleNamespace(client=lambda _: Bucket(mapping), outputs=OUTPUTS)
    return uploads._run(cast(Laptop, laptop), file, key)


def name(
    tmp_path: Path, mapping: bytes | None, key: str = KEY, data: bytes = ARCHIVE
) -> str | None:
    return run(tmp_path, mapping, key, data)[1]


def test_an_archive_is_waited_for_under_its_version_with_its_mapping(tmp_path: Path) -> None:
    index = contents.open_archive(HeldFile(io.BytesIO(ARCHIVE)))
    said = {"classes": "masks"}

    assert name(tmp_path, None) == f"my-set-{contents.version(index)}"
    assert name(tmp_path, b'{"classes": "masks"}') == f"my-set-{contents.version(index, said)}"


def test_a_table_is_waited_for_with_its_own_keys(tmp_path: Path) -> None:
    version = keys.table_version([b"a,b\n"], {"label": "a"})

    assert name(tmp_path, b'{"label": "a"}', "datasets/My set.csv", b"a,b\n") == f"my-set-{version}"


def test_an_external_set_is_waited_for_with_the_models_that_judge_it(tmp_path: Path) -> None:
    said = {"role": "external"}
    version = contents.version(contents.open_archive(HeldFile(io.BytesIO(ARCHIVE))), said)
    expected = f"my-set-{version}-{serving.digest_of(['classifier-1'])}"

    by_role = run(tmp_path, b'{"role": "external"}')
    by_key = run(tmp_path, None, "external/My set.zip")

    assert by_role == by_key == ("ValidateExternal", expected)
    assert run(tmp_path, None)[0] == "TrainImages"
    assert run(tmp_path, None, "external/My set.csv", b"a,b\n")[0] == "ValidateExternal"


@pytest.mark.parametrize(
    ("mapping", "data"), [(b'{"label": "a"}', ARCHIVE), (b"no JSON", ARCHIVE), (None, b"no zip")]
)
def test_what_starts_nothing_has_no_name(
    tmp_path: Path, mapping: bytes | None, data: bytes
) -> None:
    assert name(tmp_path, mapping, data=data) is None
