from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import EvaluationUnreadable
from sonoflow.judging.judgements import reported


def metrics(**values: float) -> dict[str, Any]:
    """DescribeTrainingJob's answer, as far as figures go; `test_mse` is `test:mse`."""
    return {
        "TrainingJobName": "sonoflow-table-1",
        "FinalMetricDataList": [
            {"MetricName": name.replace("_", ":", 1), "Value": value, "Timestamp": 0}
            for name, value in values.items()
        ],
    }


def test_figures_are_those_of_the_test_split_under_the_evaluations_names() -> None:
    description = metrics(
        train_objective_loss=0.3,
        validation_binary_classification_accuracy=1.0,
        test_binary_classification_accuracy=0.96,
        test_roc_auc_score=0.99,
        test_recall=0.9,
        test_objective_loss=float("nan"),
    )

    assert reported(description) == {
        "accuracy": 0.96,
        "auc": 0.99,
        "recall": 0.9,
        "objective_loss": None,
    }


def test_a_multiclass_accuracy_is_an_accuracy() -> None:
    assert reported(metrics(test_multiclass_accuracy=0.5)) == {"accuracy": 0.5}


@pytest.mark.parametrize(
    "description", [metrics(train_mse=0.1), {"TrainingJobName": "sonoflow-table-1"}]
)
def test_a_job_that_was_not_tested_is_an_error_that_names_it(description: dict[str, Any]) -> None:
    with pytest.raises(EvaluationUnreadable, match="sonoflow-table-1"):
        reported(description)
