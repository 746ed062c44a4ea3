"""What is known to belong together: groups that an archive gives, frames, patients, studies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sonoflow.errors import DatasetRefused
from sonoflow.images.parts import HINTS, OBJECT_HINT, PATIENT_HINT, Entry
from sonoflow.splits import duplicates
from sonoflow.splits.duplicates import GIVEN, Link

_FEWEST = 3  # objects that a patient may well have, and a data set not


def links(entries: Sequence[Entry]) -> list[Link]:
    return [
        link
        for hint in HINTS
        for link in duplicates.equal_links(((e["id"], e.get(hint)) for e in entries), GIVEN)
    ]


def forget(entries: Iterable[Entry]) -> None:
    """Takes the hints out, often a patient's number: they have done their work."""
    for entry in entries:
        for hint in HINTS:
            entry.pop(hint, None)


def check_patients(entries: Sequence[Entry]) -> None:
    """Raises DatasetRefused (one-patient) where all objects carry one Patient ID."""
    patients = {entry.get(PATIENT_HINT) for entry in entries}
    objects = {entry.get(OBJECT_HINT, entry["id"]) for entry in entries}
    if len(patients) == 1 and None not in patients and len(objects) >= _FEWEST:
        detail = f"all {len(objects)} DICOM objects carry one Patient ID, and one patient's images "
        detail += "are never divided. If it stands for nobody, as after de-identification, say "
        detail += 'otherwise what belongs together: {"groups": "folders"}, a table, or "none"'
        raise DatasetRefused("one-patient", detail)
