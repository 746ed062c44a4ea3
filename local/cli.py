"""The command `sonoflow`, from any folder; `python -m local` is the same from the checkout's."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.commands.command import STATE, Command, state_option
from local.commands.table import GROUPS
from local.laptop.client import LOG, Laptop, NotRunning
from local.runtime import failures

__all__ = ["Laptop", "main", "parser"]
_WIDTH = 14  # of a command's name in the help


def main(argv: list[str] | None = None, prog: str = "sonoflow") -> int:
    """`prog` is what the user has typed, and is told to type."""
    arguments = parser(prog).parse_args(argv)
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        command: Command = arguments.command
        return command.run(arguments, out)
    except KeyboardInterrupt:
        err.print("interrupted")
        return 130
    except Exception as error:
        line = failures.explain(error, arguments.state / LOG)
        if line is None:
            raise
        if isinstance(error, NotRunning):
            line += f" Start one with: {prog} up{state_option(arguments.state)}"
        err.print(Text.assemble(("failed:", "red"), " ", line), soft_wrap=True)
        return 1


def parser(prog: str = "sonoflow") -> argparse.ArgumentParser:
    """Of all commands, in the groups of the table."""
    root = argparse.ArgumentParser(
        prog=prog,
        usage=f"{prog} COMMAND …",
        description="Sonoflow on this machine: the stack of template.yaml in a laptop runtime.",
        epilog=f"{_in_groups()}\n\n{prog} COMMAND --help says more. Research use only.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(
        required=True, metavar="COMMAND", help=argparse.SUPPRESS, prog=prog, title="commands"
    )
    for _, group in GROUPS:
        for command in group:
            _add(commands, command, prog)
    return root


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], command: Command, prog: str
) -> None:
    added = commands.add_parser(command.name, description=_sentence(command.help))
    added.set_defaults(command=command, prog=prog)
    added.add_argument(
        "--state",
        type=Path,
        default=STATE,
        metavar="DIR",
        help="where runtime.json, logs and scratch are kept (default: .sonoflow of the checkout)",
    )
    command.describe(added)


def _in_groups() -> str:
    lines = []
    for title, group in GROUPS:
        lines += ["", f"{title}:"]
        lines += [f"  {command.name:<{_WIDTH}}{command.help}" for command in group]
    return "\n".join(lines[1:])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    sys.exit(main())
