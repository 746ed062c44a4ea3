"""The report on a data set of images and the models trained on it: for programs and for people.

It is written twice. The copy beside the data set names the files of the archive, for whoever has to
put them right. The published one names images by their id alone: names of files may name patients.
"""

from __future__ import annotations

import collections
import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.reports import image_plots, models, page, pictures
from sonoflow.reports.look_alikes import DuplicateGroups
from sonoflow.reports.models import Judged
from sonoflow.reports.page import Copies, Subject
from sonoflow.reports.survey import Survey

SCHEMA_VERSION = 2
IMAGES = "images"
FILES_LISTED = 500  # quarantine.jsonl has them all


def make(bucket: str, subject: Subject, judged: Sequence[Judged]) -> Copies:
    """Reads what the run left in the work bucket; gives both copies of the report.

    Of the images only those are read that are shown.
    """
    dataset = subject.dataset
    groups = DuplicateGroups(objects.read_lines(bucket, dataset.duplicates))
    survey = Survey(objects.read_lines(bucket, dataset.index), groups.wanted())
    quarantine = objects.read_lines(bucket, dataset.quarantine)
    assumed = objects.find_json(bucket, dataset.assumptions) or []
    facts = compose(subject, survey, groups, quarantine, judged, assumed)
    shown = [*survey.samples(), *survey.kept.values()]
    samples: dict[str, list[dict[str, str]]] = collections.defaultdict(list)
    for entry in survey.samples():
        samples[entry["class"]].append({"id": entry["id"], "split": entry["split"]})
    material = {
        "pictures": pictures.read(bucket, dataset, shown),
        "samples": samples,
        "plots": image_plots.all_of(facts),
    }
    return page.copies("report.html", facts, published(facts), material)


def compose(
    subject: Subject,
    survey: Survey,
    groups: DuplicateGroups,
    quarantine: Iterable[Mapping[str, str]],
    judged: Iterable[Judged],
    assumed: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The facts of the report, names of files included."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": IMAGES,
        **subject.facts(),
        "assumptions": [dict(one) for one in assumed],
        **survey.facts(),
        "duplicates": groups.facts(survey.kept),
        "quarantine": _set_aside(quarantine),
        "models": [models.facts(release, evaluation) for release, evaluation in judged],
    }


def published(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same without anything of the archive's names. Details may quote them, so they go too."""
    public = copy.deepcopy(dict(facts))
    for group in public["duplicates"]["shown"]:
        for image in group["images"]:
            del image["source"]
    public["quarantine"]["listed"] = [
        {"id": entry["id"], "reason": entry["reason"]} for entry in facts["quarantine"]["listed"]
    ]
    return public


def _set_aside(quarantine: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Files by reason, and the first of them one by one."""
    reasons: collections.Counter[str] = collections.Counter()
    listed: list[dict[str, str]] = []
    for entry in quarantine:
        reasons[entry["reason"]] += 1
        if len(listed) < FILES_LISTED:
            listed.append({"id": keys.image_id(entry["source"]), **entry})
    return {"files": reasons.total(), "reasons": dict(reasons.most_common()), "listed": listed}
