"""`make smoke`: the whole system once, as small as it can be, on AWS or on the laptop runtime.

    python -m operations.smoke --template .aws-sam/build/template.yaml

Deploys what `sam build` has built under a name of its own, trains on 60 phantoms and a table, asks
about images and rows that no model has seen, compares, and removes everything again, whatever
happened. On AWS it takes half an hour and costs less than a dollar. Account and region are those
that boto3 and the SAM CLI find: environment, profile, AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.laptop.progress import RunFailed
from operations.account import Account, Unfinished
from operations.destroy.removal import DELETE, remove
from operations.names import Names
from operations.smoke import cost, deployment, expectations, material
from operations.smoke.expectations import Findings
from operations.smoke.job import Job

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = (Unfinished, RunFailed, ClientError, BotoCoreError)


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # is cleaned up after, too
    console = Console(highlight=False, markup=False, soft_wrap=True)
    try:
        findings = _smoke(arguments, console)
    except KeyboardInterrupt:
        console.print("FAILED: interrupted")
        return 130
    except EXPECTED as error:
        console.print(f"FAILED: {error}")
        return 1
    for line in findings.lines:
        console.print(line)
    for failure in findings.failures:
        console.print(f"FAILED: {failure}")
    if not findings.failures:
        console.print("passed")
    return 1 if findings.failures else 0


def _smoke(arguments: argparse.Namespace, console: Console) -> Findings:
    account, stack = Account(), arguments.stack or deployment.new_name()
    parameters = {**deployment.PARAMETERS, **dict(arguments.parameter)}
    console.print(f"stack {stack} in account {account.number()}, {account.region}")
    with tempfile.TemporaryDirectory() as folder, _removed(account, stack, arguments, console):
        times = _Times(console)
        made = material.make(Path(folder))
        times.lap("data")
        deployment.deploy(ROOT, arguments.sam, arguments.template, stack, parameters)
        times.lap("deploy")
        job = Job(account, account.outputs(stack), console, arguments.poll)
        job.train(made)
        times.lap("train")
        answers, scores = job.ask(made)
        times.lap("ask")
        findings = expectations.of_images(made.images, answers)
        of_rows = expectations.of_rows(made.labels, scores)
        findings.lines += of_rows.lines
        findings.failures += of_rows.failures
        return findings


@contextmanager
def _removed(
    account: Account, stack: str, arguments: argparse.Namespace, console: Console
) -> Iterator[None]:
    """Removes the stack at the end, whatever the end is, unless it is to be kept."""
    by_hand = f"make destroy STACK={stack} REGION={account.region} DATA=delete"
    try:
        yield
    finally:
        if arguments.keep:
            console.print(f"kept, and costs as long as it exists: {by_hand}")
        else:
            try:
                _tell_cost(account, stack, console)
                times = _Times(console)
                remove(account, stack, lambda kept: DELETE, console.print, arguments.poll)
                times.lap("destroy")
            except BaseException:
                console.print(f"NOT REMOVED, and goes on costing. Run: {by_hand}")
                raise


def _tell_cost(account: Account, stack: str, console: Console) -> None:
    """A price that nobody can tell must not keep what costs."""
    try:
        console.print(cost.of(account, Names(stack)).sentence())
    except (ClientError, BotoCoreError) as error:
        console.print(f"instances: their hours are not known: {error}")


class _Times:
    """Says how long each part took."""

    def __init__(self, console: Console) -> None:
        self._console, self._last = console, time.monotonic()

    def lap(self, what: str) -> None:
        now = time.monotonic()
        self._console.print(f"{what}: {now - self._last:.0f} s")
        self._last = now


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--template", type=Path, required=True, help="as sam build has written it")
    parser.add_argument("--sam", type=Path, default=Path(".venv-sam/bin/sam"))
    parser.add_argument("--stack", help="a name of your own, in lower case")
    parser.add_argument("--keep", action="store_true", help="do not remove it at the end")
    parser.add_argument("--poll", type=float, default=10.0, help="seconds between two looks")
    parser.add_argument(
        "--parameter",
        type=_assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the template, over the smallest ones; may be repeated",
    )
    return parser


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
