"""SageMaker's training jobs for tests: descriptions below the real client."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSResponse


class FakeTrainingJobs:
    """Answers DescribeTrainingJob with the final metrics of each job by its name."""

    def __init__(self) -> None:
        self.metrics: dict[str, dict[str, float]] = {}

    @contextlib.contextmanager
    def behind(self, client: Any) -> Iterator[None]:
        hook = "before-call.sagemaker.DescribeTrainingJob"
        client.meta.events.register(hook, self._answer)
        try:
            yield
        finally:
            client.meta.events.unregister(hook, self._answer)

    def _answer(self, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        name = json.loads(params["body"])["TrainingJobName"]
        if name not in self.metrics:
            message = "Requested resource not found."
            response = AWSResponse(params["url"], 400, {}, None)
            return response, {"Error": {"Code": "ValidationException", "Message": message}}
        moment = datetime.datetime(2026, 11, 2, 10, 20, tzinfo=datetime.UTC)
        final = [
            {"MetricName": metric, "Value": value, "Timestamp": moment}
            for metric, value in self.metrics[name].items()
        ]
        description = {"TrainingJobName": name, "TrainingJobStatus": "Completed"}
        if final:
            description["FinalMetricDataList"] = final  # type: ignore[assignment]
        return AWSResponse(params["url"], 200, {}, None), description
