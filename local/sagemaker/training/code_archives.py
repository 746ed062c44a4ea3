"""A job's code archive: the one that its name says, unpacked to where the script runs."""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path

from local.runtime.private_files import unpack

# A name that promises a content. AWS's toolkit does not hold it against that; see
# docs/decisions/0017-code-is-written-once.md.
_DIGEST_NAME = re.compile(r"([0-9a-f]{64})\.tar\.gz")


class ScriptModeError(Exception):
    """The job's code cannot be run; the message becomes the job's failure reason."""


def unpack_code(archive: Path, address: str, program: str, folder: Path) -> None:
    """Unpack what was submitted at `address`, which must hold `program`. Raises ScriptModeError."""
    _verify(archive, address)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            unpack(tar, folder)
    except (OSError, tarfile.TarError) as error:
        raise ScriptModeError(f"{address} is no code archive: {error}") from error
    if not (folder / program).is_file():
        raise ScriptModeError(f"{address} holds no {program}.")
    requirements = folder / "requirements.txt"
    if requirements.is_file() and requirements.read_text().strip():
        raise ScriptModeError(
            "The code archive holds a requirements.txt. The laptop runtime installs nothing; "
            "add the packages to requirements.txt of the repository."
        )


def _verify(archive: Path, address: str) -> None:
    named = _DIGEST_NAME.fullmatch(address.rpartition("/")[2])
    if named is None:
        return
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != named[1]:
        raise ScriptModeError(
            f"{address} is named by the SHA-256 of its content, which is {found}: someone has "
            "written over it, and it is not run."
        )
