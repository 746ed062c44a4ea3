"""Synchronous invocations of a laptop's functions, by a client as AWS's would be."""

from __future__ import annotations

import json
from typing import Any

from local.laptop.client import Laptop


def invoke(laptop: Laptop, function: str, event: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
    answer = laptop.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode(), **options
    )
    body = answer["Payload"].read()
    return (json.loads(body) if body else None), answer
