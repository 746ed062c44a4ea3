from __future__ import annotations

from pathlib import Path

import pytest

from local.cloudformation.template import TemplateError
from local.laptop.launch import Launch


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ClassifierHyperparameters", '{"batchsize": 8}', "'batchsize'; did you mean batch-size"),
        ("ClassifierHyperparameters", '{"epochs": 8}', "epochs is set by the parameter Classif"),
        ("SegmenterHyperparameters", '{"base-channels": 0}', "base-channels must be"),
        ("TableHyperparameters", '{"loss": "hinge"}', "TableHyperparameters: loss must be"),
        ("StagingOptions", '{"split-folds": 1}', "StagingOptions: split-folds must be"),
        ("TuningOptions", '{"MaxNumberOfTrainingJobs": "4"}', "TuningOptions.*'4'"),
        ("ClassifierHyperparameters", "{batch-size: 8}", "ClassifierHyperparameters is no JSON"),
    ],
)
def test_parameters_that_nothing_could_be_trained_with_are_refused_before_anything_starts(
    root: Path, name: str, value: str, message: str
) -> None:
    Launch.of(root, None, {})

    with pytest.raises(TemplateError, match=message):
        Launch.of(root, None, {name: value})
