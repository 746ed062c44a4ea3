"""Replaces attributes of moto, always starting from what moto shipped.

A hook that wraps "whatever is there now" would nest when a second runtime is installed in the same
process (tests do that). Here the pristine attribute is kept on first use and every later
replacement is built from it. A name that moto no longer has is an AttributeError at start-up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_pristine: dict[tuple[int, str], tuple[Any, Any]] = {}


def replace(owner: Any, name: str, build: Callable[[Any], Any]) -> None:
    """Set `owner.name` to `build(original)`, where `original` is moto's own attribute."""
    setattr(owner, name, build(pristine(owner, name)))


def pristine(owner: Any, name: str) -> Any:
    """What `owner.name` was before any replacement."""
    # The owner is kept with the value so that its id is never reused.
    key = (id(owner), name)
    if key not in _pristine:
        _pristine[key] = (owner, getattr(owner, name))
    return _pristine[key][1]


def hooks() -> dict[str, Any]:
    """What has been replaced so far: `module.Class.name` → moto's own attribute."""
    return {
        f"{_qualified_name(owner)}.{name}": original
        for (_, name), (owner, original) in _pristine.items()
    }


def _qualified_name(owner: Any) -> str:
    if isinstance(owner, type):
        return f"{owner.__module__}.{owner.__qualname__}"
    return str(owner.__name__)


def replace_imported(owner: Any, name: str, replacement: Any, *, package: str) -> int:
    """Replace a function wherever modules of `package` imported it by name; returns how many."""
    known = {id(pristine(owner, name)), id(getattr(owner, name))}
    setattr(owner, name, replacement)
    count = 0
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(package) and id(getattr(module, name, None)) in known:
            setattr(module, name, replacement)
            count += 1
    return count
