"""The report on a data set in a table and the model trained on it: for programs and for people.

It is made of the documents that staging and judging left; no row is read again. Rows that were set
aside are named by their line alone, so both copies of the report are the same.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sonoflow.aws import objects
from sonoflow.reports import models, page, table_plots
from sonoflow.reports.models import Judged
from sonoflow.reports.page import Copies, Subject

SCHEMA_VERSION = 2
TABLE = "table"
ROWS_LISTED = 500  # quarantine.jsonl has them all
FEATURES_LISTED = 100  # on the page
PAIRS_LISTED = 10
_STRONG = 0.8  # a correlation worth telling
_STRIP_REACH = 2.0  # standard deviations around a class's mean that a strip shows


def make(bucket: str, subject: Subject, judged: Sequence[Judged]) -> Copies:
    """Reads what the run left in the work bucket; gives both copies of the report."""
    dataset = subject.dataset
    facts = compose(
        subject,
        objects.read_json(bucket, dataset.table),
        objects.read_json(bucket, dataset.table_statistics),
        objects.read_lines(bucket, dataset.quarantine),
        judged,
    )
    listed = by_separation(facts["features"])[:FEATURES_LISTED]
    material = {
        "plots": table_plots.all_of(facts),
        "strips": {name: strip(facts["features"][name]) for name in listed},
        "baselines": table_plots.BASELINES,
    }
    return page.copies("table_report.html", facts, facts, material)


def compose(
    subject: Subject,
    table: Mapping[str, Any],
    statistics: Mapping[str, Any],
    quarantine: Iterable[Mapping[str, Any]],
    judged: Iterable[Judged],
) -> dict[str, Any]:
    """The facts of the report, from table.json, table_statistics.json and quarantine.jsonl."""
    classes = table["label"]["classes"]
    features = {name: statistics["features"][name] for name in table["features"]}
    correlations = statistics.get("correlations")
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": TABLE,
        **subject.facts(),
        "classes": classes,
        "label": table["label"]["column"],
        "assumptions": table.get("assumptions", []),
        "rows": {label: statistics["classes"][label] for label in classes},
        "splits": statistics["splits"],
        "features": {
            name: {**figures, "separation": separation(figures)}
            for name, figures in features.items()
        },
        "dropped": table["dropped"],
        "engineered": table["engineered"],
        "written": table["written"],
        "correlations": correlations,
        "strongest": strongest(list(features), correlations or []),
        "baseline": statistics["baseline"],
        "quarantine": {
            "rows": sum(statistics["quarantine"].values()),
            "reasons": statistics["quarantine"],
            "listed": list(itertools.islice(quarantine, ROWS_LISTED)),
        },
        "models": [models.facts(release, evaluation) for release, evaluation in judged],
    }


def separation(figures: Mapping[str, Any]) -> float | None:
    """How far a feature alone parts the classes: the largest difference of two classes' means, in
    root mean squares of their standard deviations (Cohen's d). None where a class has no spread.
    """
    apart = []
    for one, other in itertools.combinations(figures["by_class"].values(), 2):
        spread = math.hypot(one["standard_deviation"], other["standard_deviation"]) / math.sqrt(2)
        if spread == 0:
            return None
        apart.append(abs(one["mean"] - other["mean"]) / spread)
    return round(max(apart), 4) if apart else None


def by_separation(features: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of features, those first that part the classes most."""
    return sorted(features, key=lambda name: -(features[name]["separation"] or 0.0))


def strongest(
    names: Sequence[str], correlations: Sequence[Sequence[float | None]]
) -> list[dict[str, Any]]:
    """The pairs of features that say nearly the same, strongest first."""
    pairs = (
        (value, names[one], names[other])
        for one, row in enumerate(correlations)
        for other, value in enumerate(row[:one])
        if value is not None and abs(value) >= _STRONG
    )
    ranked = heapq.nsmallest(PAIRS_LISTED, pairs, key=lambda pair: -abs(pair[0]))
    return [{"features": [one, other], "correlation": value} for value, one, other in ranked]


def strip(figures: Mapping[str, Any]) -> list[dict[str, float]]:
    """Where the classes of a feature lie, in per cent of the strip's width: mean and one standard
    deviation on each side. The strip ends where the values or the classes do.
    """
    classes: list[dict[str, float]] = list(figures["by_class"].values())
    reaches = [_STRIP_REACH * one["standard_deviation"] for one in classes]
    means = [one["mean"] for one in classes]
    pairs = list(zip(means, reaches, strict=True))
    low: float = max(figures["minimum"], min(mean - reach for mean, reach in pairs))
    high: float = min(figures["maximum"], max(mean + reach for mean, reach in pairs))
    width = high - low or 1.0

    def place(value: float) -> float:
        return round(100 * min(max((value - low) / width, 0.0), 1.0), 1)

    return [
        {
            "left": place(one["mean"] - one["standard_deviation"]),
            "right": place(one["mean"] + one["standard_deviation"]),
            "mean": place(one["mean"]),
        }
        for one in classes
    ]
