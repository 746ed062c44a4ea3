"""What a hyperparameter's text may say, in the words of the built-in algorithms' own checks."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence

AUTO = "auto"
_INTEGER = re.compile(r"[+-]?[0-9]+")
Value = bool | float | int | str | None


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: Sequence[str]

    def read(self, text: str) -> str | None:
        return text if text in self.words else None

    def __str__(self) -> str:
        return "accepts one of the following: " + ", ".join(f"'{word}'" for word in self.words)


@dataclasses.dataclass(frozen=True)
class Flag:
    """`true` or `false`, in any case: the SDK writes Python's own `True`."""

    def read(self, text: str) -> bool | None:
        return {"true": True, "false": False}.get(text.lower())

    def __str__(self) -> str:
        return "accepts one of the following: 'true', 'false'"


@dataclasses.dataclass(frozen=True)
class Number:
    """A number between two bounds; `above` and `below` leave the bound itself out."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None
    integer: bool = False

    def read(self, text: str) -> float | int | None:
        if self.integer and not _INTEGER.fullmatch(text):
            return None
        try:
            value = int(text) if self.integer else float(text)
        except ValueError:
            return None
        return value if math.isfinite(value) and self._allows(value) else None

    def _allows(self, value: float) -> bool:
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.above is None or value > self.above)
            and (self.maximum is None or value <= self.maximum)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        bounds = (
            ("at least", self.minimum),
            ("greater than", self.above),
            ("at most", self.maximum),
            ("less than", self.below),
        )
        stated = " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)
        kind = "an integer" if self.integer else "a number"
        return f"expects {kind} {stated}".rstrip()


Rule = Choice | Flag | Number


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """How one hyperparameter is read: its rule, words that stand for themselves, its default."""

    rule: Rule
    default: str | None  # None: it must be given
    words: tuple[str, ...] = ()

    def read(self, text: str) -> Value:
        """The value, None for `auto`. Raises ValueError, whose message follows "which "."""
        if text in self.words:
            return None if text == AUTO else text
        value = self.rule.read(text)
        if value is None:
            also = "".join(f", or '{word}'" for word in self.words)
            raise ValueError(f"{self.rule}{also}")
        return value


def positive_integer(default: str, maximum: float | None = None) -> Hyperparameter:
    return Hyperparameter(Number(minimum=1, maximum=maximum, integer=True), default)


def positive_integer_or_auto(default: str = AUTO) -> Hyperparameter:
    return Hyperparameter(Number(minimum=1, integer=True), default, (AUTO,))


def positive(default: str) -> Hyperparameter:
    return Hyperparameter(Number(above=0), default)


def positive_or_auto(default: str = AUTO) -> Hyperparameter:
    return Hyperparameter(Number(above=0), default, (AUTO,))


def not_negative_or_auto(default: str = AUTO) -> Hyperparameter:
    return Hyperparameter(Number(minimum=0), default, (AUTO,))


def rate_or_auto(default: str = AUTO) -> Hyperparameter:
    """Zero is allowed, one is not."""
    return Hyperparameter(Number(minimum=0, below=1), default, (AUTO,))


def fraction(default: str) -> Hyperparameter:
    """Strictly between zero and one."""
    return Hyperparameter(Number(above=0, below=1), default)


def flag(default: str) -> Hyperparameter:
    return Hyperparameter(Flag(), default)


def flag_or_auto(default: str = AUTO) -> Hyperparameter:
    return Hyperparameter(Flag(), default, (AUTO,))
