"""Uploads files as a user would, and waits for what becomes of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from local import uploads
from local.client import Laptop
from local.progress import RUNNING, ProgressView, RunFailed, RunWatch
from local.uploads import UploadRefused
from sonoflow import formats, keys, table_inbox

_DATASETS = (".zip", ".data")
_INBOX = (*formats.IMAGE_SUFFIXES, table_inbox.SUFFIX)  # a .csv to train on needs --to datasets/
_POLL_SECONDS = 0.25
_PREDICTION_SECONDS = 600.0


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
        dropped = [(file, key, uploads.put(laptop, file, key)) for file, key in targets]
    except DropFailed as error:
        console.print(f"[red]{error}[/red]", soft_wrap=True)
        return 1
    failures = 0
    for file, key, version in dropped:
        console.print(f"dropped {file} as {key}", soft_wrap=True)
        if not wait:
            continue
        try:
            if key.startswith(keys.DATASETS):
                _await_run(laptop, file, key, version, console)
            elif key.lower().endswith(table_inbox.SUFFIX):
                _await_scores(laptop, key, version, console)
            else:
                _await_prediction(laptop, key, version, console)
        except (DropFailed, UploadRefused, RunFailed) as error:
            console.print(f"[red]{error}[/red]", soft_wrap=True)
            failures += 1
    return 1 if failures else 0


def _key(file: Path, to: str | None) -> str:
    if not file.is_file():
        raise DropFailed(f"{file} is not a file")
    if to:
        return f"{to}{file.name}" if to.endswith("/") else to
    suffix = file.suffix.lower()
    if suffix in _DATASETS:
        return f"{keys.DATASETS}{file.name}"
    if suffix in _INBOX:
        return f"{keys.INBOX}{file.name}"
    known = ", ".join(sorted((*_DATASETS, *_INBOX)))
    raise DropFailed(f"{file}: none of {known}; say where it goes with --to KEY")


def _await_prediction(laptop: Laptop, key: str, version: str, console: Console) -> None:
    path = key.removeprefix(keys.INBOX)
    bucket = laptop.outputs["ResultsBucketName"]
    deadline = time.monotonic() + _PREDICTION_SECONDS
    with console.status(f"waiting for {path}"):
        while time.monotonic() < deadline:
            for kind in ("predictions", "rejected"):
                found = uploads.find_json(laptop, bucket, f"{kind}/{path}.json")
                if found and found["image"]["version_id"] == version:
                    return _show_answer(kind, path, found, console)
            time.sleep(_POLL_SECONDS)
    raise DropFailed(f"{path}: no answer within {_PREDICTION_SECONDS:.0f} seconds")


def _await_scores(laptop: Laptop, key: str, version: str, console: Console) -> None:
    path = key.removeprefix(keys.INBOX)
    bucket = laptop.outputs["ResultsBucketName"]
    deadline = time.monotonic() + _PREDICTION_SECONDS
    with console.status(f"waiting for {path}"):
        while time.monotonic() < deadline:
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
            time.sleep(_POLL_SECONDS)
    raise DropFailed(f"{path}: no scores within {_PREDICTION_SECONDS:.0f} seconds")


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
        arn = uploads.run_of(laptop, file, key, version)
    watch = RunWatch(laptop.client, laptop.outputs, arn)
    with ProgressView(console) as view:
        while (progress := watch.look()).status == RUNNING:
            view.show(progress)
            time.sleep(_POLL_SECONDS)
    outcome = watch.outcome()
    console.print(f"[green]{watch.run}[/green] succeeded")
    console.print_json(outcome.get("output", "{}"))
