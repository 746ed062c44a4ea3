"""How labels are written: which texts are one label, and which of two says that a disease is there.

Where neither the words nor a known table says so, nothing here does: staging assumes, or asks.
"""

from __future__ import annotations

import re

from sonoflow.tables.numbers import is_number as is_number

# Each line is one label in several spellings, apart from upper case and spaces.
_SPELLINGS = (
    ("malignant", "m", "malign", "malignancy", "maligno", "maligna", "maligne", "bösartig"),
    ("benign", "b", "benigno", "benigna", "bénin", "bénigne", "benigne", "gutartig"),
    ("positive", "pos", "+"),
    ("negative", "neg", "-"),
    ("yes", "y"),
    ("no", "n"),
    ("true", "t"),
    ("false", "f"),
    ("cancer", "cancerous", "carcinoma"),
    ("abnormal",),
    ("normal",),
    ("healthy",),
    ("control",),
    ("no cancer", "non-cancer", "not cancer", "no-cancer", "no_cancer", "noncancer"),
    ("not malignant", "non-malignant", "nonmalignant", "not_malignant"),
)
_KEYS = {word: words[0] for words in _SPELLINGS for word in words}
_DISEASE = {"malignant", "positive", "cancer", "abnormal"}
_NO_DISEASE = {"benign", "negative", "normal", "healthy", "control", "no cancer", "not malignant"}
# Answers say what the column's name asks for, which may be either.
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0", "-1"}
_WELL = ("benign", "normal", "healthy", "negative", "control", "free", "survi", "alive")
_CODINGS = (
    {"malignant", "benign"},
    {"positive", "negative"},
    {"yes", "no"},
    {"true", "false"},
    {"0", "1"},
    {"2", "4"},
)

_DECIMAL_COMMA = re.compile(r"^(\d+),(\d+)$")
POSITIVE, NEGATIVE, UNKNOWN = "positive", "negative", "unknown"


def key(label: str) -> str:
    """The same for each spelling of a label."""
    text = " ".join(label.casefold().split())
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    if is_number(text):
        number = float(text)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return _KEYS.get(text, text)


def sign(label: str) -> str:
    """What a label says by itself of whether there is a disease."""
    found = key(label)
    if found in _DISEASE:
        return POSITIVE
    return NEGATIVE if found in _NO_DISEASE else UNKNOWN


def answer(label: str) -> str:
    """The same of an answer, be it a word or a number, to what the column asks."""
    found = key(label)
    if found in _YES:
        return POSITIVE
    return NEGATIVE if found in _NO else UNKNOWN


def is_known(label: str) -> bool:
    """Whether it is a label in one of the codings that are known."""
    return any(key(label) in coding for coding in _CODINGS)


def asks_for_health(column: str) -> bool:
    """Whether yes, in a column of that name, seems to say that there is no disease."""
    return any(word in column.casefold() for word in _WELL)


def are_mixed(labels: list[str]) -> bool:
    """Whether more than two labels are those of several codings of the same two classes."""
    keys = {key(label) for label in labels}
    used = [coding for coding in _CODINGS if coding & keys]
    known = len(keys) > 2 and len(used) > 1 and keys <= set().union(*_CODINGS)
    return known and not all(map(is_number, keys))  # which may be grades
