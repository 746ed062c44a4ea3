"""What there is to be decided, and who may do what."""

from __future__ import annotations

import argparse
import json

from rich.console import Console

from local.commands.command import ROOT, Command
from local.laptop.client import Laptop


def parameters(arguments: argparse.Namespace, out: Console) -> int:
    """Show the template's parameters: default, range, meaning, and what each is on the laptop."""
    from local.laptop import parameters as listing

    found = listing.find(listing.read(ROOT / "template.yaml"), arguments.name)
    if arguments.json:
        out.file.write(json.dumps([one.json() for one in found], indent=1) + "\n")
    elif arguments.markdown:
        out.file.write(listing.as_table(found))
    else:
        listing.show(found, out, at_length=bool(arguments.name))
    return 0


def permissions(arguments: argparse.Namespace, out: Console) -> int:
    """Show what the stack's roles were allowed in this run, never needed, and were refused."""
    from local.laptop.permissions import decisions, roles, show

    laptop = Laptop.attach(arguments.state)
    show(roles(laptop, decisions(laptop)), out)
    return 0


def describe_parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="*", metavar="NAME", help="only these, with the options that they hold"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="for machines")
    how.add_argument("--markdown", action="store_true", help="as in docs/parameters.md")


COMMANDS = (
    Command(
        "parameters",
        "list the template's parameters, or explain some",
        parameters,
        describe_parameters,
    ),
    Command(
        "permissions", "show what each role was allowed, never needed, was refused", permissions
    ),
)
