"""The model code as one archive, named by its content and written once: training runs it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from importlib.resources.abc import Traversable

from sonoflow import keys
from sonoflow.errors import CodeAltered
from sonoflow.releases import model_code, written_once

# What the model code is made of; no caches, no metadata.
_SUFFIXES = (".html", ".json", ".py", ".txt", ".yaml")


def build() -> tuple[bytes, str]:
    """The tar.gz of the installed model code, entry scripts at its root, and its SHA-256.

    The same files give the same bytes: names in order, no times, no owners.
    """
    files = dict(sorted(_files(model_code.folder())))
    if not files:
        raise FileNotFoundError(f"the package {model_code.PACKAGE} holds no files")
    packed = io.BytesIO()
    # gzip's header would hold the time otherwise, which tarfile's own "w:gz" does not let one set.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, file in files.items():
            content = file.read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    data = packed.getvalue()
    return data, hashlib.sha256(data).hexdigest()


def store(bucket: str) -> tuple[str, str]:
    """Write the archive, unless it is there. Its URI and SHA-256. Raises CodeAltered."""
    data, sha256 = build()
    key = keys.code_archive(sha256)
    return written_once.store(bucket, key, data, "application/gzip", CodeAltered), sha256


def _files(folder: Traversable, below: str = "") -> Iterator[tuple[str, Traversable]]:
    """What belongs to the code, by its path in the archive."""
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry, f"{below}{entry.name}/")
        elif entry.name.endswith(_SUFFIXES):
            yield below + entry.name, entry
