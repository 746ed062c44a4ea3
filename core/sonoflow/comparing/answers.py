"""What one model answered to n images or rows, and the figures of it that two are compared by.

They are those that a stack may set floors for. A figure that is undefined is None.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]  # (n,) positions of classes
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Picks = NDArray[np.int64]  # places of images, some several times
Figures = dict[str, float | None]

BENIGN, MALIGNANT = "benign", "malignant"


class Answers(abc.ABC):
    unit: ClassVar[str] = "images"
    # Figures of which less is better.
    rates_of_failure: ClassVar[frozenset[str]] = frozenset()

    @abc.abstractmethod
    def pick(self, picks: Picks) -> Self:
        """Those to some of the images."""

    @abc.abstractmethod
    def figures(self) -> Figures: ...

    @abc.abstractmethod
    def about(self) -> dict[str, tuple[Bools, ...]]:
        """Of each figure, which images (n,) it is made of: those of each kind that it needs."""


@dataclasses.dataclass(frozen=True)
class Classified(Answers):
    true: Labels
    predicted: Labels
    probabilities: Floats  # (n, classes)
    classes: tuple[str, ...]

    @classmethod
    def of(cls, truth: Sequence[str], given: Sequence[Any], classes: Sequence[str]) -> Classified:
        """`given` holds a label and a probability of each class for each image. Raises KeyError
        for one of other classes."""
        places = {name: place for place, name in enumerate(classes)}
        return cls(
            true=np.array([places[name] for name in truth], dtype=np.int64),
            predicted=np.array([places[one["label"]] for one in given], dtype=np.int64),
            probabilities=np.array(
                [[one["probabilities"][name] for name in classes] for one in given],
                dtype=np.float64,
            ).reshape(len(given), len(classes)),
            classes=tuple(classes),
        )

    def pick(self, picks: Picks) -> Classified:
        return Classified(
            self.true[picks], self.predicted[picks], self.probabilities[picks], self.classes
        )

    def figures(self) -> Figures:
        areas = [
            area(self.probabilities[:, place], self.true == place)
            for place in range(len(self.classes))
        ]
        return {
            "accuracy": _share(self.true == self.predicted),
            "macro_f1": self._macro_f1(),
            "macro_auc": _mean([one for one in areas if one is not None]),
            **self._malignant(),
        }

    def about(self) -> dict[str, tuple[Bools, ...]]:
        each = tuple(self._is(name) for name in self.classes if self._is(name).any())
        every = np.ones(len(self.true), dtype=np.bool_)
        found: dict[str, tuple[Bools, ...]] = {"accuracy": (every,)}
        found |= dict.fromkeys(("macro_f1", "macro_auc"), each)
        if MALIGNANT in self.classes:
            found["malignant_sensitivity"] = (self._is(MALIGNANT),)
        if {BENIGN, MALIGNANT} <= set(self.classes):
            found["malignant_auc"] = (self._is(MALIGNANT), self._is(BENIGN))
        return found

    def _is(self, name: str) -> Bools:
        return np.asarray(self.true == self.classes.index(name))

    def _macro_f1(self) -> float | None:
        """Over the classes that there are images of."""
        count = len(self.classes)
        support = np.bincount(self.true, minlength=count)
        called = np.bincount(self.predicted, minlength=count)
        hits = np.bincount(self.true[self.true == self.predicted], minlength=count)
        present = support > 0
        return _mean((2 * hits / np.maximum(support + called, 1))[present].tolist())

    def _malignant(self) -> Figures:
        if MALIGNANT not in self.classes:
            return {}
        malignant = self._is(MALIGNANT)
        place = self.classes.index(MALIGNANT)
        figures: Figures = {"malignant_sensitivity": _share(self.predicted[malignant] == place)}
        if BENIGN in self.classes:
            lesions = malignant | self._is(BENIGN)
            benign = self.probabilities[lesions, self.classes.index(BENIGN)]
            share = self.probabilities[lesions, place]
            share = share / np.maximum(benign + share, 1e-12)
            figures["malignant_auc"] = area(share, malignant[lesions])
        return figures


@dataclasses.dataclass(frozen=True)
class Segmented(Answers):
    """Each (n,), NaN where it is undefined: Dice and misses without a lesion, false masks with."""

    rates_of_failure = frozenset({"lesion_missed_rate", "normal_false_mask_rate"})
    dice: Floats
    missed: Floats
    falsely_masked: Floats

    @classmethod
    def of(cls, given: Sequence[Mapping[str, Any]]) -> Segmented:
        """`given` holds lesion_pixels, predicted_pixels and dice of each image."""
        lesion = np.array([one["lesion_pixels"] > 0 for one in given], dtype=np.bool_)
        marked = np.array([one["predicted_pixels"] > 0 for one in given], dtype=np.bool_)
        dice = np.array([one["dice"] for one in given], dtype=np.float64)  # None becomes NaN
        return cls(
            np.where(lesion, dice, np.nan),
            np.where(lesion, ~marked, np.nan),
            np.where(lesion, np.nan, marked),
        )

    def pick(self, picks: Picks) -> Segmented:
        return Segmented(self.dice[picks], self.missed[picks], self.falsely_masked[picks])

    def figures(self) -> Figures:
        return {name: _share(column) for name, column in self._columns().items()}

    def about(self) -> dict[str, tuple[Bools, ...]]:
        return {name: (~np.isnan(column),) for name, column in self._columns().items()}

    def _columns(self) -> dict[str, Floats]:
        return {
            "lesion_dice": self.dice,
            "lesion_missed_rate": self.missed,
            "normal_false_mask_rate": self.falsely_masked,
        }


@dataclasses.dataclass(frozen=True)
class Scored(Answers):
    """Of a table. With more than two classes the score is that of the predicted one."""

    unit = "rows"
    true: Labels
    scores: Floats
    predicted: Labels
    classes: int

    def pick(self, picks: Picks) -> Scored:
        return Scored(self.true[picks], self.scores[picks], self.predicted[picks], self.classes)

    def figures(self) -> Figures:
        figures: Figures = {"accuracy": _share(self.true == self.predicted)}
        if self.classes == 2:
            figures["sensitivity"] = _share(self.predicted[self.true == 1] == 1)
            figures["auc"] = area(self.scores, self.true == 1)
        return figures

    def about(self) -> dict[str, tuple[Bools, ...]]:
        every = np.ones(len(self.true), dtype=np.bool_)
        if self.classes != 2:
            return {"accuracy": (every,)}
        positive = np.asarray(self.true == 1)
        return {
            "accuracy": (every,),
            "sensitivity": (positive,),
            "auc": (positive, ~positive),
        }


def area(scores: Floats, positive: Bools) -> float | None:
    """Under the ROC curve, equal scores counting half; None without one of either kind."""
    above, below = scores[positive], np.sort(scores[~positive])
    if not len(above) or not len(below):
        return None
    less = np.searchsorted(below, above, side="left").sum()
    no_more = np.searchsorted(below, above, side="right").sum()
    return float(less + no_more) / (2 * len(above) * len(below))


def _share(values: NDArray[Any]) -> float | None:
    """The mean of those that are defined."""
    defined = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return float(defined.mean()) if len(defined) else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
