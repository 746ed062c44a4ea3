"""Reading answers, and judging them; deciding on models that wait for it."""

from __future__ import annotations

import argparse

from rich.console import Console

from local.commands.command import Command
from local.laptop import approval
from local.laptop import feedback as verdicts
from local.laptop import results as listing
from local.laptop.client import Laptop


def results(arguments: argparse.Namespace, out: Console) -> int:
    """Show the answers in the results bucket, or what a person has to look at."""
    return listing.run(arguments, out)


def feedback(arguments: argparse.Namespace, out: Console) -> int:
    """Judge an answer as a reviewer would."""
    return verdicts.give(Laptop.attach(arguments.state), arguments, out)


def collect(arguments: argparse.Namespace, out: Console) -> int:
    """Train on what was judged: the next version of a data set."""
    return verdicts.collect(Laptop.attach(arguments.state), arguments, out)


def approve(arguments: argparse.Namespace, out: Console) -> int:
    """Decide on a model that waits for it."""
    return approval.decide(Laptop.attach(arguments.state), arguments, out)


COMMANDS = (
    Command("results", "list the answers, or the cases for review", results, listing.describe),
    Command(
        "feedback",
        "judge the answer to an image of the inbox",
        feedback,
        verdicts.describe_verdict,
    ),
    Command(
        "collect",
        "train on what was judged, with an earlier data set",
        collect,
        verdicts.describe_collecting,
    ),
    Command("approve", "approve or reject a model that waits for it", approve, approval.describe),
)
