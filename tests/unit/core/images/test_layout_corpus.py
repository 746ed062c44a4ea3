"""The corpus through plan and stage; and whatever names there are, each file is accounted for."""

from __future__ import annotations

import collections
import functools
import io
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused
from sonoflow.images import contents, staging
from tests.unit import pictures
from tests.unit.core.images.layout_corpus import CASES, Case, mask, scan


class Held(HeldFile):
    """May be read by several threads, as S3 may."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._lock = threading.Lock()

    def read_at(self, offset: int, length: int) -> bytes:
        with self._lock:
            return super().read_at(offset, length)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_set_becomes_what_its_maker_meant(case: Case) -> None:
    source = Held(pictures.archive(case.build()))
    index = contents.open_archive(source)
    if case.refused is not None:
        with pytest.raises(DatasetRefused, match=case.refused):
            contents.read(index, source, case.mapping)
        return

    found = contents.read(index, source, case.mapping)
    entries, aside = staging.stage(source, found.images, lambda key, png: None)

    labels = collections.Counter(entry["class"] for entry in entries)
    if "*" in case.classes:
        assert sorted(labels.values()) == sorted(case.classes.values())
    else:
        assert labels == case.classes
    assert sum(bool(entry["masks"]) for entry in entries) == case.masked
    reasons = collections.Counter(entry.reason for entry in (*found.quarantine, *aside))
    assert reasons == case.aside
    assert {assumption.code for assumption in found.assumptions} == case.assumed
    assert len({e["group_hint"] for e in entries} - {None}) == case.groups
    assert {e["given_split"] for e in entries} - {None} == case.splits


PARTS = st.sampled_from(
    [
        *("benign", "malignant", "masks", "images", "GT", "train", "test", "P01", "P02"),
        *("ER+", "ER-", "overlays", "original", "良性", "x", "labelsTr", "1", "2"),
    ]
)
STEMS = st.sampled_from(
    ["1", "2", "a_1", "benign (1)", "ALQI_001", "bus_0001", "mask_0001", "train", "normal"]
)
AFFIXES = st.sampled_from(
    ["", "", "_mask", "_seg", "_mask (1)", "_0000", " - Copy", "_pred", "-gt"]
)
SUFFIXES = st.sampled_from([".png", ".png", ".PNG", ".jpg", ".csv", ".dcm", ".xlsx", ".txt"])
NAMES = st.builds(
    lambda folders, stem, affix, suffix: "/".join([*folders, f"{stem}{affix}{suffix}"]),
    st.lists(PARTS, max_size=3),
    STEMS,
    AFFIXES,
    SUFFIXES,
)
MAPPINGS = st.sampled_from(
    [
        {},
        {"classes": "masks"},
        {"classes": "names", "groups": "names"},
        {"classes": "folders"},
        {"ignore": ["overlays", "*_pred*"]},
        {"groups": "folders", "splits": "own"},
    ]
)
CONTENTS = st.sampled_from(["scan", "mask", "rubbish"])


@functools.cache
def content(kind: str) -> bytes:
    return {"scan": scan(1), "mask": mask(1), "rubbish": b"file,group\n1.png,2\n"}[kind]


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=14), MAPPINGS)
def test_every_file_is_planned_or_set_aside_once(
    files: dict[str, str], mapping: dict[str, object]
) -> None:
    data = pictures.archive({name: content(kind) for name, kind in files.items()})
    source = Held(data)
    try:
        found = contents.read(contents.open_archive(source), source, mapping)
    except DatasetRefused as error:
        assert error.detail
        return

    images = [image.image for image in found.images]
    masks = {name for image in found.images for name in image.masks}
    aside = [entry.source for entry in found.quarantine]
    assert len(set(images)) == len(images)
    told = [*images, *masks, *aside]
    assert len(set(told)) == len(told)
    read = set(files) - set(told)
    assert all(name.endswith((".csv", ".xlsx", ".txt")) for name in read)  # tables that were used
    assert all(image.label is not None or image.masks for image in found.images)
