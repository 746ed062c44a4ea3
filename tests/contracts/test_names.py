"""One name finds everything: folder, logical ID, state, event files, test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.conftest import states_of

INVOKED_BY_EVENTS = {"plan_dataset", "predict", "record_feedback", "collect_feedback"}


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def test_each_function_folder_is_a_function_of_the_template(
    template: dict[str, Any], functions: list[str]
) -> None:
    declared = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert set(declared) == {f"{pascal(name)}Function" for name in functions}
    for name in functions:
        assert declared[f"{pascal(name)}Function"]["CodeUri"] == f"functions/{name}/"


def test_each_function_has_its_log_group(template: dict[str, Any], functions: list[str]) -> None:
    for name in functions:
        logs = template["Resources"][f"{pascal(name)}Logs"]["Properties"]
        assert logs["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{{pascal(name)}Function}}"}
        assert logs["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_a_function_that_a_machine_invokes_has_a_state_of_its_name(
    machines: dict[str, Any], functions: list[str]
) -> None:
    invoked = {
        name: state["Arguments"]["FunctionName"]
        for machine in machines.values()
        for name, state in states_of(machine)
        if state.get("Resource", "").endswith("lambda:invoke")
    }
    named = {
        name: name if name in invoked else inner
        for machine in machines.values()
        for name, state in machine["States"].items()
        for inner in [*state.get("ItemProcessor", {}).get("States", {}), name]
        if name in invoked or inner in invoked
    }
    expected = {pascal(name) for name in functions if name not in INVOKED_BY_EVENTS}
    assert set(named) == expected
    for state, task in named.items():
        assert invoked[task] == f"${{{state}FunctionArn}}"


def test_each_function_has_events_and_a_test(root: Path, functions: list[str]) -> None:
    events = {path.name.split(".")[0] for path in (root / "events").glob("*.json")}
    tests = {path.stem for path in (root / "tests/unit/functions").glob("test_*.py")}
    assert events == set(functions)
    assert {f"test_{name}" for name in functions} <= tests


def test_each_machine_is_a_file_of_its_name(
    template: dict[str, Any], machines: dict[str, Any]
) -> None:
    declared = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::StateMachine"
    }
    assert set(declared) == {f"{pascal(name)}StateMachine" for name in machines}
    for name in machines:
        properties = declared[f"{pascal(name)}StateMachine"]
        assert properties["DefinitionUri"] == f"statemachine/{name}.asl.json"
        assert properties["Name"] == {"Fn::Sub": f"${{AWS::StackName}}-{name.replace('_', '-')}"}
