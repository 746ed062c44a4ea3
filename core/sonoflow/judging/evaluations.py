"""What a training job of ours leaves: an `evaluation.json` in its output, and documents for people
beside it."""

from __future__ import annotations

import io
import json
import math
import re
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from sonoflow.errors import EvaluationUnreadable
from sonoflow.training_documents import DOCUMENTS

FILE = "evaluation.json"
_PICTURE = re.compile(r"worst_cases/\d\d-[0-9a-f]{16}\.(image|true|predicted)\.png")
_BYTES_LIMIT = 64 * 1024 * 1024  # of all that is kept of an output


def documents(output: bytes) -> dict[str, bytes]:
    """What is kept of a training job's output.tar.gz, by name, in one pass: the evaluation, which
    must be there, the documents and the pictures of worst cases. Everything else is passed over.
    Raises EvaluationUnreadable."""
    left: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(output), mode="r:gz") as archive:
            for member in archive:
                name = _name(member)
                if name is not None and name not in left:
                    left[name] = _content(archive, member, sum(map(len, left.values())))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise EvaluationUnreadable(f"the output is no readable tar.gz: {error}") from error
    if FILE not in left:
        raise EvaluationUnreadable(f"the training job's output holds no {FILE}")
    for name in DOCUMENTS.keys() & left.keys():
        if name.endswith(".json"):
            _parsed(name, left[name])
    return left


def _name(member: tarfile.TarInfo) -> str | None:
    """What a member is kept as. At the root or below data/: SageMaker does not document which."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise EvaluationUnreadable(f"the output's member {member.name!r} leads out of it")
    if not member.isfile():
        return None
    if path.name == FILE or path.name in DOCUMENTS:
        return path.name
    picture = "/".join(path.parts[-2:])
    return picture if _PICTURE.fullmatch(picture) else None


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, before: int) -> bytes:
    """`before`: bytes that are kept already."""
    if before + member.size > _BYTES_LIMIT:
        raise EvaluationUnreadable(
            f"{member.name} has {member.size} bytes after {before} of others, the limit is "
            f"{_BYTES_LIMIT} for all"
        )
    file = archive.extractfile(member)
    return file.read() if file else b""


def _parsed(name: str, document: bytes) -> Any:
    try:
        return json.loads(document)
    except ValueError as error:
        raise EvaluationUnreadable(f"{name} is no JSON: {error}") from error


def metrics(document: bytes) -> dict[str, float | None]:
    """The plain figures of an evaluation; undefined ones are None. Raises EvaluationUnreadable."""
    try:
        values = json.loads(document)["metrics"]
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationUnreadable(f"{FILE} is no evaluation: {error!r}") from error
    if not isinstance(values, Mapping):
        raise EvaluationUnreadable(f"the metrics of {FILE} must be an object, not {values!r}")
    plain = {name: _finite(value) for name, value in values.items() if _is_figure(value)}
    return plain | _malignant(values.get("per_class"))


def _malignant(per_class: Any) -> dict[str, float | None]:
    """The share of malignant images that are called so: the one figure of a class that a gate may
    ask for."""
    figures = per_class.get("malignant") if isinstance(per_class, Mapping) else None
    if not isinstance(figures, Mapping) or not _is_figure(figures.get("recall")):
        return {}
    return {"malignant_sensitivity": _finite(figures.get("recall"))}


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _finite(value: float | None) -> float | None:
    """Python's JSON reads NaN and Infinity; no state machine does."""
    return value if value is not None and math.isfinite(value) else None
