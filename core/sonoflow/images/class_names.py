"""What folders and words become as classes: names that fit into keys, different ones kept apart."""

from __future__ import annotations

import collections
import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable

from sonoflow import keys

_LENGTH_LIMIT = 64
_SIGNS = (("+", " plus "), ("<", " below "), (">", " above "), ("%", " percent "), ("=", " is "))
_SIGNS_TOLD = re.compile(r"(?<=\w)[-−–](?=\W|$)")  # a minus behind a word, as in `ER-`


@functools.lru_cache(maxsize=4096)
def class_name(folder: str) -> str:
    """What a folder's name becomes in keys: lower-case letters, digits and hyphens.

    Accents are dropped; a name in a script without Latin letters becomes `class-` and a digest.
    """
    slug = keys.slug(_without_accents(folder))
    if slug or not any(sign.isalnum() for sign in folder):
        return slug[:_LENGTH_LIMIT].strip("-")
    return f"class-{_digest(folder)}"


def apart(names: Iterable[str]) -> dict[str, str]:
    """The class of each name. Names that differ by more than case, accents, spaces, hyphens and
    underscores never become one class: signs are spelled out, or a digest is added."""
    once = sorted(set(names))
    found = {name: class_name(name) for name in once}
    for told in (_spelled_out, _with_digest):
        meanings: dict[str, set[str]] = collections.defaultdict(set)
        for name, label in found.items():
            meanings[label].add(_meant(name))
        found = {
            name: told(name) if len(meanings[label]) > 1 else label for name, label in found.items()
        }
    return found


def aliases(name: str) -> tuple[str, ...]:
    """What a name may have become among others."""
    return class_name(name), _spelled_out(name), _with_digest(name)


def _spelled_out(name: str) -> str:
    told = _SIGNS_TOLD.sub(" minus ", name)
    for sign, word in _SIGNS:
        told = told.replace(sign, word)
    return class_name(told)


def _with_digest(name: str) -> str:
    slug = class_name(name)[: _LENGTH_LIMIT - 9].strip("-")
    return f"{slug}-{_digest(_meant(name))}".strip("-")


def _meant(name: str) -> str:
    """Equal for names that are one name, written differently."""
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", _without_accents(name).casefold()).strip(" _")


def _without_accents(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]
