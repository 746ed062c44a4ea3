"""What became of what was dropped: for people in words, for machines as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from local.dropping.items import Item

ANSWERED, SCORED, SUMMARISED = "answered", "scored", "summarised"
TRAINED, JUDGED, UPLOADED = "trained", "judged", "uploaded"
REJECTED, REFUSED, FAILED, UNANSWERED = "rejected", "refused", "failed", "unanswered"
_GOOD = frozenset({ANSWERED, SCORED, SUMMARISED, TRAINED, JUDGED, UPLOADED})


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`text` says it in one sentence, `document` is what came back, `objects` are those of the
    results that belong to it: what each is called beside its file, and where it lies (bucket, key).
    """

    item: Item
    kind: str
    text: str
    document: Mapping[str, Any] | None = None
    objects: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return self.kind in _GOOD

    def json(self) -> dict[str, Any]:
        return {
            "file": str(self.item.origin),
            "key": self.item.key,
            "outcome": self.kind,
            "text": self.text,
            "document": self.document,
        }


def percent(share: float) -> str:
    """A model's probability as it may be shown: none of them is certain."""
    if share > 0.99:
        return ">99 %"
    return "<1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")
