"""The classes of a table: which is which number, and whether there is enough of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sonoflow.errors import DatasetRefused
from sonoflow.tables.layout import is_number
from sonoflow.tables.statistics import Survey

POSITIVE_NAMES = ("m", "malignant", "1", "true", "yes")


def order(survey: Survey, positive: str | None) -> tuple[str, ...]:
    """The classes in the order of their numbers.

    Of two, the positive one is number 1: the one given, or else the one of a name that says so, or
    else the rarer one. More are sorted.
    """
    classes = sorted(survey.classes)
    if len(classes) != 2:
        return tuple(classes)
    telling = [name for name in classes if _is_positive(name)]
    if positive not in classes:
        by_count = min(classes[::-1], key=survey.of_class)  # of equals the greater text
        positive = telling[0] if len(telling) == 1 else by_count
    return tuple(sorted(classes, key=lambda name: name == positive))


def _is_positive(name: str) -> bool:
    return name.casefold() in POSITIVE_NAMES or (is_number(name) and float(name) == 1)


def check(survey: Survey, mapping: Mapping[str, Any], minimum: int) -> None:
    """Raises DatasetRefused where training or measuring would make no sense: empty-table,
    one-class-only, too-few-rows, or mapping-invalid."""
    if not survey.rows and not survey.quarantine:
        raise DatasetRefused("empty-table", "the file holds no rows")
    if not survey.rows:
        raise DatasetRefused("too-few-rows", f"no row can be used; {_set_aside(survey)}")
    if len(survey.classes) < 2:
        detail = f"all {survey.rows} usable rows are of class {survey.classes[0]!r}"
        raise DatasetRefused("one-class-only", f"{detail}; {_set_aside(survey)}")
    for name in sorted(survey.classes):
        if (rows := survey.of_class(name)) < minimum:
            detail = f"class {name!r} has {rows} usable rows, {minimum} are needed"
            raise DatasetRefused("too-few-rows", f"{detail}; {_set_aside(survey)}")
    positive = mapping.get("positive")
    if positive is not None and (len(survey.classes) > 2 or positive not in survey.classes):
        detail = f"'positive' is {positive!r}, the classes are {sorted(survey.classes)}"
        raise DatasetRefused("mapping-invalid", detail)


def _set_aside(survey: Survey) -> str:
    """Why rows were not used: often a column that is no feature has to be named so."""
    told = [
        f"{rows} × {reason} (line {survey.examples[reason].line}: {survey.examples[reason].detail})"
        for reason, rows in survey.quarantine.most_common(3)
    ]
    return f"set aside: {', '.join(told)}" if told else "none was set aside"
