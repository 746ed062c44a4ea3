"""The state machines are valid, complete, and fed with what the template gives them."""

from __future__ import annotations

import copy
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

import sonoflow.errors
from tests.contracts.conftest import lintable, states_of
from tests.contracts.resolved import resolver

MACHINES = ("train_images", "train_table", "release_model", "validate_external", "answer_bulk")
# What the map around it counts.
UNCAUGHT = {"StageBatch", "AnswerBatch", "AnswerMembersBatch"}
# How Lambda reports a function whose process ended under it.
KILLED = {"Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"}
# What boto3 raises inside a function: Lambda reports an exception under its class's name.
CLIENT_ERRORS = {name for name, _ in inspect.getmembers(botocore.exceptions, inspect.isclass)} | {
    *boto3.client("sagemaker-runtime").meta.service_model.shape_names,
    "ServiceUnavailable",
    *KILLED,
}
AWS_ERRORS = re.compile(
    r"^(States\.[A-Z]\w+|Lambda\.\w+|SageMaker\.\w+|SNS\.\w+|StepFunctions\.\w+"
    r"|DynamoDb\.\w+|ApplicationAutoScaling\.\w+|CloudWatchLogs\.\w+|DynamoDB\.\w+|Sfn\.\w+)$"
)


def text_of(root: Path, name: str) -> str:
    return (root / "statemachine" / f"{name}.asl.json").read_text()


def substituted(text: str) -> str:
    """The definition as AWS sees it: numbers for the numeric tokens, ARNs for the rest."""
    text = text.replace("${Partition}", "aws")
    text = re.sub(r"\$\{\w+(Seconds|Concurrency|Receives)\}", "2", text)
    return re.sub(r"\$\{(\w+)\}", r"arn:aws:states:us-east-1:123456789012:stateMachine:\1", text)


def lint(tmp_path: Path, definition: Any) -> str:
    """What cfn-lint says of a definition embedded in a plain template."""
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "DefinitionString": json.dumps(definition),
        },
    }
    path = tmp_path / "machine.json"
    path.write_text(json.dumps({"Resources": {"Machine": machine}}))
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("name", MACHINES)
def test_the_schema_accepts_it(root: Path, tmp_path: Path, name: str) -> None:
    assert lint(tmp_path, lintable(json.loads(substituted(text_of(root, name))))) == ""


def test_the_schema_refuses_a_broken_one(root: Path, tmp_path: Path) -> None:
    definition = json.loads(substituted(text_of(root, "release_model")))
    definition["States"]["Train"]["Resourec"] = definition["States"]["Train"].pop("Resource")
    assert "E3601" in lint(tmp_path, definition)


def test_a_parameter_says_how_many_batches_are_staged_at_once(
    machines: dict[str, Any], template: dict[str, Any]
) -> None:
    machine = template["Resources"]["TrainImagesStateMachine"]["Properties"]
    given = machine["DefinitionSubstitutions"]

    assert machines["train_images"]["States"]["StageImages"]["MaxConcurrency"] == (
        "{% ${StageConcurrency} %}"
    )
    assert given["StageConcurrency"] == {"Ref": "StageConcurrency"}


@pytest.mark.parametrize("name", MACHINES)
def test_the_grammar_accepts_it(root: Path, name: str) -> None:
    AmazonStateLanguageParser.parse(substituted(text_of(root, name)))


def missing_targets(scope: dict[str, Any]) -> set[str]:
    """State names that are pointed to within one scope and do not exist there."""
    states = scope["States"]
    targets = {scope["StartAt"]}
    for state in states.values():
        targets |= {state[key] for key in ("Next", "Default") if key in state}
        targets |= {rule["Next"] for rule in state.get("Choices", []) + state.get("Catch", [])}
    inner = [missing_targets(s["ItemProcessor"]) for s in states.values() if "ItemProcessor" in s]
    return (targets - set(states)).union(*inner)


def unreached(scope: dict[str, Any]) -> set[str]:
    states = scope["States"]
    reached: set[str] = set()
    waiting = [scope["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            state = states[name]
            rules = state.get("Choices", []) + state.get("Catch", [])
            waiting += [state[key] for key in ("Next", "Default") if key in state]
            waiting += [rule["Next"] for rule in rules]
    return set(states) - reached


@pytest.mark.parametrize("name", MACHINES)
def test_every_transition_leads_to_a_state_and_every_state_is_reached(
    machines: dict[str, Any], name: str
) -> None:
    assert missing_targets(machines[name]) == set()
    assert unreached(machines[name]) == set()


def test_a_wrong_state_name_is_found(machines: dict[str, Any]) -> None:
    broken = copy.deepcopy(machines["release_model"])
    broken["States"]["Train"]["Next"] = "JudgeModle"
    assert missing_targets(broken) == {"JudgeModle"}


@pytest.mark.parametrize("name", MACHINES)
def test_tokens_and_substitutions_are_the_same(
    root: Path, template: dict[str, Any], name: str
) -> None:
    logical_id = "".join(part.capitalize() for part in name.split("_")) + "StateMachine"
    given = template["Resources"][logical_id]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", text_of(root, name))) == set(given)


def test_floors_reach_the_release_as_they_are_given(root: Path, template: dict[str, Any]) -> None:
    """Their quotes must not end the text that they are put into."""
    floors = '{"macro-f1": 0.7, "malignant-auc": 0.9}'
    machine = template["Resources"]["ReleaseModelStateMachine"]["Properties"]
    given = resolver(
        template, {"ClassifierFloors": floors}, lambda name: name, lambda name, _: name
    ).resolve(machine["DefinitionSubstitutions"])
    text = re.sub(
        r"\$\{(\w+)\}", lambda found: str(given[found[1]]), text_of(root, "release_model")
    )

    payload = json.loads(text)["States"]["PlanRelease"]["Arguments"]["Payload"]

    assert f"'floors': {{ 'classifier': '{floors}', 'segmenter': '{{}}'" in payload


@pytest.mark.parametrize("name", MACHINES)
def test_every_resource_is_of_the_partition_that_runs_it(
    machines: dict[str, Any], template: dict[str, Any], name: str
) -> None:
    """In another one, GovCloud's too, an execution ends in its first task, and no Catch sees it."""
    for state_name, state in states_of(machines[name]):
        resource = state.get("Resource", "arn:${Partition}:states:::")
        assert resource.startswith("arn:${Partition}:states:::"), state_name
    logical_id = "".join(part.capitalize() for part in name.split("_")) + "StateMachine"
    given = template["Resources"][logical_id]["Properties"]["DefinitionSubstitutions"]
    assert given["Partition"] == {"Ref": "AWS::Partition"}


def test_sagemaker_is_called_through_the_sdk_unless_a_job_is_waited_for(
    machines: dict[str, Any],
) -> None:
    """The optimised calls take only some of the API's fields; another one ends the execution, and
    no Catch sees it."""
    for machine in machines.values():
        for name, state in states_of(machine):
            if ":states:::sagemaker:" in state.get("Resource", ""):
                assert state["Resource"].endswith(".sync"), name


def test_a_failure_is_explained_in_the_same_way_everywhere(
    root: Path, machines: dict[str, Any]
) -> None:
    """And a cause is never parsed as a whole: where it is cut off, $parse would end the execution
    in a state that can catch nothing."""
    told = machines["release_model"]["States"]["ExplainFailure"]["Assign"]["failure"]
    expression = told.removeprefix("{% ").removesuffix(" %}")
    written = json.dumps(expression, ensure_ascii=False)[1:-1]
    copies = {name: text_of(root, name).count(written) for name in MACHINES}

    others = dict.fromkeys(("train_table", "release_model", "validate_external", "answer_bulk"), 1)
    assert copies == {"train_images": 2, **others}
    for name in MACHINES:
        assert "$parse" not in text_of(root, name).replace(written, ""), name
    assert "$parse($cause)" not in expression


def test_whoever_changes_an_endpoint_has_locked_it(machines: dict[str, Any]) -> None:
    """Without the state that takes the lock none of them is reached, on the way back neither
    without the one that asks whether it is held."""
    machine = copy.deepcopy(machines["release_model"])
    del machine["States"]["ConfirmLock"]
    machine["States"]["LockEndpoint"] = {"Type": "Fail"}
    changing = {"CreateEndpoint", "UpdateEndpoint", "RestoreEndpoint", "RemoveEndpoint"}
    changing |= {"RemoveFailedEndpoint", "ApproveModelPackage", "MarkProven"}
    changing |= {"SuspendScaling", "SuspendToRestore", "ResumeScaling", "ResumePolicy"}
    for state in machine["States"].values():
        if "Choices" in state:
            state["Choices"] = [rule for rule in state["Choices"] if rule["Next"] != "ConfirmLock"]

    assert changing <= unreached(machine)


@pytest.mark.parametrize("name", MACHINES)
def test_every_task_retries_and_catches(machines: dict[str, Any], name: str) -> None:
    for state_name, state in states_of(machines[name]):
        if state["Type"] == "Task":
            assert state["Retry"], state_name
            if state_name not in UNCAUGHT:
                assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], state_name


def test_a_function_that_is_killed_is_tried_again(machines: dict[str, Any]) -> None:
    """Each gives the same objects when it runs again, so that nothing is lost or made twice."""
    for machine in machines.values():
        for name, state in states_of(machine):
            if state.get("Resource", "").endswith("lambda:invoke"):
                attempts = {
                    error: rule["MaxAttempts"]
                    for rule in state["Retry"]
                    for error in rule["ErrorEquals"]
                }
                assert set(attempts) >= KILLED, name
                # Once: a fresh environment has what earlier invocations left in memory back.
                assert attempts["Runtime.OutOfMemory"] == 1, name


def test_every_error_name_is_ours_or_aws(machines: dict[str, Any]) -> None:
    ours = {name for name, _ in inspect.getmembers(sonoflow.errors, inspect.isclass)}
    for machine in machines.values():
        for state_name, state in states_of(machine):
            for rule in state.get("Retry", []) + state.get("Catch", []):
                for error in rule["ErrorEquals"]:
                    known = error in ours | CLIENT_ERRORS or AWS_ERRORS.match(error)
                    assert known, (state_name, error)


def test_state_names_are_pascal_case(machines: dict[str, Any]) -> None:
    for machine in machines.values():
        for state_name, _ in states_of(machine):
            assert re.fullmatch(r"([A-Z][a-z]+)+", state_name), state_name
