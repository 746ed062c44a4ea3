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
from sonoflow.images import contents
from tests.unit import pictures

ARCHIVE = pictures.archive({"a/x.png": b"x"})
KEY = "datasets/My set.zip"


class Bucket:
    """Holds one mapping, or none."""

    def __init__(self, mapping: bytes | None) -> None:
        self.mapping = mapping

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if self.mapping is None or Key != "datasets/My set.mapping.json":
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.mapping), "ContentLength": len(self.mapping)}


def name(
    tmp_path: Path, mapping: bytes | None, key: str = KEY, data: bytes = ARCHIVE
) -> str | None:
    file = tmp_path / "x"
    file.write_bytes(data)
    laptop = SimpleNamespace(client=lambda _: Bucket(mapping), outputs={"UploadsBucketName": "u"})
    return uploads._name(cast(Laptop, laptop), file, key)


def test_an_archive_is_waited_for_under_its_version_with_its_mapping(tmp_path: Path) -> None:
    index = contents.open_archive(HeldFile(io.BytesIO(ARCHIVE)))
    said = {"classes": "masks"}

    assert name(tmp_path, None) == f"my-set-{contents.version(index)}"
    assert name(tmp_path, b'{"classes": "masks"}') == f"my-set-{contents.version(index, said)}"


def test_a_table_is_waited_for_with_its_own_keys(tmp_path: Path) -> None:
    version = keys.table_version([b"a,b\n"], {"label": "a"})

    assert name(tmp_path, b'{"label": "a"}', "datasets/My set.csv", b"a,b\n") == f"my-set-{version}"


@pytest.mark.parametrize(
    ("mapping", "data"), [(b'{"label": "a"}', ARCHIVE), (b"no JSON", ARCHIVE), (None, b"no zip")]
)
def test_what_starts_nothing_has_no_name(
    tmp_path: Path, mapping: bytes | None, data: bytes
) -> None:
    assert name(tmp_path, mapping, data=data) is None
