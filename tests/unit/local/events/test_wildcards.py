from __future__ import annotations

import pytest

from local.events.wildcards import matches


@pytest.mark.parametrize(
    ("item", "pattern", "expected"),
    [
        ("inbox/a.csv", "inbox/*.csv", True),
        ("inbox/.csv", "inbox/*.csv", True),
        ("inbox/a\nb.csv", "inbox/*.csv", True),
        ("inbox/\n.csv", "inbox/*.csv", True),
        ("inbox/a.csv\n", "inbox/*.csv", False),
        ("inbox/a.CSV", "inbox/*.csv", False),
        ("inbox/axcsv", "inbox/*.csv", False),
        ("a*b", r"a\*b", True),
        ("axb", r"a\*b", False),
        ("a\\b", r"a\\b", True),
        ("a.b", "a.b", True),
        (7, "*", False),
        (None, "*", False),
    ],
)
def test_an_asterisk_is_anything_and_all_else_itself(
    item: object, pattern: str, expected: bool
) -> None:
    assert matches(item, pattern) is expected
