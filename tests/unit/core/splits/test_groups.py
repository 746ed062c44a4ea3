from __future__ import annotations

from typing import Any

from sonoflow.splits import groups
from sonoflow.splits.duplicates import GIVEN, NEAR, PIXELS, Link


def entry(name: str, label: str = "benign") -> dict[str, Any]:
    return {"id": name, "class": label, "source": f"{name}.png", "sha256": f"{name}-pixels-digest"}


def test_links_join_through_others_and_the_rest_stays_alone() -> None:
    entries = [entry(name) for name in "abcdef"]
    links = [Link("a", "b", PIXELS, 0, 1.0), Link("b", "e", NEAR, 4, 0.97), Link("c", "d", GIVEN)]

    gathered = groups.gather(entries, links)

    members = [[image["id"] for image in group.images] for group in gathered]
    assert members == [["a", "b", "e"], ["c", "d"], ["f"]]
    assert gathered[0].links == tuple(links[:2])
    assert gathered[0].identity == "a-pixels-digest"[:16]


def test_the_order_of_images_and_names_changes_no_group() -> None:
    entries = [entry(name) for name in "abcdef"]
    links = [Link("a", "d", NEAR, 2, 0.99), Link("d", "f", NEAR, 2, 0.99)]
    renamed = [{**one, "id": "z" + one["id"]} for one in entries]
    first = groups.gather(entries, links)
    second = groups.gather(renamed[::-1], [Link("z" + x.a, "z" + x.b, x.kind) for x in links[::-1]])

    assert [group.identity for group in first] == [group.identity for group in second]


def test_two_labels_of_one_picture_are_a_conflict_and_of_one_patient_are_none() -> None:
    entries = [entry("a"), entry("b", "malignant"), entry("c"), entry("d", "malignant")]
    links = [Link("a", "b", NEAR, 2, 0.99), Link("c", "d", GIVEN), Link("b", "c", GIVEN)]

    (group,) = groups.gather(entries, links)
    patient = groups.gather(entries, [Link("c", "d", GIVEN)])

    assert group.conflicting == {"a", "b"}
    assert not any(one.conflicting for one in patient)


def test_a_group_tells_people_what_is_in_it() -> None:
    entries = [entry("a"), entry("b", "malignant")]

    (group,) = groups.gather(entries, [Link("a", "b", NEAR, 2, 0.99)])

    assert group.document() == {
        "group": "a-pixels-digest",
        "images": [
            {"id": "a", "class": "benign", "source": "a.png"},
            {"id": "b", "class": "malignant", "source": "b.png"},
        ],
        "links": [{"a": "a", "b": "b", "kind": "near", "distance": 2, "correlation": 0.99}],
        "conflict": True,
    }
