"""The AWS/Lambda metrics that Lambda itself publishes: Invocations, Errors, Throttles, Duration."""

from __future__ import annotations

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow

from local.runtime.runtime import Runtime


class LambdaMetrics:
    """Publishes to moto's backend: the API refuses the AWS/ namespaces to its callers."""

    def __init__(self, runtime: Runtime) -> None:
        self._backend = cloudwatch_backends[runtime.account][runtime.region]

    def invoked(self, function: str, milliseconds: float, *, failed: bool) -> None:
        self._publish(function, {"Invocations": 1, "Errors": int(failed), "Duration": milliseconds})

    def throttled(self, function: str) -> None:
        self._publish(function, {"Throttles": 1})

    def _publish(self, function: str, values: dict[str, float]) -> None:
        self._backend.put_metric_data(
            "AWS/Lambda",
            [
                {
                    "MetricName": name,
                    "Value": value,
                    "Unit": "Milliseconds" if name == "Duration" else "Count",
                    "Dimensions": [{"Name": "FunctionName", "Value": function}],
                    "Timestamp": utcnow(),
                }
                for name, value in values.items()
            ],
        )
