"""Uploads, and what becomes of them, seen from outside."""

from __future__ import annotations

import contextlib
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
from sonoflow.external import serving
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
    states = laptop.client("stepfunctions")
    machine, content = _run(laptop, file, key)
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


def _run(laptop: Laptop, file: Path, key: str) -> tuple[str, str | None]:
    """The machine that works on this content, and what the names of its executions start with; None
    for what can start none."""
    kind = "TrainTable" if _is_table(key) else "TrainImages"
    kind = "ValidateExternal" if key.startswith(keys.EXTERNAL) else kind
    name: str | None = None
    try:
        mapping = _mapping(laptop, key)
        with file.open("rb") as opened:
            if _is_table(key):
                chunks = iter(lambda: opened.read(_CHUNK_BYTES), b"")
                version = keys.table_version(chunks, mapping)
            else:
                kind = "ValidateExternal" if image_mapping.is_external(mapping) else kind
                version = contents.version(contents.open_archive(HeldFile(opened)), mapping)
        name = f"{keys.dataset_name(key)}-{version}"
        if kind == "ValidateExternal":
            name += f"-{serving.digest_of(_in_service(laptop))}"
    except DatasetRefused:
        pass
    return laptop.outputs[f"{kind}StateMachineArn"], name


def _in_service(laptop: Laptop) -> list[str]:
    """The releases that judge an external set."""
    sagemaker, found = laptop.client("sagemaker"), []
    for model in ("Classifier", "Segmenter"):
        with contextlib.suppress(ClientError):
            name = laptop.outputs[f"{model}EndpointName"]
            found.append(sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"])
    return found


def _mapping(laptop: Laptop, key: str) -> sidecar.Document:
    """What is said of the data set, if anything is. Raises DatasetRefused."""
    known = table_mapping.KEYS if _is_table(key) else image_mapping.KEYS
    beside = sidecar.beside(key)
    given = {"role": image_mapping.EXTERNAL} if key.startswith(keys.EXTERNAL) else {}
    s3, bucket = laptop.client("s3"), laptop.outputs["UploadsBucketName"]
    try:
        return {**known.read(beside, s3.get_object(Bucket=bucket, Key=beside)), **given}
    except ClientError as error:
        if not objects.is_missing(error):
            raise
    return given


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
