from __future__ import annotations

import pytest

from sonoflow.reports import page


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.81234, "0.812"), (1.0, "1.000"), (12345, "12,345"), (0, "0")],
)
def test_figures_have_three_decimals_and_counts_their_thousands(value: object, text: str) -> None:
    assert page.figure(value) == text


def test_values_are_told_to_four_digits() -> None:
    assert page.number(0.000894804) == "0.0008948"
    assert page.number(2501.0) == "2501"
    assert page.number(None) == "–"


def test_shares_are_told_in_per_cent() -> None:
    assert page.percent(0.25) == "25 %"
    assert page.percent(1 / 3, 1) == "33.3 %"


def test_names_of_metrics_are_written_as_the_field_writes_them() -> None:
    assert page.spoken("macro_f1") == "macro F1"
    assert page.spoken("lesion_iou") == "lesion IoU"
    assert page.spoken("baseline_mae") == "baseline mean absolute error"
    assert page.spoken("mask-without-image") == "mask without image"
