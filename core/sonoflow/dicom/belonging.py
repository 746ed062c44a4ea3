"""To which patient and study an object belongs, as digests that name neither.

A digest of a patient's number alone could be found again by trying all numbers. These are keyed
with bytes of the archive that the object came in: who can compute them has the object itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from typing import Final

from sonoflow.dicom.files import File
from sonoflow.dicom.values import Values

PATIENT, STUDY = 0x00100020, 0x0020000D  # Patient ID, Study Instance UID
TAGS: Final = frozenset({PATIENT, STUDY})
_BYTES_LIMIT = 256  # 64 characters of any character set
_DIGITS = 32
# What stands where no patient is named; every picture of a set would be of one patient by it.
_NOBODY = frozenset(
    (
        *("", "-", ".", "?", "0", "x", "xx", "xxx", "na", "n/a", "nil", "null", "none", "empty"),
        *("anon", "anonym", "anonymous", "anonymized", "anonymised", "deidentified"),
        *("de-identified", "noid", "no id", "unknown", "unnamed", "removed", "patient", "test"),
    )
)


@dataclasses.dataclass(frozen=True)
class Belonging:
    """None where the object does not say it."""

    patient: str | None
    study: str | None


def read(file: File, key: bytes) -> Belonging:
    """Of a file that was read with TAGS among what is kept. Raises ImageRejected."""
    values = Values(file.walk, file.found)
    patient, study = (_value(values, tag) for tag in (PATIENT, STUDY))
    if patient.decode("latin-1").lower().strip("<>[]()_ ") in _NOBODY or not patient.strip(b"0-. "):
        patient = b""
    return Belonging(_digest(key, b"patient", patient), _digest(key, b"study", study))


def _value(values: Values, tag: int) -> bytes:
    """Spaces around a value mean nothing, by the standard."""
    return values.content(tag, _BYTES_LIMIT).strip(b"\0 ")


def _digest(key: bytes, kind: bytes, value: bytes) -> str | None:
    if not value:
        return None
    return hmac.new(key, kind + b"\0" + value, hashlib.sha256).hexdigest()[:_DIGITS]
