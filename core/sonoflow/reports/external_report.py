"""The report on an external set: what the models in service are worth on images from elsewhere.

Written twice, as that on a data set is: the copy beside the set names files of archives, the
published one names images by their id alone.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.keys import Dataset
from sonoflow.reports import page, pictures
from sonoflow.reports.page import Report
from sonoflow.reports.pictures import Picture
from sonoflow.settings import Buckets

TEMPLATE = "external.html"

Facts = dict[str, Any]


def publish(
    facts: Mapping[str, Any], index: str, masks: Mapping[str, str], buckets: Buckets
) -> str:
    """Leaves both copies, and gives the URI of the published page.

    `index` is the key of the lines of the images that were judged, `masks` those of the masks that
    the segmenter drew on the images to be shown, by id; one that is missing is not shown.
    """
    dataset = Dataset(**facts["dataset"])
    work, results = buckets.work_bucket, buckets.results_bucket
    material = {"pictures": _pictures(work, dataset, index, masks)}
    copies = page.copies(TEMPLATE, facts, published(facts), material)
    for suffix in ("json", "html"):
        _write(work, f"{dataset.prefix}external.{suffix}", copies.internal, suffix)
        _write(results, dataset.published(f"external.{suffix}"), copies.published, suffix)
    return keys.uri(results, dataset.published("external.html"))


def published(facts: Mapping[str, Any]) -> Facts:
    """The same without anything of the archives' names. Details may quote them, so they go too."""
    public = copy.deepcopy(dict(facts))
    for entry in public["left_out"]["listed"]:
        del entry["source"]
        entry.get("like", {}).pop("source", None)
    public["quarantine"]["listed"] = [
        {"id": entry["id"], "reason": entry["reason"]} for entry in facts["quarantine"]["listed"]
    ]
    return public


def _pictures(
    work: str, dataset: Dataset, index: str, masks: Mapping[str, str]
) -> dict[str, dict[str, Picture]]:
    """Of each image to be shown: with the given mask's outline, and with the predicted one's."""
    entries = [line for line in objects.read_lines(work, index) if line["id"] in masks]
    given = pictures.read(work, dataset, entries)
    found = {}
    for entry in entries:
        identity = entry["id"]
        found[identity] = {"given": given[identity]}
        if (mask := objects.find(work, masks[identity])) is not None:
            image = objects.read(work, dataset.prefix + entry["image"])
            found[identity]["predicted"] = pictures.picture(entry, image, mask)
    return found


def _write(bucket: str, key: str, report: Report, suffix: str) -> None:
    if suffix == "json":
        objects.write(bucket, key, report.facts, "application/json")
    else:
        objects.write(bucket, key, report.page, "text/html; charset=utf-8")
