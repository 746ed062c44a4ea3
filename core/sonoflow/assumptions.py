"""What was taken for true without being certain: said, with the words that settle it otherwise.

An assumption decides something for a whole data set (which value of a mask is the lesion, which
class is the positive one). It stands in the first lines of the report, in the answers of the
states that found it, and on the console. What concerns single images is a flag in the index.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Assumption:
    """A code for machines, a sentence for people, and what to write into the mapping instead.

    `detail` names no file and no value that could name a patient: it is published.
    """

    code: str
    detail: str
    settle: str  # an excerpt of <name>.mapping.json, or nothing if no word would change it

    def document(self) -> dict[str, str]:
        return dataclasses.asdict(self)


def parse(document: Mapping[str, Any]) -> Assumption:
    return Assumption(document["code"], document["detail"], document["settle"])


def merged(groups: Iterable[Iterable[Assumption]]) -> list[Assumption]:
    """Each once, in the order in which they were made."""
    return list(dict.fromkeys(one for group in groups for one in group))
