"""Uploads files as a user would, and waits for what becomes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from local.laptop import uploads
from local.laptop.bulk import await_summary
from local.laptop.client import Laptop
from local.laptop.progress import RUNNING, ProgressView, RunFailed, RunWatch
from local.laptop.uploads import DropFailed, UploadRefused
from local.laptop.waiting import POLL_SECONDS, looks
from sonoflow import keys, sidecar
from sonoflow.images import formats

_DATASETS = (".zip", ".data")
# A .csv to train on needs --to datasets/, a .zip to answer --to inbox/.
_INBOX = (
    *(*formats.IMAGE_SUFFIXES, *formats.DICOM_SUFFIXES),
    *(keys.INBOX_TABLE_SUFFIX, keys.INBOX_MANIFEST_SUFFIX),
)
_OUTPUTS = {
    *("UploadsBucketName", "WorkBucketName", "ResultsBucketName"),
    *("TrainImagesStateMachineArn", "TrainTableStateMachineArn"),
}
_OF_EXTERNAL = {"ValidateExternalStateMachineArn"}  # needed where such a set is dropped
_PREDICTION_SECONDS = 600.0


def drop_files(
    laptop: Laptop, files: list[Path], to: str | None, *, wait: bool, console: Console
) -> int:
    """Upload all files, then wait for each; returns the exit status.

    What became of a file is printed, its refusal too. Raises DropFailed where nothing was uploaded.
    """
    if to and not to.endswith("/") and len(files) > 1:
        raise DropFailed("--to names one key; end it with / for several files")
    targets = [(file, _key(file, to)) for file in files]
    external = any(key.startswith(keys.EXTERNAL) for _, key in targets)
    needed = _OUTPUTS | (_OF_EXTERNAL if external else set())
    if missing := sorted(needed - set(laptop.outputs)):
        raise DropFailed(f"the stack at {laptop.endpoint_url} has no output {missing[0]}")
    dropped = [(file, key, uploads.put(laptop, file, key)) for file, key in targets]
    failed = 0
    for file, key, version in dropped:
        console.print(Text(f"dropped {file} as {key}"), soft_wrap=True)
        if not wait:
            continue
        try:
            _await(laptop, file, key, version, console)
        except (DropFailed, UploadRefused, RunFailed) as error:
            console.print(Text(str(error), "red"), soft_wrap=True)
            failed += 1
    return 1 if failed else 0


def _await(laptop: Laptop, file: Path, key: str, version: str, console: Console) -> None:
    if sidecar.is_mapping(key):
        console.print("a mapping: it is read when its data set is dropped")
    elif key.startswith((keys.DATASETS, keys.EXTERNAL)):
        _await_run(laptop, file, key, version, console)
    elif not key.startswith(keys.INBOX):
        where = f"{keys.DATASETS}, {keys.EXTERNAL} and {keys.INBOX}"
        console.print(f"nothing works on it there, only in {where}")
    elif keys.is_inbox_bulk(key):
        await_summary(laptop, key, version, console)
    elif keys.is_inbox_table(key):
        _await_scores(laptop, key, version, console)
    else:
        _await_prediction(laptop, key, version, console)


def _key(file: Path, to: str | None) -> str:
    if not file.is_file():
        raise DropFailed(f"{file} is not a file")
    _text(file.name)
    if to:
        return _text(f"{to}{file.name}" if to.endswith("/") else to)
    suffix = file.suffix.lower()
    if suffix in _DATASETS or sidecar.is_mapping(file.name):
        return f"{keys.DATASETS}{file.name}"
    if suffix in _INBOX:
        return f"{keys.INBOX}{file.name}"
    known = ", ".join(sorted((*_DATASETS, *_INBOX)))
    raise DropFailed(f"{file}: none of {known}; say where it goes with --to KEY")


def _text(key: str) -> str:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        message = f"{key!r} is no text in UTF-8: rename the file, or give another key"
        raise DropFailed(message) from error
    return key


def _await_prediction(laptop: Laptop, key: str, version: str, console: Console) -> None:
    path = key.removeprefix(keys.INBOX)
    bucket = laptop.outputs["ResultsBucketName"]
    with console.status(f"waiting for {path}"):
        for _ in _looks(path, laptop, console):
            for key in (keys.prediction(path), keys.rejection(path)):
                found = uploads.find_json(laptop, bucket, key)
                if found and found["image"]["version_id"] == version:
                    return _show_answer(key.partition("/")[0], path, found, console)
    raise DropFailed(f"{path}: no answer within {_PREDICTION_SECONDS:.0f} seconds")


def _await_scores(laptop: Laptop, key: str, version: str, console: Console) -> None:
    path = key.removeprefix(keys.INBOX)
    bucket = laptop.outputs["ResultsBucketName"]
    with console.status(f"waiting for {path}"):
        for _ in _looks(path, laptop, console):
            rejected = uploads.find_json(laptop, bucket, keys.rejection(path))
            if rejected and rejected["table"]["version_id"] != version:
                rejected = None
            if uploads.is_scored(laptop, keys.scores(path), version):
                left_out = f", {rejected['bad_rows']} rows left out" if rejected else ""
                console.print(
                    f"[green]{path}[/green]: s3://{bucket}/{keys.scores(path)}{left_out}",
                    soft_wrap=True,
                )
                return
            if rejected and "reason" in rejected:
                raise DropFailed(f"{path} was rejected: {rejected['reason']}: {rejected['detail']}")
    raise DropFailed(f"{path}: no scores within {_PREDICTION_SECONDS:.0f} seconds")


def _looks(path: str, laptop: Laptop, console: Console) -> Iterator[None]:
    return looks(f"an answer to {path}", laptop.state, _PREDICTION_SECONDS, _sayer(console))


def _sayer(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(Text(line, "dim"), soft_wrap=True)


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
    for explanation in found["decision"]["explanations"]:
        console.print(Text(explanation["text"], "yellow"), soft_wrap=True)
    console.print_json(data=found)


def _await_run(laptop: Laptop, file: Path, key: str, version: str, console: Console) -> None:
    with console.status(f"waiting for the run of {key}"):
        arn = uploads.run_of(laptop, file, key, version, _sayer(console))
    watch = RunWatch(laptop.client, laptop.outputs, arn)
    with ProgressView(console) as view:
        while (progress := watch.look()).status == RUNNING:
            view.show(progress)
            time.sleep(POLL_SECONDS)
    outcome = watch.outcome()
    console.print(f"[green]{watch.run}[/green] succeeded")
    output = outcome.get("output", "{}")
    for line in _assumed(json.loads(output)):
        console.print(Text(line, "yellow"), soft_wrap=True)
    console.print_json(output)


def _assumed(output: Mapping[str, Any]) -> Iterator[str]:
    """What the run took for true without being certain, with what settles it otherwise."""
    for one in output.get("split", {}).get("assumptions", ()):
        settle = f"; if not, into the mapping: {one['settle']}" if one["settle"] else ""
        yield f"assumed: {one['detail']}{settle}"
