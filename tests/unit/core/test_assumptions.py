from __future__ import annotations

from sonoflow import assumptions
from sonoflow.assumptions import Assumption

DARK = Assumption("mask-polarity", "dark pixels are the lesion", '{"masks": {"lesion": "dark"}}')
ROLE = Assumption("classes", "the folders are the classes", "")


def test_a_document_gives_the_same_assumption_back() -> None:
    assert assumptions.parse(DARK.document()) == DARK


def test_each_is_told_once_in_the_order_in_which_it_was_made() -> None:
    assert assumptions.merged([[DARK], [], [ROLE, DARK]]) == [DARK, ROLE]
