"""Input channels of a training job: objects of S3 as files, in File mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

_THREADS = 8


class ChannelError(Exception):
    """A channel that cannot be delivered; the message becomes the job's failure reason."""


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` address."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc or parts.query:
        raise ChannelError(f"{uri!r} is no s3:// address.")
    return parts.netloc, parts.path.lstrip("/")


def check(channel: dict[str, Any]) -> None:
    """Refuse what this runtime would not deliver as AWS does. Raises ChannelError."""
    name = channel["ChannelName"]
    if "S3DataSource" not in channel.get("DataSource", {}):
        raise ChannelError(f"Channel {name}: only S3DataSource is supported by the laptop runtime.")
    for member, only in (
        ("InputMode", "File"),
        ("CompressionType", "None"),
        ("RecordWrapperType", "None"),
    ):
        if channel.get(member, only) != only:
            raise ChannelError(
                f"Channel {name}: {member} {channel[member]} is not supported by the laptop "
                f"runtime, only {only}."
            )


def configuration(channel: dict[str, Any]) -> dict[str, str]:
    """A channel's entry in `inputdataconfig.json`."""
    entry = {
        "TrainingInputMode": channel.get("InputMode", "File"),
        "S3DistributionType": distribution(channel),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if "ContentType" in channel:
        entry["ContentType"] = channel["ContentType"]
    return entry


def distribution(channel: dict[str, Any]) -> str:
    """Whether every instance gets all objects (`FullyReplicated`) or a part (`ShardedByS3Key`)."""
    source = channel.get("DataSource", {}).get("S3DataSource", {})
    return str(source.get("S3DataDistributionType", "FullyReplicated"))


def download(s3: Any, channel: dict[str, Any], directory: Path) -> int:
    """Write a channel's objects below `directory`; returns how many. Raises ChannelError."""
    source = channel["DataSource"]["S3DataSource"]
    kind, uri = source["S3DataType"], source["S3Uri"]
    try:
        if kind == "S3Prefix":
            files = dict(_prefix(s3, uri))
        elif kind == "ManifestFile":
            files = dict(_manifest(s3, uri))
        else:
            raise ChannelError(f"S3DataType {kind} is not supported by the laptop runtime.")
        if not files:
            raise ChannelError(f"No S3 objects found under S3 URL {uri!r}.")
        with ThreadPoolExecutor(_THREADS) as pool:
            for _done in pool.map(lambda file: _fetch(s3, directory, *file), files.items()):
                pass
    except ClientError as error:
        raise ChannelError(f"Data download failed for {uri!r}: {error}") from error
    return len(files)


def _prefix(s3: Any, uri: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Relative path → object, for every key that begins with the prefix."""
    bucket, prefix = split_uri(uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            key = item["Key"]
            if not key.endswith("/"):  # a folder's marker holds nothing
                yield _relative(key, prefix), (bucket, key)


def _relative(key: str, prefix: str) -> str:
    if key.startswith(prefix.rstrip("/") + "/"):
        return key[len(prefix.rstrip("/")) + 1 :]
    # The prefix is a whole key, or ends within a name: paths begin after its last folder.
    return key[prefix.rfind("/") + 1 :]


def _manifest(s3: Any, uri: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Relative path → object, as a manifest lists them: `[{"prefix": "s3://…/"}, "a", "b/c"]`."""
    bucket, key = split_uri(uri)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        head, *paths = json.loads(body)
        data_bucket, prefix = split_uri(head["prefix"])
    except (ValueError, TypeError, KeyError) as error:
        raise ChannelError(f"{uri!r} is no manifest file: {error!r}") from error
    for path in paths:
        if not isinstance(path, str):
            raise ChannelError(f"{uri!r}: {path!r} is no path.")
        yield path, (data_bucket, prefix + path)


def _fetch(s3: Any, directory: Path, relative: str, location: tuple[str, str]) -> None:
    bucket, key = location
    target = (directory / relative).resolve()
    if not target.is_relative_to(directory.resolve()):
        raise ChannelError(f"{relative!r} leads out of its channel.")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        raise ChannelError(f"s3://{bucket}/{key} cannot be read: {error}") from error
