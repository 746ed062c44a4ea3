"""Images that models were judged on: those of an external set, and those of their own test split.

Both are read into one form, so that one and the same code makes the figures of both sides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sonoflow.aws import objects, streams
from sonoflow.errors import EvaluationUnreadable
from sonoflow.external import segmentation
from sonoflow.external.places import Validation
from sonoflow.external.serving import InService
from sonoflow.images.parts import READS_AT_ONCE, Entry
from sonoflow.keys import evaluation

Record = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """An image, what was said of it, and what it is."""

    id: str
    label: str
    group: str
    lesion_share: float | None  # of the image; None where no lesion is marked
    record: Record
    subgroups: Mapping[str, str] = dataclasses.field(default_factory=dict)


def external(work: str, validation: Validation, batches: int) -> list[Case]:
    """Those that were answered, and those that could not be. A missing part is an error of S3 that
    escapes: a batch was lost."""
    index = {entry["id"]: entry for entry in objects.read_lines(work, validation.index)}
    parts = streams.in_order(
        lambda number: objects.read_json(work, validation.answers(number)),
        range(batches),
        READS_AT_ONCE,
    )
    return [_case(index[record["id"]], record) for part in parts for record in part]


def _case(entry: Entry, record: Record) -> Case:
    share = entry["lesion_pixels"] / (entry["width"] * entry["height"])
    subgroups = entry.get("subgroups", {})
    return Case(entry["id"], entry["class"], entry["group"], share or None, record, subgroups)


def internal(work: str, model: InService) -> tuple[list[Case], Record]:
    """The test images of a model in service, by its frozen evaluation, and that itself. Their
    groups and their lesions' sizes are those of the data set's index. Raises EvaluationUnreadable.
    """
    document = objects.read_json(work, evaluation(model.release))
    index = {entry["id"]: entry for entry in objects.read_lines(work, model.dataset.index)}
    try:
        return [_case(index[one["id"]], one) for one in document["per_image"]], document
    except (KeyError, TypeError) as error:
        message = f"the evaluation of {model.release} is not of the images of {model.dataset.run}"
        raise EvaluationUnreadable(f"{message}: {error!r}") from error


def unanswered(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if "unanswered" in case.record]


def classified(cases: Iterable[Case], classes: Sequence[str]) -> list[Case]:
    """Those whose class the classifier knows."""
    return [case for case in cases if case.label in classes and case.record.get("probabilities")]


def segmented(cases: Iterable[Case]) -> list[Case]:
    """Those whose true mask is known."""
    return [case for case in cases if segmentation.is_measured(case.record)]
