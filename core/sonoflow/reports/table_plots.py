"""The plots of the report on a table, from its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sonoflow.reports import page, plots

FEATURES_NAMED = 40  # beside the heat map; more would be too small to read
FEATURES_DRAWN = 400
# What a figure is held against: another figure, or what chance gives.
BASELINES = {"accuracy": "majority_accuracy", "mae": "baseline_mae"}
_CHANCE = {"auc": 0.5}
_RATES = ("accuracy", "sensitivity", "specificity", "auc")

Facts = Mapping[str, Any]


def all_of(facts: Facts) -> dict[str, Markup]:
    """Every plot that the facts are enough for, by name; those of models with their number."""
    shown = plots.largest(facts["rows"])
    made = {"splits": plots.class_counts(facts["splits"], shown, "rows")}
    if 2 <= len(facts["correlations"] or []) <= FEATURES_DRAWN:
        made["correlations"] = correlations(facts)
    for number, model in enumerate(facts["models"]):
        if any(model["metrics"].get(name) is not None for name in _RATES):
            made[f"rates_{number}"] = rates(model, number)
        if model["roc"]:
            made[f"roc_{number}"] = roc(model, number)
    return made


def rates(model: Facts, number: int) -> Markup:
    """Rates on the test split, with 95 % intervals where there are some, and what chance gives."""
    metrics, intervals = model["metrics"], model["intervals"]
    known = [name for name in _RATES if metrics.get(name) is not None]
    base = {name: metrics.get(BASELINES.get(name, ""), _CHANCE.get(name)) for name in known}
    names = {name: page.spoken(name) for name in known}
    lowest = min(
        *(value for value in base.values() if value is not None),
        *(intervals.get(name, [metrics[name]])[0] for name in known),
        0.5,
    )

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, name in enumerate(known):
            if name in intervals:
                axes.plot(intervals[name], [row, row], color=plots.ACCENT, linewidth=3, alpha=0.5)
            axes.plot(metrics[name], row, "o", markersize=8, color=plots.ACCENT)
            if base[name] is not None:
                axes.plot(base[name], row, "D", markersize=6, color=plots.SOFT)
        plots.rows(axes, list(names.values()))
        axes.set_xlim(max(0, lowest - 0.05), 1.01)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        plots.below(figure, "● model, with 95 % interval   ◆ without a model")

    figures = ", ".join(f"{names[name]} {metrics[name]:.3f}" for name in known)
    return plots.draw(f"rates-{number}", f"Test split: {figures}", plots.height_of(known), paint)


def roc(model: Facts, number: int) -> Markup:
    """The ROC curve, and the point on it at which the model decides."""
    curve = np.array(model["roc"], dtype=np.float64)
    metrics = model["metrics"]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=plots.SOFT, linewidth=1, linestyle="dashed")
        axes.fill_between(curve[:, 0], curve[:, 1], color=plots.ACCENT, alpha=0.12, linewidth=0)
        axes.plot(curve[:, 0], curve[:, 1], color=plots.ACCENT)
        if metrics.get("sensitivity") is not None and metrics.get("specificity") is not None:
            point = (1 - metrics["specificity"], metrics["sensitivity"])
            axes.plot(*point, "o", markersize=8, color=plots.INK)
            axes.annotate("decides here", point, (10, -12), textcoords="offset points")
        axes.set_xlim(-0.01, 1)
        axes.set_ylim(0, 1.02)
        axes.set_aspect("equal")
        plots.in_percent(axes.xaxis)
        plots.in_percent(axes.yaxis)
        axes.grid()
        axes.set_axisbelow(True)
        axes.set_xlabel("negatives called positive (1 − specificity)")
        axes.set_ylabel("positives found (sensitivity)")

    area = metrics.get("auc")
    description = "ROC curve" if area is None else f"ROC curve, area below it {area:.3f}"
    return plots.draw(f"roc-{number}", description, 4.4, paint)


def correlations(facts: Facts) -> Markup:
    """Pearson's correlation of every two features, in the order of the file."""
    values = np.array(facts["correlations"], dtype=np.float64)
    names = list(facts["features"])

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        drawn = axes.imshow(
            np.ma.masked_invalid(values), cmap="PuOr_r", vmin=-1, vmax=1, interpolation="none"
        )
        axes.xaxis.set_major_locator(NullLocator())
        if len(names) <= FEATURES_NAMED:
            size = min(9.5, 220 / len(names))
            axes.set_yticks(range(len(names)), [plots.short(name) for name in names], fontsize=size)
            axes.tick_params(axis="y", length=0, labelcolor=plots.INK)
        else:
            axes.set_ylabel("feature, in the order of the file")
        for spine in axes.spines.values():
            spine.set_visible(False)
        bar = figure.colorbar(drawn, ax=axes, location="bottom", aspect=40, pad=0.02, shrink=0.9)
        bar.outline.set_visible(False)
        bar.set_label("Pearson's correlation")

    description = f"Correlations of {len(names)} features; the table lists the strongest"
    height = 4.0 if len(names) <= FEATURES_NAMED else 5.3  # names leave less width to the square
    return plots.draw("correlations", description, height, paint)
