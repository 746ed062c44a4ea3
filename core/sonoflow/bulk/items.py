"""What a zip or manifest of the inbox asks for, and its batches, written and read as JSON.

A batch is what one invocation of answer_members gets. It is bounded by items, as a worker's time
goes with them, by bytes, as it holds them packed, and by its document: the input of a state must
not exceed 256 KB.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sonoflow import payloads
from sonoflow.archives.members import Location
from sonoflow.errors import BulkRejected, PayloadInvalid

ITEMS_LIMIT = 25  # of a batch
ASKED_LIMIT = 100_000  # of a zip or manifest: what a summary can hold
BYTES_LIMIT = 64 * 1024 * 1024
DOCUMENT_BYTES_LIMIT = 160_000


@dataclasses.dataclass(frozen=True)
class Item:
    """An image to be answered under an inbox path."""

    path: str
    line: int | None = None  # of the manifest that names it
    member: str | None = None  # its name as the zip's directory has it
    place: Location | None = None  # where it lies in the zip
    problem: tuple[str, str] | None = None  # reason and sentence: it is to be rejected for it
    withdrawn: bool = False  # an earlier version of the zip held it, this one does not

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {"path": self.path}
        if self.line is not None:
            document["line"] = self.line
        if self.member is not None and self.place is not None:
            document |= {"member": self.member, "place": list(dataclasses.astuple(self.place))}
        if self.problem is not None:
            document["problem"] = list(self.problem)
        if self.withdrawn:
            document["withdrawn"] = True
        return document

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Item:
        """Raises KeyError, TypeError or ValueError."""
        place, problem = document.get("place"), document.get("problem")
        return cls(
            str(document["path"]),
            document.get("line"),
            document.get("member"),
            Location(*(int(number) for number in place)) if place else None,
            (str(problem[0]), str(problem[1])) if problem else None,
            document.get("withdrawn") is True,
        )


@dataclasses.dataclass(frozen=True)
class Batch:
    number: int
    items: tuple[Item, ...]

    def document(self) -> dict[str, Any]:
        return {"number": self.number, "items": [item.document() for item in self.items]}

    def digest(self) -> str:
        """Equal for batches that ask for the same."""
        text = json.dumps(self.document(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def from_state(payload: Mapping[str, Any]) -> Batch:
    """The batch in a state's input, as the plan's file holds it. Raises PayloadInvalid."""
    number = payloads.field(payload, "batch.number", int)
    documents = payloads.field(payload, "batch.items", list)
    try:
        return Batch(number, tuple(Item.parse(document) for document in documents))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise PayloadInvalid(f"the batch's items are not as planned: {error!r}") from error


def cut(items: Sequence[Item]) -> Iterator[Batch]:
    """In the zip's order: neighbours are read at once."""
    number, held, written = 0, 0, 0
    batch: list[Item] = []
    for item in sorted(items, key=lambda item: item.place.offset if item.place else 0):
        # What is sent is in UTF-8, and what a state holds may be escaped: six bytes a sign at most.
        size = len(json.dumps(item.document()))
        packed = item.place.length if item.place else 0
        full = len(batch) == ITEMS_LIMIT or written + size > DOCUMENT_BYTES_LIMIT
        if batch and (full or held + packed > BYTES_LIMIT):
            yield Batch(number, tuple(batch))
            number, batch, held, written = number + 1, [], 0, 0
        batch.append(item)
        held, written = held + packed, written + size
    if batch:
        yield Batch(number, tuple(batch))


def too_many(asked: int) -> BulkRejected:
    detail = f"it asks for {asked} images, the limit is {ASKED_LIMIT}; send it in parts"
    return BulkRejected("too-many-members", detail)


def plan_document(batches: Iterable[Batch]) -> tuple[bytes, int]:
    """The plan's file and the number of batches."""
    lines = [
        json.dumps(batch.document(), ensure_ascii=False, separators=(",", ":")) for batch in batches
    ]
    return ("[\n" + ",\n".join(lines) + "\n]").encode(), len(lines)


def read_plan(document: Iterable[Mapping[str, Any]]) -> Iterator[Batch]:
    """The batches of a plan's file."""
    for each in document:
        yield from_state({"batch": each})
