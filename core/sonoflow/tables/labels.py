"""The classes of a table: which is which number, and whether there is enough of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sonoflow.errors import DatasetRefused
from sonoflow.tables.layout import is_number
from sonoflow.tables.statistics import Statistics

POSITIVE_NAMES = ("m", "malignant", "1", "true", "yes")


def order_classes(statistics: Statistics, positive: str | None) -> tuple[str, ...]:
    """The classes in the order of their numbers.

    Of two, the positive one is number 1: the one given, or else the one of a name that says so, or
    else the rarer one. More are sorted.
    """
    classes = sorted(statistics.classes)
    if len(classes) != 2:
        return tuple(classes)
    telling = [name for name in classes if _is_positive(name)]
    if positive not in classes:
        by_count = min(classes[::-1], key=statistics.of_class)  # of equals the greater text
        positive = telling[0] if len(telling) == 1 else by_count
    return tuple(sorted(classes, key=lambda name: name == positive))


def _is_positive(name: str) -> bool:
    return name.casefold() in POSITIVE_NAMES or (is_number(name) and float(name) == 1)


def check_classes(statistics: Statistics, mapping: Mapping[str, Any], minimum: int) -> None:
    """Raises DatasetRefused where training or measuring would make no sense: empty-table,
    one-class-only, too-few-rows, or mapping-invalid."""
    if not statistics.rows and not statistics.quarantine:
        raise DatasetRefused("empty-table", "the file holds no rows")
    if not statistics.rows:
        raise DatasetRefused("too-few-rows", f"no row can be used; {_set_aside(statistics)}")
    if len(statistics.classes) < 2:
        detail = f"all {statistics.rows} usable rows are of class {statistics.classes[0]!r}"
        raise DatasetRefused("one-class-only", f"{detail}; {_set_aside(statistics)}")
    for name in sorted(statistics.classes):
        if (rows := statistics.of_class(name)) < minimum:
            detail = f"class {name!r} has {rows} usable rows, {minimum} are needed"
            raise DatasetRefused("too-few-rows", f"{detail}; {_set_aside(statistics)}")
    positive = mapping.get("positive")
    if positive is not None and (len(statistics.classes) > 2 or positive not in statistics.classes):
        detail = f"'positive' is {positive!r}, the classes are {sorted(statistics.classes)}"
        raise DatasetRefused("mapping-invalid", detail)


def _set_aside(statistics: Statistics) -> str:
    """Why rows were not used: often a column that is no feature has to be named so."""
    reasons = []
    for reason, rows in statistics.quarantine.most_common(3):
        first = statistics.examples[reason]
        reasons.append(f"{rows} × {reason} (line {first.line}: {first.detail})")
    return f"set aside: {', '.join(reasons)}" if reasons else "none was set aside"
