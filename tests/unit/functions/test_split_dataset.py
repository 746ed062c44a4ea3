from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from functions.split_dataset.app import handler
from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.images.fingerprints import fingerprint
from tests.unit import pictures, stack

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PREFIX = "datasets/busi-mini/cd0007f2cf09/"


def entry(label: str, number: int, sha256: str | None = None) -> dict[str, Any]:
    identity = hashlib.sha256(f"{label}{number}".encode()).hexdigest()[:16]
    return {
        "id": identity,
        "class": label,
        "source": f"{label}/{number}.png",
        "masks": [] if label == "normal" else [f"{label}/{number}_mask.png"],
        "width": 96,
        "height": 64,
        "image": f"images/{label}/{identity}.png",
        "mask": None if label == "normal" else f"masks/{label}/{identity}.png",
        "sha256": sha256 or hashlib.sha256(identity.encode()).hexdigest(),
        "lesion_pixels": 0 if label == "normal" else 200,
        "flags": [],
        **fingerprint(np.asarray(pictures.scan(int(identity[:8], 16)))).document(),
    }


def write_parts(prefix: str, *parts: list[dict[str, Any]]) -> None:
    aside = {"source": "README.txt", "reason": "unsupported-extension", "detail": "no image"}
    stack.write(
        stack.WORK,
        f"{prefix}parts/plan.json",
        json.dumps({"images": [], "quarantine": [aside]}),
    )
    for number, images in enumerate(parts):
        document = json.dumps({"images": images, "quarantine": []})
        stack.write(stack.WORK, f"{prefix}parts/{number:05d}.json", document)


def whole(per_class: int = 20) -> list[dict[str, Any]]:
    labels = ("normal", "malignant", "benign")
    return [entry(label, number) for label in labels for number in range(per_class)]


def lines(key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stack.read(stack.WORK, key).splitlines()]


def test_parts_become_index_quarantine_and_manifests(aws: None, context: Any) -> None:
    images = whole()
    write_parts(PREFIX, images[:25], images[25:])

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
    write_parts(PREFIX, whole(), [])

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


def test_the_outcome_does_not_depend_on_how_images_lie_in_parts(aws: None, context: Any) -> None:
    write_parts(PREFIX, whole(), [])
    handler(stack.event("split_dataset.staged"), context)
    first = {key: stack.read(stack.WORK, key) for key in stack.keys_of(stack.WORK)}
    write_parts(PREFIX, whole()[::-2], whole()[-2::-2])
    handler(stack.event("split_dataset.staged"), context)

    for key, body in first.items():
        if "/parts/" not in key:
            assert stack.read(stack.WORK, key) == body, key


def test_folds_and_duplicates_are_written_beside_the_index(aws: None, context: Any) -> None:
    twins = [entry("benign", number, "a" * 64) for number in (101, 102)]
    write_parts(PREFIX, whole() + twins, [])

    handler(stack.event("split_dataset.staged"), context)

    index = lines(f"{PREFIX}index.jsonl")
    assert all("thumb" not in e and len(e["phash"]) == 16 for e in index)
    folds = stack.read_json(stack.WORK, f"{PREFIX}splits/folds.json")
    assert folds == {"k": 5, "folds": {e["id"]: e["fold"] for e in index}}
    (group,) = lines(f"{PREFIX}duplicates.jsonl")
    assert {image["id"] for image in group["images"]} == {twin["id"] for twin in twins}
    assert group["links"][0]["kind"] == "pixels"


def test_stable_splits_are_kept_for_the_next_version(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("STAGING_OPTIONS", stack.staging_options(split_stable=True))
    write_parts(PREFIX, whole(60), [])
    handler(stack.event("split_dataset.staged"), context)
    kept = stack.read_json(stack.WORK, "datasets/busi-mini/kept_splits.json")
    other = stack.staging_options(split_stable=True, split_seed=8)  # would draw others
    settings_env.setenv("STAGING_OPTIONS", other)
    write_parts(PREFIX, whole(70), [])

    handler(stack.event("split_dataset.staged"), context)

    index = {e["sha256"]: e["split"] for e in lines(f"{PREFIX}index.jsonl")}
    assert len(kept) == 180
    assert kept.items() <= index.items()


def test_the_same_picture_in_two_given_splits_is_refused(aws: None, context: Any) -> None:
    crossing = [
        {**entry("benign", 100 + at, "a" * 64), "given_split": split}
        for at, split in enumerate(("train", "test"))
    ]
    write_parts("datasets/tiny/0a1b2c3d4e5f/", [*whole(), *crossing])

    with pytest.raises(DatasetRefused, match=r"split-leak.*benign/100\.png.*benign/101\.png"):
        handler(stack.event("split_dataset.bad_too_few"), context)

    refusal = stack.read_json(stack.WORK, "refused/datasets/tiny.zip.json")
    assert refusal["reason"] == "split-leak"


def test_identical_pixels_stay_together_and_are_flagged(aws: None, context: Any) -> None:
    twins = [entry("benign", number, "a" * 64) for number in (1, 2)]
    conflict = [entry(label, 3, "b" * 64) for label in ("benign", "malignant")]
    others = [e for e in whole() if e["id"] not in {t["id"] for t in twins + conflict}]
    write_parts(PREFIX, others, twins + conflict)

    handler(stack.event("split_dataset.staged"), context)

    index = {e["id"]: e for e in lines(f"{PREFIX}index.jsonl")}
    assert len({index[twin["id"]]["split"] for twin in twins}) == 1
    assert all(index[twin["id"]]["flags"] == ["identical-pixels"] for twin in twins)
    assert all(index[c["id"]]["flags"] == ["conflicting-labels"] for c in conflict)
    assert all(index[c["id"]]["split"] == "train" for c in conflict)


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
    write_parts("datasets/tiny/0a1b2c3d4e5f/", images)

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
    write_parts(PREFIX, whole())

    with pytest.raises(Exception, match="NoSuchKey"):
        handler(stack.event("split_dataset.staged"), context)
