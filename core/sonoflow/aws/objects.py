"""Reading and writing S3 objects."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow.aws.clients import client

# S3 says "NoSuchKey" and "NoSuchVersion" to a GET, and a bare "404" to a HEAD.
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_LINES_CHUNK = 1024 * 1024  # bytes


def is_missing(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in _MISSING


def read(bucket: str, key: str, version_id: str | None = None) -> bytes:
    response = client("s3").get_object(Bucket=bucket, Key=key, **versioned(version_id))
    body: bytes = response["Body"].read()
    return body


def versioned(version_id: str | None) -> dict[str, str]:
    """The argument that picks a version; without one S3 gives the latest."""
    return {} if version_id is None else {"VersionId": version_id}


def write(bucket: str, key: str, body: bytes, content_type: str) -> None:
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)


def read_json(bucket: str, key: str) -> Any:
    return json.loads(read(bucket, key))


def find(bucket: str, key: str) -> bytes | None:
    """The object, or None where there is none."""
    try:
        return read(bucket, key)
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def exists(bucket: str, key: str) -> bool:
    try:
        client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return True


def find_json(bucket: str, key: str) -> Any | None:
    """The parsed object, or None where there is none."""
    found = find(bucket, key)
    return None if found is None else json.loads(found)


def write_json(bucket: str, key: str, document: Any) -> None:
    write(bucket, key, json_bytes(document), "application/json")


def json_bytes(document: Any) -> bytes:
    """As people read it."""
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode()


def read_lines(bucket: str, key: str) -> Iterator[Any]:
    """The documents of a JSON Lines object, one in memory at a time."""
    with contextlib.closing(client("s3").get_object(Bucket=bucket, Key=key)["Body"]) as body:
        for line in body.iter_lines(_LINES_CHUNK):
            yield json.loads(line)


def lines(content: bytes) -> Iterator[Any]:
    """The documents of a JSON Lines object that is in memory."""
    return map(json.loads, content.splitlines())


def write_lines(bucket: str, key: str, documents: Iterable[Mapping[str, Any]]) -> None:
    lines = [json.dumps(document, ensure_ascii=False) + "\n" for document in documents]
    write(bucket, key, "".join(lines).encode(), "application/jsonl")
