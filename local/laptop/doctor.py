"""Whether this machine is fit for the laptop runtime; of what is not, what to do."""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.laptop.client import Laptop, NotRunning
from local.runtime.failures import Failure
from local.runtime.requirements import distributions, lines

_PYTHONS = ((3, 11), (3, 13))  # oldest and newest that everything is pinned for
_DISK_BYTES, _DISK_LEAST_BYTES = 5 * 1000**3, 1000**3
_MEMORY_BYTES = 4 * 1000**3  # the demo's functions, two trainings and three endpoints
_SYSTEMS = ("Linux", "Darwin")
_PORT = 4566


@dataclasses.dataclass(frozen=True)
class Finding:
    """`todo` is empty where all is well; a `warning` does not keep anything from running."""

    what: str
    found: str
    todo: str = ""
    warning: bool = False


def examine(root: Path, state: Path, prog: str) -> Iterator[Finding]:
    yield _python()
    yield _system()
    yield _packages(root)
    yield _disk(state)
    yield _memory()
    yield _runtime(state, prog)


def show(findings: Iterator[Finding], console: Console) -> int:
    """Prints each; 1 where something keeps the runtime from running."""
    unfit = False
    for one in findings:
        good = not one.todo
        sign, style = (
            ("ok", "green") if good else ("note", "yellow") if one.warning else ("no", "red")
        )
        console.print(
            Text.assemble((f"{sign:<5}", style), f"{one.what:<9} {one.found}"), soft_wrap=True
        )
        if one.todo:
            console.print(Text(f"     {one.todo}", style), soft_wrap=True)
        unfit = unfit or not (good or one.warning)
    return 1 if unfit else 0


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    oldest, newest = _PYTHONS
    if oldest <= sys.version_info[:2] <= newest:
        return Finding("Python", found)
    wanted = " to ".join(".".join(map(str, version)) for version in _PYTHONS)
    return Finding(
        "Python", found, f"{wanted} is needed: rm -rf .venv; make setup PYTHON=python3.11"
    )


def _system() -> Finding:
    found = f"{platform.system()} {platform.release()}, {os.cpu_count()} processors"
    if platform.system() in _SYSTEMS:
        return Finding("system", found)
    return Finding("system", found, "use Linux, macOS, or Linux within Windows (WSL)")


def _packages(root: Path) -> Finding:
    """Whether what is installed is what is pinned."""
    pinned = _pinned(root / "requirements.txt")
    try:
        installed = distributions(pinned)
    except PackageNotFoundError as error:
        return Finding("set-up", f"{error.name} is not installed", "make setup")
    return Finding("set-up", f"{len(installed)} packages in {sys.prefix}")


def _pinned(requirements: Path) -> Sequence[str]:
    return [line for line in lines(requirements.read_text("utf-8")) if not line.startswith("-")]


def _disk(state: Path) -> Finding:
    place = next(folder for folder in (state, *state.resolve().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1000**3:.1f} GB free at {place}"
    if free >= _DISK_BYTES:
        return Finding("disk", found)
    todo = (
        f"a run takes up to {_DISK_BYTES // 1000**3} GB: make room, or use --state on another disk"
    )
    return Finding("disk", found, todo, warning=free >= _DISK_LEAST_BYTES)


def _memory() -> Finding:
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return Finding("memory", "not told by this system")
    found = f"{whole / 1000**3:.1f} GB"
    if whole >= _MEMORY_BYTES:
        return Finding("memory", found)
    least = f"{_MEMORY_BYTES // 1000**3} GB"
    todo = f"trainings may be killed with less than {least}: close other programs"
    return Finding("memory", found, todo, warning=True)


def _runtime(state: Path, prog: str) -> Finding:
    """What runs, or whether the usual port is free for it."""
    try:
        return Finding("runtime", f"runs at {Laptop.attach(state).endpoint_url}")
    except (NotRunning, OSError, Failure) as error:
        if Laptop.lives(state):
            return Finding("runtime", f"does not answer: {error}", f"{prog} down; {prog} up")
    try:
        socket.create_server(("127.0.0.1", _PORT)).close()
    except OSError as error:
        todo = f"{prog} up takes another port by itself; --port N names one"
        return Finding("runtime", f"port {_PORT}: {error.strerror}", todo, warning=True)
    return Finding("runtime", f"not running; port {_PORT} is free")
