"""DynamoDB: a conditional write is one step."""

from __future__ import annotations

import functools
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from local.runtime import patch
from local.runtime.runtime import Runtime

WRITES = ("delete_item", "put_item", "transact_write_items", "update_item")
_WRITING = threading.RLock()  # a transaction writes through the others


def install(runtime: Runtime) -> None:
    for name in WRITES:
        patch.replace(DynamoDBBackend, name, _one_at_a_time)


def _one_at_a_time(original: Any) -> Any:
    """moto: looks at the condition, then writes, and another thread's write may come between; two
    that ask for a free lock both get it. AWS: one of them does."""

    @functools.wraps(original)
    def write(*arguments: Any, **named: Any) -> Any:
        with _WRITING:
            return original(*arguments, **named)

    return write
