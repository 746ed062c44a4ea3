from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import SplitLeak
from sonoflow.splits import leaks
from sonoflow.splits.duplicates import NEAR, Link


def entry(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "source": f"{name}.png",
        "sha256": f"pixels of {name}",
        "group": f"group of {name}",
        "split": "train",
        "fold": 0,
        "flags": [],
        **changes,
    }


def test_a_clean_split_passes() -> None:
    test = {"split": "test", "fold": 1}
    entries = [entry("a"), entry("b"), entry("c", **test), entry("d", group="group of c", **test)]

    leaks.check(entries, [Link("a", "b", NEAR, 2, 0.99)])


@pytest.mark.parametrize("side", [{"split": "test"}, {"fold": 1}], ids=["split", "fold"])
@pytest.mark.parametrize(
    ("shared", "why"),
    [
        ({"sha256": "same"}, "the same pixels"),
        ({"group": "same"}, "the same group"),
        ({"group_hint": "patient 7"}, "the same given group"),
    ],
)
def test_what_belongs_together_and_lies_apart_is_named(
    side: dict[str, Any], shared: dict[str, str], why: str
) -> None:
    entries = [entry("x"), entry("a", **shared), entry("b", **shared, **side)]

    with pytest.raises(SplitLeak, match=rf"'a\.png' .* 'b\.png' .*{why}"):
        leaks.check(entries, [])


def test_a_link_across_splits_is_found_whatever_the_groups_say() -> None:
    with pytest.raises(SplitLeak, match=r"a link \(near\)"):
        leaks.check([entry("a"), entry("b", split="test")], [Link("a", "b", NEAR, 2, 0.99)])


def test_an_image_in_no_split_or_a_conflict_outside_train_is_found() -> None:
    with pytest.raises(SplitLeak, match="no split"):
        leaks.check([entry("a", split=None)], [])
    with pytest.raises(SplitLeak, match="two labels"):
        leaks.check([entry("a", split="test", flags=["conflicting-labels"])], [])
