"""The doctor: what would become of a data set, without a runtime and without training.

The file, or a folder zipped as it is, goes into an S3 in this process's memory, and the same code
plans, stages and splits it there that would do so on AWS.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.laptop import folders
from local.runtime.failures import Failure
from sonoflow import keys, sidecar
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.planning import checks
from sonoflow.reports import check_report

_UPLOADS, _WORK = "uploads", "work"
_DEFAULTS: Mapping[str, str] = {}


class CannotCheck(Failure):
    """There is nothing to be checked; says why."""


def check(
    path: Path,
    out: Path | None,
    console: Console,
    environment: Mapping[str, str] = _DEFAULTS,
    *,
    external: bool = False,
) -> int:
    """Prints what would be staged, and writes it as HTML to `out`; 1 where it would be refused.

    `environment` is that of the functions, as far as it is not a stack's default; `external`: below
    external/, not datasets/.
    """
    with _opened(path) as file, _memory():
        if path.is_dir() and not external and (told := _otherwise(path, file)):
            console.print(Text(told, "yellow"), soft_wrap=True)
        upload = _upload(path, file, keys.EXTERNAL if external else keys.DATASETS)
        found = checks.check(upload, _WORK, environment)
        facts = {"upload": path.name, **found.facts()}
        show(facts, console)
        if out is not None:
            out.write_bytes(check_report.make(_WORK, facts, found.entries))
            console.print(Text(f"page: {out}", "dim"), soft_wrap=True)
    return 1 if found.refusal else 0


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path.is_dir():
        with tempfile.TemporaryFile() as archive:
            folders.pack(path, archive)
            yield archive
    elif path.is_file():
        with path.open("rb") as file:
            yield file
    else:
        raise CannotCheck(f"{path} is neither a file nor a folder")


@contextlib.contextmanager
def _memory() -> Iterator[None]:
    """An S3 of this process alone. Nothing of it reaches AWS: moto answers before a socket does."""
    from moto import mock_aws

    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    client.cache_clear()
    try:
        with mock_aws():
            for bucket in (_UPLOADS, _WORK):
                client("s3").create_bucket(Bucket=bucket)
            yield
    finally:
        client.cache_clear()
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = before


def _otherwise(folder: Path, archive: IO[bytes]) -> str:
    """What `drop` takes a folder for, if not for the data set that it is checked as."""
    try:
        meant = folders.look(folder, archive)
        return "" if meant.is_dataset else f"dropped, {folder} would be {meant.why}"
    except folders.FolderRefused as error:
        return str(error)
    finally:
        archive.seek(0)


def _upload(path: Path, file: IO[bytes], prefix: str) -> Upload:
    """The file under the key that it would be dropped to, with the mapping that lies beside it."""
    name = f"{path.resolve().name}.zip" if path.is_dir() else path.name
    key = f"{prefix}{name}"
    beside = folders.mapping_of(path)
    if beside.is_file():
        client("s3").put_object(Bucket=_UPLOADS, Key=sidecar.beside(key), Body=beside.read_bytes())
    client("s3").put_object(Bucket=_UPLOADS, Key=key, Body=file)
    size = client("s3").head_object(Bucket=_UPLOADS, Key=key)["ContentLength"]
    return Upload(_UPLOADS, key, None, size)


def show(facts: dict[str, Any], console: Console) -> None:
    if facts["dataset"]:
        dataset = facts["dataset"]
        console.print(f"data set {dataset['name']}, version {dataset['version']}")
    for assumption in facts["assumptions"]:
        console.print(Text.assemble(("assumed: ", "yellow"), assumption["detail"]), soft_wrap=True)
        if assumption["settle"]:
            settle = f"  otherwise, in <name>{sidecar.SUFFIX}: {assumption['settle']}"
            console.print(Text(settle, "dim"), soft_wrap=True)
    if facts["classes"]:
        console.print(_classes(facts["classes"]))
    if facts["groups"]:
        number = facts["groups"]
        groups = "1 group that stays" if number == 1 else f"{number} groups that stay"
        splits = "as the archive gives them" if facts["given_splits"] else "drawn"
        drawn = "" if facts["role"] == "external" else f", splits {splits}"
        console.print(f"{groups} together{drawn}")
    for table in facts["tables"]:
        console.print(Text(f"read: the table {table}"), soft_wrap=True)
    for flag, number in facts["flags"].items():
        console.print(f"flagged: {number} × {flag}")
    for reason, told in facts["set_aside"].items():
        line = f"set aside: {told['files']} × {reason}: {told['detail']}"
        console.print(Text(f"{line} ({', '.join(told['examples'][:3])})"), soft_wrap=True)
    if refused := facts["refused"]:
        told = f"would be refused: {refused['reason']}: {refused['detail']}"
        console.print(Text(told, "red"), soft_wrap=True)
    elif facts["role"] == "external":
        told = "would be judged by the models in service, less what these know; never trained on"
        console.print(Text(told, "green"))
    else:
        console.print(Text("would be trained on", "green"))


def _classes(classes: dict[str, dict[str, int]]) -> Table:
    table = Table("class", box=None)
    for column in next(iter(classes.values())):
        table.add_column(column, justify="right")
    for label, numbers in classes.items():
        table.add_row(Text(label), *(f"{number:,}" for number in numbers.values()))
    return table
