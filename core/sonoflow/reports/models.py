"""What a report says of a released model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Judged = tuple[Mapping[str, Any], Mapping[str, Any]]  # a release and its evaluation


def facts(release: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """A model's part of the report; what its evaluation does not have is None."""
    measured = evaluation["metrics"]
    return {
        "task": release["task"],
        "model": release["model"],
        "version": release["version"],
        "endpoint": release["endpoint_name"],
        "model_package_arn": release["model_package_arn"],
        "metrics": release["metrics"],
        "intervals": measured.get("intervals") or {},
        "interval_methods": evaluation.get("interval_methods") or {},
        "bootstrap_unit": evaluation.get("bootstrap_unit"),
        "test_images": evaluation.get("images"),
        "test_rows": evaluation.get("rows"),
        "classes": evaluation.get("classes", []),
        "per_class": measured.get("per_class"),
        "confusion_matrix": evaluation.get("confusion_matrix"),
        "roc": evaluation.get("roc"),
        "threshold": evaluation.get("threshold"),
        "release": release.get("release"),
        # With the model that was in service; None of a run that began before there were any.
        "comparison": release.get("comparison"),
        "documents": release.get("documents", []),
        "rules_fired": release.get("rules_fired"),
    }


def training(documents: Mapping[str, bytes]) -> dict[str, Any]:
    """What a release's documents say of its training: their names, and the diagnostic rules that
    fired, None where nobody looked."""
    diagnostics = documents.get("diagnostics.json")
    rules = json.loads(diagnostics)["rules"] if diagnostics is not None else None
    return {
        "documents": list(documents),
        "rules_fired": rules and [rule["name"] for rule in rules if rule["fired"]],
    }
