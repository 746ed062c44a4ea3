"""Which frames of a loop are looked at, where it has more than can be."""

from __future__ import annotations


def spread(count: int, most: int) -> list[int]:
    """Numbers from 0, in order: all, or so many at equal distances, the first and last included."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [count // 2]
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]
