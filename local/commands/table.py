"""Every command, in the groups of `sonoflow --help`; a new one is a line in a module's COMMANDS."""

from __future__ import annotations

from local.commands import answers, data, knowing, machine, running, whole
from local.commands.command import Command

GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    ("The runtime", (*running.COMMANDS, *machine.COMMANDS)),
    ("What goes in", data.COMMANDS),
    ("What comes out", answers.COMMANDS),
    ("What there is", knowing.COMMANDS),
    ("All of it", whole.COMMANDS),
)
