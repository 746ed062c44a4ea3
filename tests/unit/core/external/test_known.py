from __future__ import annotations

from typing import Any

import pytest

from sonoflow.external import known
from sonoflow.images import pixels
from sonoflow.images.fingerprints import fingerprint
from sonoflow.keys import Dataset
from tests.unit import external_sets, stack, ultrasound

DATASET = Dataset("busi-mini", "cd0007f2cf09")


@pytest.fixture
def trained(aws: None) -> known.Known:
    external_sets.trained()
    return known.read(stack.WORK, DATASET)


def leaks(trained: known.Known, *pictures: ultrasound.Pixels) -> dict[str, Any]:
    entries = [{"id": str(at), "sha256": pixels.digest(p)} for at, p in enumerate(pictures)]
    looks = {str(at): fingerprint(picture) for at, picture in enumerate(pictures)}
    return known.leaks(entries, looks, [trained])


def test_all_images_are_known_whatever_their_split(trained: known.Known) -> None:
    assert len(trained.entries) == len(trained.looks) == 18
    assert {entry["split"] for entry in trained.entries} == {"train", "validation", "test"}


def test_copies_are_found_and_others_are_not(trained: known.Known) -> None:
    copy = external_sets.darker(external_sets.known("malignant", 3))
    found = leaks(trained, external_sets.scan(9000), copy, external_sets.known("normal", 0))

    assert {at: leak.image["source"] for at, leak in found.items()} == {
        "1": "malignant/3.png",
        "2": "normal/0.png",
    }
    assert (found["1"].split, found["2"].correlation) == ("validation", 1.0)


def test_an_image_without_a_look_would_leak_unseen(trained: known.Known) -> None:
    stack.write(stack.WORK, f"{external_sets.TRAINED}parts/00001.json", '{"images": []}')

    with pytest.raises(LookupError, match="no part of busi-mini-cd0007f2cf09"):
        known.read(stack.WORK, DATASET)
