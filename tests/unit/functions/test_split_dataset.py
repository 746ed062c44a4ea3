from __future__ import annotations

from typing import Any

import pytest

from functions.split_dataset.app import handler
from sonoflow.aws import objects
from sonoflow.errors import DatasetRefused, PayloadInvalid
from tests.unit import stack, staged_parts
from tests.unit.staged_parts import entry, lines, whole

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PREFIX = "datasets/busi-mini/cd0007f2cf09/"


def test_parts_become_index_quarantine_and_manifests(aws: None, context: Any) -> None:
    images = whole()
    staged_parts.write(PREFIX, images[:25], images[25:])

    answer = handler(stack.event("split_dataset.staged"), context)

    assert answer["classes"] == ["benign", "malignant", "normal"]
    assert answer["images"] == {"benign": 20, "malignant": 20, "normal": 20}
    assert answer["splits"]["train"] == {"benign": 16, "malignant": 16, "normal": 16}
    assert answer["splits"]["validation"] == {"benign": 2, "malignant": 2, "normal": 2}
    assert answer["splits"]["test"] == {"benign": 2, "malignant": 2, "normal": 2}
    assert answer["quarantined"] == 1
    assert answer["manifests"] == {
        split: f"s3://{stack.WORK}/{PREFIX}splits/{split}.manifest"
        for split in ("train", "validation", "test")
    }
    index = lines(f"{PREFIX}index.jsonl")
    assert [(e["class"], e["id"]) for e in index] == sorted((e["class"], e["id"]) for e in images)
    assert [e["reason"] for e in lines(f"{PREFIX}quarantine.jsonl")] == ["unsupported-extension"]


def test_a_manifest_holds_a_prefix_and_the_images_and_masks_of_its_split(
    aws: None, context: Any
) -> None:
    staged_parts.write(PREFIX, whole(), [])

    handler(stack.event("split_dataset.staged"), context)

    index = lines(f"{PREFIX}index.jsonl")
    for split in ("train", "validation", "test"):
        prefix, *names = stack.read_json(stack.WORK, f"{PREFIX}splits/{split}.manifest")
        assert prefix == {"prefix": f"s3://{stack.WORK}/{PREFIX}"}
        expected = [e for e in index if e["split"] == split]
        assert set(names) == {e["image"] for e in expected} | {
            e["mask"] for e in expected if e["mask"]
        }
        assert len(names) == len(set(names))


def test_the_same_picture_in_two_splits_that_the_mapping_wants_is_refused(
    aws: None, context: Any
) -> None:
    crossing = [
        {**entry("benign", 100 + at, "a" * 64), "given_split": split}
        for at, split in enumerate(("train", "test"))
    ]
    prefix = "datasets/tiny/0a1b2c3d4e5f/"
    staged_parts.write(prefix, [*whole(), *crossing])
    key = f"{prefix}parts/plan.json"
    objects.write_json(stack.WORK, key, {**stack.read_json(stack.WORK, key), "splits": "given"})

    with pytest.raises(DatasetRefused, match=r"split-leak.*benign/100\.png.*benign/101\.png"):
        handler(stack.event("split_dataset.bad_too_few"), context)

    refusal = stack.read_json(stack.WORK, "refused/datasets/tiny.zip.json")
    assert refusal["reason"] == "split-leak"


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([entry("benign", n) for n in range(9)], "too-few-classes"),
        ([entry("benign", n) for n in range(9)] + [entry("normal", 1)], "too-few-images"),
        (
            [entry("benign", n) for n in range(9)]
            + [entry("normal", n, "c" * 64) for n in range(9)],
            "empty-split",
        ),
        ([], "too-few-classes"),
    ],
    ids=["one class", "too few of a class", "all the same picture", "nothing usable"],
)
def test_a_data_set_that_cannot_train_is_refused_and_says_why(
    aws: None, context: Any, images: list[dict[str, Any]], reason: str
) -> None:
    staged_parts.write("datasets/tiny/0a1b2c3d4e5f/", images)

    with pytest.raises(DatasetRefused, match=reason):
        handler(stack.event("split_dataset.bad_too_few"), context)

    refusal = stack.read_json(stack.WORK, "refused/datasets/tiny.zip.json")
    assert refusal["reason"] == reason
    assert refusal["upload"]["key"] == "datasets/tiny.zip"
    assert lines("datasets/tiny/0a1b2c3d4e5f/quarantine.jsonl")
    assert not any(key.endswith(".manifest") for key in stack.keys_of(stack.WORK))


def test_a_version_that_would_leave_the_data_set_is_refused(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"dataset\.version"):
        handler(stack.event("split_dataset.bad_version"), context)


def test_a_missing_part_is_an_error(aws: None, context: Any) -> None:
    staged_parts.write(PREFIX, whole())

    with pytest.raises(Exception, match="NoSuchKey"):
        handler(stack.event("split_dataset.staged"), context)
