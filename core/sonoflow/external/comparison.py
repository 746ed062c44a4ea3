"""Figures of an external set beside those of the model's own test split, each with its number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sonoflow.external import classification, intervals, segmentation, strata
from sonoflow.external.cases import Case, Record
from sonoflow.external.classification import Answers
from sonoflow.external.intervals import Figures, Picks
from sonoflow.external.strata import Stratum

Facts = dict[str, Any]
# Of a part of the set; there, F1 and the rates of a threshold say little.
_CLASSIFIED_PARTS = ("accuracy", "macro_auc", "malignant_auc", "ece")
_SEGMENTED_PARTS = (
    *("lesion_dice", "lesion_iou", "lesion_hd95", "lesion_missed_rate"),
    "normal_false_mask_rate",
)


def classified(
    external: Sequence[Case], internal: Sequence[Case], classes: Sequence[str], registered: Record
) -> Facts:
    """`registered` are the metrics of the model's evaluation: where it has a figure, that stands.

    `same_classes` is the test split without the classes that the external set does not have, where
    there are such: only with it is a figure of all classes to be compared.
    """
    there = {case.label for case in external}
    alike = [case for case in internal if case.label in there]
    return {
        "classes": list(classes),
        "external": _classified(external, classes),
        "internal": _as_registered(_classified(internal, classes), registered),
        "same_classes": _classified(alike, classes) if len(alike) < len(internal) else None,
        "operating_point": _transferred(external, internal, classes),
        "by": _by(
            [*strata.by_size(external), *strata.by_subgroup(external)],
            strata.by_size(internal),
            lambda some: _part(some, _answers(some, classes), _CLASSIFIED_PARTS),
        ),
    }


def segmented(external: Sequence[Case], internal: Sequence[Case], registered: Record) -> Facts:
    def parts(some: Sequence[Case]) -> list[Stratum]:
        return [*strata.by_class(some), *strata.by_size(some)]

    return {
        "external": _segmented(external),
        "internal": _as_registered(_segmented(internal), registered),
        "by": _by(
            [*parts(external), *strata.by_subgroup(external)],
            parts(internal),
            lambda some: _part(some, _means(some), _SEGMENTED_PARTS),
        ),
    }


def _answers(cases: Sequence[Case], classes: Sequence[str]) -> Callable[[Picks], Figures]:
    answers = Answers.of([{**c.record, "class": c.label} for c in cases], classes)
    return lambda picks: classification.figures(answers.pick(picks))


def _means(cases: Sequence[Case]) -> Callable[[Picks], Figures]:
    return segmentation.means([case.record for case in cases])


def _size(cases: Sequence[Case]) -> Facts:
    return {"images": len(cases), "groups": len({case.group for case in cases})}


def _measured(cases: Sequence[Case], figures: Callable[[Picks], Figures]) -> Facts:
    groups = [case.group for case in cases]
    return {
        **_size(cases),
        "metrics": dict(figures(np.arange(len(cases)))),
        "intervals": intervals.of(figures, groups),
    }


def _part(
    cases: Sequence[Case], figures: Callable[[Picks], Figures], names: Iterable[str]
) -> Facts:
    chosen = tuple(names)
    return _measured(cases, lambda picks: {name: figures(picks)[name] for name in chosen})


def _classified(cases: Sequence[Case], classes: Sequence[str]) -> Facts:
    if not cases:
        return {**_size(cases), "metrics": {}, "intervals": {}, "per_class": {}}
    answers = Answers.of([{**case.record, "class": case.label} for case in cases], classes)

    def every(picks: Picks) -> Figures:
        picked = answers.pick(picks)
        of_class = classification.by_class(picked)
        flat = {f"{name}/{kind}": v for name, one in of_class.items() for kind, v in one.items()}
        return {**classification.figures(picked, of_class), **flat}

    found = _measured(cases, every)
    return {
        **_size(cases),
        **{kind: _whole(found[kind]) for kind in ("metrics", "intervals")},
        "per_class": {
            name: _of_class(name, place, answers, found) for place, name in enumerate(classes)
        },
        "confusion_matrix": classification.confusion_matrix(answers),
    }


def _whole(figures: Mapping[str, Any]) -> Facts:
    return {name: value for name, value in figures.items() if "/" not in name}


def _of_class(name: str, place: int, answers: Answers, found: Facts) -> Facts:
    kinds = classification.OF_CLASS
    return {
        "images": int((answers.true == place).sum()),
        "metrics": {kind: found["metrics"][f"{name}/{kind}"] for kind in kinds},
        "intervals": {kind: found["intervals"][f"{name}/{kind}"] for kind in kinds},
    }


def _segmented(cases: Sequence[Case]) -> Facts:
    lesions = sum(
        case.record["true_positives"] + case.record["false_negatives"] > 0 for case in cases
    )
    counts = {"lesion_images": lesions, "normal_images": len(cases) - lesions}
    if not cases:
        return {**_size(cases), **counts, "metrics": {}, "intervals": {}}
    return {**_measured(cases, _means(cases)), **counts}


def _as_registered(side: Facts, registered: Record) -> Facts:
    """The figures that the evaluation of the release has, as they were frozen with it."""
    told = registered.get("intervals") or {}
    for name in side["metrics"].keys() & registered.keys():
        side["metrics"][name] = registered[name]
        if name in told:
            side["intervals"][name] = intervals.wide(told[name])
    return side


def _transferred(
    external: Sequence[Case], internal: Sequence[Case], classes: Sequence[str]
) -> Facts | None:
    """The threshold that reaches the specificity on the test split, and both rates there and on the
    external set, where nobody has chosen it. None where it is not defined."""
    sides = [_shares(cases, classes) for cases in (internal, external)]
    (own, own_malignant), (others, others_malignant) = sides
    point = classification.operating_point(own, own_malignant)
    threshold = point.pop("threshold")
    if threshold is None or not len(others):
        return None
    return {
        "specificity": classification.SPECIFICITY,
        "threshold": threshold,
        "internal": point,
        "external": classification.rates(others, others_malignant, threshold),
        "external_images": {
            "malignant": int(others_malignant.sum()),
            "benign": int((~others_malignant).sum()),
        },
    }


def _shares(cases: Sequence[Case], classes: Sequence[str]) -> Any:
    answers = Answers.of([{**case.record, "class": case.label} for case in cases], classes)
    return classification.malignant_shares(answers)


def _by(
    external: Sequence[Stratum], internal: Sequence[Stratum], measure: Callable[[list[Case]], Facts]
) -> list[Facts]:
    """A line per part of either side, the external set's first; None where a side has none."""
    sides = [{(one.by, one.value): one.cases for one in side} for side in (external, internal)]
    return [
        {
            "by": key[0],
            "value": key[1],
            "external": measure(sides[0][key]) if key in sides[0] else None,
            "internal": measure(sides[1][key]) if key in sides[1] else None,
        }
        for key in dict.fromkeys([*sides[0], *sides[1]])
    ]
