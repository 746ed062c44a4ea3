"""From the parts of a staged data set to its index, quarantine, splits and manifests."""

from __future__ import annotations

import dataclasses
from typing import Any

from sonoflow import assumptions
from sonoflow.aws import objects
from sonoflow.images import parts
from sonoflow.keys import SPLITS, Dataset
from sonoflow.settings import Splitting
from sonoflow.splits import (
    continuing,
    counts,
    findings,
    freezing,
    manifests,
    staged_images,
)


def split(
    bucket: str,
    dataset: Dataset,
    batches: int,
    options: Splitting,
    continues: Dataset | None = None,
) -> dict[str, Any]:
    """Leaves index, quarantine, assumptions, duplicates, folds and manifests in S3; gives what the
    state machine goes on with. The splits of the version that it `continues` are kept.

    Raises DatasetRefused; as much as there is of index, quarantine and duplicates is there then.
    """
    staged = staged_images.collect(parts.read(bucket, dataset, batches))
    # First of all: where it is refused, one wants to see what was set aside.
    objects.write_lines(bucket, dataset.quarantine, staged.quarantine)
    kept = (objects.find_json(bucket, dataset.kept_splits) or {}) if options.split_stable else {}
    continued = continuing.read(bucket, continues) if continues else None
    frozen = freezing.freeze(staged, options, kept, continued)
    quarantine = frozen.quarantine
    if continues is not None:
        objects.write_lines(bucket, dataset.quarantine, quarantine)
        objects.write_json(bucket, dataset.origin, dataclasses.asdict(continues))
    entries = findings.flag(frozen.entries)
    assumed = assumptions.merged(
        [staged.assumptions, frozen.assumptions, findings.assumptions(entries)]
    )
    stated = [one.document() for one in assumed]
    objects.write_json(bucket, dataset.assumptions, stated)
    objects.write_lines(bucket, dataset.index, entries)
    objects.write_lines(bucket, dataset.duplicates, frozen.duplicates())
    findings.check_masks(entries, quarantine)
    counts.check(entries, options.minimum_images_per_class, quarantine)
    objects.write_json(bucket, dataset.folds, frozen.folds(options.split_folds))
    if options.split_stable:
        objects.write_json(bucket, dataset.kept_splits, frozen.kept(kept))
    by_split = {name: [e for e in entries if e["split"] == name] for name in SPLITS}
    return {
        "classes": list(counts.by_class(entries)),
        "images": counts.by_class(entries),
        "splits": {name: counts.by_class(chosen) for name, chosen in by_split.items()},
        "quarantined": len(quarantine),
        "assumptions": stated,
        "manifests": manifests.write(bucket, dataset, by_split),
    }
