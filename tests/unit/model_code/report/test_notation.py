from __future__ import annotations

import pytest

from sonomodel.report.notation import counted, duration, figure, interval, percent, spoken


def test_names_are_spelled_as_people_do() -> None:
    assert spoken("lesion_fpr_stan") == "lesion FPR STAN"
    assert spoken("macro_f1") == "macro F1"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.81234, "0.812"), (1.0, "1.000"), (12345, "12,345")]
)
def test_figures_have_three_decimals_and_counts_their_thousands(
    value: float | None, text: str
) -> None:
    assert figure(value) == text


def test_an_interval_is_told_by_its_ends() -> None:
    assert interval([0.61, 1.0]) == "0.610 – 1.000"
    assert interval(None) == ""


def test_shares_are_told_in_per_cent() -> None:
    assert percent(0.25) == "25 %"
    assert percent(1 / 3, 1) == "33.3 %"


def test_one_is_not_many() -> None:
    assert counted(1, "image") == "1 image"
    assert counted(1200, "image") == "1,200 images"


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.4, "2 s"), (99.0, "99 s"), (720.0, "12 min"), (12240.0, "3.4 h")]
)
def test_durations_are_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
