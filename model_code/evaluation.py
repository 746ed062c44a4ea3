"""The figures of a trained model on the test split: evaluation.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from data import Sample
from metrics import Overlap, classification_metrics, confusion_matrix, segmentation_metrics
from model_card import ModelCard
from predictor import THRESHOLD_LEVEL, Classifier, Segmenter

Evaluation = dict[str, Any]


def evaluate_classifier(classifier: Classifier, samples: Sequence[Sample]) -> Evaluation:
    classes = classifier.card.classes
    per_image = [_classify(classifier, sample) for sample in samples]
    true = [classes.index(image["class"]) for image in per_image]
    predicted = [classes.index(image["label"]) for image in per_image]
    matrix = confusion_matrix(true, predicted, len(classes))
    metrics = classification_metrics(matrix, classes)
    return _evaluation(classifier.card, metrics, per_image) | {"confusion_matrix": matrix}


def evaluate_segmenter(segmenter: Segmenter, samples: Sequence[Sample]) -> Evaluation:
    """Masks are compared at the size of the source image, as they are served."""
    overlaps = [_segment(segmenter, sample) for sample in samples]
    per_image = [
        {"id": sample.id, "class": sample.label} | _overlap_facts(overlap)
        for sample, overlap in zip(samples, overlaps, strict=True)
    ]
    metrics = segmentation_metrics(overlaps) | {"threshold": segmenter.card.threshold}
    return _evaluation(segmenter.card, metrics, per_image)


def _evaluation(card: ModelCard, metrics: dict[str, Any], per_image: list[Any]) -> Evaluation:
    return {
        "task": card.task,
        "split": "test",
        "images": len(per_image),
        "classes": card.classes,
        "metrics": metrics,
        "per_image": per_image,
        "model": {"name": card.name, "version": card.version},
        "dataset_version": card.dataset_version,
    }


def _classify(classifier: Classifier, sample: Sample) -> dict[str, Any]:
    probabilities = classifier.probabilities(sample.read_image())
    label = max(probabilities, key=lambda name: probabilities[name])
    facts = {"label": label, "probabilities": probabilities}
    return {"id": sample.id, "class": sample.label} | facts


def _segment(segmenter: Segmenter, sample: Sample) -> Overlap:
    image = sample.read_image()
    predicted = segmenter.lesion_map(image) >= THRESHOLD_LEVEL
    return Overlap.of(predicted, np.asarray(sample.read_mask(image) > 0))


def _overlap_facts(overlap: Overlap) -> dict[str, Any]:
    figures = ("lesion_pixels", "predicted_pixels", "dice", "iou", "tpr", "fpr", "fpr_stan")
    return dataclasses.asdict(overlap) | {name: getattr(overlap, name) for name in figures}
