"""Records of trainings that never were, for the tests of reports."""

from __future__ import annotations

import dataclasses
from typing import Any

from sonomodel.diagnostics.diagnostics import Diagnostics
from sonomodel.diagnostics.observations import EpochFacts
from sonomodel.report.record import ModelRecord
from sonomodel.report.worst_cases import choose
from tests.unit.model_code.conftest import CLASSES, card

EMPTY_BINS = [
    {"low": n / 15, "high": (n + 1) / 15, "images": 0, "confidence": None, "accuracy": None}
    for n in range(15)
]


def answer(identity: str, true: str, said: str, probability: float = 0.8) -> dict[str, Any]:
    """A classified image."""
    rest = (1 - probability) / 2
    probabilities = {name: probability if name == said else rest for name in CLASSES}
    return {"id": identity, "class": true, "label": said, "probabilities": probabilities}


def masked(identity: str, label: str, hit: int, false: int = 0, missed: int = 0) -> dict[str, Any]:
    """A segmented image of 1,000 pixels: so many of them true positives, false ones, negatives."""
    lesion, marked = hit + missed, hit + false
    dice = 2 * hit / (lesion + marked) if lesion else None
    return {
        **{"id": identity, "class": label, "lesion_pixels": lesion, "predicted_pixels": marked},
        **{"true_positives": hit, "false_positives": false, "false_negatives": missed},
        "true_negatives": 1000 - hit - false - missed,
        **dict.fromkeys(("iou", "tpr", "fpr", "fpr_stan"), dice),
        "dice": dice,
        **dict.fromkeys(("hd95", "hd95_relative"), 4.5 if hit else None),
    }


def evaluation(task: str, images: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        **{"task": task, "split": "test", "images": len(images), "classes": CLASSES},
        **{"per_image": images, "interval_level": 0.95, "bootstrap_unit": "group"},
        "bootstrap_resamples": 1000,
    }
    if task == "classification":
        figures = {"precision": 0.5, "recall": 1.0, "f1": 0.667, "support": 3, "auc": None}
        document["metrics"] = {
            **{"accuracy": 0.75, "macro_f1": 0.5, "macro_auc": None, "ece": 0.041},
            "per_class": dict.fromkeys(CLASSES, figures),
            "intervals": {"accuracy": [0.61, 0.83], "macro_f1": None},
        }
        document["confusion_matrix"] = [[3, 0, 0], [1, 2, 0], [0, 0, 0]]
        filled = {"low": 0.8, "high": 0.8667, "images": 4, "confidence": 0.82, "accuracy": 0.75}
        bins = [*EMPTY_BINS[:12], filled, *EMPTY_BINS[13:]]
        before = {"ece": 0.123, "bins": bins}
        document["calibration"] = {"temperature": 2.0, "ece": 0.041, "bins": bins, "before": before}
    else:
        document["metrics"] = {
            **{"lesion_dice": 0.8, "lesion_fpr": 0.02, "lesion_fpr_stan": 0.3, "lesion_hd95": 4.5},
            **{"normal_false_mask_rate": 0.5, "intervals": {"lesion_dice": [0.7, 0.85]}},
        }
    return document | changes


def history(epochs: int = 3, best: int = 2) -> dict[str, Any]:
    return {
        "best_epoch": best,
        "selection": "macro_f1",
        "pretrained_weights": None,
        "epochs": [
            {
                **{"epoch": number, "learning_rate": 0.001, "train_loss": 1 / number},
                **{"validation_loss": 1.2 / number, "validation_macro_f1": number / 10},
                "seconds": 2.0,
            }
            for number in range(1, epochs + 1)
        ],
        "splits": {
            "train": dict(zip(CLASSES, (10, 4, 1), strict=True)),
            "test": {c: 2 for c in CLASSES},
        },
        "class_balance": {
            "before": dict(zip(CLASSES, (10, 4, 1), strict=True)),
            "after": dict.fromkeys(CLASSES, 5),
        },
        "environment": {"python": "3.12.1", "device": "device=cpu"},
    }


def diagnostics(epochs: int = 3, norm: float = 1.0) -> dict[str, Any]:
    watch = Diagnostics()
    for epoch in range(1, epochs + 1):
        watch.end_epoch(EpochFacts(epoch, 1.0, 1.0, [norm, 2 * norm], {}, {}, None))
    return watch.document()


def record(task: str, images: list[dict[str, Any]] | None = None, **changes: Any) -> ModelRecord:
    if images is None:
        images = (
            [answer("a", "benign", "benign"), answer("b", "malignant", "benign", 0.9)]
            if task == "classification"
            else [masked("a", "benign", 80, 20, 20), masked("b", "normal", 0, 30)]
        )
    told = evaluation(task, images, **changes.pop("evaluation", {}))
    made = ModelRecord(card(task), told, history(), diagnostics(), choose(told))
    return dataclasses.replace(made, **changes)


def hostile(task: str) -> ModelRecord:
    """Of a model, a class and images whose names would be markup, if they were let."""
    name = "\"'><script>alert(1)</script> | *x* [y](z)"
    names = [name, *CLASSES[1:]]
    made = record(task)
    images = [{**image, "id": name, "class": name} for image in made.evaluation["per_image"]]
    told = {**made.evaluation, "classes": names, "per_image": images}
    if task == "classification":
        figures = made.metrics["per_class"]["benign"]
        told["metrics"] = {**made.metrics, "per_class": dict.fromkeys(names, figures)}
        for image in images:
            image["probabilities"] = dict(zip(names, (0.1, 0.1, 0.8), strict=True))
            image["label"] = "normal"
    counts = dict.fromkeys(names, 3)
    past = history() | {
        "splits": {"train": counts},
        "class_balance": {"before": counts, "after": counts},
    }
    named = dataclasses.replace(card(task), classes=names, name=name, version=name)
    return dataclasses.replace(made, card=named, evaluation=told, history=past, cases=choose(told))
