"""A training job's figures on the test split, held against the gate.

A script of ours leaves an evaluation in its output. A built-in algorithm leaves figures in the
description of its job; the evaluation is written when its endpoint has been probed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from sonoflow import keys, payloads
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.errors import EvaluationUnreadable
from sonoflow.judging import evaluations, gates
from sonoflow.training_documents import DOCUMENTS

Figures = dict[str, float | None]
_TEST = "test:"
# What the evaluation calls otherwise; any other metric of Linear Learner keeps its name:
# https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html
_NAMES = {
    "binary_classification_accuracy": "accuracy",
    "multiclass_accuracy": "accuracy",
    "roc_auc_score": "auc",
}


@dataclasses.dataclass(frozen=True)
class Judgement:
    figures: Figures
    reasons: list[str]  # against deploying the model; none: it may be
    missing: tuple[str, ...] = ()  # documents that the training job did not leave


def of_output(payload: Mapping[str, Any]) -> Judgement:
    """By a script's evaluation, which is kept at the payload's `evaluation.evaluation_uri`, and
    its documents and pictures beside it. Raises EvaluationUnreadable, PayloadInvalid."""
    gate = payloads.field(payload, "gate", dict)
    output = keys.parse_uri(payloads.field(payload, "evaluation.output_uri", str))
    bucket, key = keys.parse_uri(payloads.field(payload, "evaluation.evaluation_uri", str))
    left = evaluations.documents(objects.read(*output))
    figures = evaluations.metrics(left[evaluations.FILE])
    for name, content in left.items():
        if name != evaluations.FILE:
            kind = DOCUMENTS.get(name, "image/png")
            objects.write(bucket, keys.beside(key, name), content, kind)
    objects.write(bucket, key, left[evaluations.FILE], "application/json")
    missing = sorted(DOCUMENTS.keys() - left.keys())
    return Judgement(figures, gates.reasons_against(figures, gate), tuple(missing))


def of_training_job(payload: Mapping[str, Any]) -> Judgement:
    """By the figures that SageMaker holds of a built-in algorithm's job. Raises
    EvaluationUnreadable, PayloadInvalid."""
    gate = payloads.field(payload, "gate", dict)
    job = payloads.field(payload, "evaluation.training_job", str)
    figures = reported(client("sagemaker").describe_training_job(TrainingJobName=job))
    return Judgement(figures, gates.reasons_against(figures, gate))


def reported(description: Mapping[str, Any]) -> Figures:
    """The test split's figures in what DescribeTrainingJob answers; undefined ones are None.

    Raises EvaluationUnreadable where there is none at all.
    """
    found = {}
    for metric in description.get("FinalMetricDataList") or []:
        if metric["MetricName"].startswith(_TEST):
            name = metric["MetricName"].removeprefix(_TEST)
            value = float(metric["Value"])
            found[_NAMES.get(name, name)] = value if math.isfinite(value) else None
    if not found:
        job = description["TrainingJobName"]
        raise EvaluationUnreadable(f"the training job {job} reports no metric of the test split")
    return found
