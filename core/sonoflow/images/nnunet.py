"""What nnU-Net's data sets say besides folders: channels of one case, and folds.

imagesTr/<case>_0000.png, <case>_0001.png   channels of one case, with one mask, labelsTr/<case>.png
dataset.json                                {"labels": {"background": 0, "benign": 1, …}, …}
splits_final.json                           [{"train": [<case>, …], "val": [<case>, …]}, …]
"""

from __future__ import annotations

import collections
import json
import re
from collections.abc import Iterable

from sonoflow.assumptions import Assumption
from sonoflow.images import words
from sonoflow.images.listings import Names
from sonoflow.images.paths import stem_of
from sonoflow.quarantine import SetAside

SPLITS, DATASET = "splits_final.json", "dataset.json"
NAMED = "mask-values-named"
CHANNELS = Assumption(
    "further-channels",
    "cases hold several channels, as nnU-Net names them (<case>_0000, <case>_0001); only channel 0 "
    "of each is used",
    "",
)
_FURTHER = "further-channel"
_CHANNEL = re.compile(r"(?P<case>.+)_(?P<number>\d{4})")
_FOLDER = re.compile(r"images(?:tr|ts)", re.IGNORECASE)


def further_channels(images: Iterable[str]) -> list[SetAside]:
    """The channels of cases after channel 0. Where a mask has such a name, it numbers images."""
    paths = list(images)
    masks = {stem_of(path).lower() for path in paths if _in_masks(path)}
    of_case: dict[tuple[str, str], dict[int, str]] = collections.defaultdict(dict)
    for path in paths:
        folder, _, name = path.rpartition("/")
        match = _CHANNEL.fullmatch(stem_of(name))
        if match and _FOLDER.fullmatch(folder.rpartition("/")[2]):
            of_case[folder, match["case"]][int(match["number"])] = path
    aside = []
    for (_, case), channels in sorted(of_case.items()):
        if 0 not in channels or any(stem_of(path).lower() in masks for path in channels.values()):
            continue
        for number, path in sorted(channels.items()):
            if number:
                detail = f"it is channel {number} of the case {case!r}, of which channel 0 is used"
                aside.append(SetAside(path, _FURTHER, detail))
    return aside


def said(set_aside: Iterable[SetAside]) -> list[Assumption]:
    return [CHANNELS] if any(entry.reason == _FURTHER for entry in set_aside) else []


def _in_masks(path: str) -> bool:
    role = words.role(path.rpartition("/")[0].rpartition("/")[2])
    return role is not None and role[1]


def folds(content: bytes, names: Names) -> tuple[dict[str, int], int]:
    """The fold of each image, which is the one that it validates, and how many folds there are.
    None where it is no such document, or where an image validates several."""
    try:
        document = json.loads(content)
        cases = [[str(case) for case in fold["val"]] for fold in document]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}, 0
    found: dict[str, int] = {}
    for number, some in enumerate(cases):
        for case in some:
            image = names.find(case)
            if image and found.setdefault(image, number) != number:
                return {}, 0
    return found, len(cases)


def named_values(content: bytes) -> list[Assumption]:
    """What to write into the mapping where the document names several values of masks."""
    try:
        labels = dict(json.loads(content)["labels"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    # The first version has {"1": "lesion"}, the second {"lesion": 1}.
    pairs = [(n, v) if isinstance(v, int) else (v, n) for n, v in labels.items()]
    named = {str(v): str(n) for n, v in pairs if str(v).isdecimal() and str(v) != "0"}
    if len(named) < 2:
        return []
    lesions = [int(value) for value, name in named.items() if words.has(name, words.MASKS)]
    if all(words.is_class(name) for name in named.values()) and len(lesions) != 1:
        masks: dict[str, object] = {"classes": named}
    else:
        masks = {"lesion": lesions or [int(value) for value in named]}
    detail = f"{DATASET} gives names to {len(named)} values of masks; they are not used unless the "
    detail += "mapping says which are lesions, or classes"
    return [Assumption(NAMED, detail, json.dumps({"masks": masks}))]
