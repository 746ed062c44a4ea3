"""With what lies in S3 it is told in tests/unit/functions/test_check_external.py."""

from __future__ import annotations

from typing import Any

from sonoflow.external import checking
from sonoflow.external.known import Leak
from sonoflow.keys import Dataset
from sonoflow.splits.groups import Group

BUSI = Dataset("busi", "cd0007f2cf09")


def image(identity: str, label: str = "benign") -> dict[str, Any]:
    return {"id": identity, "class": label, "source": f"{identity}.png"}


def leak(identity: str) -> Leak:
    return Leak(BUSI, {**image(identity), "split": "train"}, 3, 0.95)


def test_a_group_with_a_leak_goes_as_a_whole() -> None:
    groups = [
        Group("g1", (image("a"), image("b")), (), frozenset()),
        Group("g2", (image("c"),), (), frozenset()),
    ]

    checked = checking.sort_out(groups, {"b": leak("known")})

    assert [(one["id"], one["group"]) for one in checked.judged] == [("c", "g2")]
    assert [(one["id"], one["reason"]) for one in checked.left_out] == [
        ("a", checking.WITH_LEAK),
        ("b", checking.LEAK),
    ]
    assert checked.left_out[1]["like"] == {
        **image("known"),
        "dataset": "busi",
        "version": "cd0007f2cf09",
        "split": "train",
    }


def test_two_labels_are_left_out_and_their_group_stays() -> None:
    several = (image("a"), image("b", "malignant"), image("c"))
    group = Group("g", several, (), frozenset({"a", "b"}))

    checked = checking.sort_out([group], {})

    assert [one["id"] for one in checked.judged] == ["c"]
    assert {one["reason"] for one in checked.left_out} == {checking.CONFLICT}


def test_batches_are_bounded_and_lose_nothing() -> None:
    line = {"image": "images/b/0.png", "mask": None, "lesion_pixels": 0, "source": "Müller.png"}
    entries = [{**line, **image(str(at))} for at in range(2 * checking.BATCH_IMAGES + 1)]

    batches = checking.cut(entries)

    assert [len(batch["images"]) for batch in batches] == [10, 10, 1]
    assert [batch["number"] for batch in batches] == [0, 1, 2]
    assert "Müller" not in str(batches)
