from __future__ import annotations

import re

import pytest

from sonomodel.report.plots import Scale, Series, bars, lines


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1, 60, [20, 40, 60]),
        (0, 0.002, [0, 0.0005, 0.001, 0.0015, 0.002]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    assert Scale(low, high, 0, 100).ticks() == pytest.approx(ticks)


def test_a_logarithmic_scale_gives_every_power_the_same_room() -> None:
    scale = Scale(0.01, 100, 0, 80, log=True)

    assert scale.ticks() == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert [scale(tick) for tick in scale.ticks()] == [0, 20, 40, 60, 80]
    assert scale(0) == 0, "what has no logarithm lies at the lower end"


def test_a_line_is_broken_where_a_value_is_undefined() -> None:
    shown = lines("x", [Series("a", [(1, 0.5), (2, 0.6), (3, None), (4, 0.7)])])

    assert shown.count("<polyline") == 1
    assert shown.count("<circle") == 1, "a value without neighbours is a dot"


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("value", [0.0, 3.0, 1e-9, 1e9])
def test_any_constant_can_be_drawn(value: float, log: bool) -> None:
    shown = lines("x", [Series("a", [(1, value), (2, value)])], log=log)

    heights = [float(y) for y in re.findall(r'y="([-0-9.]+)"', shown)]
    assert heights
    assert all(0 <= y <= 200 for y in heights)
    assert "nan" not in shown


def test_nothing_to_draw_is_no_plot() -> None:
    assert lines("x", [Series("a", [(1, None)])]) == ""


def test_lines_are_told_apart_without_colour() -> None:
    shown = lines("x", [Series(name, [(1, 1), (2, 2)]) for name in "abcd"])

    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', shown))) == 3  # and one without


def test_names_in_a_plot_are_text() -> None:
    shown = lines('"><script>', [Series("<b>", [(1, 1), (2, 2)])])

    assert "<script" not in shown
    assert "&lt;b&gt;" in shown


def test_a_histogram_names_its_counts() -> None:
    shown = bars("x", [0, 3], [0.0, 0.5, 1.0], "Dice", 0.75)

    assert ">3</text>" in shown
    assert ">0</text>" in shown, "of the axis"
    assert shown.count("<rect") == 2
