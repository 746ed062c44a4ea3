"""How far a start is, in a few lines or in all."""

from __future__ import annotations

import io

from rich.console import Console

from local.commands import running

LINES = ["runtime at http://x", *(f"packaging F{n}" for n in range(9))]
LINES += [f"AWS::SQS::Queue Q{n}" for n in range(60)]


def said(verbose: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=200)
    report = running._Report(console, verbose)
    for line in LINES:
        report(line)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_start_is_told_in_a_few_lines() -> None:
    assert said(verbose=False) == [
        "runtime at http://x",
        "packaging the functions",
        "25 resources created",
        "50 resources created",
    ]


def test_or_in_all_of_them() -> None:
    assert said(verbose=True) == LINES
