"""Where names, folders and lists say two things of an image's class, or one class has two names.

A folder that is right and names that are not, or the other way round, look the same: a few are
said; of many nobody can know which to believe, so that they are refused.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Collection, Iterable, Mapping

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import class_names, words

MIXED, ALIKE, CONTRADICTED = "labels-mixed", "classes-alike", "name-contradicts-class"
_MOST = 0.5  # of a class whose images are called as another class
_NOT = frozenset({"non", "not", "no", "nicht", "kein", "without"})
_DOUBTS = words.set_of(
    """wrong bad exclude excluded reject rejected discard discarded unsure uncertain unclear
    doubtful dubious trash junk unusable mislabeled mislabelled missing"""
)
_LETTER = re.compile(r"(?P<letter>[bm])(?:[ _-]?\(?\d.*)?", re.IGNORECASE)
_OF_LETTERS = {"b": "benign", "m": "malignant"}
# One class in several languages and spellings.
_SAME = (
    "benign benigno benigna benigne benin bénin gutartig 良性 양성 доброкачественные",
    "malignant malign maligno maligna malin bösartig boesartig 恶性 惡性 悪性 악성 злокачественные",
    "normal normale normaux 正常 정상 norma",
    "positive pos",
    "negative neg",
)
_MEANT = {class_names.class_name(word): some.split()[0] for some in _SAME for word in some.split()}


def of_names(labels: Mapping[str, str | None]) -> list[Assumption]:
    """`labels` are the classes of images by path, of folders or a table. Raises DatasetRefused
    where most of a class is called as another."""
    known = {label for label in labels.values() if label}
    other = {p: label for p, label in labels.items() if label and _other(p, label, known)}
    other |= _by_letters(labels)
    if not other:
        return []
    sizes = collections.Counter(label for label in labels.values() if label)
    found = collections.Counter(other.values())
    if worst := [label for label in sorted(found) if found[label] > _MOST * sizes[label]]:
        label = worst[0]
        first = min(path for path, named in other.items() if named == label)
        detail = (
            f"{found[label]} of {sizes[label]} images of the class {label!r} are called, or lie "
        )
        detail += (
            f"in a folder called, as another class is, the first of which is {first!r}. Which "
        )
        detail += 'is right? {"classes": "folders"} or {"classes": "names"} in the mapping says so'
        raise DatasetRefused("class-contradicted", detail)
    detail = f"{found.total()} images are called, or lie in a folder called, as another class than "
    detail += "their own is; the folder, or the table, was believed"
    return [Assumption(CONTRADICTED, detail, '{"classes": "names"}')]


def of_doubts(paths: Iterable[str]) -> list[Assumption]:
    """Where folders are called as what should not be used is."""
    doubted = sum(any(words.has(part, _DOUBTS) for part in p.split("/")[:-1]) for p in paths)
    if not doubted:
        return []
    detail = (
        f"{doubted} images lie in folders whose names doubt them, or leave them out; they were "
    )
    return [Assumption("folders-in-doubt", f"{detail}used", '{"ignore": ["<folder>"]}')]


def _other(path: str, label: str, known: Collection[str]) -> bool:
    """Whether one of its folders is called as another class, or a word of its name is one."""
    *folders, name = path.split("/")
    tokens = words.tokens(name.rpartition(".")[0])
    told = {token for token in tokens if token in known and words.is_class(token)}
    around = {class_names.class_name(folder) for folder in folders} & set(known)
    if label not in told and len(told) == 1 and _NOT.isdisjoint(tokens):
        return True
    return bool(around) and any(words.is_class(one) for one in around - {label})


def _by_letters(labels: Mapping[str, str | None]) -> dict[str, str]:
    """Of names that begin with B and M, as those of the two classes do: those of the other one."""
    if not set(_OF_LETTERS.values()) <= set(labels.values()):
        return {}
    matches = {p: _LETTER.fullmatch(p.rpartition("/")[2].rpartition(".")[0]) for p in labels}
    letters = {path: match["letter"].lower() for path, match in matches.items() if match}
    if set(letters.values()) != set(_OF_LETTERS):
        return {}  # one letter for all is no class
    apart = {path for path, letter in letters.items() if _OF_LETTERS[letter] != labels[path]}
    return {path: label for path in apart if (label := labels[path])}


def of_labels(labels: Iterable[str | None]) -> list[Assumption]:
    """Where two classes may be one. Raises DatasetRefused (labels-mixed) where they are written in
    two codings: numbers or letters beside words, or in two languages."""
    known = sorted({label for label in labels if label})
    numbers = [label for label in known if re.fullmatch(r"[\d-]+", label)]
    named = [label for label in known if label in _MEANT or label in words.CLASSES]
    if numbers and named:
        raise _mixed(numbers, named)
    meant: dict[str, list[str]] = collections.defaultdict(list)
    for label in known:
        meant[_meaning(label, named)].append(label)
    for some in meant.values():
        if len(some) > 1:
            raise _mixed(some[:1], some[1:])
    alike = sum(
        any(label.startswith(f"{other}-") and other in named for other in known) for label in known
    )
    if not alike:
        return []
    detail = f"{alike} classes are called as another one and something more; they were taken for "
    detail += "classes of their own"
    return [Assumption(ALIKE, detail, '{"labels": {"<one>": "<other>"}} or {"ignore": ["<one>"]}')]


def _meaning(label: str, named: Collection[str]) -> str:
    if len(label) == 1 and (of_letter := [name for name in named if name[0] == label]):
        return _MEANT.get(of_letter[0], of_letter[0])
    return _MEANT.get(label, label)


def meaning(cell: str) -> str:
    """A class as a table writes it, letters and other languages as what they mean."""
    label = class_names.class_name(cell)
    return _OF_LETTERS.get(label, _MEANT.get(label, label))


def _mixed(some: Collection[str], others: Collection[str]) -> DatasetRefused:
    named = ", ".join(map(repr, [*some, *others][:8]))
    told = ", ".join(f'"{label}": "<class>"' for label in [*some][:6])
    detail = (
        f"classes are written in two ways, so that one may be two: {named}. Say what they are: "
    )
    told = f'{detail}{{"labels": {{{told}}}}}, in other words if they are classes of their own'
    return DatasetRefused(MIXED, told)
