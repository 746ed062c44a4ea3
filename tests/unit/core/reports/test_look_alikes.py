from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from sonoflow.reports.look_alikes import GROUPS_SHOWN, IMAGES_SHOWN, DuplicateGroups
from tests.unit.core.reports.report_entries import entry


def group(name: str, *labels: str, conflict: bool = False, kind: str = "near") -> dict[str, Any]:
    """A line of duplicates.jsonl: a chain of images of these classes."""
    images = [
        {"id": f"{name}-{n}", "class": label, "source": f"{label}/{name}{n}.png"}
        for n, label in enumerate(labels)
    ]
    links = [
        {"a": one["id"], "b": other["id"], "kind": kind, "distance": 1, "correlation": 0.9}
        for one, other in itertools.pairwise(images)
    ]
    return {"group": name, "images": images, "links": links, "conflict": conflict}


def facts(groups: Sequence[dict[str, Any]]) -> dict[str, Any]:
    gathered = DuplicateGroups(groups)
    entries = {
        image["id"]: entry(image["class"], "train", id=image["id"], source=image["source"])
        for one in groups
        for image in one["images"]
        if image["id"] in gathered.wanted()
    }
    return gathered.facts(entries)


def test_contradictions_come_first_then_the_largest_groups() -> None:
    told = facts(
        [
            group("a", "benign", "benign"),
            group("b", "benign", "benign", "benign"),
            group("c", "benign", "malignant", conflict=True, kind="pixels"),
        ]
    )

    assert [one["group"] for one in told["shown"]] == ["c", "b", "a"]
    assert (told["groups"], told["images"], told["conflicts"], told["largest"]) == (3, 7, 1, 3)
    assert told["links"] == {"near": 3, "pixels": 1}
    assert told["shown"][0] == {
        "group": "c",
        "conflict": True,
        "links": ["pixels"],
        "images": [
            {"id": "c-0", "class": "benign", "split": "train", "source": "benign/c0.png"},
            {"id": "c-1", "class": "malignant", "split": "train", "source": "malignant/c1.png"},
        ],
        "more": 0,
    }


def test_of_very_many_groups_some_are_shown_and_the_rest_is_counted() -> None:
    groups = [group(f"{n:03}", "benign", "benign") for n in range(100)]
    groups.append(group("zzz", "benign", "normal", conflict=True))

    told = facts(groups)

    assert len(told["shown"]) == GROUPS_SHOWN
    assert told["shown"][0]["group"] == "zzz"
    assert told["more"] == 101 - GROUPS_SHOWN


def test_of_a_long_clip_each_label_is_shown() -> None:
    clip = group("a", *["benign"] * 500, "malignant", conflict=True)

    shown = facts([clip])["shown"][0]

    assert len(shown["images"]) == IMAGES_SHOWN
    assert shown["more"] == 501 - IMAGES_SHOWN
    assert {image["class"] for image in shown["images"]} == {"benign", "malignant"}
    assert len(DuplicateGroups([clip]).wanted()) == IMAGES_SHOWN


def test_without_duplicates_everything_is_zero() -> None:
    told = facts([])

    assert (told["groups"], told["shown"], told["more"]) == (0, [], 0)
