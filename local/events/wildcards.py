"""`{"wildcard": "inbox/*.csv"}`: any number of any characters.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import re
from typing import Any

from moto.events.models import EventPattern

from local.runtime.patch import replace

# What is escaped stands for itself: an asterisk, or the backslash.
_PART = re.compile(r"\\([*\\])|(\*)|(.)", re.DOTALL)


def install() -> None:
    """moto: an asterisk stops at the end of a line, which an object's key may hold."""
    replace(EventPattern, "_wildcard_match", lambda _: staticmethod(matches))


def matches(item: Any, pattern: str) -> bool:
    if not isinstance(item, str):
        return False
    parts = _PART.findall(pattern)
    expression = "".join(".*" if star else re.escape(own or other) for own, star, other in parts)
    return re.fullmatch(expression, item, re.DOTALL) is not None
