"""The removal of one deployment, in an order in which nothing comes back."""

from __future__ import annotations

import functools
from collections.abc import Callable

from botocore.exceptions import ClientError

from operations.account import Account, Unfinished
from operations.destroy import buckets, kinds, stack
from operations.destroy.clearing import POLL_SECONDS, clear
from operations.names import Names

CHECKPOINTS = "checkpoints/"
KEEP, DELETE = "keep", "delete"
SAM_STACK = "aws-sam-cli-managed-default"
# S3 Standard in us-east-1, first 50 TB: https://aws.amazon.com/s3/pricing/ (November 2026)
_DOLLARS_PER_GIGABYTE_MONTH = 0.023
Say = Callable[[str], None]


def remove(
    account: Account,
    name: str,
    data: Callable[[list[buckets.Bucket]], str],
    say: Say,
    poll: float = POLL_SECONDS,
) -> bool:
    """Remove the stack of that name and everything of it that costs. False: there was nothing.

    `data` decides, KEEP or DELETE, once nothing writes into the buckets any more. May be called
    again after whatever went wrong. Raises Unfinished with what is left.
    """
    found: list[str] = []

    def tell(line: str) -> None:
        found.append(line)
        say(line)

    work = functools.partial(_clear_all, account, Names(name), tell, poll)
    stack.delete(account, name, work, tell, poll)
    work()  # what was on its way while the stack went: nothing starts anew now
    kept = buckets.of(account, name)
    for bucket in (each for each in kept if each.role == "WorkBucket"):
        if count := buckets.empty(account, bucket, CHECKPOINTS):
            say(f"checkpoints deleted: {count} object versions in {bucket.name}")
    if kept and data(kept) == DELETE:
        for bucket in kept:
            buckets.delete(account, bucket, say)
    elif kept:
        _tell_of_data(account, name, kept, say)
    _tell_of_artifacts(account, say)
    return bool(found or kept)


def _clear_all(account: Account, names: Names, say: Say, poll: float) -> None:
    """Every kind, although one of them fails: what costs must not wait for what does not."""
    failures = []
    for kind in kinds.of(account, names):
        try:
            clear(kind, say, poll)
        except (Unfinished, ClientError) as error:
            failures.append(f"{kind.called}: {error}")
    if failures:
        raise Unfinished("\n".join(failures))


def _tell_of_data(account: Account, name: str, kept: list[buckets.Bucket], say: Say) -> None:
    total = 0
    for bucket in kept:
        count, size = buckets.size(account, bucket)
        total += size
        say(f"kept: s3://{bucket.name}, {count} object versions, {size / 1000**2:.1f} MB")
    cost = total / 1000**3 * _DOLLARS_PER_GIGABYTE_MONTH
    say(
        f"They cost about ${cost:.2f} a month (S3 Standard in us-east-1). To delete them with all"
        f" that is in them: make destroy STACK={name} REGION={account.region} DATA=delete"
    )


def _tell_of_artifacts(account: Account, say: Say) -> None:
    found = account.stack(SAM_STACK)
    for output in (found or {}).get("Outputs", []):
        if output["OutputKey"] == "SourceBucket":
            say(
                f"left alone: s3://{output['OutputValue']}, in which the SAM CLI keeps the packages"
                f" of all that it has deployed; its stack is {SAM_STACK}"
            )
