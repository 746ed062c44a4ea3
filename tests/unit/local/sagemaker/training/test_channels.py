"""Channels, with a hand-written S3 that holds a few objects."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.sagemaker.training import channels
from local.sagemaker.training.channels import ChannelError


class Objects:
    """As much of an S3 client as channels use."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_paginator(self, name: str) -> Objects:
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        for key in sorted(self._objects):
            if key.startswith(Prefix):
                yield {"Contents": [{"Key": key}]}
        yield {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[Key])}


def channel(uri: str, kind: str = "S3Prefix", **members: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}
    return {"ChannelName": "train", "DataSource": source, **members}


def delivered(directory: Path, objects: dict[str, bytes], request: dict[str, Any]) -> list[str]:
    directory.mkdir(exist_ok=True)
    channels.download(Objects(objects), request, directory)
    return sorted(p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("prefix", "paths"),
    [
        ("data/a/", ["1.png", "b/2.png"]),
        ("data/a", ["1.png", "b/2.png"]),
        ("data/", ["a/1.png", "a/b/2.png"]),
        ("data/a/1.png", ["1.png"]),
        ("data/a/1", ["1.png"]),
    ],
)
def test_prefixes(prefix: str, paths: list[str], tmp_path: Path) -> None:
    objects = {"data/a/1.png": b"1", "data/a/b/2.png": b"2", "data/a/": b"", "other": b""}

    assert delivered(tmp_path / "channel", objects, channel(f"s3://bucket/{prefix}")) == paths


def test_manifests_keep_relative_paths(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://data/v1/"}, "images/a (1).png", "masks/a (1).png"])
    objects = {
        "m": manifest.encode(),
        "v1/images/a (1).png": b"i",
        "v1/masks/a (1).png": b"m",
        "v1/images/left out.png": b"",
    }

    paths = delivered(tmp_path / "channel", objects, channel("s3://work/m", "ManifestFile"))

    assert paths == ["images/a (1).png", "masks/a (1).png"]


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("no json", "is no manifest file"),
        ('["a"]', "is no manifest file"),
        ('[{"prefix": "https://x/"}, "a"]', "is no s3:// address"),
        ('[{"prefix": "s3://data/"}, 3]', "3 is no path"),
        ('[{"prefix": "s3://data/"}, "../../etc/x"]', "leads out of its channel"),
        ('[{"prefix": "s3://data/"}, "gone"]', "s3://data/gone cannot be read"),
        ('[{"prefix": "s3://data/"}]', "No S3 objects found"),
    ],
)
def test_bad_manifests(manifest: str, complaint: str, tmp_path: Path) -> None:
    objects = {"m": manifest.encode(), "../../etc/x": b"x"}

    with pytest.raises(ChannelError, match=complaint):
        delivered(tmp_path / "channel", objects, channel("s3://work/m", "ManifestFile"))


@pytest.mark.parametrize(
    "members",
    [
        {"InputMode": "Pipe"},
        {"CompressionType": "Gzip"},
        {"RecordWrapperType": "RecordIO"},
        {"DataSource": {"FileSystemDataSource": {}}},
    ],
)
def test_what_is_not_delivered_as_on_aws_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ChannelError, match="supported by the laptop"):
        channels.check({**channel("s3://bucket/a"), **members})
