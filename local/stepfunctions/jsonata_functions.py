"""The JSONata functions that Step Functions adds to the language, and the one that it takes away.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from jsonata.utils import Utils

_ALGORITHMS = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")
_RANGE_LIMIT = 1000  # AWS: "the newly generated array can contain up to 1,000 items"


def partition(items: Sequence[Any], size: float) -> list[list[Any]]:
    """`$partition([1, 2, 3], 2)` is `[[1, 2], [3]]`."""
    length = _whole(size, "$partition", "chunk size")
    if length < 1:
        raise ValueError(f"$partition needs a chunk size of at least 1, not {size}.")
    if not isinstance(items, list):
        items = [items]
    return [list(items[start : start + length]) for start in range(0, len(items), length)]


def range_(first: float, last: float, step: float) -> list[int]:
    """`$range(1, 9, 2)` is `[1, 3, 5, 7, 9]`: the end is included."""
    start, stop = _whole(first, "$range", "start"), _whole(last, "$range", "end")
    by = _whole(step, "$range", "step")
    if by == 0:
        raise ValueError("$range needs a step other than 0.")
    values = range(start, stop + (1 if by > 0 else -1), by)
    if len(values) > _RANGE_LIMIT:
        raise ValueError(f"$range would make {len(values)} items; at most {_RANGE_LIMIT} fit.")
    return list(values)


def hash_(content: str, algorithm: str) -> str:
    """`$hash("content", "SHA-256")`, as lower-case hexadecimal digits."""
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"$hash knows {', '.join(_ALGORITHMS)}, not {algorithm!r}.")
    return hashlib.new(algorithm.replace("-", ""), content.encode()).hexdigest()


def random_(seed: float | None = None) -> float:
    """A number n with 0 <= n < 1; the same one for the same seed."""
    if seed is None:
        return random.random()  # noqa: S311 - the language's function, no secret
    return random.Random(_whole(seed, "$random", "seed")).random()  # noqa: S311


def uuid_() -> str:
    """A version 4 UUID."""
    return str(uuid.uuid4())


def parse(text: str) -> Any:
    """The value that a JSON text holds."""
    value = json.loads(text)
    return Utils.NULL_VALUE if value is None else value  # None would be undefined


def eval_(*_arguments: Any) -> Any:
    """Step Functions refuses JSONata's own `$eval`."""
    raise ValueError("$eval is not supported by Step Functions; use $parse for JSON text.")


def _whole(value: Any, function: str, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{function} needs a whole number as its {what}, not {value!r}.")
    return int(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": partition,
    "range": range_,
    "hash": hash_,
    "random": random_,
    "uuid": uuid_,
    "parse": parse,
    "eval": eval_,
}
