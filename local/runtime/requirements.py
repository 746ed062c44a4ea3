"""Requirements of functions, met by what is installed in this virtual environment.

`sam build` installs what a function's requirements.txt names into its package; here the package
gets links to the same distributions, and to nothing else that happens to be installed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Iterable, Iterator, Set
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.runtime.once import made_once


def lines(text: str) -> Iterator[str]:
    """The lines of a requirements file that say something."""
    for line in text.splitlines():
        line = line.split(" #")[0].strip()
        if line and not line.startswith("#"):
            yield line


def is_local(line: str) -> bool:
    """Whether the line names a folder of the repository."""
    return line.startswith((".", "/"))


def constraints_file(line: str) -> str | None:
    """The file that a line `-c FILE` names."""
    option, _, name = line.partition(" ")
    return name.strip() if option in ("-c", "--constraint") else None


def is_installed(line: str) -> bool:
    """Whether there is any version of what the line asks for."""
    try:
        importlib.metadata.distribution(Requirement(line).name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def distributions(requirements: Iterable[str]) -> dict[str, Distribution]:
    """What is installed for the requirements and for what these require, by canonical name.

    Raises packaging's InvalidRequirement, and PackageNotFoundError for what is not installed.
    """
    found: dict[str, Distribution] = {}
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if not _applies(requirement) or name in found:
            continue
        found[name] = importlib.metadata.distribution(requirement.name)
        for needed in map(Requirement, found[name].requires or []):
            if _applies(needed, requirement.extras):
                needed.marker = None
                waiting.append(needed)
    return found


def _applies(requirement: Requirement, extras: Iterable[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def size(requirements: Iterable[str], brought: Set[str]) -> int:
    """Bytes of what is installed for the requirements, without what is `brought` anyhow."""
    return sum(
        file.size or 0
        for found in distributions(requirements).values()
        if not _top_level(found) <= brought
        for file in found.files or []
    )


def linked(requirements: Iterable[str], below: Path) -> Path:
    """A folder for sys.path that holds these distributions, made once for each set of them."""
    installed = distributions(requirements)
    named = sorted(f"{name}=={found.version}" for name, found in installed.items())
    target = below / hashlib.sha256("\n".join(named).encode()).hexdigest()[:32]

    def fill(folder: Path) -> None:
        for found in installed.values():
            for name in _top_level(found):
                place = folder / name
                if not place.exists():  # a folder that two distributions share
                    place.symlink_to(Path(str(found.locate_file(name))))

    return made_once(target, fill)


def _top_level(distribution: Distribution) -> set[str]:
    first = {file.parts[0] for file in distribution.files or []}
    return first - {"..", "__pycache__"}  # scripts, and what Python keeps of single modules
