"""Why a script failed, in the words of sagemaker-training 5.1.4."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

# The names that the toolkit looks for: Python's own errors, no warnings, no iteration signals.
_SIGNALS = ("StopIteration", "StopAsyncIteration", "ExceptionGroup")
_ERROR_NAMES = (
    "BaseException",
    "InvalidArgumentError",
    "OutOfRangeError",
    "ResourceExhaustedError",
    "Invalid requirement",
    *(
        name
        for name, kind in vars(builtins).items()
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and name not in _SIGNALS
    ),
)


class ErrorExcerpt:
    """What the toolkit keeps of one output stream: everything from the first line on that names
    one of Python's own exceptions (a class of the script's own is not noticed)."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        if self._lines or any(name in line for name in _ERROR_NAMES):
            self._lines.append(line.strip(" :\n") + "\n")

    def __str__(self) -> str:
        return " ".join(self._lines)


def error_message(excerpts: Sequence[ErrorExcerpt]) -> str:
    """The excerpts of stdout and stderr as one text, repeated lines once."""
    lines = " ".join(map(str, excerpts)).split("\n")
    return "\n".join(dict.fromkeys(lines)).strip()


def failure_message(exit_code: int, error: str, command: Sequence[str]) -> str:
    """The text that the toolkit leaves in `output/failure`."""
    extra = (
        '\nExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"'
        if exit_code == 137
        else ""
    )
    return (
        f'ExecuteUserScriptError:\nExitCode {exit_code}\nErrorMessage "{error}"{extra}\n'
        f'Command "{" ".join(command)}"'
    )
