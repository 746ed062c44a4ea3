"""The demo: everything at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from local.commands.command import ROOT, Command, file
from local.runtime.private_files import state_folder


def demo(arguments: argparse.Namespace, out: Console) -> int:
    """The whole main job, from a zip to answered inbox images."""
    from local.demo.main_job import run_demo  # torch's and scikit-learn's seconds are the demo's

    state: Path = arguments.state
    state_folder(state)
    summary = run_demo(ROOT, state, arguments.out, arguments.dataset, out)
    return 0 if summary["ok"] else 1


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", type=file, metavar="FILE", help="a zip in the BUSI layout")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR")


COMMANDS = (Command("demo", "the whole main job on this machine, see README.md", demo, describe),)
