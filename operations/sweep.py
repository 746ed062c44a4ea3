"""`make sweep`: deliver again what was uploaded and never answered.

    python -m operations sweep --stack sonoflow --dry-run

For about five minutes after a first deployment S3 tells EventBridge of nothing, and what is dropped
then is never heard of. The stack's own sweep finds it within hours; this asks for one at once,
which looks at all uploads, however old. What is answered meanwhile is answered once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.account import Account, Unfinished

_MINUTES = 15  # how long an upload may be on its way
FUNCTION = "SweepUploadsFunction"


class Sweep:
    """Asks the function that sweeps a stack, as often as it takes to see everything."""

    def __init__(self, account: Account, stack: str) -> None:
        self._account = account
        self._function = account.resource(stack, FUNCTION)

    def results(
        self, *, minutes: float = _MINUTES, dry_run: bool = False, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """What came of each part. Raises Unfinished, which says after which key to go on."""
        while True:
            answer = self._ask({"minutes": minutes, "dry_run": dry_run, "after": after})
            yield answer
            after = answer["after"]
            if after is None:
                return

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        client = self._account.client("lambda", read_timeout=910)  # a function has 900 s
        answer = client.invoke(
            FunctionName=self._function, Payload=json.dumps({"sweep": order}).encode()
        )
        document: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            where = f"; --after '{order['after']}' goes on there" if order["after"] else ""
            raise Unfinished(f"the sweep failed: {document.get('errorMessage')}{where}")
        return document


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m operations sweep", description=__doc__)
    parser.add_argument("--stack", default="sonoflow")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    parser.add_argument("--after", help="go on after this key")
    parser.add_argument(
        "--minutes", type=float, default=_MINUTES, help="leave out what is younger (default: 15)"
    )
    given = parser.parse_args(argv)
    try:
        account, sent, unanswered = Account(), 0, 0
        sweep = Sweep(account, given.stack)
        print(f"The stack {given.stack} in account {account.number()}, {account.region}")
        for result in sweep.results(
            minutes=given.minutes, dry_run=given.dry_run, after=given.after
        ):
            for key in result["unanswered"]:
                print(f"{key}: unanswered")
            sent, unanswered = sent + result["sent"], unanswered + len(result["unanswered"])
    except (Unfinished, ClientError, BotoCoreError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print(f"{unanswered} uploads without an answer, {sent} delivered again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
