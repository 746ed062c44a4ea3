"""Whether a DICOM object is a picture of ultrasound: said by its tags, or it is refused."""

from __future__ import annotations

from typing import Final

from sonoflow.errors import ImageRejected

ULTRASOUND = "US"
SECONDARY_CAPTURE, OTHER_BODY_PART = "secondary-capture", "other-body-part"
# Not said to be free of it: it is said of most, and makes a picture no less ultrasound.
BURNED_IN = "burned-in-text-possible"
_BREAST = "BREAST"
_STORAGE = "1.2.840.10008.5.1.4.1.1."
# Ultrasound images and cine loops; the last two are their retired forms.
_PICTURES = frozenset(_STORAGE + end for end in ("6.1", "3.1", "6", "3"))
_CAPTURES = frozenset(_STORAGE + end for end in ("7", "7.1", "7.2", "7.3", "7.4"))
_OTHERS: Final = {
    "1.1": "digital radiography",
    "1.2": "mammography",
    "13.1": "breast tomosynthesis",
    "2": "computed tomography",
    "4": "magnetic resonance",
    "6.2": "an ultrasound volume",
    "66.4": "a segmentation",
    "88": "a structured report",
    "104.1": "a document in PDF",
}
_MODALITIES: Final = {
    "CR": "computed radiography",
    "CT": "computed tomography",
    "DX": "digital radiography",
    "IVUS": "intravascular ultrasound",
    "MG": "mammography",
    "MR": "magnetic resonance",
    "NM": "nuclear medicine",
    "OT": "other",
    "PT": "positron emission tomography",
    "RTDOSE": "a radiotherapy dose",
    "SC": "a secondary capture",
    "SEG": "a segmentation",
    "SR": "a structured report",
    "XA": "X-ray angiography",
}
_WHAT = "only ultrasound pictures are scored: Modality US, of an ultrasound SOP class or a capture"


def check(classes: tuple[str, str], modality: str, body_part: str) -> tuple[str, ...]:
    """Flags. Raises ImageRejected: not-ultrasound.

    `classes` are the SOP classes by the data set and by the file's header, either may be empty.
    Both and the modality have to say ultrasound, a capture's modality above all: a mammogram's
    screenshot differs from one of ultrasound in nothing else.
    """
    for given in filter(None, classes):
        if given not in _PICTURES | _CAPTURES:
            raise _refused(_class(given))
    known = next(filter(None, classes), "")
    if modality and modality != ULTRASOUND:
        # Not as it is written: where a code must be, somebody may have written a name.
        named = _MODALITIES.get(modality)
        raise _refused(
            f"its modality is {modality}, {named}" if named else "its modality is another"
        )
    if not modality and known not in _PICTURES:
        raise _refused("it does not name its modality")
    flags = [SECONDARY_CAPTURE] if known not in _PICTURES else []
    if body_part not in ("", _BREAST):
        flags.append(OTHER_BODY_PART)
    return tuple(flags)


def _class(uid: str) -> str:
    named = _OTHERS.get(uid.removeprefix(_STORAGE)) if uid.startswith(_STORAGE) else None
    return f"its SOP class is that of {named}" if named else "its SOP class is another"


def _refused(why: str) -> ImageRejected:
    return ImageRejected("not-ultrasound", f"{why}; {_WHAT}")
