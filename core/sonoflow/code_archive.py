"""The model code as one archive, named by its content."""

from __future__ import annotations

import gzip
import hashlib
import importlib.resources
import io
import tarfile

PACKAGE = "sonoflow_model_code"  # model_code/, as its pyproject.toml installs it
_SUFFIXES = (".py", ".txt", ".yaml")  # what that package carries; no caches, no metadata


def build() -> tuple[bytes, str]:
    """The tar.gz of the installed model code, flat, and its SHA-256.

    The same files give the same bytes: names in order, no times, no owners.
    """
    files = sorted(
        (file for file in importlib.resources.files(PACKAGE).iterdir() if _belongs(file.name)),
        key=lambda file: file.name,
    )
    if not files:
        raise FileNotFoundError(f"the package {PACKAGE} holds no files")
    packed = io.BytesIO()
    # gzip's header would hold the time otherwise, which tarfile's own "w:gz" does not let one set.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for file in files:
            content = file.read_bytes()
            member = tarfile.TarInfo(file.name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    data = packed.getvalue()
    return data, hashlib.sha256(data).hexdigest()


def _belongs(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(".")
