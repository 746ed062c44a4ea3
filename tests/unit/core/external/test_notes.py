from __future__ import annotations

from typing import Any

from sonoflow.external import serving
from sonoflow.external.cases import Case
from sonoflow.external.notes import Notes
from tests.unit import external_sets, stack

CLASSES = external_sets.CLASSES


def case(identity: str, label: str, share: float | None = 0.1, **record: Any) -> Case:
    return Case(identity, label, identity, share, record)


def test_a_whole_set_and_both_models_need_no_word() -> None:
    several = [case(label, label) for label in CLASSES]
    notes = Notes(several)

    notes.of_models({m.task: m for m in serving.parse(stack.event("check_external.staged"))})
    notes.of_classes(several, CLASSES)
    notes.of_masks(several)

    assert notes.sentences == []


def test_one_group_has_no_intervals() -> None:
    notes = Notes([case("a", "benign")])

    assert "no figure has an interval" in notes.sentences[0]


def test_what_lacks_is_named() -> None:
    several = [case("a", "benign"), case("b", "cyst", None)]
    notes = Notes(several)

    notes.of_models({})
    notes.of_classes(several[:1], CLASSES)
    notes.of_masks([])

    text = " ".join(notes.sentences)
    assert "No classifier is in service" in text
    assert "No segmenter is in service" in text
    assert "cyst (1)" in text
    assert "no image of the class malignant, normal" in text
    assert "2 of 2 images have no mask" in text


def test_normal_images_alone_tell_of_false_masks_alone() -> None:
    several = [case("a", "normal", None), case("b", "normal", None)]
    notes = Notes(several)

    notes.of_masks(several)

    assert notes.sentences == ["No lesion is marked: of masks only false ones are told."]
