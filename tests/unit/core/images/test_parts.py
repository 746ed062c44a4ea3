from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.images import parts
from sonoflow.images.fingerprints import fingerprint
from sonoflow.keys import Dataset
from tests.unit import stack, ultrasound

DATASET = Dataset("busi", "0a1b2c3d4e5f")


def entry(label: str, name: str) -> dict[str, Any]:
    look = fingerprint(ultrasound.scan(len(name)))
    return {"id": name, "class": label, "source": f"{name}.png", **look.document()}


def write(key: str, images: list[dict[str, Any]], *aside: str) -> None:
    quarantine = [{"source": name, "reason": "blank", "detail": "…"} for name in aside]
    stack.write(stack.WORK, key, json.dumps({"images": images, "quarantine": quarantine}))


def test_parts_are_put_in_order_and_give_up_their_thumbnails(aws: None) -> None:
    write(DATASET.plan_part, [], "y", "a")
    write(DATASET.part(0), [entry("normal", "n1"), entry("benign", "b2")], "m")
    write(DATASET.part(1), [entry("benign", "b1")])

    whole = parts.read(stack.WORK, DATASET, 2)

    assert [one["id"] for one in whole.entries] == ["b1", "b2", "n1"]
    assert [one["source"] for one in whole.quarantine] == ["a", "m", "y"]
    assert all("phash" in one and "thumb" not in one for one in whole.entries)
    assert np.array_equal(whole.looks["b1"].thumb, fingerprint(ultrasound.scan(2)).thumb)


def test_an_entry_without_a_fingerprint_is_an_error(aws: None) -> None:
    write(DATASET.plan_part, [])
    write(DATASET.part(0), [{**entry("normal", "n1"), "phash": ""}])

    with pytest.raises(PayloadInvalid, match=r"n1\.png"):
        parts.read(stack.WORK, DATASET, 1)
