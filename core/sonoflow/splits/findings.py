"""What only the whole of a staged data set shows: masks that are bad alike, odd pictures.

Single images are flagged. Where most masks are bad, nothing sensible can be trained: the data set
is refused, the largest cause first.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import masks
from sonoflow.images.classes import EMPTY_MASK, LESION_IN_NORMAL, NORMAL, OF_LOOP
from sonoflow.images.parts import Entry
from sonoflow.images.pixels import COLOUR

IDENTICAL, UNLIKE, MARKED = "identical-masks", "unlike-the-others", "burned-in-marks"
# Facts of an entry that are needed here alone.
_FACTS = ("mask_sha256", "texture", "strokes")

_FEWEST = 20  # pictures that tell what is usual
_SPREADS = 8.0  # how many usual deviations from the middle are unusual
_LEAST_SPREAD = 0.04  # of a share or a correlation
_LEAST_STROKES = 0.0002
_SMOOTH = 0.6  # texture of pictures in which a bright line is no speckle

_ALL = 0.9  # of a class's pictures that are coloured
_MOSTLY = 0.5  # of a class's masks that are empty: they are no fault of the set's

# Masks that show no lesion a model could learn, and how that is said.
_BAD = {
    EMPTY_MASK: "are empty",
    masks.FULL: "are lesion all over",
    masks.FAN: "are the fan, which is all that the picture shows",
    masks.THIN: "are lines that enclose nothing",
    masks.OUTLINE: "are lines around something",
    "mask-not-binary": "are not of two values",
    "mask-unclear": "hold several things",
    "mask-inverted": "are lesion all around and none inside",
    "mask-size-mismatch": "have another shape than their image",
    "mask-unreadable": "cannot be read",
}
_SETTLE = {
    EMPTY_MASK: "mask what is to be found, or leave the masks out",
    masks.FULL: "mask what is to be found, or leave the masks out",
    masks.FAN: "mask what is to be found, or leave the masks out; if the lesion is what they leave "
    'out within the fan, say so: {"masks": {"lesion": "inside"}}',
    masks.THIN: 'if a lesion is no more than its line: {"masks": {"outlines": "as-is"}}',
    masks.OUTLINE: 'say which: {"masks": {"outlines": "fill"}} or "as-is"',
    "mask-inverted": 'say which is right: {"masks": {"lesion": "dark"}} or "bright"',
    "mask-size-mismatch": 'if they only lie otherwise: {"masks": {"orientation": "transposed"}}',
}


def flag(entries: Iterable[Entry]) -> list[Entry]:
    """The same entries, which have their group, with what stands out among them flagged."""
    kept = list(entries)
    odd = {IDENTICAL: _identical(kept), UNLIKE: _unlike(kept), MARKED: _marked(kept)}
    return [
        {
            **{name: value for name, value in entry.items() if name not in _FACTS},
            "flags": [*entry["flags"], *(name for name, ids in odd.items() if entry["id"] in ids)],
        }
        for entry in kept
    ]


def _identical(entries: Sequence[Entry]) -> set[str]:
    """Images of different groups with one and the same lesion."""
    by_mask: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in entries:
        lesion = 0 < entry["lesion_pixels"] < entry["width"] * entry["height"]
        if lesion and entry.get("mask_sha256"):
            by_mask[entry["mask_sha256"]].append(entry)
    several = (one for one in by_mask.values() if len({entry["group"] for entry in one}) > 1)
    return {entry["id"] for one in several for entry in one}


def _unlike(entries: Sequence[Entry]) -> set[str]:
    """Images whose grey levels or whose grain is far from what is usual in the set."""
    measured = [entry for entry in entries if entry.get("histogram")]
    if len(measured) < _FEWEST:
        return set()
    counts = np.array([entry["histogram"] for entry in measured], dtype=float)
    shares = counts / counts.sum(axis=1, keepdims=True)
    away = np.abs(shares - np.median(shares, axis=0)).sum(axis=1)
    odd = {measured[at]["id"] for at in np.flatnonzero(_far(away, above=True))}
    grained = [entry for entry in measured if entry.get("texture") is not None]
    if len(grained) >= _FEWEST:
        grain = np.array([entry["texture"] for entry in grained], dtype=float)
        odd |= {grained[at]["id"] for at in np.flatnonzero(_far(grain, above=False))}
    return odd


def _marked(entries: Sequence[Entry]) -> set[str]:
    """Images with far more sharp bright lines than is usual: text, calipers."""
    measured = [entry for entry in entries if (entry.get("texture") or 0) >= _SMOOTH]
    if len(measured) < _FEWEST:
        return set()
    shares = np.array([entry["strokes"] for entry in measured], dtype=float)
    # Up to a half may be marked: what is usual is that of the others.
    usual = shares[shares <= np.median(shares)]
    far = _far(np.append(shares, usual), above=True, least=_LEAST_STROKES)[: len(shares)]
    return {measured[at]["id"] for at in np.flatnonzero(far)}


def _far(
    values: np.ndarray[Any, Any], *, above: bool, least: float = _LEAST_SPREAD
) -> np.ndarray[Any, Any]:
    middle = np.median(values)
    spread = max(float(np.median(np.abs(values - middle))), least)
    beyond: np.ndarray[Any, Any] = values - middle if above else middle - values
    return beyond > _SPREADS * spread


def assumptions(entries: Sequence[Entry]) -> list[Assumption]:
    """What a whole data set, or all of a class, is used in spite of."""
    told = [*_shared_masks(entries), *_loops(entries)]
    found = collections.Counter(flag for entry in entries for flag in entry["flags"])
    normal = sum(entry["class"] == NORMAL for entry in entries)
    if found[LESION_IN_NORMAL] > normal / 2:
        detail = f"{found[LESION_IN_NORMAL]} of {normal} images of the class normal have a mask "
        detail += "that shows a lesion; both are used as they are"
        told.append(Assumption(LESION_IN_NORMAL, detail, ""))
    told += _coloured_classes(entries)
    for name, masked in _masked(entries).items():
        empty = sum(EMPTY_MASK in entry["flags"] for entry in masked)
        if empty > len(masked) / 2:
            detail = f"{empty} of {len(masked)} masks of the class {name} are empty: it is taken "
            detail += "for a class that has them, not for the one without lesion"
            told.append(Assumption(EMPTY_MASK, detail, f'{{"labels": {{"{name}": "{NORMAL}"}}}}'))
    return told


def _coloured_classes(entries: Sequence[Entry]) -> list[Assumption]:
    """Classes whose pictures are coloured where those of others are grey."""
    classes: dict[str, list[bool]] = collections.defaultdict(list)
    for entry in entries:
        classes[entry["class"]].append(COLOUR in entry["flags"])
    shares = {name: sum(some) / len(some) for name, some in sorted(classes.items())}
    if min(shares.values(), default=1.0) > 1 - _ALL:
        return []
    return [
        Assumption(
            "class-by-colour",
            f"pictures of the class {name} are coloured, and those of others grey: colours would "
            "tell it, not tissue; if they are heat maps or the like, leave their folder out",
            '{"ignore": ["<folder>"]}',
        )
        for name, share in shares.items()
        if share >= _ALL
    ]


def _loops(entries: Sequence[Entry]) -> list[Assumption]:
    frames = [entry for entry in entries if OF_LOOP in entry["flags"]]
    if not frames:
        return []
    detail = f"{len(frames)} pictures are frames of loops, of which a few each are used; the class "
    detail += "of a loop was taken for that of each of its frames"
    return [Assumption(OF_LOOP, detail, '{"pictures": {"frames": "middle"}}')]


def _shared_masks(entries: Sequence[Entry]) -> list[Assumption]:
    told: list[Assumption] = []
    for name, some in {"": entries, **_masked(entries)}.items():
        number = sum(IDENTICAL in entry["flags"] for entry in some)
        with_lesion = sum(entry["lesion_pixels"] > 0 for entry in some)
        if number > with_lesion / 2 and not told:
            detail = f"{number} of {with_lesion} images with a lesion"
            detail += f" of the class {name}" if name else ""
            detail += " share their mask with another picture; they are used as they are"
            told.append(Assumption(IDENTICAL, detail, ""))
    return told


def _masked(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Images with masks by class."""
    found: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in entries:
        if entry["masks"]:
            found[entry["class"]].append(entry)
    return dict(sorted(found.items()))


def check_masks(entries: Iterable[Entry], quarantine: Iterable[Mapping[str, str]]) -> None:
    """Raises DatasetRefused under the name of the largest cause where most masks are bad, of the
    data set or of one class. Empty ones of a class that has mostly such are no fault where others
    show lesions: they are said.
    """
    every = classes = _masked(entries)
    blank = {name for name, some in classes.items() if _blank(some)}
    shown = {name: some for name, some in classes.items() if name not in blank}
    if any(_bad(some).total() <= len(some) / 2 for name, some in shown.items() if name != NORMAL):
        classes = shown
    causes = _bad(entry for some in classes.values() for entry in some)
    images = sum(map(len, classes.values()))
    first: dict[str, str] = {}
    for aside in quarantine:
        if aside["reason"] in _BAD:
            images += 1
            causes[aside["reason"]] += 1
            first.setdefault(aside["reason"], aside["detail"])
    _check("", causes, images, first)
    for name, some in every.items():
        causes = _bad(some)
        del causes[EMPTY_MASK]  # of some of a class: said, not refused
        _check(f" of the class {name}", causes, len(some), first)


def _blank(entries: Sequence[Entry]) -> bool:
    return sum(EMPTY_MASK in entry["flags"] for entry in entries) > _MOSTLY * len(entries)


def _bad(entries: Iterable[Entry]) -> collections.Counter[str]:
    return collections.Counter(
        name for entry in entries for name in {*entry["flags"]} if name in _BAD
    )


def _check(
    which: str, bad: collections.Counter[str], images: int, first: Mapping[str, str]
) -> None:
    if 2 * bad.total() <= images:
        return
    causes = [f"of {count} they {_BAD[name]}" for name, count in bad.most_common()]
    largest, count = bad.most_common(1)[0]
    detail = f"the masks of {count} of {images} images{which} {_BAD[largest]}"
    if largest in first:
        detail += f" ({first[largest]})"
    if len(causes) > 1:
        detail += f"; {'; '.join(causes[1:])}"
    if largest in _SETTLE:
        detail += f". {_SETTLE[largest][0].upper()}{_SETTLE[largest][1:]}"
    raise DatasetRefused(largest, detail)


def causes(quarantine: Iterable[Mapping[str, str]], images: int) -> str:
    """What was set aside for which reason, the most frequent first; nothing where that is little
    beside the images that are left."""
    reasons: collections.Counter[str] = collections.Counter()
    first: dict[str, str] = {}
    for aside in quarantine:
        if aside["detail"].startswith("its image "):
            continue  # a mask that went with its image
        reasons[aside["reason"]] += 1
        if "'" not in aside["detail"]:  # names of files stay where they are
            first.setdefault(aside["reason"], f" ({aside['detail']})")
    told = [f"{count} × {name}{first.get(name, '')}" for name, count in _many(reasons, images)]
    return ", ".join(told)


def _many(reasons: collections.Counter[str], images: int) -> list[tuple[str, int]]:
    return [(name, count) for name, count in reasons.most_common(3) if 4 * count >= images]
