"""What it takes to put events: the right to each bus that they go to, with the sources they name.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.iam.conditions import NotKnown
from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION
from local.runtime.runtime import ACCOUNT, REGION

_DEFAULT = "default"


def of(call: Call) -> list[Need]:
    """Of PutEvents. A request for several buses needs the right to each of them."""
    entries = call.parameters.get("Entries")
    if not isinstance(entries, list) or not all(isinstance(each, Mapping) for each in entries):
        entries = []  # EventBridge itself refuses it
    buses: dict[str, list[str]] = {}
    for entry in entries:
        sources = buses.setdefault(_arn(entry.get("EventBusName") or _DEFAULT), [])
        if "Source" in entry:
            sources.append(str(entry["Source"]))
    return [
        Need("events:PutEvents", bus, {"events:source": sources} if sources else {})
        for bus, sources in (buses or {_arn(_DEFAULT): []}).items()
    ]


def _arn(bus: Any) -> str:
    name = str(bus)
    if name.startswith("arn:"):
        return name
    return f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:event-bus/{name}"


def sources_of_pattern(pattern: Any) -> list[str]:
    """That a rule's pattern names. Raises NotKnown where it does not name them one by one."""
    try:
        found = json.loads(pattern).get("source", [])
    except (TypeError, ValueError, AttributeError):
        return []  # EventBridge itself refuses it
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise NotKnown(f"which sources a pattern means is not told from {found}")
    return found
