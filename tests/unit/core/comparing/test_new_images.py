from __future__ import annotations

import itertools
from typing import Any

import pytest

from sonoflow.comparing import new_images
from sonoflow.comparing.new_images import DISTANCE_MAXIMUM, Known


def line(identity: str, look: int = 0, digest: str = "", **more: Any) -> dict[str, Any]:
    """Of index.jsonl."""
    return {
        "id": identity,
        "sha256": digest or identity * 8,
        "phash": f"{look:016x}",
        "group": identity,
        "split": "test",
        **more,
    }


FAR = (1 << 64) - 1  # 64 bits from 0


@pytest.mark.parametrize("split", ["train", "validation"])
def test_what_trained_or_chose_a_model_is_known_to_it(split: str) -> None:
    known = Known.of([line("a", FAR, split=split)])

    assert known.has(line("b", 0, digest="a" * 8))
    assert known.has(line("c", FAR))
    assert not known.has(line("d", 0))


def test_what_tested_it_is_not() -> None:
    assert not Known.of([line("a", FAR)]).has(line("a", FAR))


@pytest.mark.parametrize(
    ("bits", "known"), [(DISTANCE_MAXIMUM, True), (DISTANCE_MAXIMUM + 1, False)]
)
def test_a_look_is_known_again_up_to_some_bits(bits: int, known: bool) -> None:
    learnt = [line(str(number), FAR - number, split="train") for number in range(5000)]
    learnt.append(line("last", 0, split="train"))

    assert Known.of(learnt).has(line("x", (1 << bits) - 1)) is known


def test_a_group_is_left_out_as_a_whole() -> None:
    images = [
        line("a", FAR, group="patient"),
        line("b", 0xF0F0F0F0F0F0F0F0, group="patient"),
        line("c", 0x0F0F0F0F0F0F0F0F),
    ]

    new, left_out = new_images.of_split(images, Known.of([line("t", FAR, split="train")]))

    assert ([image["id"] for image in new], left_out) == (["c"], 2)


def test_the_order_keeps_groups_together_and_is_the_same_each_time() -> None:
    images = [line(str(number), group=f"group {number % 7}") for number in range(40)]
    nothing = Known.of([])

    new, _ = new_images.of_split(images, nothing)
    again, _ = new_images.of_split(images[::-1], nothing)

    assert new == again
    groups = [image["group"] for image in new]
    assert sorted(set(groups), key=groups.index) == list(dict.fromkeys(groups))
    assert sum(one != other for one, other in itertools.pairwise(groups)) == 6
    assert groups != sorted(groups)  # whatever is first in the index is no sample of it


def test_a_limit_takes_whole_groups() -> None:
    images = [line(str(number), group=f"group {number // 3}") for number in range(12)]

    assert len(new_images.at_most(images, 4)) == 6
    assert len(new_images.at_most(images, 3)) == 3
    assert len(new_images.at_most(images, 100)) == 12
