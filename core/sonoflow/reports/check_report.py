"""A check of a data set as one page of HTML, with a few of its pictures as they would be staged."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow.keys import Dataset
from sonoflow.reports import page, pictures

PER_CLASS = 6


def make(bucket: str, facts: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> bytes:
    """`facts` are those of a check, with the `upload`'s key; `entries` its images, staged in the
    bucket."""
    shown: dict[str, list[Mapping[str, Any]]] = collections.defaultdict(list)
    for entry in entries:
        if len(shown[entry["class"]]) < PER_CLASS:
            shown[entry["class"]].append(entry)
    made: dict[str, pictures.Picture] = {}
    if facts["dataset"] is not None:
        dataset = Dataset(facts["dataset"]["name"], facts["dataset"]["version"])
        made = pictures.read(bucket, dataset, (e for some in shown.values() for e in some))
    return page.render("check.html", facts, {"shown": shown, "pictures": made}, internal=True)
