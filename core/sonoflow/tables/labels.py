"""The classes of a table: which is which number, and whether there is enough of each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.tables import codings, known
from sonoflow.tables.mapping import DEFAULT_MISSING
from sonoflow.tables.statistics import Classes, Statistics

_LISTED = 10  # spellings that a sentence names
_NONE = ("-1", "-9", "-99", "-999", "-9999", "9", "99", "999", "9999")  # of codes of a few classes
_SIZES = ("mean_radius", "mean_perimeter", "mean_area")  # of nuclei; malignant ones' are larger


def order_classes(
    statistics: Statistics, positive: str | None, label: str = "label"
) -> tuple[str, ...]:
    """The classes in the order of their numbers.

    Of two, the positive one is number 1: the one given, or else the one that says so, or else the
    rarer one. More are sorted.
    """
    classes = sorted(statistics.classes)
    if len(classes) != 2:
        return tuple(classes)
    name = given_class(classes, positive) or _chosen(statistics, classes, label).name
    return tuple(sorted(classes, key=lambda one: one == name))


def given_class(classes: Sequence[str], positive: str | None) -> str | None:
    """The class that a mapping means; None where it means none."""
    if positive is None or positive in classes:
        return positive
    alike = [name for name in classes if codings.key(name) == codings.key(positive)]
    return alike[0] if len(alike) == 1 else None


@dataclasses.dataclass(frozen=True)
class _Choice:
    name: str
    why: str = ""  # a sentence, where it is not certain
    unclear: bool = False  # nothing says so, and being wrong would turn every figure round


def _chosen(statistics: Statistics, classes: Sequence[str], label: str) -> _Choice:
    """The positive one of two sorted classes."""
    signs = {codings.sign(name): name for name in classes}
    if codings.POSITIVE in signs and len(signs) == 2:
        certain = codings.NEGATIVE in signs
        told = f"{signs[codings.POSITIVE]!r} by its name"
        unclear = not certain and codings.is_letter(signs[codings.POSITIVE])
        return _Choice(signs[codings.POSITIVE], "" if certain else told, unclear)
    keys = [codings.key(name) for name in classes]
    if keys == ["2", "4"]:
        told = "4, as in the older Wisconsin data"
        return _Choice(classes[1], "" if known.is_wisconsin(statistics.features) else told)
    answers = {codings.answer(name): name for name in classes}
    if set(answers) == {codings.POSITIVE, codings.NEGATIVE}:
        name = answers[codings.POSITIVE]
        words = set(keys) <= {"yes", "no", "true", "false"}
        unclear = codings.asks_for_health(label) or (
            known.is_wdbc(statistics.features)
            and not (words and _larger(statistics, classes) in (name, None))
        )
        return _Choice(name, f"{name!r}, as an answer to {label!r}", unclear)
    if codings.NEGATIVE in signs and len(signs) == 2:
        name = next(one for one in classes if one != signs[codings.NEGATIVE])
        told = f"{name!r}, the other being {signs[codings.NEGATIVE]!r}"
        unclear = codings.is_letter(signs[codings.NEGATIVE]) or codings.is_doubted(name)
        return _Choice(name, told, unclear)
    rarer = min(classes[::-1], key=statistics.of_class)  # of equals the greater text
    unclear = all(map(codings.is_number, keys)) or any(map(codings.is_doubted, classes))
    return _Choice(rarer, f"{rarer!r}, which is the rarer one", unclear)


def positive_said(
    statistics: Statistics, classes: Sequence[str], positive: str | None, label: str
) -> list[Assumption]:
    """What is assumed of which class is the positive one, nothing where it is certain.

    Raises DatasetRefused (positive-unclear) where nothing says which.
    """
    if len(classes) != 2 or given_class(classes, positive):
        return []
    choice = _chosen(statistics, sorted(classes), label)
    if choice.unclear:
        raise DatasetRefused("positive-unclear", _question(statistics, sorted(classes), label))
    if not choice.why:
        return []
    other = next(name for name in classes if name != choice.name)
    column = "" if repr(label) in choice.why else f", of column {label!r}"
    detail = f"the positive class is {choice.why}{column}; sensitivity is of it"
    return [Assumption("positive-class", detail, _mapping(positive=other))]


def column_said(classes: Sequence[str], label: str) -> list[Assumption]:
    """Of a column that holds the label by its name alone: what is in it nobody knows."""
    words = [one for one in classes if not codings.is_number(codings.key(one))]
    if len(classes) < 3 or any(_is_word(one) for one in words):
        return []
    detail = f"column {label!r}, by its name, holds the label, of {len(classes)} classes"
    return [Assumption("label-column", detail, _mapping(label="<column>"))]


def none_said(classes: Sequence[str], given: Mapping[str, str]) -> list[Assumption]:
    """Of numbers beside 0 and 1, or 1 and 2, that as a rule say that nothing is known."""
    keys = {name: codings.key(name) for name in classes if name not in given.values()}
    signs = [name for name, one in keys.items() if one in _NONE]
    others = {codings.key(name) for name in classes} - set(_NONE)
    if not signs or others not in ({"0", "1"}, {"1", "2"}):
        return []
    listed = ", ".join(map(repr, signs))
    detail = (
        f"the label {listed} is a class, though such numbers may say that nothing is known; where"
        f" they do, rows are left out in which a feature is {listed} too"
    )
    settle = _mapping(missing=sorted({*DEFAULT_MISSING, *signs}))
    return [Assumption("label-may-be-none", detail, settle)]


def _is_word(label: str) -> bool:
    return codings.is_known(label) or codings.sign(label) != codings.UNKNOWN


def _question(statistics: Statistics, classes: Sequence[str], label: str) -> str:
    detail = (
        f"which of {classes[0]!r} and {classes[1]!r} in column {label!r} is the positive class is"
        f" not said: write {_mapping(positive=classes[0])} or {_mapping(positive=classes[1])}"
    )
    if not known.is_wdbc(statistics.features) or not (larger := _larger(statistics, classes)):
        return detail
    size, means = _size(statistics, classes)
    return (
        f"{detail}. scikit-learn writes 0 for malignant, others write 1; here {larger!r} has the"
        f" larger nuclei, as malignant ones are ({size!r} is {means[larger]:.4g} on average,"
        f" against {min(means.values()):.4g})"
    )


def _size(statistics: Statistics, classes: Sequence[str]) -> tuple[str, dict[str, float]]:
    """The measure of nuclei's size, nothing if there is none, and its mean in each class."""
    sizes = [name for name in statistics.features if known.same(name) in _SIZES]
    if not sizes:
        return "", {}
    at = statistics.features.index(sizes[0])
    return sizes[0], {name: float(statistics.class_moments(name).mean[at]) for name in classes}


def _larger(statistics: Statistics, classes: Sequence[str]) -> str | None:
    """The class that has the larger nuclei, where nuclei were measured."""
    _, means = _size(statistics, classes)
    return max(classes, key=means.__getitem__) if means else None


def merged_said(classes: Classes, given: Mapping[str, str]) -> list[Assumption]:
    """Which spellings are taken for one class. Raises DatasetRefused: labels-mixed where labels
    are those of several codings, mapping-invalid where no row has one that is `given`."""
    written = [label for spellings in classes.spellings.values() for label in spellings]
    if written and (unknown := sorted(set(given) - set(written))):
        listed = ", ".join(map(repr, sorted(written)[: 2 * _LISTED]))
        detail = f"'labels' names {unknown[0]!r}, which no usable row has; the labels are {listed}"
        raise DatasetRefused("mapping-invalid", detail)
    told = []
    if strange := set(codings.mixed(classes.names)) - set(given.values()):
        if any(map(codings.is_known, strange)) or any(map(codings.is_no_answer, strange)):
            raise DatasetRefused("labels-mixed", _mixed(classes.names, strange))
        told.append(_extra(sorted(strange)[:_LISTED]))
    for name, spellings in classes.spellings.items():
        others = [one for one in spellings if one != name and one not in given]
        if others and not all(map(codings.is_number, spellings)):
            more = f" and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
            listed = ", ".join(map(repr, [name, *others[:_LISTED]])) + more
            detail = f"the labels {listed} are one class, {name!r}"
            settle = _mapping(labels={one: one for one in others[:_LISTED]})
            told.append(Assumption("labels-merged", detail, settle))
    return told


def _mixed(names: Sequence[str], others: Collection[str]) -> str:
    """What to write of the labels that are not of the others' coding. Merging is proposed only of
    words that say the same."""
    extra = [name for name in names if name in others][:_LISTED]
    first = {codings.meaning(name): name for name in names if name not in others}
    first.pop(codings.UNKNOWN, None)
    merged = {one: first[said] for one in extra if (said := codings.meaning(one)) in first}
    words = merged if len(merged) == len(extra) else dict.fromkeys(extra, "<class>")
    own = _mapping(labels={one: one for one in extra})
    none = _mapping(missing=sorted({*DEFAULT_MISSING, *extra}))
    return (
        f"the labels {list(names)[: 2 * _LISTED]} are of several codings: say which class each of"
        f" {', '.join(map(repr, extra))} is, as {_mapping(labels=words)}; if they are classes of"
        f" their own, {own}; if they mean that nothing is known, {none}"
    )


def _extra(names: list[str]) -> Assumption:
    detail = f"the labels {', '.join(map(repr, names))} beside two that are known are classes too"
    return Assumption("extra-classes", detail, _mapping(missing=sorted({*DEFAULT_MISSING, *names})))


def _mapping(**given: Any) -> str:
    return json.dumps(given, ensure_ascii=False)


def check_classes(statistics: Statistics, mapping: Mapping[str, Any], minimum: int) -> None:
    """Raises DatasetRefused where training or measuring would make no sense: empty-table,
    one-class-only, too-few-rows, or mapping-invalid."""
    if not statistics.rows and not statistics.quarantine:
        raise DatasetRefused("empty-table", "the file holds no rows")
    if not statistics.rows:
        raise DatasetRefused("too-few-rows", f"no row can be used; {_set_aside(statistics)}")
    if len(statistics.classes) < 2:
        detail = f"all {statistics.rows} usable rows are of class {statistics.classes[0]!r}"
        raise DatasetRefused("one-class-only", _with_causes(detail, statistics))
    for name in sorted(statistics.classes):
        if (rows := statistics.of_class(name)) < minimum:
            detail = f"class {name!r} has {rows} usable rows, {minimum} are needed"
            for one in none_said(statistics.classes, mapping.get("labels", {})):
                detail += f"; {one.detail}: {one.settle}"
            raise DatasetRefused("too-few-rows", _with_causes(detail, statistics))
    positive = mapping.get("positive")
    if positive is not None and (
        len(statistics.classes) > 2 or not given_class(statistics.classes, positive)
    ):
        detail = f"'positive' is {positive!r}, the classes are {sorted(statistics.classes)}"
        raise DatasetRefused("mapping-invalid", detail)


def _with_causes(detail: str, statistics: Statistics) -> str:
    """The largest cause first: most often it is what became of the other rows."""
    causes = _set_aside(statistics)
    if statistics.quarantine.total() > statistics.rows:
        return f"most rows are {causes}; {detail}"
    return f"{detail}; {causes}"


def _set_aside(statistics: Statistics) -> str:
    """Why rows were not used: often a column that is no feature has to be named so."""
    reasons = []
    for reason, rows in statistics.quarantine.most_common(3):
        first = statistics.examples[reason]
        reasons.append(f"{rows} × {reason} (line {first.line}: {first.detail})")
    if not reasons:
        return "none was set aside"
    hint = ""
    if statistics.quarantine["not-a-number"] > statistics.rows:
        hint = (
            '. A column of other than numbers is passed over with {"ignore": ["<column>"]}, a text'
            ' that means no value is one with {"missing": ["<text>"]}'
        )
    return f"set aside: {', '.join(reasons)}{hint}"
