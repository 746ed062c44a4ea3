"""What the runtime does and has logged, and whether this machine is fit for it."""

from __future__ import annotations

import argparse

from rich.console import Console

from local.commands.command import ROOT, Command
from local.laptop.client import Laptop


def status(arguments: argparse.Namespace, out: Console) -> int:
    """Show executions, jobs, endpoints, queues and functions."""
    from local.laptop.status import show

    show(Laptop.attach(arguments.state), out)
    return 0


def logs(arguments: argparse.Namespace, out: Console) -> int:
    """Show what a function, a training job or an endpoint has logged, or which logs there are."""
    from local.laptop import log_groups

    laptop = Laptop.attach(arguments.state)
    if arguments.name is None:
        log_groups.show(laptop, out)
    else:
        log_groups.tail(laptop, arguments.name, arguments.lines, out)
    return 0


def doctor(arguments: argparse.Namespace, out: Console) -> int:
    """Say what this machine lacks, and what to do about it."""
    from local.laptop.doctor import examine, show

    return show(examine(ROOT, arguments.state, arguments.prog), out)


def describe_logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="part of a name: predict, classifier, training …")
    parser.add_argument(
        "--lines", type=int, default=40, metavar="N", help="the last so many (default: 40)"
    )


COMMANDS = (
    Command("status", "show executions, jobs, endpoints, queues and functions", status),
    Command("logs", "show what functions, jobs and endpoints have logged", logs, describe_logs),
    Command("doctor", "say whether this machine is fit, and what to do if not", doctor),
)
