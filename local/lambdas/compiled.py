"""Packages of a function's archive that were compiled for another Python than the laptop's.

`sam build` takes wheels for the Python of the template's runtime, and workers run under this one's.
What holds compiled modules that this one cannot load gives way to what is installed here, as
everything from a registry does in the archives that the laptop makes itself.
"""

from __future__ import annotations

import csv
import importlib.machinery
import importlib.metadata
import re
from pathlib import Path

from local.runtime.runtime_log import say

_TAGGED = re.compile(r".*(\.cpython-\d+\S*\.so)")


def give_way(task_root: Path) -> None:
    """Remove from an unpacked archive what cannot be loaded and is installed here.

    What is not installed stays: importing it fails, as it would on AWS with the wrong wheel.
    """
    for record in task_root.glob("*.dist-info/RECORD"):
        files = _files(record)
        tags = {match[1] for name in files if (match := _TAGGED.fullmatch(name))}
        if tags and not tags & set(importlib.machinery.EXTENSION_SUFFIXES):
            _replace(task_root, record, files)


def _replace(task_root: Path, record: Path, files: list[str]) -> None:
    name, _, version = record.parent.name.removesuffix(".dist-info").rpartition("-")
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return
    if installed != version:
        say(f"{name} {installed} stands for {version}, which was compiled for another Python")
    for file in files:
        path = task_root / file
        if path.resolve().is_relative_to(task_root.resolve()):  # scripts are recorded outside
            path.unlink(missing_ok=True)


def _files(record: Path) -> list[str]:
    with record.open(newline="", encoding="utf-8") as lines:
        return [row[0] for row in csv.reader(lines) if row]
