"""`sonoflow permissions`: what each role was allowed, never needed, and was refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from local.laptop.client import Laptop
from local.runtime.private_files import RUNS
from local.runtime.runs import DECISIONS, lock_is_held
from local.runtime.runtime import STACK


@dataclasses.dataclass(frozen=True)
class Row:
    """One statement of a role, and which of its actions were needed."""

    statement: str  # policy/Sid
    body: Mapping[str, Any]
    used: Sequence[str]
    unused: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Role:
    """One role of the stack."""

    name: str  # its logical id in the template
    arn: str
    rows: Sequence[Row]
    managed: Mapping[str, Mapping[str, Any]]  # AWS's own policies that it has, by name
    refused: Sequence[str]  # AWS's sentences, of what it asked for


def decisions(laptop: Laptop) -> list[dict[str, Any]]:
    """Every decision of the run so far, as local.iam.usage keeps them."""
    runs = [run for run in (laptop.state / RUNS).iterdir() if lock_is_held(run)]
    files = [run / DECISIONS for run in runs if (run / DECISIONS).exists()]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def roles(laptop: Laptop, lines: Sequence[Mapping[str, Any]], stack: str = STACK) -> list[Role]:
    """What the roles of a stack say, beside what was decided in this run."""
    resources = laptop.client("cloudformation").describe_stack_resources(StackName=stack)
    names = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::IAM::Role"
    }
    iam = laptop.client("iam")
    return [_role(iam, logical, name, lines) for logical, name in sorted(names.items())]


def document(laptop: Laptop) -> dict[str, Any]:
    """All of it as JSON: `roles` and the `decisions` that they rest on."""
    lines = decisions(laptop)
    found = roles(laptop, lines)
    return {"roles": [dataclasses.asdict(role) for role in found], "decisions": lines}


def _role(iam: Any, logical: str, name: str, lines: Iterable[Mapping[str, Any]]) -> Role:
    arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    own = [line for line in lines if line["principal"] == arn]
    used: dict[str, set[str]] = {}
    for line in own:
        if line["allowed"] and line["statement"]:
            used.setdefault(line["statement"], set()).add(line["action"])
    refused = sorted(
        {f"{line['action']} on {line['resource']}" for line in own if not line["allowed"]}
    )
    rows = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for number, statement in enumerate(_listed(document["Statement"]), 1):
            key = f"{policy}/{statement.get('Sid') or number}"
            needed = used.get(key, set())
            actions = set(_listed(statement.get("Action", [])))
            rows.append(Row(key, statement, sorted(needed), sorted(actions - needed)))
    return Role(logical, arn, rows, _managed(iam, name), refused)


def _managed(iam: Any, role: str) -> dict[str, Mapping[str, Any]]:
    found = {}
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        found[policy["PolicyName"]] = document["Document"]
    return found


def show(found: Iterable[Role], console: Console) -> None:
    """A table for a person: what was used, what was not, and what was refused."""
    for role in found:
        console.print(f"[bold]{escape(role.name)}[/bold]")
        for row in role.rows:
            used, unused = ", ".join(row.used), ", ".join(row.unused)
            mark = "[green]used[/green]  " if row.used else "[yellow]unused[/yellow]"
            console.print(f"  {mark} {escape(row.statement)}: {escape(used or unused)}")
            if row.used and row.unused:
                console.print(f"         never needed: {escape(unused)}", style="dim")
        for sentence in role.refused:
            console.print(f"  [red]refused[/red] {escape(sentence)}")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
