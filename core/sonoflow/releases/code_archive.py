"""The model code as one archive, named by its content and written once.

Whoever could put other bytes under that name would have them run by the next training job, with
its role. So nobody writes over an archive, this module included (the work bucket's policy has S3
refuse it), and one that is there already is held against its name before it is handed on.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from importlib.resources.abc import Traversable

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.errors import CodeAltered
from sonoflow.releases import model_code

# What the model code is made of; no caches, no metadata.
_SUFFIXES = (".html", ".json", ".py", ".txt", ".yaml")
_ATTEMPTS = 3  # S3 asks for another one where two write the same key at once


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
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            client("s3").put_object(
                Bucket=bucket, Key=key, Body=data, ContentType="application/gzip", IfNoneMatch="*"
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "PreconditionFailed":  # the same code was packaged before
                _verify(bucket, key, sha256)
                break
            if code != "ConditionalRequestConflict" or attempt == _ATTEMPTS:
                raise
        else:
            break
    return keys.uri(bucket, key), sha256


def _verify(bucket: str, key: str, sha256: str) -> None:
    """Raises CodeAltered where the object does not hold the bytes of that digest."""
    found = hashlib.sha256(objects.read(bucket, key)).hexdigest()
    if found != sha256:
        raise CodeAltered(
            f"{keys.uri(bucket, key)} holds other bytes than its name says: their SHA-256 is"
            f" {found}, not {sha256}. Nothing is trained with them. Find out who wrote them, delete"
            " the object, and start the run again, which packages the code anew."
        )


def _files(folder: Traversable, below: str = "") -> Iterator[tuple[str, Traversable]]:
    """What belongs to the code, by its path in the archive."""
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry, f"{below}{entry.name}/")
        elif entry.name.endswith(_SUFFIXES):
            yield below + entry.name, entry
