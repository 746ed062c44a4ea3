from __future__ import annotations

import html
import re

import pytest
from matplotlib.figure import Figure

from sonoflow.reports import plots


def drawn(name: str = "x", label: str = "benign") -> str:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.barh(0, 3, color=plots.colour(0))
        axes.imshow([[0, 1], [1, 0]])
        plots.rows(axes, [label])

    return plots.draw(name, 'a "plot"', 2, paint)


def test_a_plot_lies_in_a_page_and_asks_for_nothing() -> None:
    svg = drawn()

    assert svg.startswith('<svg class="plot" role="img" aria-label="a &#34;plot&#34;" viewBox=')
    assert svg.rstrip().endswith("</svg>")
    assert "http" not in svg
    assert "<style" not in svg, "a style within would hold for the whole page"
    assert "width=" not in svg.partition(">")[0], "as wide as the page lets it be"


def test_a_plot_takes_the_colours_and_fonts_of_the_page() -> None:
    svg = drawn()

    assert "fill: var(--class-0)" in svg
    assert "var(--ink)" in svg
    assert "font-family" not in svg
    assert ">benign</text>" in svg


def test_the_same_plot_has_the_same_bytes() -> None:
    assert drawn() == drawn()


def test_plots_of_one_page_share_no_ids() -> None:
    one, other = (set(re.findall(r' id="([^"]*)"', drawn(name))) for name in ("x", "y"))

    assert one
    assert not one & other


@pytest.mark.parametrize("label", ["--><script>", "$\\frac{1}{2}$", "_private", "乳房", "a" * 99])
def test_any_name_can_be_drawn(label: str) -> None:
    """None ends the element, none is a formula, and a glyph that is missing here is no error."""
    svg = drawn(label=label)

    assert "<script" not in svg
    texts = re.findall(r">([^<]*)</text>", svg)
    assert plots.short(label) in map(html.unescape, texts)


def test_of_very_many_classes_the_largest_are_drawn_in_their_own_colours() -> None:
    counts = {f"class {n:02}": n for n in range(40)}

    shown = plots.largest(counts)

    assert list(shown) == [f"class {n}" for n in range(28, 40)]
    assert shown["class 39"] == 39
    assert plots.colour(39) == plots.colour(39 % len(plots.CLASS_COLOURS))


def test_counts_are_told_in_words_too() -> None:
    splits = {"train": {"benign": 8}, "validation": {"benign": 1}, "test": {"benign": 1}}

    svg = plots.class_counts(splits, {"benign": 0}, "images")

    assert 'aria-label="images by class and split: benign 10"' in svg
    assert ">10</text>" in svg
