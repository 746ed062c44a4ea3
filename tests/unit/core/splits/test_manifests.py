from __future__ import annotations

import json

from sonoflow.keys import Dataset
from sonoflow.splits import manifests
from tests.unit import stack

DATASET = Dataset("busi", "0a1b2c3d4e5f")
ENTRIES = [
    {"image": "images/benign/0.png", "mask": "masks/benign/0.png"},
    {"image": "images/normal/1.png", "mask": None},
]


def test_a_manifest_is_json_as_sagemaker_reads_it() -> None:
    """One JSON array: an object with the prefix, then keys below it."""
    assert json.loads(manifests.manifest("work", DATASET, ENTRIES)) == [
        {"prefix": "s3://work/datasets/busi/0a1b2c3d4e5f/"},
        "images/benign/0.png",
        "masks/benign/0.png",
        "images/normal/1.png",
    ]


def test_a_split_has_a_manifest_of_its_own(aws: None) -> None:
    uris = manifests.write(stack.WORK, DATASET, {"train": ENTRIES, "test": []})

    prefix = f"{DATASET.prefix}splits/"
    assert uris == {name: f"s3://{stack.WORK}/{prefix}{name}.manifest" for name in uris}
    assert len(stack.read_json(stack.WORK, f"{prefix}train.manifest")) == 4
    assert len(stack.read_json(stack.WORK, f"{prefix}test.manifest")) == 1
