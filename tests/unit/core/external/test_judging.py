"""From answers in S3 it is told in tests/unit/functions/test_judge_external.py."""

from __future__ import annotations

from typing import Any

from sonoflow.external import judging
from sonoflow.external.cases import Case
from tests.unit import external_sets

COUNTS = {"true_positives": 0, "false_positives": 0, "false_negatives": 0, "true_negatives": 100}


def said(identity: str, label: str, probability: float) -> Case:
    rest = (1 - probability) / 2
    probabilities = {**dict.fromkeys(external_sets.CLASSES, rest), "benign": probability}
    record = {"label": "benign", "probabilities": probabilities}
    return Case(identity, label, identity, None, record)


def masked(identity: str, hits: int, misses: int, alarms: int = 0) -> Case:
    counts = {
        **COUNTS,
        "true_positives": hits,
        "false_negatives": misses,
        "false_positives": alarms,
    }
    record = {**counts, "hd95": None, "hd95_relative": None, "predicted_pixels": hits + alarms}
    return Case(identity, "benign", identity, None, record)


def test_the_surest_wrong_labels_come_first() -> None:
    facts: dict[str, Any] = {"classification": {"classes": list(external_sets.CLASSES)}}
    several = [said("a", "malignant", 0.6), said("b", "benign", 0.9), said("c", "normal", 0.8)]

    assert [one["id"] for one in judging.worst_labels(several, facts)] == ["c", "a"]
    many = [said(str(at), "normal", 0.8) for at in range(20)]
    assert len(judging.worst_labels(many, facts)) == judging.WORST


def test_without_a_classifier_no_label_is_wrong() -> None:
    assert judging.worst_labels([said("a", "malignant", 0.6)], {"classification": None}) == []


def test_the_worst_masks_and_then_the_largest_false_ones() -> None:
    several = [
        masked("good", 9, 1),
        masked("missed", 0, 10),
        masked("clean", 0, 0),
        masked("small alarm", 0, 0, 3),
        masked("large alarm", 0, 0, 30),
    ]

    found = judging.worst_masks(several)

    assert [one["id"] for one in found] == ["missed", "good", "large alarm", "small alarm"]
    assert [one["dice"] for one in found][2:] == [None, None]


def test_the_summary_says_both_sides_and_what_is_not_defined() -> None:
    facts = {
        "images": {"judged": 12},
        "left_out": {"images": 2},
        "classification": None,
        "segmentation": {
            "external": {"metrics": {"lesion_dice": None}},
            "internal": {"metrics": {"lesion_dice": 0.8}},
        },
    }

    assert judging.summary(facts) == (
        "12 images judged, 2 left out; lesion_dice – (own test split 0.800)"
    )
