"""What a data set's files have in common, decided over a sample before any of them is staged.

A single mask does not say whether it is black on white, nor a single picture how many of its bits a
scanner uses. What many of them agree on is taken for true and stated as an assumption; where they
contradict each other, the data set is refused with the words that settle it.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import (
    binary_masks,
    depths,
    grounds,
    masks,
    pixels,
    placements,
    reading,
    regions,
    samples,
    stored_masks,
    transparency,
)
from sonoflow.images.binary_masks import COLOURS, VALUES
from sonoflow.images.layouts import Scan
from sonoflow.images.looks import Looks
from sonoflow.images.reading import Reading
from sonoflow.images.samples import Sample
from sonoflow.images.stored_masks import ALPHA_IGNORED, BY_ALPHA, BY_INDEX, StoredMask

_OUTLINES_SHARE = 0.1  # of the masks that must be outlines for them to be filled
_DARK_SHARE = 0.25  # of the pictures that may use far fewer bits than the others
# Of pictures in a class that use fewer bits, what parts it from another; and of how many at least.
_SHARES_APART, _FEWEST_TOLD = 0.5, 3
_HOLE_SHARE = 0.002  # of an image, that a mask encloses without holding it
_FEWEST_REFUSED = 4  # masks that tell enough for a refusal before anything is staged


@dataclasses.dataclass(frozen=True)
class Conventions:
    reading: Reading
    assumptions: tuple[Assumption, ...]


def find(scans: Sequence[Scan], reader: Looks, mapping: Mapping[str, Any]) -> Conventions:
    """Raises DatasetRefused: `mapping-invalid` for a sidecar that says what it may not,
    `mask-polarity`, `mask-unclear`, `mask-not-binary` and `mask-orientation`. Errors of S3 escape.
    """
    given = reading.given(mapping)
    return decide(samples.take(scans, reader), given)


def decide(taken: Sequence[Sample], given: Reading) -> Conventions:
    found, assumed = grounds.decide(taken, given)
    values = _Values(found)
    for sample in taken:
        for stored in sample.stored_masks():
            values.add(stored)
    values.refuse()
    assumed += [*values.assumptions(), *_large(values)]
    found, outlines = _outlines(found, values)
    pictures = [
        (
            sample.label,
            depths.used(picture.image),
            (*picture.flags, *transparency.flags(picture.image)),
        )
        for sample in taken
        if (picture := sample.picture()) is not None
    ]
    found, scaled = _depths(
        found, [(label, bits) for label, bits, _ in pictures if bits is not None]
    )
    found, places = placements.decide(taken, found)
    return Conventions(
        found, (*assumed, *outlines, *places, *scaled, *_inks([flags for _, _, flags in pictures]))
    )


class _Values:
    """How the sampled masks tell what is a lesion."""

    def __init__(self, found: Reading) -> None:
        self._reading = found
        self._flags: collections.Counter[str] = collections.Counter()
        self._tokens: dict[str, set[reading.Token]] = collections.defaultdict(set)
        self._refused: dict[str, list[str]] = collections.defaultdict(list)
        self._one_each = True  # of all colours that mean a lesion, each mask has but one
        self.looked_at = self.shown = self.lesions = self.outlines = self.large = self.pierced = 0

    def add(self, stored: StoredMask) -> None:
        self.looked_at += 1
        try:
            mask, flags = binary_masks.binary(stored, self._reading, 1)
        except ImageRejected as error:
            self._refused[error.reason].append(error.detail)
            return
        for flag in {*stored.flags, *flags} - {binary_masks.POLARITY, binary_masks.OUTSIDE}:
            self._flags[flag] += 1
            self._tokens[flag] |= set(stored.tokens or stored_masks.main_colours(stored))
            self._one_each &= flag != COLOURS or len(stored.tokens) == 2
        self.shown += bool(mask.any())
        if 0 < mask.sum() < mask.size:
            self.lesions += 1
            self.outlines += masks.enclosed(mask) is not None
            if masks.is_large(mask):
                self.large += 1
                holes = np.count_nonzero(regions.filled(mask)) - np.count_nonzero(mask)
                self.pierced += bool(holes > _HOLE_SHARE * mask.size)

    def refuse(self) -> None:
        for reason in ("mask-unclear", "mask-not-binary"):
            details = self._refused.get(reason, [])
            if len(details) >= _FEWEST_REFUSED and 2 * len(details) > self.looked_at:
                first = details[0].removeprefix("mask 1 ")
                told = f"{len(details)} of {self.looked_at} masks looked at, the first of which "
                raise DatasetRefused(reason, told + first)
        if self._reading.lesions and not self.shown and self.looked_at >= _FEWEST_REFUSED:
            said = ", ".join(str(reading.spelt(token)) for token in self._reading.lesions[:6])
            detail = f"none of {self.looked_at} masks looked at holds a lesion as the mapping says "
            detail += f'it in "masks" ({said})'
            raise DatasetRefused("mapping-invalid", detail)
        if self._reading.polarity_known or 2 * self.pierced <= max(self.lesions, _FEWEST_REFUSED):
            return
        detail = f"{self.pierced} of {self.lesions} masks looked at are white in most of their "
        detail += "image and black in a part of it: which of both is the lesion? Say so in the "
        detail += 'mapping: {"masks": {"lesion": "dark"}} or "bright"'
        raise DatasetRefused(binary_masks.POLARITY, detail)

    def assumptions(self) -> list[Assumption]:
        if self._reading.polarity_known:
            return []
        return [
            Assumption(flag, f"{count} of {self.looked_at} masks looked at: {text}", settle)
            for flag, count in self._flags.items()
            if (told := self._told(flag)) is not None
            for text, settle in [told]
        ]

    def _told(self, flag: str) -> tuple[str, str] | None:
        tokens = sorted(self._tokens[flag])
        shown = ", ".join(str(reading.spelt(token)) for token in tokens[:6]) or "many"
        shown += ", …" if len(tokens) > 6 else ""
        some = reading.spelt(tokens[-1]) if tokens else "<colour>"
        word = f'"{some}"' if isinstance(some, str) else some
        dark = '{"masks": {"lesion": "dark"}}'
        coloured = f'{{"masks": {{"lesion": [{word}]}}}}'
        if len(others := [token for token in tokens if any(token)]) > 1 and self._one_each:
            named = ", ".join(f'"{reading.spelt(token)}": "<class>"' for token in others[:6])
            coloured = f'{{"masks": {{"classes": {{{named}}}}}}}'
        told = {
            VALUES: (f"they hold the values {shown}; the larger one is the lesion", dark),
            COLOURS: (
                f"they hold the colours {shown}; all but the outside's is a lesion",
                coloured,
            ),
            BY_INDEX: (
                "their palette has one colour; an index that is not outside is a lesion",
                dark,
            ),
            BY_ALPHA: ("they are of one colour; what is not transparent is a lesion", dark),
            ALPHA_IGNORED: ("they are transparent as a whole; their colours count", ""),
        }
        return told.get(flag)


def _large(values: _Values) -> list[Assumption]:
    if 2 * values.large <= values.lesions:
        return []
    detail = f"{values.large} of {values.lesions} masks looked at hold more than half of their "
    detail += "image; that is taken for lesion, as in images that are cut to it; if the lesion is "
    detail += "what they leave out, say so"
    return [Assumption(masks.LARGE, detail, '{"masks": {"lesion": "dark"}}')]


def _outlines(found: Reading, values: _Values) -> tuple[Reading, list[Assumption]]:
    if found.fill is not None or not values.outlines:
        return found, []
    if values.outlines < _OUTLINES_SHARE * values.lesions:
        return found, []
    detail = f"{values.outlines} of {values.lesions} masks looked at are closed lines around "
    detail += "something; what they enclose is the lesion"
    told = Assumption(masks.OUTLINE_FILLED, detail, '{"masks": {"outlines": "as-is"}}')
    return dataclasses.replace(found, fill=True), [told]


def _depths(
    found: Reading, pictures: Sequence[tuple[str | None, int]]
) -> tuple[Reading, list[Assumption]]:
    """By the class and the bits of each picture of 16."""
    if found.bits is not None or not pictures:
        return found, []
    used = collections.Counter(bits for _, bits in pictures)
    most, whole = max(used), used.total()
    darker = sum(count for bits, count in used.items() if bits <= most - 4)
    settle = f'{{"pictures": {{"bits": {16 if most < 16 else min(used)}}}}}'
    if darker > _DARK_SHARE * whole or _tells_classes(pictures, most):
        counts = ", ".join(f"{bits} of them in {count}" for bits, count in sorted(used.items()))
        detail = f"of 16 bits, {whole} pictures looked at use: {counts}; each is scaled by its own"
        return found, [Assumption("depth-mixed", detail, settle)]
    found = dataclasses.replace(found, bits=most)
    if most == 16:
        return found, []
    detail = f"of 16 bits, the {whole} pictures looked at that have so many use {most} at most: "
    detail += f"{2**most - 1} is white"
    return found, [Assumption(f"depth-{most}-of-16", detail, settle)]


def _tells_classes(pictures: Sequence[tuple[str | None, int]], most: int) -> bool:
    """Whether pictures of one class use fewer bits and those of another do not: scaled alike, how
    grey they are would tell the class."""
    classes: dict[str | None, list[int]] = collections.defaultdict(list)
    for label, bits in pictures:
        classes[label].append(bits)
    shares = [
        sum(bits < most for bits in some) / len(some)
        for some in classes.values()
        if len(some) >= _FEWEST_TOLD
    ]
    return max(shares, default=0) - min(shares, default=0) > _SHARES_APART


def _inks(pictures: Sequence[Sequence[str]]) -> list[Assumption]:
    told = {
        pixels.CMYK_UNMARKED: "are CMYK without Adobe's marker; their numbers are taken for ink: "
        "the larger, the darker",
        transparency.FLAG: "are nowhere opaque, or transparent in most of what they hold; the most "
        "opaque of each is shown as it is, the rest on black",
    }
    counts = {flag: sum(flag in flags for flags in pictures) for flag in told}
    return [
        Assumption(flag, f"{count} of {len(pictures)} pictures looked at {told[flag]}", "")
        for flag, count in counts.items()
        if count
    ]
