"""Ends everything of one kind, whoever else is at it and whatever state it is in."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable

from botocore.exceptions import ClientError

from operations.account import Unfinished, code

POLL_SECONDS = 5.0
# Gone already, or not yet in a state to go: both are seen at the next look.
_LATER = {
    "ConflictException",
    "ExecutionDoesNotExist",
    "ObjectNotFoundException",
    "OperationAbortedException",
    "ResourceInUse",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "StateMachineDeleting",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "ValidationException",
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """Things of one kind: what there is of them, and how one of them is asked to end."""

    called: str
    find: Callable[[], Iterable[str]]
    end: Callable[[str], object]
    seconds: float = 120.0  # how long they may take, all together


def clear(kind: Kind, say: Callable[[str], None], poll: float = POLL_SECONDS) -> None:
    """Ask for the end of what there is until there is nothing more.

    So it does not matter where an earlier attempt was interrupted, nor what ends by itself
    meanwhile. Raises Unfinished with what is left and why.
    """
    deadline = time.monotonic() + kind.seconds
    before: list[str] = []
    while left := list(kind.find()):
        if left == before:
            time.sleep(poll)
        for name in left:
            if name not in before:
                say(f"{kind.called}: {name}")
        refusals = [refusal for name in left if (refusal := _end(kind, name))]
        if time.monotonic() > deadline:
            raise Unfinished(
                f"{kind.called}: not yet {', '.join(left)} after {kind.seconds:.0f} s"
                f" ({'; '.join(refusals) or 'no refusal'}). Run the same again."
            )
        before = left


def _end(kind: Kind, name: str) -> str | None:
    """The refusal, if it was refused for now."""
    try:
        kind.end(name)
    except ClientError as error:
        if code(error) not in _LATER:
            raise
        return str(error)
    return None
