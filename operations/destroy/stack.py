"""The deletion of the stack itself, from whatever state it is in."""

from __future__ import annotations

import time
from collections.abc import Callable

from operations.account import Account, Unfinished
from operations.destroy.clearing import POLL_SECONDS

_SECONDS = 3600.0
_ROUNDS = 2  # something may have come to be in it while it was deleted


def delete(
    account: Account,
    stack: str,
    clear: Callable[[], None],
    say: Callable[[str], None],
    poll: float = POLL_SECONDS,
) -> None:
    """Delete the stack, if there is one; `clear` is called before each attempt.

    Raises Unfinished with the resources that could not be deleted, and why.
    """
    for _ in range(_ROUNDS):
        _settle(account, stack, say, poll)
        clear()
        if account.stack(stack) is None:
            return
        say(f"stack deleted: {stack}")
        account.client("cloudformation").delete_stack(StackName=stack)
        if _settle(account, stack, say, poll) is None:
            return
    raise Unfinished(
        f"The stack {stack} could not be deleted: {_failures(account, stack)}."
        " Put that right and run the same again."
    )


def _settle(account: Account, stack: str, say: Callable[[str], None], poll: float) -> str | None:
    """The stack's status once nothing is going on with it; None where there is none."""
    deadline = time.monotonic() + _SECONDS
    seen = ""
    while (found := account.stack(stack)) is not None:
        status: str = found["StackStatus"]
        # A change set that was never executed leaves one, for ever, that can be deleted.
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            return status
        if status != seen:
            say(f"waiting: {stack} is {status}")
        seen = status
        if time.monotonic() > deadline:
            raise Unfinished(f"The stack {stack} is still {status}. Run the same again later.")
        time.sleep(poll)
    return None


def _failures(account: Account, stack: str) -> str:
    resources = account.each(
        "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack
    )
    failed = [
        f"{resource['LogicalResourceId']}: {resource.get('ResourceStatusReason', 'no reason')}"
        for resource in resources
        if resource["ResourceStatus"] == "DELETE_FAILED"
    ]
    found = account.stack(stack) or {}
    return "; ".join(failed) or str(found.get("StackStatusReason", "no reason is given"))
