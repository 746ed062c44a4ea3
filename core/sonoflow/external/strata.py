"""Parts of a set that are told apart: by class, by size of the lesion, by device or site."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from sonoflow.external.cases import Case

CLASS, SIZE = "class", "lesion size"
# Shares of the image: no scale is known of most pictures. Each includes its lower end.
SMALL, LARGE = 0.02, 0.1
SIZES = ("below 2 % of the image", "2 to 10 % of the image", "10 % of the image or more")
NOT_TOLD = "not told"


@dataclasses.dataclass(frozen=True)
class Stratum:
    by: str
    value: str
    cases: list[Case]


def by_class(cases: Sequence[Case]) -> list[Stratum]:
    labels = sorted({case.label for case in cases})
    return [Stratum(CLASS, label, [c for c in cases if c.label == label]) for label in labels]


def by_size(cases: Sequence[Case]) -> list[Stratum]:
    """Of images whose lesion is marked."""
    found: dict[str, list[Case]] = {size: [] for size in SIZES}
    for case in cases:
        if case.lesion_share is not None:
            found[_size(case.lesion_share)].append(case)
    return [Stratum(SIZE, size, some) for size, some in found.items() if some]


def _size(share: float) -> str:
    return SIZES[(share >= SMALL) + (share >= LARGE)]


def by_subgroup(cases: Sequence[Case]) -> list[Stratum]:
    """Of each column that a table of the set has, in the order of names."""
    columns = sorted({column for case in cases for column in case.subgroups})
    strata = []
    for column in columns:
        found: dict[str, list[Case]] = collections.defaultdict(list)
        for case in cases:
            found[case.subgroups.get(column, NOT_TOLD)].append(case)
        strata += [Stratum(column, value, found[value]) for value in sorted(found)]
    return strata
