"""How a data set's files are to be read, where the files themselves leave it open.

A plan finds it out from a sample (`conventions.py`), or `<name>.mapping.json` says it:

{"masks": {"lesion": "dark"}}               the lesion is darker than what lies around it; "bright";
                                            "inside": whatever does not hold the picture's border
{"masks": {"lesion": [2, "#ff0000"]}}       these values or colours are lesions, nothing else is
{"masks": {"outside": 1}}                   all but this value or colour is lesion
{"masks": {"classes": {"#00ff00": "benign"}}}   colours or values are lesions, and name the class
{"masks": {"outlines": "fill"}}             lines around lesions; "as-is": lesions as they are drawn
{"masks": {"orientation": "stored"}}        drawn on the pixels as stored, before EXIF turns them;
                                            "shown": after that
{"masks": {"orientation": "transposed"}}    every mask must be turned so to lie on its image
{"pictures": {"bits": 12}}                  what pictures of 16 bits use of them
{"pictures": {"frames": 8}}                 so many frames of a DICOM loop, at equal distances;
                                            "first"; "middle"
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from sonoflow.errors import DatasetRefused
from sonoflow.images import class_names, depths

Token = tuple[int, ...]  # a value, or a colour's red, green and blue

BLACK: Token = (0,)
WHITE: Token = (255,)
INSIDE = "inside"
FRAMES = 3  # of a loop: they are much alike, and all of one patient
FRAMES_LIMIT = 64
FIRST, MIDDLE = 0, 1  # of a loop, the one frame
SHOWN, STORED = "shown", "stored"
# What has to be done to a mask's pixels, by the number that EXIF gives it.
TURNED = {
    "mirrored": 2,
    "half": 3,
    "upside-down": 4,
    "transposed": 5,
    "right": 6,
    "transversed": 7,
    "left": 8,
}
_Chosen = TypeVar("_Chosen")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclasses.dataclass(frozen=True)
class Reading:
    """Empty where each file decides, which it does for all that is usual."""

    outside: Token = ()  # what is no lesion; all that differs from it is one
    inside: bool = False  # what holds a mask's border is outside, whatever it is
    lesions: tuple[Token, ...] = ()  # what is a lesion; all else is not
    classes: tuple[tuple[Token, str], ...] = ()  # and which class that means
    polarity_known: bool = False  # so that a lesion may lie all around
    fill: bool | None = None  # outlines: None leaves them, with a flag
    drawn_on: str = ""  # of SHOWN and STORED
    turn: int = 1  # 1 to 8, as EXIF numbers them
    bits: int | None = None
    frames: int = FRAMES  # of a DICOM loop; FIRST or MIDDLE for that one alone
    patients: bool = True  # whether tags of DICOM say what belongs together

    def document(self) -> dict[str, Any]:
        """Without what is as usual."""
        facts = dataclasses.asdict(self)
        return {name: facts[name] for name in facts if facts[name] != getattr(USUAL, name)}


USUAL = Reading()


def parse(document: Mapping[str, Any]) -> Reading:
    """Raises KeyError, TypeError or ValueError for what `document` never makes."""
    facts = dict(document)
    for name in ("lesions", "outside"):
        if name in facts:
            facts[name] = _frozen(facts[name])
    if "classes" in facts:
        facts["classes"] = tuple((_frozen(token), str(label)) for token, label in facts["classes"])
    return Reading(**facts)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list | tuple) else int(value)


def spelt(token: Token) -> int | str:
    """As a mapping has it: 2, or "#ff0000"."""
    return token[0] if len(token) == 1 else "#" + "".join(f"{part:02x}" for part in token)


def given(mapping: Mapping[str, Any]) -> Reading:
    """What `<name>.mapping.json` says. Raises DatasetRefused for what it may not say."""
    masks, pictures = (_section(mapping, name) for name in ("masks", "pictures"))
    _known("masks", masks, ("lesion", "outside", "classes", "outlines", "orientation"))
    _known("pictures", pictures, ("bits", "frames"))
    drawn_on = {SHOWN: (SHOWN, 1), STORED: (STORED, 1)}
    turned = {word: ("", turn) for word, turn in TURNED.items()}
    lying = _choice(masks, "orientation", {**drawn_on, **turned})
    found = Reading(
        frames=_frames(pictures),
        fill=_choice(masks, "outlines", {"fill": True, "as-is": False}),
        drawn_on=lying[0] if lying else "",
        turn=lying[1] if lying else 1,
        bits=_choice(pictures, "bits", {bits: bits for bits in depths.DEPTHS}),
    )
    sides = {"dark": WHITE, "bright": BLACK, INSIDE: ()}
    lesion = masks.get("lesion")
    if isinstance(lesion, str) and not _COLOUR.fullmatch(lesion):
        side = _choice(masks, "lesion", sides) or ()
        found = dataclasses.replace(found, outside=side, inside=lesion == INSIDE)
    elif lesion is not None:
        tokens = lesion if isinstance(lesion, list) else [lesion]
        found = dataclasses.replace(found, lesions=tuple(_token(one) for one in tokens))
    if "outside" in masks:
        found = dataclasses.replace(found, outside=_token(masks["outside"]))
    if classes := masks.get("classes"):
        named = tuple(
            (_token(one), class_names.class_name(label)) for one, label in _pairs(classes)
        )
        found = dataclasses.replace(found, classes=named, lesions=tuple(t for t, _ in named))
    known = "lesion" in masks or "outside" in masks or bool(found.classes)
    return dataclasses.replace(found, polarity_known=known)


def _section(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = mapping.get(name, {})
    if not isinstance(section, Mapping):
        raise DatasetRefused("mapping-invalid", f"its {name!r} must be an object, not {section!r}")
    return section


def _known(name: str, section: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    if unknown := sorted(set(section) - set(allowed)):
        detail = f"its {name!r} says {unknown[0]!r}; it may say {', '.join(allowed)}"
        raise DatasetRefused("mapping-invalid", detail)


def _choice(
    section: Mapping[str, Any], name: str, choices: Mapping[Any, _Chosen]
) -> _Chosen | None:
    if (word := section.get(name)) is None:
        return None
    if isinstance(word, bool) or not isinstance(word, str | int) or word not in choices:
        detail = f"its {name!r} must be one of {', '.join(map(str, choices))}, not {word!r}"
        raise DatasetRefused("mapping-invalid", detail)
    return choices[word]


def _frames(pictures: Mapping[str, Any]) -> int:
    said = pictures.get("frames", FRAMES)
    if said in ("first", "middle"):
        return FIRST if said == "first" else MIDDLE
    if isinstance(said, bool) or not isinstance(said, int) or not 2 <= said <= FRAMES_LIMIT:
        detail = f"its 'frames' must be first, middle or a number of 2 to {FRAMES_LIMIT}, not "
        raise DatasetRefused("mapping-invalid", f"{detail}{said!r}")
    return said


def _pairs(classes: Any) -> list[tuple[Any, Any]]:
    if not isinstance(classes, Mapping) or not all(
        isinstance(label, str) and class_names.class_name(label) for label in classes.values()
    ):
        raise DatasetRefused(
            "mapping-invalid", 'its \'classes\' must be like {"#00ff00": "benign"}'
        )
    return list(classes.items())


def _token(word: Any) -> Token:
    if isinstance(word, str) and _COLOUR.fullmatch(word):
        red, green, blue = bytes.fromhex(word[1:])
        return (red,) if red == green == blue else (red, green, blue)
    if isinstance(word, str) and word.isdecimal() and len(word) <= 5:
        word = int(word)
    if isinstance(word, int) and not isinstance(word, bool) and 0 <= word <= 65535:
        return (word,)
    raise DatasetRefused(
        "mapping-invalid", f'a mask\'s value is 0 to 65535 or "#rrggbb", not {word!r}'
    )
