"""One name finds everything: folder, logical ID, state, event files, test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.conftest import states_of

INVOKED_BY_EVENTS = {
    *("plan_dataset", "predict", "record_feedback", "collect_feedback", "sweep_uploads"),
    "plan_external",
    "plan_bulk",
    "settle_approval",
}
# Folders that are more functions of the template than the one of their name: `predict` answers
# images and tables, each from a queue of its own and with permissions of its own.
SHARED = {"predict": ("PredictTable",)}


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def functions_of(folder: str) -> list[str]:
    """Of the template, without what all of them end in."""
    return [pascal(folder), *SHARED.get(folder, ())]


def test_what_shares_a_folder_begins_with_its_name(functions: list[str]) -> None:
    assert SHARED.keys() <= set(functions)
    for folder in SHARED:
        assert all(name.startswith(pascal(folder)) for name in functions_of(folder))


def test_each_function_folder_is_a_function_of_the_template(
    template: dict[str, Any], functions: list[str]
) -> None:
    declared = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    folders = {f"{name}Function": folder for folder in functions for name in functions_of(folder)}
    assert set(declared) == set(folders)
    for name, folder in folders.items():
        assert declared[name]["CodeUri"] == f"functions/{folder}/"


def test_each_function_has_its_log_group(template: dict[str, Any], functions: list[str]) -> None:
    for name in [name for folder in functions for name in functions_of(folder)]:
        logs = template["Resources"][f"{name}Logs"]["Properties"]
        assert logs["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{{name}Function}}"}
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
