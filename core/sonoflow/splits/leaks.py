"""The last look at a split: nothing that belongs together may lie on two sides.

Knows nothing of how groups were made or splits were chosen. It goes by the facts: digests of
pixels, groups that were given, links, and the group that the index names.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Sequence

from sonoflow.errors import SplitLeak
from sonoflow.images.parts import HINTS, Entry
from sonoflow.keys import SPLITS, TRAIN
from sonoflow.splits.duplicates import Link


def check(entries: Sequence[Entry], links: Iterable[Link]) -> None:
    """Raises SplitLeak, naming two images, where a split or a fold parts what belongs together."""
    by_id = {entry["id"]: entry for entry in entries}
    for entry in entries:
        if entry["split"] not in SPLITS:
            raise SplitLeak(f"{entry['source']!r} is in no split: {entry['split']!r}")
        if "conflicting-labels" in entry["flags"] and entry["split"] != TRAIN:
            raise SplitLeak(f"{entry['source']!r} has two labels and is in {entry['split']}")
    for link in links:
        _compare(by_id[link.a], by_id[link.b], f"a link ({link.kind})")
    _check_same(entries, "pixels", lambda entry: entry["sha256"])
    _check_same(entries, "group", lambda entry: entry["group"])
    for hint in HINTS:
        _check_same(entries, f"given group ({hint})", operator.methodcaller("get", hint))


def _check_same(entries: Iterable[Entry], what: str, key: Callable[[Entry], Hashable]) -> None:
    first: dict[Hashable, Entry] = {}
    for entry in entries:
        value = key(entry)
        if value is not None:
            _compare(first.setdefault(value, entry), entry, f"the same {what}")


def _compare(one: Entry, other: Entry, why: str) -> None:
    for side in ("split", "fold"):
        if one[side] != other[side]:
            images = f"{one['source']!r} ({one[side]}) and {other['source']!r} ({other[side]})"
            raise SplitLeak(f"{images} lie in different {side}s in spite of {why}")
