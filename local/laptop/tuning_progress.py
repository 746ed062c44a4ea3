"""How far the searches of a run have come, read through SageMaker's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def searches(sagemaker: Any, version: str) -> Iterator[tuple[str, str]]:
    """Model and state of each tuning job on that version of a data set, in a few words."""
    pages = sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate()
    for page in pages:
        for job in page["HyperParameterTuningJobSummaries"]:
            described = sagemaker.describe_hyper_parameter_tuning_job(
                HyperParameterTuningJobName=job["HyperParameterTuningJobName"]
            )
            static = described["TrainingJobDefinition"]["StaticHyperParameters"]
            if json.loads(static.get("dataset-version", "null")) == version:
                yield json.loads(static["model-name"]), summary(described)


def summary(described: dict[str, Any]) -> str:
    """What DescribeHyperParameterTuningJob tells, as `3 of 12 candidates, 1 failed, best …=0.9`."""
    counts = described["TrainingJobStatusCounters"]
    limits = described["HyperParameterTuningJobConfig"]["ResourceLimits"]
    words = [f"{counts['Completed']} of {limits['MaxNumberOfTrainingJobs']} candidates"]
    if failed := counts["NonRetryableError"] + counts["Stopped"]:
        words.append(f"{failed} failed")
    if best := described.get("BestTrainingJob"):
        final = best["FinalHyperParameterTuningJobObjectiveMetric"]
        words.append(f"best {final['MetricName']}={final['Value']:.3f}")
    return ", ".join(words)
