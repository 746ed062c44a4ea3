"""The patterns of service models, which are Java's.

AWS matches a whole value, whether or not its pattern says where it begins and ends.
"""

from __future__ import annotations

import functools
import re

import regex

# `\w`, `\d`, `\s`, `\b` and POSIX classes are ASCII's in Java, and categories are Unicode's; a
# pattern that has both would need both flags.
_CATEGORY = re.compile(r"\\p\{(?:L|M|N|P|S|Z)\}")
_ASCII = re.compile(r"\\[wWdDsSbB]|\\p\{(?:ASCII|Alnum|Alpha|Print)\}")
# What lies beyond the first plane, which Java spells as pairs of surrogates.
_SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")


class UnknownPattern(Exception):
    """A pattern that means something else here than in Java, as far as is known."""


def matches(pattern: str, value: str) -> bool:
    """Whether a value is what a pattern asks for. Raises UnknownPattern."""
    return compiled(pattern).fullmatch(value) is not None


@functools.cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """Raises UnknownPattern."""
    if _CATEGORY.search(pattern) and _ASCII.search(pattern):
        raise UnknownPattern(f"{pattern}: categories of Unicode beside classes of ASCII")
    if "&&" in pattern:
        raise UnknownPattern(f"{pattern}: an intersection of classes")
    flags = 0 if _CATEGORY.search(pattern) else regex.ASCII
    try:
        return regex.compile(pattern.replace(*_SURROGATES), flags | regex.VERSION0)
    except regex.error as error:
        raise UnknownPattern(f"{pattern}: {error}") from error
