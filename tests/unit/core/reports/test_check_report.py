from __future__ import annotations

from typing import Any

from sonoflow.reports import check_report
from tests.unit import pictures, stack

DATASET = {"name": "a", "version": "0a1b2c3d4e5f"}


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "upload": "a <b>.zip",
        "dataset": DATASET,
        "refused": None,
        "assumptions": [{"code": "c", "detail": "masks were guessed", "settle": '{"masks": {}}'}],
        "classes": {"benign": {"images": 9, "train": 9}},
        "groups": 3,
        "given_splits": False,
        "flags": {"no-mask": 2},
        "set_aside": {"blank": {"files": 1, "detail": "all <black>", "examples": ["x.png"]}},
        **changes,
    }


def entry(number: int) -> dict[str, Any]:
    identity = f"{number:016x}"
    return {
        "id": identity, "class": "benign", "source": f"d/benign ({number}).png",
        "image": f"images/benign/{identity}.png", "mask": None, "lesion_pixels": 0,
        "width": 96, "height": 64, "flags": ["no-mask"],
    }  # fmt: skip


def test_the_page_tells_assumptions_first_and_shows_a_few_pictures(aws: None) -> None:
    entries = [entry(number) for number in range(9)]
    for number, one in enumerate(entries):
        stack.write(
            stack.WORK, f"datasets/a/{DATASET['version']}/{one['image']}", pictures.png(number)
        )

    page = check_report.make(stack.WORK, facts(), entries).decode()

    assert page.index("masks were guessed") < page.index("benign</span>")
    assert page.count('<img src="data:image/jpeg;base64,') == check_report.PER_CLASS
    assert "a &lt;b&gt;.zip" in page
    assert "all &lt;black&gt;" in page


def test_a_refusal_of_nothing_readable_is_a_page_too(aws: None) -> None:
    refused = {"reason": "not-a-zip", "detail": "no end record"}
    bare = facts(dataset=None, refused=refused, assumptions=[], classes={}, flags={}, set_aside={})

    page = check_report.make(stack.WORK, bare, []).decode()

    assert "It would be refused: not a zip." in page
    assert "no end record" in page
