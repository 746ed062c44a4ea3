from __future__ import annotations

import dataclasses
import json

import pytest

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import parts
from sonoflow.keys import Dataset
from sonoflow.settings import Splitting
from sonoflow.splits import splitting
from tests.unit import stack, staged_parts
from tests.unit.staged_parts import entry, lines, whole

DATASET = Dataset("busi", "0a1b2c3d4e5f")
OPTIONS = Splitting(7, minimum_images_per_class=3, split_stable=False, split_folds=5)


def test_the_outcome_does_not_depend_on_how_images_lie_in_parts(aws: None) -> None:
    staged_parts.write(DATASET.prefix, whole(), [])
    splitting.split(stack.WORK, DATASET, 2, OPTIONS)
    first = {key: stack.read(stack.WORK, key) for key in stack.keys_of(stack.WORK)}
    staged_parts.write(DATASET.prefix, whole()[::-2], whole()[-2::-2])
    splitting.split(stack.WORK, DATASET, 2, OPTIONS)

    for key, body in first.items():
        if "/parts/" not in key:
            assert stack.read(stack.WORK, key) == body, key


def test_folds_and_duplicates_are_written_beside_the_index(aws: None) -> None:
    twins = [entry("benign", number, "a" * 64) for number in (101, 102)]
    staged_parts.write(DATASET.prefix, whole() + twins, [])

    splitting.split(stack.WORK, DATASET, 2, OPTIONS)

    index = lines(DATASET.index)
    assert all("thumb" not in e and len(e["phash"]) == 16 for e in index)
    folds = stack.read_json(stack.WORK, DATASET.folds)
    assert folds == {"k": 5, "folds": {e["id"]: e["fold"] for e in index}}
    (group,) = lines(DATASET.duplicates)
    assert {image["id"] for image in group["images"]} == {twin["id"] for twin in twins}
    assert group["links"][0]["kind"] == "pixels"


def test_stable_splits_are_kept_for_the_next_version(
    aws: None,
) -> None:
    stable = dataclasses.replace(OPTIONS, split_stable=True)
    staged_parts.write(DATASET.prefix, whole(60), [])
    splitting.split(stack.WORK, DATASET, 2, stable)
    kept = stack.read_json(stack.WORK, "datasets/busi/kept_splits.json")
    staged_parts.write(DATASET.prefix, whole(70), [])
    another_seed = dataclasses.replace(stable, split_seed=8)  # would draw others

    splitting.split(stack.WORK, DATASET, 2, another_seed)

    index = {e["sha256"]: e["split"] for e in lines(DATASET.index)}
    assert len(kept) == 180
    assert kept.items() <= index.items()


def test_identical_pixels_stay_together_and_are_flagged(aws: None) -> None:
    twins = [entry("benign", number, "a" * 64) for number in (1, 2)]
    conflict = [entry(label, 3, "b" * 64) for label in ("benign", "malignant")]
    others = [e for e in whole() if e["id"] not in {t["id"] for t in twins + conflict}]
    staged_parts.write(DATASET.prefix, others, twins + conflict)

    splitting.split(stack.WORK, DATASET, 2, OPTIONS)

    index = {e["id"]: e for e in lines(DATASET.index)}
    assert len({index[twin["id"]]["split"] for twin in twins}) == 1
    assert all(index[twin["id"]]["flags"] == ["identical-pixels"] for twin in twins)
    assert all(index[c["id"]]["flags"] == ["conflicting-labels"] for c in conflict)
    assert all(index[c["id"]]["split"] == "train" for c in conflict)


def test_what_was_assumed_is_told_and_kept(aws: None) -> None:
    staged_parts.write(DATASET.prefix, whole(), [])
    polarity = Assumption("mask-polarity", "black is the lesion", '{"masks": {"lesion": "bright"}}')
    parts.write(stack.WORK, DATASET.plan_part, [], [], assumptions=[polarity])
    for number in range(2):
        part = stack.read_json(stack.WORK, DATASET.part(number))
        for image in part["images"]:
            image["mask_sha256"] = "the same"
        stack.write(stack.WORK, DATASET.part(number), json.dumps(part))

    answer = splitting.split(stack.WORK, DATASET, 2, OPTIONS)

    assert [one["code"] for one in answer["assumptions"]] == ["mask-polarity", "identical-masks"]
    assert answer["assumptions"][0] == polarity.document()
    assert stack.read_json(stack.WORK, DATASET.assumptions) == answer["assumptions"]
    marked = [e for e in lines(DATASET.index) if "identical-masks" in e["flags"]]
    assert len(marked) == 40
    assert not any("mask_sha256" in e for e in lines(DATASET.index))


def test_where_a_data_set_is_refused_the_index_and_what_was_set_aside_are_there(aws: None) -> None:
    staged_parts.write(DATASET.prefix, [entry("benign", number) for number in range(9)])

    with pytest.raises(DatasetRefused, match="too-few-classes"):
        splitting.split(stack.WORK, DATASET, 1, OPTIONS)

    assert len(lines(DATASET.index)) == 9
    assert [line["source"] for line in lines(DATASET.quarantine)] == ["README.txt"]
    assert not any("/splits/" in key for key in stack.keys_of(stack.WORK))
