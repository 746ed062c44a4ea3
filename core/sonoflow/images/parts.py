"""The parts of a data set: what the plan and each batch add to its index and its quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.aws import objects, streams
from sonoflow.keys import Dataset
from sonoflow.quarantine import SetAside

READS_AT_ONCE = 16
MASK_WITHOUT_IMAGE = "mask-without-image"  # reason of a mask whose image cannot be used

Entry = dict[str, Any]  # one line of the index
# Of an entry: what says that it belongs together with others that say the same.
GROUP_HINT, OBJECT_HINT = "group_hint", "object_hint"
PATIENT_HINT, STUDY_HINT = "patient_hint", "study_hint"  # digests (dicom/belonging.py)
HINTS = (GROUP_HINT, OBJECT_HINT, PATIENT_HINT, STUDY_HINT)


def write(
    bucket: str,
    key: str,
    entries: Sequence[Entry],
    quarantine: Iterable[SetAside],
    digest: str = "",
    assumptions: Iterable[Assumption] = (),
    splits: str = "",
    tables: Sequence[str] = (),
) -> None:
    """A batch's part is written when everything in it is, so `digest` says what need not be done
    again. `splits` is what the plan's mapping says of them."""
    documents = [entry.document() for entry in quarantine]
    part: dict[str, Any] = {"digest": digest, "images": list(entries), "quarantine": documents}
    if stated := [one.document() for one in assumptions]:
        part["assumptions"] = stated
    if splits:
        part["splits"] = splits
    if tables:
        part["tables"] = list(tables)
    objects.write_json(bucket, key, part)


def find(bucket: str, key: str, digest: str) -> dict[str, Any] | None:
    """The part that an earlier run left of the same batch, if there is one."""
    part: dict[str, Any] | None = objects.find_json(bucket, key)
    return part if part is not None and part.get("digest") == digest else None


def read(bucket: str, dataset: Dataset, batches: int) -> Iterator[dict[str, Any]]:
    """All parts of a data set, few in memory at a time.

    A missing part is an error of S3 that escapes: a batch was lost.
    """
    keys = [dataset.plan_part, *(dataset.part(number) for number in range(batches))]
    return streams.in_order(lambda key: objects.read_json(bucket, key), keys, READS_AT_ONCE)
