"""From the answers to an external set to the facts of its report."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.external import cases, checking, comparison, segmentation
from sonoflow.external.cases import Case
from sonoflow.external.notes import Notes
from sonoflow.external.places import Validation
from sonoflow.external.serving import CLASSIFICATION, SEGMENTATION, InService

SCHEMA_VERSION = 1
KIND = "external"
WORST, WORST_NORMAL = 6, 3  # images shown of each kind
LISTED = 500  # of what is left out or set aside; the work bucket has all of it

Facts = dict[str, Any]


def judge(work: str, validation: Validation, models: Sequence[InService], batches: int) -> Facts:
    """The facts, names of files included, without those of the run. Raises EvaluationUnreadable."""
    every = cases.external(work, validation, batches)
    answered = [case for case in every if "unanswered" not in case.record]
    by_task = {model.task: model for model in models}
    notes = Notes(answered)
    notes.of_models(by_task)
    compared: Facts = {
        task: compare(work, by_task[task], answered, notes) if task in by_task else None
        for task, compare in ((CLASSIFICATION, _labels), (SEGMENTATION, _masks))
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "models": [_model(model) for model in models],
        "assumptions": objects.find_json(work, validation.notes) or [],
        "notes": notes.sentences,
        "images": {
            "judged": len(answered),
            "groups": len({case.group for case in answered}),
            "classes": dict(sorted(collections.Counter(c.label for c in answered).items())),
        },
        "left_out": _left_out(list(objects.read_lines(work, validation.left_out))),
        "unanswered": [_unanswered(case) for case in cases.unanswered(every)],
        "quarantine": _quarantined(list(objects.read_lines(work, validation.dataset.quarantine))),
        **compared,
        "worst_cases": [*worst_labels(answered, compared), *worst_masks(answered)],
    }


def _labels(
    work: str, classifier: InService, answered: Sequence[Case], notes: Notes
) -> Facts | None:
    own, evaluation = cases.internal(work, classifier)
    classes = list(evaluation["classes"])
    known = cases.classified(answered, classes)
    notes.of_classes(known, classes)
    if not known:
        return None
    own = cases.classified(own, classes)
    return comparison.classified(known, own, classes, evaluation["metrics"])


def _masks(work: str, segmenter: InService, answered: Sequence[Case], notes: Notes) -> Facts | None:
    own, evaluation = cases.internal(work, segmenter)
    seen = cases.segmented(answered)
    notes.of_masks(seen)
    if not seen:
        return None
    return comparison.segmented(seen, cases.segmented(own), evaluation["metrics"])


def summary(facts: Mapping[str, Any]) -> str:
    """A line for whoever is told that the report is there."""
    told = [f"{facts['images']['judged']} images judged, {facts['left_out']['images']} left out"]
    for task, name in ((CLASSIFICATION, "accuracy"), (SEGMENTATION, "lesion_dice")):
        if facts[task] is not None:
            sides = [facts[task][side]["metrics"].get(name) for side in ("external", "internal")]
            figures = ["–" if value is None else f"{value:.3f}" for value in sides]
            told.append(f"{name} {figures[0]} (own test split {figures[1]})")
    return "; ".join(told)


def _model(model: InService) -> Facts:
    return {
        "task": model.task,
        "endpoint": model.endpoint,
        "version": model.version,
        "release": model.release,
        "trained_on": {"name": model.dataset.name, "version": model.dataset.version},
    }


def _left_out(left_out: Sequence[Mapping[str, Any]]) -> Facts:
    reasons = collections.Counter(entry["reason"] for entry in left_out)
    splits = collections.Counter(
        entry["like"]["split"] for entry in left_out if entry["reason"] == checking.LEAK
    )
    return {
        "images": len(left_out),
        "reasons": dict(reasons.most_common()),
        "known_from": dict(sorted(splits.items())),
        "listed": list(left_out[:LISTED]),
    }


def _quarantined(quarantine: Sequence[Mapping[str, str]]) -> Facts:
    reasons = collections.Counter(entry["reason"] for entry in quarantine)
    listed = [{"id": keys.image_id(entry["source"]), **entry} for entry in quarantine[:LISTED]]
    return {"files": len(quarantine), "reasons": dict(reasons.most_common()), "listed": listed}


def _unanswered(case: Case) -> Facts:
    return {"id": case.id, "class": case.label, **case.record["unanswered"]}


def worst_labels(answered: Iterable[Case], facts: Mapping[str, Any]) -> list[Facts]:
    """The wrong labels that the classifier was surest of."""
    if facts[CLASSIFICATION] is None:
        return []
    known = cases.classified(answered, facts[CLASSIFICATION]["classes"])
    wrong = [case for case in known if case.record["label"] != case.label]
    wrong.sort(key=lambda case: (-_probability(case), case.id))
    return [
        {
            "task": CLASSIFICATION,
            "id": case.id,
            "class": case.label,
            "label": case.record["label"],
            "probability": _probability(case),
        }
        for case in wrong[:WORST]
    ]


def _probability(case: Case) -> float:
    return float(case.record["probabilities"][case.record["label"]])


def worst_masks(answered: Iterable[Case]) -> list[Facts]:
    """The lesions whose masks fit least, and the largest false masks."""
    seen = cases.segmented(answered)
    lesions = [(segmentation.dice(case.record), case) for case in seen]
    fits = sorted((d, case.id, case) for d, case in lesions if d is not None)
    alarms = [case for d, case in lesions if d is None and case.record["predicted_pixels"]]
    alarms.sort(key=lambda case: (-case.record["predicted_pixels"], case.id))
    shown: list[tuple[float | None, Case]] = [(dice, case) for dice, _, case in fits[:WORST]]
    shown += [(None, case) for case in alarms[:WORST_NORMAL]]
    return [
        {
            "task": SEGMENTATION,
            "id": case.id,
            "class": case.label,
            "dice": dice,
            "predicted_pixels": case.record["predicted_pixels"],
        }
        for dice, case in shown
    ]


def keep(work: str, validation: Validation, facts: Mapping[str, Any]) -> None:
    """For the matrix of all validations."""
    objects.write(work, validation.figures, json.dumps(facts).encode(), "application/json")
