"""Drawing for reports: figures as SVG that lies within a page and takes its colours and its fonts.

matplotlib takes a second or two to import: only this module and the two that draw with it do so,
and only the function that publishes reports pays for it. The same facts give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

WIDTH = 4.7  # inches; on a phone the plot is as wide as the page, and its text stays readable
CLASSES_SHOWN = 12
_LABEL_LIMIT = 24  # characters
_SPLIT_OPACITY = {"train": 1.0, "validation": 0.55, "test": 0.3}
# Light-mode colours. In the page each becomes a CSS variable, which dark mode sets anew.
INK, SOFT, LINE, ACCENT = "#1c2430", "#5b6675", "#d9dee5", "#1d5fa8"
# Okabe and Ito's palette, told apart by colour-blind eyes too; the order suits two or three.
CLASS_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
_VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    **{colour: f"var(--class-{number})" for number, colour in enumerate(CLASS_COLOURS)},
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text, in the page's font
    "text.parse_math": False,  # a dollar in a class name is a dollar
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def draw(name: str, description: str, height: float, paint: Callable[[Figure], None]) -> Markup:
    """A figure of a height in inches, painted by `paint`, as an <svg> element.

    `name` must be unique in a page; `description` is for those who do not see the figure.
    """
    buffer = io.BytesIO()
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # The browser draws the text and has glyphs that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        figure.patch.set_alpha(0)
        paint(figure)
        for axes in figure.axes:
            axes.patch.set_alpha(0)
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return _inline(buffer.getvalue().decode(), description)


def _inline(svg: str, description: str) -> Markup:
    """What a page needs of an SVG file: no header, no style for all the page, no fixed size."""
    body = svg[svg.index("<svg") :]
    opening, _, rest = body.partition(">")
    box = re.search(r'viewBox="[^"]*"', opening)
    rest = re.sub(r"<style.*?</style>", "", rest, count=1, flags=re.DOTALL)
    rest = re.sub(r"font-family: [^;\"]*;? ?", "", rest)
    # Figures in one page would repeat the names of their groups, which nothing refers to.
    rest = re.sub(r'<g id="[^"]*"', "<g", rest)
    rest = re.sub(r"\n *", "\n", rest)
    for colour, variable in _VARIABLES.items():
        rest = rest.replace(colour, variable)
    label = escape(description)
    # Every part is matplotlib's own, which escapes text; so it is markup.
    return Markup(f'<svg class="plot" role="img" aria-label="{label}" {box and box[0]}>{rest}')  # noqa: S704


def colour(number: int) -> str:
    """Of the class of that number; after seven they come again."""
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]


def short(text: str, limit: int = _LABEL_LIMIT) -> str:
    """A name that fits beside an axis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def below(figure: Figure, text: str) -> None:
    """What the horizontal axes of a figure show; may be wider than they are."""
    figure.supxlabel(text, fontsize=_STYLE["font.size"], color=SOFT)


def beside(figure: Figure, text: str) -> None:
    """What the vertical axes of a figure show."""
    figure.supylabel(text, fontsize=_STYLE["font.size"], color=SOFT)


def rows(axes: Axes, names: Sequence[str]) -> None:
    """One row for each name, from the top down, without lines around."""
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)


def in_percent(axis: Any, decimals: int = 0) -> None:
    """Shares on an axis, 0 to 1, as per cent."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.{decimals}f} %"))


def whole_numbers() -> MaxNLocator:
    """A few ticks, none between two counts."""
    return MaxNLocator(nbins=3, integer=True)


def largest(counts: Mapping[str, int]) -> dict[str, int]:
    """The classes to show, with their numbers: of very many those with most in them."""
    ranked = sorted(counts, key=lambda label: -counts[label])[:CLASSES_SHOWN]
    return {label: number for number, label in enumerate(counts) if label in ranked}


def class_counts(
    splits: Mapping[str, Mapping[str, int]], shown: Mapping[str, int], unit: str
) -> Markup:
    """How many there are of each class, by split."""
    totals = {label: sum(counts[label] for counts in splits.values()) for label in shown}

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, (label, number) in enumerate(shown.items()):
            left = 0
            for split, opacity in _SPLIT_OPACITY.items():
                width = splits[split][label]
                axes.barh(row, width, 0.62, left, color=colour(number), alpha=opacity)
                left += width
            axes.annotate(f"{left:,}", (left, row), (4, 0), textcoords="offset points", va="center")
        rows(axes, list(shown))
        below(figure, f"{unit}: train, validation (lighter), test (lightest)")
        axes.margins(x=0.12)

    figures = ", ".join(f"{label} {total}" for label, total in totals.items())
    return draw("splits", f"{unit} by class and split: {figures}", height_of(shown), paint)


def height_of(shown: Collection[Any]) -> float:
    """Inches for a plot of so many rows."""
    return 0.75 + 0.42 * len(shown)
