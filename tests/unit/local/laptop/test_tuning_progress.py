from __future__ import annotations

from typing import Any

from local.laptop.tuning_progress import summary

DESCRIBED: dict[str, Any] = {
    "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 12}},
    "TrainingJobStatusCounters": {"Completed": 3, "NonRetryableError": 0, "Stopped": 0},
}


def test_a_search_is_told_in_a_few_words() -> None:
    assert summary(DESCRIBED) == "3 of 12 candidates"


def test_failures_and_the_best_so_far_are_told_too() -> None:
    final = {"MetricName": "validation:macro_f1", "Value": 0.91234, "Type": "Maximize"}
    described = {
        **DESCRIBED,
        "TrainingJobStatusCounters": {"Completed": 3, "NonRetryableError": 1, "Stopped": 1},
        "BestTrainingJob": {"FinalHyperParameterTuningJobObjectiveMetric": final},
    }

    assert summary(described) == "3 of 12 candidates, 2 failed, best validation:macro_f1=0.912"
