"""The plots of the report on images, from its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sonoflow.images import pixels
from sonoflow.reports import plots

_TITLE_LIMIT = 14  # characters above a panel of three
_LINES_APART = 5  # more lines than that nobody tells apart
_LINES = ("solid", "dashed", "dashdot", "dotted")

Facts = Mapping[str, Any]


def all_of(facts: Facts) -> dict[str, Markup]:
    """Every plot that the facts are enough for, by name."""
    shown = plots.largest(facts["images"])
    made = {
        "splits": plots.class_counts(facts["splits"], shown, "images"),
        "balance": balance(facts, shown),
        "sizes": sizes(facts, shown),
    }
    if facts["intensities"]:
        made["intensities"] = grey_levels(facts, shown)
    if facts["lesion_area"]["classes"]:
        made["lesion_area"] = lesion_areas(facts, shown)
    return made


def balance(facts: Facts, shown: Mapping[str, int]) -> Markup:
    """Each class's share of the training split, and of what training draws."""
    shares = facts["balance"]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, (label, number) in enumerate(shown.items()):
            before, after = shares[label]["share"], shares[label]["drawn_share"]
            tint = plots.colour(number)
            axes.plot([before, after], [row, row], color=tint, alpha=0.5)
            axes.plot(before, row, "o", markersize=8, markerfacecolor="none", color=tint)
            axes.plot(after, row, "o", markersize=8, color=tint)
        plots.rows(axes, list(shown))
        plots.in_percent(axes.xaxis)
        axes.set_xlim(0, None)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        plots.below(figure, "share of training images: as given ○, as drawn ●")

    figures = ", ".join(
        f"{label} {100 * shares[label]['share']:.0f} % as given, "
        f"{100 * shares[label]['drawn_share']:.0f} % as drawn"
        for label in shown
    )
    return plots.draw(
        "balance", f"Balance of the training split: {figures}", plots.height_of(shown), paint
    )


def sizes(facts: Facts, shown: Mapping[str, int]) -> Markup:
    """Width against height, a panel a class; the larger a dot, the more images are of that size."""
    cells = {label: np.array(facts["sizes"]["cells"][label]) for label in shown}
    most = max(int(places[:, 2].max()) for places in cells.values())
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)

    def paint(figure: Figure) -> None:
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (label, number) in zip(grid, shown.items(), strict=False):
            width, height, count = cells[label].T
            doublings = np.log2(count).astype(int)
            for doubling in np.unique(doublings):
                some = doublings == doubling
                size = 2.6 + 9 * doubling / max(np.log2(most), 4)
                marker = {"markersize": size, "color": plots.colour(number), "alpha": 0.6}
                axes.plot(width[some], height[some], "o", markeredgewidth=0, **marker)
            axes.set_title(plots.short(label, _TITLE_LIMIT), loc="left", pad=3)
            axes.grid()
            axes.set_axisbelow(True)
        for axes in grid[len(shown) :]:
            axes.set_visible(False)
        grid[0].margins(0.08)
        grid[0].xaxis.set_major_locator(plots.whole_numbers())
        plots.below(figure, "width, pixels")
        plots.beside(figure, "height, pixels")

    low, high = facts["width"]["minimum"], facts["width"]["maximum"]
    description = f"Sizes of the images: {low} to {high} pixels wide, "
    description += f"{facts['height']['minimum']} to {facts['height']['maximum']} high"
    return plots.draw("sizes", description, 0.8 + 1.7 * lines, paint)


def grey_levels(facts: Facts, shown: Mapping[str, int]) -> Markup:
    """The mean histogram of each class; every image counts the same."""
    known = {label: n for label, n in shown.items() if label in facts["intensities"]}
    few = len(known) <= _LINES_APART

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        (_lines if few else _shades)(axes, facts["intensities"], known)
        axes.set_xlim(0, 256)
        axes.set_xticks(range(0, 257, 64))
        shading = "" if few else "; darker: more pixels"
        plots.below(figure, f"grey level, 0 black to 255 white{shading}")

    description = f"Grey levels of the images, mean histogram of {', '.join(known)}"
    return plots.draw("intensities", description, 3.1 if few else plots.height_of(known), paint)


def _lines(axes: Axes, levels: Facts, known: Mapping[str, int]) -> None:
    edges = np.arange(pixels.BINS + 1) * pixels.BIN_LEVELS
    lines = [
        axes.stairs(
            levels[label],
            edges,
            color=plots.colour(number),
            linestyle=_LINES[number % len(_LINES)],
            linewidth=1.8,
        )
        for label, number in known.items()
    ]
    axes.legend(lines, [plots.short(label) for label in known])
    plots.in_percent(axes.yaxis)
    axes.set_ylim(0, None)
    axes.grid(axis="y")
    axes.set_ylabel("share of an image's pixels")


def _shades(axes: Axes, levels: Facts, known: Mapping[str, int]) -> None:
    """A row a class, the darker the more pixels."""
    bottom = len(known) - 0.5
    axes.imshow(
        [levels[label] for label in known],
        cmap="Blues",
        aspect="auto",
        interpolation="none",
        extent=(0, 256, bottom, -0.5),
    )
    plots.rows(axes, list(known))


def lesion_areas(facts: Facts, shown: Mapping[str, int]) -> Markup:
    """How much of its image a lesion takes, one row of bars a class, with the median."""
    areas = facts["lesion_area"]
    known = {label: number for label, number in shown.items() if label in areas["classes"]}
    edges = areas["edges"]

    def paint(figure: Figure) -> None:
        all_axes = figure.subplots(len(known), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (label, number) in zip(all_axes, known.items(), strict=True):
            of_class = areas["classes"][label]
            axes.stairs(
                of_class["counts"], edges, fill=True, color=plots.colour(number), alpha=0.75
            )
            axes.axvline(of_class["median"], color=plots.INK, linewidth=1.4)
            axes.set_xscale("log")
            axes.minorticks_off()
            axes.set_xlim(edges[0], edges[-1])
            axes.set_title(
                f"{plots.short(label)}: median {100 * of_class['median']:.1f} %", loc="left", pad=3
            )
            axes.yaxis.set_major_locator(plots.whole_numbers())
        all_axes[-1].set_xticks([0.001, 0.01, 0.1, 1.0], ["0.1 %", "1 %", "10 %", "100 %"])
        all_axes[-1].set_xlabel("lesion's share of the image, logarithmic")
        plots.beside(figure, "images")

    medians = ", ".join(
        f"{label} {100 * areas['classes'][label]['median']:.1f} %" for label in known
    )
    height = 0.75 + 0.95 * len(known)
    return plots.draw("lesion-area", f"Lesion area by class, medians: {medians}", height, paint)
