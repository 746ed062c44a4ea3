"""What of an external set could not be judged, or is to be known of what was, in sentences."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

from sonoflow.external.cases import Case
from sonoflow.external.serving import CLASSIFICATION, SEGMENTATION, InService
from sonoflow.images.classes import NORMAL


class Notes:
    """What could not be judged, or is to be known of what was, in sentences."""

    def __init__(self, answered: Sequence[Case]) -> None:
        self.sentences: list[str] = []
        self._answered = answered
        if len({case.group for case in answered}) < 2:
            self._say("All images belong together, so that no figure has an interval.")

    def _say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def of_models(self, models: Mapping[str, InService]) -> None:
        for task, model in ((CLASSIFICATION, "classifier"), (SEGMENTATION, "segmenter")):
            if task not in models:
                self._say(f"No {model} is in service: nothing is said of {task}.")

    def of_classes(self, known: Sequence[Case], classes: Sequence[str]) -> None:
        strange = collections.Counter(
            case.label for case in self._answered if case.label not in classes
        )
        if strange:
            named = ", ".join(f"{label} ({number})" for label, number in sorted(strange.items()))
            self._say(
                f"The classifier knows {', '.join(classes)}: images of other classes are not judged"
                f" on theirs: {named}."
            )
        missing = [name for name in classes if name not in {case.label for case in known}]
        if known and missing:
            self._say(
                f"The set holds no image of the class {', '.join(missing)}, which the classifier"
                " may still answer; figures of all classes compare with those of the test split's"
                " same classes alone."
            )

    def of_masks(self, seen: Sequence[Case]) -> None:
        seen_ids = {case.id for case in seen}
        without = [case for case in self._answered if case.id not in seen_ids]
        if without:
            self._say(
                f"{len(without)} of {len(self._answered)} images have no mask, and are not of the"
                f" class {NORMAL}: nobody knows where their lesion is, and their masks are not"
                " judged."
            )
        if seen and not any(case.lesion_share for case in seen):
            self._say("No lesion is marked: of masks only false ones are told.")
