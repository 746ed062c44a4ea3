"""What happens to the lines of a table that was written well: a part of generated_tables.py."""

from __future__ import annotations

import random
from collections.abc import Callable


def _line(at_start: bool, *texts: str) -> Callable[[random.Random, list[str], str], list[str]]:
    def change(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
        at = 0 if at_start else draw.randrange(len(lines) + 1)
        text = draw.choice(texts).replace("¦", delimiter)
        return [*lines[:at], text, *lines[at:]]

    return change


def _counted(start: int, at: int) -> Callable[[random.Random, list[str], str], list[str]]:
    def change(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
        width = lines[0].count(delimiter) + 1 if lines else 3
        counts = delimiter.join(str(start + n) for n in range(width))
        return [*lines[:at], counts, *lines[at:]]

    return change


def _units(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
    width = lines[0].count(delimiter) + 1 if lines else 3
    return [*lines[:1], delimiter.join([""] + ["mm"] * (width - 1)), *lines[1:]]


def _torn(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
    """A quote that is opened and not closed, or within a cell."""
    torn = list(lines)
    for _ in range(draw.randrange(1, 4)):
        if torn:
            at = draw.randrange(len(torn))
            line, sign = torn[at], draw.choice(('"', '""', "\r", "\0", "\x1e"))
            place = draw.randrange(len(line) + 1)
            torn[at] = line[:place] + sign + line[place:]
    return torn


def _quoted(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
    return [delimiter.join(f'"{cell}"' for cell in line.split(delimiter)) for line in lines]


def _under(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
    """Another table under the first."""
    other = [delimiter.join(("patient", "age"))] + [f"{n}{delimiter}{40 + n}" for n in range(9)]
    return [*lines, *draw.choice(([], [""])), *other]


def _shortened(draw: random.Random, lines: list[str], delimiter: str) -> list[str]:
    last = lines[-1] if lines else ""
    return [*lines[:-1], last[: len(last) // 2]]


CHANGES = (
    _line(True, "sep=;", "sep=,", '"sep=¦"', "sep=¦"),
    _line(True, "# exported", "// a¦b", "% by hand", "#"),
    _line(True, "Report of March", "Report¦¦", "Export", "Patient list¦2021"),
    _line(False, "# note", "", "   ", "¦¦¦", "Total¦12", "\ufeff", "--- end ---"),
    _counted(0, 0), _counted(1, 1), _counted(0, 1), _units, _torn, _torn, _quoted, _under,
    _shortened,
)  # fmt: skip
