"""What the batches left of a data set, put together."""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from sonoflow.aws import objects
from sonoflow.images import fingerprints
from sonoflow.images.fingerprints import Fingerprint
from sonoflow.keys import Dataset

READS_AT_ONCE = 16
_READS_AHEAD = (
    4 * READS_AT_ONCE
)  # thousands of parts that wait to be looked at would fill the memory

Entry = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Parts:
    entries: list[Entry]  # by class and id
    looks: dict[str, Fingerprint]  # by id
    quarantine: list[dict[str, str]]  # by source and reason


def read(bucket: str, dataset: Dataset, batches: int) -> Parts:
    """All parts of a data set.

    A missing part is an error of S3 that escapes: a batch was lost. Raises PayloadInvalid where an
    entry has no fingerprint.
    """
    whole = Parts([], {}, [])
    keys = [dataset.plan_part, *(dataset.part(number) for number in range(batches))]
    for part in _documents(bucket, keys):
        for entry in part["images"]:
            whole.looks[entry["id"]] = fingerprints.parse(entry)
            # As text in 100,000 entries the thumbnails would take more room than all else.
            del entry["thumb"]
            whole.entries.append(entry)
        whole.quarantine.extend(part["quarantine"])
    whole.entries.sort(key=lambda entry: (entry["class"], entry["id"]))
    whole.quarantine.sort(key=lambda entry: (entry["source"], entry["reason"]))
    return whole


def _documents(bucket: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    with concurrent.futures.ThreadPoolExecutor(max_workers=READS_AT_ONCE) as pool:
        for start in range(0, len(keys), _READS_AHEAD):
            some = keys[start : start + _READS_AHEAD]
            yield from pool.map(lambda key: objects.read_json(bucket, key), some)
