"""Every statement of every role removed in turn: what a run of the demo would then be refused.

    sonoflow demo --out out
    python -m benchmarks.permissions out/permissions.json --out removals.json

Nothing is run again: what the roles asked for in the run is decided anew without the statement.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.iam import evaluation
from local.iam.need import Need
from local.iam.principals import Session
from local.iam.statements import Statement, read


@dataclasses.dataclass(frozen=True)
class Removal:
    """A statement, and what its role is refused without it."""

    role: str  # its logical id in the template
    statement: str  # policy/Sid
    refused: list[str]  # actions on resources; none where nobody misses it

    @property
    def name(self) -> str:
        return f"{self.role}/{self.statement.rpartition('/')[2]}"


def removals(document: Mapping[str, Any]) -> Iterator[Removal]:
    """For each statement of the roles of `out/permissions.json`, in its order."""
    for role in document["roles"]:
        own = [line for line in document["decisions"] if line["principal"] == role["arn"]]
        allowed = [line for line in own if line["allowed"]]
        for row in role["rows"]:
            rest = [*_rest(role, row["statement"])]
            by_it = [line for line in allowed if line["statement"] == row["statement"]]
            needs = [Need(line["action"], line["resource"], line["facts"]) for line in by_it]
            missed = [need for need in needs if not is_allowed(role["arn"], rest, need)]
            told = sorted({f"{need.action} on {need.resource}" for need in missed})
            yield Removal(role["name"], row["statement"], told)


def _rest(role: Mapping[str, Any], removed: str) -> Iterator[Statement]:
    for row in role["rows"]:
        if row["statement"] != removed:
            yield from _read(row["statement"], [row["body"]])
    for name, document in role["managed"].items():
        yield from read(name, json.dumps(document))


def _read(name: str, bodies: list[Any]) -> tuple[Statement, ...]:
    return read(name, json.dumps({"Version": "2012-10-17", "Statement": bodies}))


def is_allowed(role: str, statements: list[Statement], need: Need) -> bool:
    context = evaluation.facts(Session(role, "replayed"), need)
    return any(
        each.applies(need.action, need.resource, context) and not each.denies for each in statements
    )


def _page(found: list[Removal]) -> str:
    lines = [
        "# Permissions: every statement of every role, and what is refused without it",
        "",
        "What a run of the demo would be refused were the statement not there: its requests,",
        "decided anew ([0022](decisions/0022-iam-is-asked.md)). What it has no occasion for is in",
        "[test_permissions.py](../tests/contracts/test_permissions.py), as calls that only this",
        "statement allows or, for what a laptop cannot show, with the reason why it stays.",
        "",
        "    make demo",
        "    .venv/bin/python -m benchmarks.permissions out/permissions.json \\",
        "      --page docs/permissions.md",
        "",
        "| role | statement | refused without it, first of how many |",
        "|---|---|---|",
    ]
    for removal in found:
        role, _, statement = removal.name.partition("/")
        count = len(removal.refused)
        first = f"`{_shortened(removal.refused[0])}` ({count})" if count else "not in the demo"
        lines.append(f"| {role} | {statement} | {first} |")
    return "\n".join(lines) + "\n"


def _shortened(refused: str) -> str:
    """Without the ends of names that differ from run to run."""
    return re.sub(r"-[A-Za-z0-9]{12}(?=[:/ ]|$)", "", refused)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("permissions", type=Path, help="permissions.json of a run of the demo")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the table as JSON")
    parser.add_argument("--page", type=Path, metavar="FILE", help="the table for people, Markdown")
    arguments = parser.parse_args(argv)
    found = list(removals(json.loads(arguments.permissions.read_text())))
    for removal in found:
        first = removal.refused[0] if removal.refused else "nothing that this run asked for"
        print(f"{removal.name}: {first}")
    print(f"{sum(bool(each.refused) for each in found)} of {len(found)} are missed")
    if arguments.page:
        arguments.page.write_text(_page(found))
    if arguments.out:
        rows = [dataclasses.asdict(removal) for removal in found]
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
