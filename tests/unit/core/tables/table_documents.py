"""What staging and judging leave of a small table, for the tests of its report."""

from __future__ import annotations

from typing import Any


def feature(negative: float, positive: float, deviation: float = 1.0) -> dict[str, Any]:
    """The statistics of a feature with these means."""
    return {
        "minimum": min(negative, positive) - 3 * deviation,
        "maximum": max(negative, positive) + 3 * deviation,
        "mean": (negative + positive) / 2,
        "standard_deviation": deviation,
        "by_class": {
            "B": {"mean": negative, "standard_deviation": deviation},
            "M": {"mean": positive, "standard_deviation": deviation},
        },
    }


def table(*features: str, **changes: Any) -> dict[str, Any]:
    """table.json."""
    return {
        "schema_version": 1,
        "dataset": {"name": "wdbc", "version": "5f2c8e01b7d4"},
        "columns": ["column_0", "column_1", *features],
        "header": False,
        "delimiter": ",",
        "label": {"column": "column_1", "classes": ["B", "M"]},
        "id": "column_0",
        "features": list(features),
        "missing": ["", "?"],
        "dropped": {},
        "engineered": False,
        "standardise": None,
        "written": len(features),
    } | changes


def statistics(features: dict[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """table_statistics.json."""
    return {
        "rows": 100,
        "classes": {"B": 60, "M": 40},
        "splits": {
            "train": {"B": 48, "M": 32},
            "validation": {"B": 6, "M": 4},
            "test": {"B": 6, "M": 4},
        },
        "features": features,
        "correlations": [[float(a == b) for a in features] for b in features],
        "quarantine": {},
        "baseline": {"train_median_label": 0.0},
    } | changes


def release(**metrics: float | None) -> dict[str, Any]:
    """A release of a table's model."""
    return {
        "task": "table",
        "model": "table",
        "version": "5f2c8e01b7d4-c41d7a90",
        "endpoint_name": "sonoflow-table",
        "model_package_arn": "arn",
        "metrics": metrics,
    }


def evaluation(**changes: Any) -> dict[str, Any]:
    """evaluation.json of a table's model."""
    return {
        "task": "table",
        "rows": 10,
        "classes": ["B", "M"],
        "metrics": {"accuracy": 0.9, "intervals": {"accuracy": [0.596, 0.982]}},
        "interval_methods": {"accuracy": "Wilson"},
        "confusion_matrix": [[6, 0], [1, 3]],
        "roc": [[0, 0], [0, 0.75], [1, 1]],
        "threshold": 0.31,
    } | changes
