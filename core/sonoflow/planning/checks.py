"""What would become of an upload, without an execution: planned, staged and split by the same code.

Whoever prepares a data set asks this before anything is trained on it (`sonoflow check`).
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow import assumptions, settings
from sonoflow.assumptions import Assumption
from sonoflow.aws import objects
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.external import checking
from sonoflow.images import batches, parts
from sonoflow.images import mapping as image_mapping
from sonoflow.images import staging as image_staging
from sonoflow.images.parts import Entry
from sonoflow.keys import Dataset
from sonoflow.planning import plans, validations
from sonoflow.splits import counts, freezing, groups, splitting, staged_images
from sonoflow.tables import staging as table_staging

_DEFAULTS: Mapping[str, str] = {}
_EXAMPLES = 5  # of files that are set aside for one reason


@dataclasses.dataclass(frozen=True)
class Check:
    """What a check found; after a refusal, as much as there was before it."""

    dataset: Dataset | None
    refusal: DatasetRefused | None
    assumptions: tuple[Assumption, ...] = ()
    entries: tuple[Entry, ...] = ()  # of images, as staged, or as split if they were
    answer: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # of the last state
    quarantine: tuple[Mapping[str, Any], ...] = ()
    tables: tuple[str, ...] = ()  # in an archive, of whose rows something is used
    external: bool = False  # judged by the models in service, not trained on

    def facts(self) -> dict[str, Any]:
        """For reports and programs."""
        refusal = self.refusal
        return {
            "dataset": dataclasses.asdict(self.dataset) if self.dataset else None,
            "refused": {"reason": refusal.reason, "detail": refusal.detail} if refusal else None,
            "assumptions": [assumption.document() for assumption in self.assumptions],
            "role": "external" if self.external else "training",
            "kind": "table" if self.answer.get("kind") == "table" else "images",
            "classes": self._classes(),
            "groups": _groups(self.entries),
            "given_splits": any(entry.get("given_split") for entry in self.entries),
            "flags": dict(collections.Counter(f for e in self.entries for f in e["flags"])),
            "set_aside": _by_reason(self.quarantine),
            "tables": list(self.tables),
        }

    def _classes(self) -> dict[str, dict[str, int]]:
        """Of each class images or rows, those with a mask, and those of each split."""
        if self.answer.get("kind") == "table":
            return {name: {"rows": rows} for name, rows in self.answer["rows"].items()}
        found: dict[str, dict[str, int]] = {}
        for label in counts.by_class(self.entries):
            of_class = [entry for entry in self.entries if entry["class"] == label]
            splits = collections.Counter(e["split"] for e in of_class if "split" in e)
            with_lesion = sum(entry["lesion_pixels"] > 0 for entry in of_class)
            masked = sum(bool(entry["masks"]) for entry in of_class)
            found[label] = {"images": len(of_class), "with mask": masked, "lesion": with_lesion}
            found[label] |= {split: splits[split] for split in ("train", "validation", "test")}
        return found


def _groups(entries: Iterable[Entry]) -> int:
    """Of more than one image."""
    images = collections.Counter(entry["group"] for entry in entries if "group" in entry)
    return sum(number > 1 for number in images.values())


def check(upload: Upload, work: str, environment: Mapping[str, str] = _DEFAULTS) -> Check:
    """Plans, stages and splits an upload into the bucket `work`.

    `environment` is that of a stack's functions; what it does not hold is a stack's default. Raises
    ConfigurationError.
    """
    run = _table if plans.is_table(upload.key) else _images
    return run(upload, work, environment)


def _images(upload: Upload, work: str, environment: Mapping[str, str]) -> Check:
    batching = settings.read(settings.Batching, environment)
    staging = settings.read(settings.Staging, environment)
    splits = settings.read(settings.Splitting, environment)
    try:
        mapping = validations.mapping_of(upload) or image_mapping.KEYS.find(upload)
        images = plans.of_images(upload, batching, work, mapping)
    except DatasetRefused as error:
        return Check(None, error)
    dataset, count = images.dataset, images.batches
    source = RemoteObject(upload)
    for document in objects.read_json(work, dataset.plan):
        batch = batches.from_state({"batch": document})
        image_staging.stage_batch(source, batch, dataset, work, staging.stage_uploads_at_once)
    staged = list(parts.read(work, dataset, count))
    told = [map(assumptions.parse, part.get("assumptions", ())) for part in staged]
    made = tuple(assumptions.merged([images.assumptions, _elsewhere(images), *told]))
    entries = tuple(entry for part in staged for entry in part["images"])
    left = (entry for part in staged for entry in part["quarantine"])
    aside = tuple(staged_images.told_once(entries, left))
    used = tuple(name for part in staged for name in part.get("tables", ()))
    if image_mapping.is_external(mapping):
        return _external(Check(dataset, None, made, entries, {}, aside, used, True), staged)
    try:
        answer = splitting.split(work, dataset, count, splits)
    except DatasetRefused as error:
        return Check(dataset, error, made, entries, {}, aside, used)
    entries = tuple(objects.read_lines(work, dataset.index))
    made = tuple(assumptions.merged([made, map(assumptions.parse, answer.get("assumptions", ()))]))
    return Check(dataset, None, made, entries, answer, aside, used)


def _external(found: Check, staged_parts: list[dict[str, Any]]) -> Check:
    """Not split; which of its images the models know shows only where these are in service."""
    staged = staged_images.collect(staged_parts)
    gathered = groups.gather(staged.entries, freezing.links_of(staged))
    try:
        entries, made = checking.assess(staged, checking.sort_out(gathered, {}))
    except DatasetRefused as error:
        return dataclasses.replace(found, refusal=error)
    merged = tuple(assumptions.merged([found.assumptions, made]))
    return dataclasses.replace(found, entries=tuple(entries), assumptions=merged)


def _elsewhere(images: plans.Images) -> list[Assumption]:
    """What a stack would know: the version that is continued is not here."""
    if (earlier := images.continues) is None:
        return []
    detail = (
        f"the splits are those of {earlier.name}/{earlier.version}, which are kept in the stack"
    )
    return [Assumption("continues-elsewhere", f"{detail}; here others are drawn", "")]


def _table(upload: Upload, work: str, environment: Mapping[str, str]) -> Check:
    options = settings.read(settings.TableStaging, environment)
    dataset: Dataset | None = None
    try:
        dataset, mapping = plans.of_table(upload)
        job = table_staging.Job(RemoteObject(upload), dataset, mapping, options, work)
        answer = table_staging.stage(job)
    except DatasetRefused as error:
        return Check(dataset, error, answer={"kind": "table", "rows": {}})
    made = tuple(map(assumptions.parse, answer.get("assumptions", ())))
    aside = tuple(objects.read_lines(work, dataset.quarantine))
    return Check(dataset, None, made, (), answer, aside)


def _by_reason(quarantine: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each reason, the largest first: how many, what is said of the first, and some examples."""
    found: dict[str, list[Mapping[str, Any]]] = collections.defaultdict(list)
    for entry in quarantine:
        found[entry["reason"]].append(entry)
    return {
        reason: {
            "files": sum(entry.get("rows", 1) for entry in entries),
            "detail": entries[0]["detail"],
            "examples": [str(e.get("source", e.get("line"))) for e in entries[:_EXAMPLES]],
        }
        for reason, entries in sorted(found.items(), key=lambda item: -len(item[1]))
    }
