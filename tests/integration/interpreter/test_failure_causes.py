"""What is told of a failure, whatever its cause looks like."""

from __future__ import annotations

import json

import pytest

from tests.integration.interpreter.conftest import ROOT, Platform


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (json.dumps({"errorMessage": 'said "no"\n', "errorType": "E"}), 'said "no"\n'),
        (json.dumps({"TrainingJobName": "t", "FailureReason": "out of memory"}), "out of memory"),
        (json.dumps({"Error": "ProbeFailed", "Cause": "c", "Input": '{"Cause":1}'}), "c"),
        ('{"errorMessage": "whole", "stackTrace": ["cut of', "whole"),
        ('{"errorMessage": "cut of', '{"errorMessage": "cut of'),
        (('{"errorMessage": "whole", "trace": ["' + "x" * 40_000)[:32_768], "whole"),
        (json.dumps({"Cause": json.dumps({"a": 'b "c"'})}), json.dumps({"a": 'b "c"'})),
        ("{'a': 'python'}", "{'a': 'python'}"),
        ('{"errorMessage": "\\q"}', '{"errorMessage": "\\q"}'),
        ("plain", "plain"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_cause_that_is_no_whole_json_is_told_all_the_same(
    platform: Platform, cause: str | None, told: str
) -> None:
    states = json.loads((ROOT / "statemachine/release_model.asl.json").read_text("utf-8"))["States"]
    failed = {"Error": "States.TaskFailed"} | ({} if cause is None else {"Cause": cause})
    definition = {
        "StartAt": "Failed",
        "States": {
            "Failed": {"Type": "Pass", "Output": failed, "Next": "ExplainFailure"},
            "ExplainFailure": {**states["ExplainFailure"], "Next": "Told"},
            "Told": {"Type": "Pass", "Output": "{% $failure %}", "End": True},
        },
    }

    failure = platform.states(definition)

    assert failure["cause"] == told
    assert failure["error"] == ("ProbeFailed" if told == "c" else "TaskFailed")
