"""What a command is, and what all of them share: the checkout, and the kinds of their arguments."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]  # the checkout, wherever the command is given
STATE = ROOT / ".sonoflow"


def _no_options(parser: argparse.ArgumentParser) -> None:
    """For commands that have none of their own."""


@dataclasses.dataclass(frozen=True)
class Command:
    """`run` gets the arguments (`state` and `prog` among them) and the console, and returns the
    exit status; `describe` adds options of the command's own."""

    name: str
    help: str
    run: Callable[[argparse.Namespace, Console], int]
    describe: Callable[[argparse.ArgumentParser], None] = _no_options


def state_option(state: Path) -> str:
    """What a command has to be given beside, to find the same runtime."""
    return "" if state == STATE else f" --state {state}"


def file(text: str) -> Path:
    path = Path(text)
    try:
        if path.is_file():
            return path
    except OSError as error:  # too long a name, say
        raise argparse.ArgumentTypeError(f"'{text}': {error.strerror}") from error
    raise argparse.ArgumentTypeError(f"'{text}' is not a file")


def assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return name, value


def add_parameter(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument(
        "--parameter",
        type=assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"{help}; may be repeated. `sonoflow parameters` lists them",
    )
