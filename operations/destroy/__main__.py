"""`make destroy`: remove a deployed stack, and everything of its runs that costs.

    python -m operations.destroy --stack sonoflow
    python -m operations.destroy --stack sonoflow --data delete --yes

Account and region are those that boto3 finds: environment, profile, AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from operations.account import Account, Unfinished
from operations.destroy.buckets import Bucket
from operations.destroy.removal import DELETE, KEEP, remove


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make destroy", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--data", choices=(KEEP, DELETE), help="of the buckets; asks if not given")
    parser.add_argument("--yes", action="store_true", help="do not ask whether to begin")
    arguments = parser.parse_args(argv)
    try:
        account = Account()
        _introduce(account, arguments.stack)
        if not (arguments.yes or _may_begin()):
            print("Nothing was touched.")
            return 1
        if not remove(account, arguments.stack, lambda kept: arguments.data or _ask(kept), print):
            raise Unfinished(f"Found nothing called {arguments.stack} in {account.region}.")
    except KeyboardInterrupt:
        print("interrupted; run the same again to go on")
        return 130
    except (Unfinished, ClientError, BotoCoreError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print(f"Nothing of {arguments.stack} is left that runs.")
    return 0


def _introduce(account: Account, stack: str) -> None:
    found, where = account.stack(stack), f"account {account.number()}, {account.region}"
    if found:
        print(f"The stack {stack} in {where} is {found['StackStatus']}.")
    else:
        print(f"There is no stack {stack} in {where}; looking for what one has left.")


def _may_begin() -> bool:
    print("Its endpoints, models, runs, functions, queues and logs are to be removed.")
    if not sys.stdin.isatty():
        raise Unfinished("There is nobody to ask: say YES=1 (--yes) to begin.")
    return input("Begin? [y/N] ").strip().lower() in ("y", "yes")


def _ask(kept: list[Bucket]) -> str:
    """Whether people's data go, too: nothing but the whole word is a yes."""
    if not sys.stdin.isatty():
        return KEEP
    print("These hold your uploads, all models and all results, old versions included:")
    for bucket in kept:
        print(f"  s3://{bucket.name}")
    answer = input(f"Write {DELETE} to delete them for good; anything else keeps them: ")
    return DELETE if answer.strip() == DELETE else KEEP


if __name__ == "__main__":
    sys.exit(main())
