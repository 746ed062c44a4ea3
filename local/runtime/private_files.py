"""The runtime's files: for the user who started it, and for nobody else on this machine.

Medical images pass through its folders, and logs name them. What the server and its children make
is private by their umask; what may be there already, from another time or another hand, is taken
over here.
"""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path
from typing import IO

from local.runtime.failures import Failure

UMASK = 0o077
_FOLDER, _FILE = 0o700, 0o600
_OTHERS, _OTHERS_WRITE = 0o077, 0o022
RUNS = "runs"  # of a state folder; what tells one from a folder of other things


class NotPrivate(Failure):
    """A folder that cannot be made the user's alone; the message says what to do."""


def state_folder(folder: Path) -> None:
    """Make a state folder, or take over one that is there. Raises NotPrivate.

    A folder that holds other things too (`--state .`) keeps its mode; what the runtime puts there
    is private all the same.
    """
    if not folder.exists():
        private_folder(folder)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise NotPrivate(f"{folder} belongs to another user; give a state folder of your own.")
    if not found.st_mode & _OTHERS:
        return
    names = {path.name for path in folder.iterdir()}
    everybodys = found.st_mode & stat.S_ISVTX  # /tmp, say
    if not everybodys and (not names or RUNS in names):
        folder.chmod(_FOLDER)
    elif found.st_mode & _OTHERS_WRITE:
        raise NotPrivate(
            f"Others may write in {folder}, and so exchange what the runtime keeps there; give a "
            "state folder of your own."
        )


def private_folder(folder: Path) -> Path:
    """A folder of the runtime's own, made where it is missing."""
    folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    folder.chmod(_FOLDER)
    return folder


def open_private(path: Path) -> IO[str]:
    """Open a file of the runtime's own for writing, empty."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, _FILE)
    os.fchmod(descriptor, _FILE)
    return os.fdopen(descriptor, "w")


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Everything in an archive, with nothing outside `folder` and no permissions for others, which
    its members would bring along whatever the umask. Raises OSError or tarfile.TarError."""
    archive.extractall(folder, filter=_private)  # noqa: S202 - by the data filter, and closer


def _private(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    safe = tarfile.data_filter(member, folder)
    return safe if safe.mode is None else safe.replace(mode=safe.mode & stat.S_IRWXU, deep=False)
