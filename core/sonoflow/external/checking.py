"""Which images of a staged external set are judged: all that no model in service knows.

What shows a picture of a set that such a model was trained, chosen or measured on is left out, and
with it whatever belongs together with that: of a patient who is known the other images are no
evidence either. So is what has two labels. Each is named, with the image that it is like.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow import assumptions
from sonoflow.assumptions import Assumption
from sonoflow.aws import objects
from sonoflow.errors import DatasetRefused
from sonoflow.external import known
from sonoflow.external.known import Leak
from sonoflow.external.places import Validation
from sonoflow.external.serving import InService
from sonoflow.images import parts
from sonoflow.images.parts import GROUP_HINT, PATIENT_HINT, Entry
from sonoflow.splits import belonging, findings, freezing, groups, staged_images
from sonoflow.splits.groups import Group
from sonoflow.splits.staged_images import StagedImages

# Both models have a minute each for an image, and a function a quarter of an hour for its batch.
BATCH_IMAGES = 10
LEAK, WITH_LEAK, CONFLICT = "known-image", "belongs-to-known-image", "conflicting-labels"
ALONE = Assumption(
    "patients-unknown",
    "nothing says which images are of one patient: in the intervals those that do not look alike"
    " count as independent",
    '{"groups": {"file": "<table>.csv", "image": "<column>", "group": "<column>"}}',
)
# What the answers and the report need of an image's line.
_KEPT = ("id", "class", "source", "image", "mask", "masks", "lesion_pixels", "width", "height")
_KEPT_TOO = ("group", "flags", "subgroups")


@dataclasses.dataclass(frozen=True)
class Checked:
    """What an external set is found to hold."""

    judged: list[Entry]  # with their group
    left_out: list[dict[str, Any]]


def check(
    work: str, validation: Validation, batches: int, models: Sequence[InService]
) -> dict[str, Any]:
    """Leaves index, what is left out, and the batches to be answered in S3; gives their numbers.

    Raises DatasetRefused (nothing-external) where no image is left, (one-patient) where all are
    said to be of one, and what findings raise.
    """
    dataset = validation.dataset
    staged = staged_images.collect(parts.read(work, dataset, batches))
    belonging.check_patients(staged.entries)
    objects.write_lines(work, dataset.quarantine, staged.quarantine)
    trained = dict.fromkeys(model.dataset for model in models)
    sets = [known.read(work, one) for one in trained]
    leaks = known.leaks(staged.entries, staged.looks, sets)
    checked = sort_out(groups.gather(staged.entries, freezing.links_of(staged)), leaks)
    objects.write_lines(work, validation.left_out, checked.left_out)
    entries, made = assess(staged, checked)
    objects.write_json(work, validation.notes, [one.document() for one in made])
    objects.write_lines(work, validation.index, (_line(entry) for entry in entries))
    planned = cut(entries)
    objects.write_json(work, validation.batches, planned)
    return {
        "images": len(entries),
        "left_out": len(checked.left_out),
        "quarantined": len(staged.quarantine),
        "batches": len(planned),
    }


def assess(staged: StagedImages, checked: Checked) -> tuple[list[Entry], list[Assumption]]:
    """What is judged, with what stands out flagged, and what was assumed. Raises DatasetRefused."""
    _refuse_empty(checked.judged, staged.entries, checked.left_out)
    entries = findings.flag(checked.judged)
    findings.check_masks(entries, staged.quarantine)
    told = any(entry.get(hint) for entry in entries for hint in (GROUP_HINT, PATIENT_HINT))
    alone = [] if told else [ALONE]
    return entries, assumptions.merged([staged.assumptions, findings.assumptions(entries), alone])


def sort_out(gathered: Sequence[Group], leaks: Mapping[str, Leak]) -> Checked:
    """Group by group: a group with a leak is left out as a whole."""
    checked = Checked([], [])
    for group in gathered:
        leaked = any(image["id"] in leaks for image in group.images)
        for image in group.images:
            if leaked:
                checked.left_out.append(_left_out(image, leaks.get(image["id"])))
            elif image["id"] in group.conflicting:
                checked.left_out.append({**_named(image), "reason": CONFLICT})
            else:
                checked.judged.append({**image, "group": group.identity})
    checked.judged.sort(key=lambda entry: (entry["class"], entry["id"]))
    checked.left_out.sort(key=lambda entry: (entry["reason"], entry["id"]))
    return checked


def _left_out(image: Entry, leak: Leak | None) -> dict[str, Any]:
    if leak is None:
        return {**_named(image), "reason": WITH_LEAK}
    return {
        **_named(image),
        "reason": LEAK,
        "like": {
            **_named(leak.image),
            "dataset": leak.dataset.name,
            "version": leak.dataset.version,
            "split": leak.split,
        },
        "distance": leak.distance,
        "correlation": leak.correlation,
    }


def _named(image: Entry) -> dict[str, Any]:
    return {name: image[name] for name in ("id", "class", "source")}


def _refuse_empty(
    judged: Sequence[Entry], staged: Sequence[Entry], left_out: Sequence[Mapping[str, Any]]
) -> None:
    if judged:
        return
    if not staged:
        detail = "no image of the archive could be used; quarantine.jsonl says why"
        raise DatasetRefused("no-images", detail)
    shown = sum(entry["reason"] == LEAK for entry in left_out)
    detail = f"nothing of this set is external: {shown} of {len(staged)} images show what the "
    detail += "models in service were trained or measured on, and the others belong to these or "
    detail += "have two labels"
    raise DatasetRefused("nothing-external", detail)


def _line(entry: Entry) -> Entry:
    return {name: entry[name] for name in (*_KEPT, *_KEPT_TOO) if name in entry}


def cut(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The items of the state machine's map."""
    return [
        {
            "number": number,
            "images": [
                {name: entry[name] for name in ("id", "class", "image", "mask", "lesion_pixels")}
                for entry in entries[start : start + BATCH_IMAGES]
            ],
        }
        for number, start in enumerate(range(0, len(entries), BATCH_IMAGES))
    ]
