"""How a data set's masks lie on their images: as EXIF turns these or not, mirrored, transposed."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import agreement, binary_masks, masks
from sonoflow.images.agreement import Comparison
from sonoflow.images.pixels import TURNS, Decoded, Mask
from sonoflow.images.reading import SHOWN, STORED, TURNED, Reading
from sonoflow.images.samples import Sample
from sonoflow.images.stored_masks import StoredMask

_FEWEST = 6  # images that tell enough to turn all masks
_CLEAR = 0.3  # of an image's deviations: how much darker a lesion is than what surrounds it
_NEARLY_ALL, _MOST = 0.85, 0.7  # of the images
_SAID = {
    2: "mirrored",
    3: "turned by half",
    4: "upside down",
    5: "transposed",
    6: "turned to the right",
    7: "transposed the other way",
    8: "turned to the left",
}


def decide(taken: Sequence[Sample], found: Reading) -> tuple[Reading, list[Assumption]]:
    """Raises DatasetRefused (mask-orientation)."""
    exif, plain = _Exif(), _Plain()
    given_shown = found.drawn_on == SHOWN  # which also says that none is to be turned
    for sample in taken:
        if not sample.masks or (image := sample.decoded()) is None:
            continue
        for stored in sample.stored_masks():
            if stored.orientation == 1:
                if image.orientation == 1:
                    plain.add(image, stored, found, sample.label)
                else:
                    exif.add(image, stored, found)
    assumed: list[Assumption] = []
    if not found.drawn_on and found.turn == 1 and (told := exif.decide()):
        found, one = dataclasses.replace(found, drawn_on=told[0]), told[1]
        assumed.append(one)
    if not given_shown and found.turn == 1 and (turned := plain.decide()):
        found = dataclasses.replace(found, turn=turned[0])
        assumed.append(turned[1])
    elif not given_shown and found.turn == 1:
        assumed += plain.of_classes()
    return found, assumed


def _lesion(stored: StoredMask, found: Reading) -> Mask | None:
    try:
        mask, _ = binary_masks.binary(stored, found, 1)
    except ImageRejected:
        return None
    mask, _ = masks.shaped(mask, found.fill)
    return mask if 0 < mask.sum() < mask.size else None


class _Exif:
    """Images that EXIF turns, with masks that do not say so."""

    def __init__(self) -> None:
        self._shapes: collections.Counter[str] = collections.Counter()
        self._differences: list[float] = []

    def add(self, image: Decoded, stored: StoredMask, found: Reading) -> None:
        turned = stored.shape if image.orientation < 5 else stored.shape[::-1]
        as_shown, as_stored = (shape == image.pixels.shape for shape in (stored.shape, turned))
        if as_shown != as_stored:
            self._shapes[SHOWN if as_shown else STORED] += 1
        elif as_shown and (mask := _lesion(stored, found)) is not None:
            difference = agreement.stored_over_shown(image, mask)
            self._differences += [] if difference is None else [difference]

    def decide(self) -> tuple[str, Assumption] | None:
        if not self._differences:
            return None  # shapes decide image by image
        stored = Comparison(self._differences).sure
        shown = Comparison([-difference for difference in self._differences]).sure
        if len(self._shapes) == 1 and not (stored or shown):
            drawn_on, why = next(iter(self._shapes)), "as those are whose shape tells"
        elif stored or shown:
            drawn_on, why = STORED if stored else SHOWN, "where their edges agree better"
        else:
            return None
        if self._shapes and set(self._shapes) != {drawn_on}:
            return None
        other = SHOWN if drawn_on == STORED else STORED
        pixels = "the pixels as stored" if drawn_on == STORED else "the picture as EXIF turns it"
        detail = f"masks of images that EXIF turns are taken to be drawn on {pixels}, {why} "
        detail += f"({len(self._differences)} looked at)"
        settle = f'{{"masks": {{"orientation": "{other}"}}}}'
        return drawn_on, Assumption("mask-orientation", detail, settle)


class _Plain:
    """Images and masks of which neither says anything."""

    def __init__(self) -> None:
        self._scores: dict[bool, list[dict[int, float]]] = {False: [], True: []}
        self._by_class: dict[str, list[dict[int, float]]] = collections.defaultdict(list)
        self._shapes: collections.Counter[bool] = collections.Counter()

    def add(
        self, image: Decoded, stored: StoredMask, found: Reading, label: str | None = None
    ) -> None:
        same = stored.shape == image.pixels.shape
        swapped = stored.shape == image.pixels.shape[::-1]
        if not same and not swapped:
            return
        across = swapped and not same
        self._shapes[across] += 1
        mask = _lesion(stored, found)
        if mask is None or masks.is_large(mask):  # its surroundings are the image's frame
            return
        turns = (5, 6, 7, 8) if across else (1, 2, 3, 4)
        view = agreement.View(image.pixels)
        scores = {
            turn: view.score(TURNS[turn](mask) if turn != 1 else mask)
            for turn in (*turns, *((5, 6, 7, 8) if same and swapped else ()))
        }
        told = {turn: score for turn, score in scores.items() if score is not None}
        if len(told) == len(scores):
            self._scores[across].append(told)
            if label and not across:
                self._by_class[label].append(told)

    def decide(self) -> tuple[int, Assumption] | None:
        """How all masks are turned, 1 where they stay and only that is to be said."""
        across = self._shapes[True] > 3 * self._shapes[False]
        scores = self._scores[across]
        if not across and len(scores) < _FEWEST:
            return None
        places, best = _places(scores)
        if best != 1 and _certain(best, places):
            return best, self._assumed(best, across)
        if across and self._shapes[True] >= _FEWEST:
            detail = f"{self._shapes[True]} of {self._shapes.total()} masks looked at are as wide "
            detail += "as their images are high; say how they lie in the mapping, as in "
            raise DatasetRefused(
                "mask-orientation", detail + '{"masks": {"orientation": "transposed"}}'
            )
        if best != 1 and not across and _left(best, places):
            detail = f"{len(scores)} masks looked at agree better with their images {_SAID[best]} "
            detail += "than as drawn, and not for certain: they were left as drawn"
            word = next(word for word, turn in TURNED.items() if turn == best)
            settle = f'{{"masks": {{"orientation": "{word}"}}}}'
            return 1, Assumption("mask-orientation", detail, settle)
        return None

    def of_classes(self) -> list[Assumption]:
        """Where only one class's masks lie otherwise: no word turns these alone."""
        told = []
        for label, scores in sorted(self._by_class.items()):
            places, best = _places(scores)
            if len(scores) >= _FEWEST and best != 1 and _certain(best, places):
                detail = f"masks of the class {label} seem to lie {_SAID[best]} on their images "
                detail += f"({len(scores)} looked at), and others not; all were left as drawn"
                told.append(Assumption("mask-orientation", detail, ""))
        return told

    def _assumed(self, turn: int, across: bool) -> Assumption:
        count = len(self._scores[across])
        detail = f"masks lie {_SAID[turn]} on their images: {count} were looked at, and agree with "
        detail += "these far better when that is undone"
        other = "transposed" if across and turn != 5 else "left" if across else SHOWN
        return Assumption("mask-orientation", detail, f'{{"masks": {{"orientation": "{other}"}}}}')


def _places(scores: Sequence[Mapping[int, float]]) -> tuple[dict[int, list[float]], int]:
    """The scores of each turn that all images have, and the turn whose are the highest."""
    turns = set.intersection(*(set(one) for one in scores)) if scores else set()
    places = {turn: [one[turn] for one in scores] for turn in sorted(turns)}
    return places, max(places, key=lambda turn: sum(places[turn]), default=1)


def _certain(turn: int, places: Mapping[int, Sequence[float]]) -> bool:
    """Whether there, and nowhere else, nearly every mask lies on what is darker all around.

    Lesions may be brighter than what surrounds them, and a cyst may lie where the mask of something
    else comes to lie: so no other place may show anything, of either sign.
    """
    return _share(places[turn]) >= _NEARLY_ALL and all(
        not _shows(scores) and _better(places[turn], scores)
        for other, scores in places.items()
        if other != turn
    )


def _left(turn: int, places: Mapping[int, Sequence[float]]) -> bool:
    """Whether masks agree so badly as drawn that it is said."""
    return not _shows(places[1]) and _better(places[turn], places[1])


def _shows(scores: Sequence[float]) -> bool:
    return max(_share(scores), _share([-score for score in scores])) >= _MOST


def _share(scores: Sequence[float]) -> float:
    """Of the images whose mask lies on something clearly darker than what surrounds it."""
    return sum(score > _CLEAR for score in scores) / len(scores)


def _better(scores: Sequence[float], others: Sequence[float]) -> bool:
    return Comparison([one - other for one, other in zip(scores, others, strict=True)]).sure
