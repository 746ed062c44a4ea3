"""Uploads files as a user would, and waits for what becomes of them."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from local.client import Laptop
from local.demo.progress import RUNNING, ProgressView, RunFailed, RunWatch
from sonoflow import archive, keys

_IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
_POLL_SECONDS = 0.25
_PREDICTION_SECONDS = 600.0
_START_SECONDS = 120.0


class DropFailed(Exception):
    """A file could not be dropped, or was refused; says which and why."""


def drop_files(
    laptop: Laptop, files: list[Path], to: str | None, *, wait: bool, console: Console
) -> int:
    """Upload all files, then wait for each; returns the exit status."""
    try:
        if to and not to.endswith("/") and len(files) > 1:
            raise DropFailed("--to names one key; end it with / for several files")
        targets = [(file, _key(file, to)) for file in files]
        uploads = [(file, key, _upload(laptop, file, key)) for file, key in targets]
    except DropFailed as error:
        console.print(f"[red]{error}[/red]", soft_wrap=True)
        return 1
    failures = 0
    for file, key, version in uploads:
        console.print(f"dropped {file} as {key}", soft_wrap=True)
        if not wait:
            continue
        try:
            if key.startswith(keys.DATASETS):
                _await_run(laptop, file, key, version, console)
            else:
                _await_prediction(laptop, key, version, console)
        except (DropFailed, RunFailed) as error:
            console.print(f"[red]{error}[/red]", soft_wrap=True)
            failures += 1
    return 1 if failures else 0


def _key(file: Path, to: str | None) -> str:
    if not file.is_file():
        raise DropFailed(f"{file} is not a file")
    if to:
        return f"{to}{file.name}" if to.endswith("/") else to
    if file.suffix.lower() == ".zip":
        return f"{keys.DATASETS}{file.name}"
    if file.suffix.lower() in _IMAGES:
        return f"{keys.INBOX}{file.name}"
    raise DropFailed(f"{file}: neither an image nor a .zip; say where it goes with --to KEY")


def _upload(laptop: Laptop, file: Path, key: str) -> str:
    """Returns the version id of the new object."""
    with file.open("rb") as body:
        answer = laptop.client("s3").put_object(
            Bucket=laptop.outputs["UploadsBucketName"], Key=key, Body=body
        )
    return str(answer["VersionId"])


def _await_prediction(laptop: Laptop, key: str, version: str, console: Console) -> None:
    path = key.removeprefix(keys.INBOX)
    bucket = laptop.outputs["ResultsBucketName"]
    deadline = time.monotonic() + _PREDICTION_SECONDS
    with console.status(f"waiting for {path}"):
        while time.monotonic() < deadline:
            for kind in ("predictions", "rejected"):
                found = _json(laptop, bucket, f"{kind}/{path}.json")
                if found and found["image"]["version_id"] == version:
                    return _show_answer(kind, path, found, console)
            time.sleep(_POLL_SECONDS)
    raise DropFailed(f"{path}: no answer within {_PREDICTION_SECONDS:.0f} seconds")


def _show_answer(kind: str, path: str, found: dict[str, Any], console: Console) -> None:
    if kind == "rejected":
        raise DropFailed(f"{path} was rejected: {found['reason']}: {found['detail']}")
    label = found["classification"]["label"]
    probability = found["classification"]["probabilities"][label]
    area = found["segmentation"]["lesion_fraction"]
    console.print(
        f"[green]{path}[/green]: {label} {probability:.0%}, lesion {area:.1%} of the image, "
        f"{found['decision']['action']} {' '.join(found['decision']['reasons'])}",
        soft_wrap=True,
    )
    console.print_json(data=found)


def _await_run(laptop: Laptop, file: Path, key: str, version: str, console: Console) -> None:
    with console.status(f"waiting for the run of {key}"):
        arn = _run_of(laptop, file, key, version)
    watch = RunWatch(laptop.client, laptop.outputs, arn)
    with ProgressView(console) as view:
        while (progress := watch.look()).status == RUNNING:
            view.show(progress)
            time.sleep(_POLL_SECONDS)
    outcome = watch.outcome()
    console.print(f"[green]{watch.run}[/green] succeeded")
    console.print_json(outcome.get("output", "{}"))


def _run_of(laptop: Laptop, file: Path, key: str, version: str) -> str:
    """ARN of the execution that this upload started, or that had the same content before."""
    machine = laptop.outputs["TrainImagesStateMachineArn"]
    states = laptop.client("stepfunctions")
    content = _content_name(file, key)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        refusal = _json(laptop, laptop.outputs["WorkBucketName"], f"refused/{key}.json")
        if refusal and refusal["upload"]["version_id"] == version:
            raise DropFailed(f"{key} was refused: {refusal['reason']}: {refusal['detail']}")
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
        time.sleep(_POLL_SECONDS)
    raise DropFailed(f"{key}: no execution started within {_START_SECONDS:.0f} seconds")


def _content_name(file: Path, key: str) -> str | None:
    """What the names of this content's executions start with; None for no readable archive."""
    try:
        with zipfile.ZipFile(file) as opened:
            return f"{keys.dataset_name(key)}-{archive.version(opened)}"
    except zipfile.BadZipFile:
        return None


def _json(laptop: Laptop, bucket: str, key: str) -> dict[str, Any] | None:
    try:
        body = laptop.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    found: dict[str, Any] = json.loads(body)
    return found
