"""Uploads, and what becomes of them, seen from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from local.laptop.client import Laptop
from local.laptop.progress import RUNNING
from local.laptop.waiting import looks
from local.runtime.failures import Failure
from sonoflow import keys, sidecar
from sonoflow.aws import objects
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused
from sonoflow.images import contents
from sonoflow.images import mapping as image_mapping
from sonoflow.planning.plans import TABLE_SUFFIXES
from sonoflow.tables import mapping as table_mapping

_START_SECONDS = 120.0
_CHUNK_BYTES = 1024 * 1024


class DropFailed(Failure):
    """A file could not be dropped, or was refused; says which and why."""


class UploadRefused(Failure):
    """An upload started nothing; says why."""


def put(laptop: Laptop, file: Path, key: str) -> str:
    """Returns the version id of the new object."""
    with file.open("rb") as body:
        answer = laptop.client("s3").put_object(
            Bucket=laptop.outputs["UploadsBucketName"], Key=key, Body=body
        )
    return str(answer["VersionId"])


def run_of(
    laptop: Laptop,
    file: Path,
    key: str,
    version: str,
    say: Callable[[str], None] = lambda line: None,
) -> str:
    """ARN of the execution that this upload started, or that had the same content before. `say` is
    told what the wait is for where it is long.

    Raises UploadRefused with the reason, or when neither comes in time.
    """
    machine = laptop.outputs[f"{'TrainTable' if _is_table(key) else 'TrainImages'}StateMachineArn"]
    states = laptop.client("stepfunctions")
    content = _name(laptop, file, key)
    for _ in looks(f"an execution for {key}", laptop.state, _START_SECONDS, say):
        refusal = find_json(laptop, laptop.outputs["WorkBucketName"], keys.refusal(key))
        if refusal and refusal["upload"]["version_id"] == version:
            raise UploadRefused(f"{key} was refused: {refusal['reason']}: {refusal['detail']}")
        executions = [
            execution
            for execution in states.list_executions(stateMachineArn=machine)["executions"]
            if "mapRunArn" not in execution and execution["name"].startswith(content or "\0")
        ]
        for execution in executions:
            arn = str(execution["executionArn"])
            given = json.loads(states.describe_execution(executionArn=arn)["input"])
            unfinished = execution["status"] in (RUNNING, "SUCCEEDED")
            if unfinished or given["upload"]["version_id"] == version:
                return arn
    raise UploadRefused(f"{key}: no execution started within {_START_SECONDS:.0f} seconds")


def _is_table(key: str) -> bool:
    return PurePosixPath(key).suffix.lower() in TABLE_SUFFIXES


def _name(laptop: Laptop, file: Path, key: str) -> str | None:
    """What the names of this content's executions start with; None for what can start none."""
    try:
        mapping = _mapping(laptop, key)
        with file.open("rb") as opened:
            if _is_table(key):
                chunks = iter(lambda: opened.read(_CHUNK_BYTES), b"")
                version = keys.table_version(chunks, mapping)
            else:
                version = contents.version(contents.open_archive(HeldFile(opened)), mapping)
    except DatasetRefused:
        return None
    return f"{keys.dataset_name(key)}-{version}"


def _mapping(laptop: Laptop, key: str) -> sidecar.Document:
    """What lies beside the data set, if anything does. Raises DatasetRefused."""
    known = table_mapping.KEYS if _is_table(key) else image_mapping.KEYS
    beside = sidecar.beside(key)
    s3, bucket = laptop.client("s3"), laptop.outputs["UploadsBucketName"]
    try:
        return known.read(beside, s3.get_object(Bucket=bucket, Key=beside))
    except ClientError as error:
        if not objects.is_missing(error):
            raise
    return {}


def find(laptop: Laptop, bucket: str, key: str) -> bytes | None:
    """What lies at that key, if anything does."""
    try:
        body: bytes = laptop.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if objects.is_missing(error):
            return None
        raise
    return body


def find_json(laptop: Laptop, bucket: str, key: str) -> dict[str, Any] | None:
    body = find(laptop, bucket, key)
    found: dict[str, Any] | None = None if body is None else json.loads(body)
    return found


def is_scored(laptop: Laptop, key: str, version: str) -> bool:
    """Whether the scores at that key are of that version of the inbox's table."""
    try:
        head = laptop.client("s3").head_object(Bucket=laptop.outputs["ResultsBucketName"], Key=key)
    except ClientError as error:
        if objects.is_missing(error):
            return False
        raise
    return bool(head["Metadata"].get("sonoflow-version-id") == version)
