from __future__ import annotations

import json

import pytest

from sonoflow.errors import ProbeFailed
from sonoflow.judging import image_probes


def manifest(*names: str) -> bytes:
    return json.dumps([{"prefix": "s3://work/datasets/a/"}, *names]).encode()


def test_one_image_of_each_class_is_chosen_and_no_mask() -> None:
    chosen = image_probes.choose(
        manifest("masks/b/1.png", "images/b/1.png", "images/b/2.png", "images/n/3.png")
    )

    assert chosen == [("work", "datasets/a/images/b/1.png"), ("work", "datasets/a/images/n/3.png")]


def test_no_more_than_three_are_chosen() -> None:
    assert len(image_probes.choose(manifest(*[f"images/{label}/1.png" for label in "abcdef"]))) == 3


def test_a_manifest_without_images_fails() -> None:
    with pytest.raises(ProbeFailed, match="no image"):
        image_probes.choose(manifest("masks/b/1.png"))
