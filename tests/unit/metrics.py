"""The metrics that a handler counts."""

from __future__ import annotations

import json


def metrics_of(output: str) -> dict[str, float]:
    """The metrics that a handler printed, as CloudWatch reads them."""
    found: dict[str, float] = {}
    for line in output.splitlines():
        if line.startswith('{"_aws"'):
            document = json.loads(line)
            for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[metric["Name"]] = sum(document[metric["Name"]])
    return found
