from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.images.fingerprints import fingerprint
from sonoflow.splits import staged_images
from tests.unit import ultrasound


def entry(label: str, name: str) -> dict[str, Any]:
    look = fingerprint(ultrasound.scan(len(name)))
    return {"id": name, "class": label, "source": f"{name}.png", **look.document()}


def part(images: list[dict[str, Any]], *aside: str) -> dict[str, Any]:
    quarantine = [{"source": name, "reason": "blank", "detail": "…"} for name in aside]
    return {"images": images, "quarantine": quarantine}


def test_parts_are_put_in_order_and_give_up_their_thumbnails() -> None:
    parts = [
        part([], "y", "a"),
        part([entry("normal", "n1"), entry("benign", "b2")], "m"),
        part([entry("benign", "b1")]),
    ]

    staged = staged_images.collect(parts)

    assert [one["id"] for one in staged.entries] == ["b1", "b2", "n1"]
    assert [one["source"] for one in staged.quarantine] == ["a", "m", "y"]
    assert all("phash" in one and "thumb" not in one for one in staged.entries)
    assert np.array_equal(staged.looks["b1"].thumb, fingerprint(ultrasound.scan(2)).thumb)


def test_an_entry_without_a_fingerprint_is_an_error() -> None:
    with pytest.raises(PayloadInvalid, match=r"n1\.png"):
        staged_images.collect([part([{**entry("normal", "n1"), "phash": ""}])])


def test_a_mask_that_another_image_has_too_is_not_set_aside_with_one_that_cannot_be_used() -> None:
    used = {**entry("benign", "b1"), "masks": ["both.png", "own.png"]}
    aside = [
        {"source": name, "reason": "mask-without-image", "detail": "…"}
        for name in ("both.png", "other.png", "other.png")
    ]
    blank = {"source": "own.png", "reason": "blank", "detail": "…"}

    staged = staged_images.collect([{"images": [used], "quarantine": [*aside, blank]}])

    assert [one["source"] for one in staged.quarantine] == ["other.png", "own.png"]
