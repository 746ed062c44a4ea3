"""The figures of a trained model on the test split, with confidence intervals: evaluation.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonomodel.evaluation import bootstrap, triage
from sonomodel.evaluation.boundary import hd95
from sonomodel.evaluation.calibration import expected_calibration_error, reliability
from sonomodel.evaluation.classification_figures import Answers, classification_figures
from sonomodel.evaluation.metrics import Overlap, confusion_matrix
from sonomodel.evaluation.segmentation_figures import (
    JudgedMask,
    segmentation_figures,
    segmentation_means,
)
from sonomodel.images.samples import Sample
from sonomodel.model.card import ModelCard
from sonomodel.model.predictor import THRESHOLD_LEVEL, Classifier, Segmenter

Evaluation = dict[str, Any]
Groups = Mapping[str, str]  # image id -> group


def evaluate_classifier(
    classifier: Classifier, samples: Sequence[Sample], groups: Groups | None = None
) -> Evaluation:
    """`groups`: images that belong together, for the intervals; each alone without it."""
    classes = classifier.card.classes
    per_image = [_classify(classifier, sample) for sample in samples]
    answers = Answers(
        true=np.array([classes.index(image["class"]) for image in per_image], dtype=np.int64),
        probabilities=np.array([list(image["probabilities"].values()) for image in per_image]),
        classes=classes,
    )
    figures = bootstrap.intervals(
        lambda picks: plain(classification_figures(answers.pick(picks))), _units(samples, groups)
    )
    metrics = classification_figures(answers) | {"intervals": figures}
    evaluation = _evaluation(classifier.card, metrics, per_image)
    bins = reliability(answers.probabilities, answers.true)
    return (
        evaluation
        | _bootstrap(groups)
        | {
            "confusion_matrix": confusion_matrix(
                answers.true.tolist(), answers.predicted.tolist(), len(classes)
            ),
            "calibration": {
                "temperature": classifier.card.temperature,
                "ece": expected_calibration_error(bins),
                "bins": [dataclasses.asdict(one) for one in bins],
                "before": _unscaled(answers, classifier.card.temperature),
            },
        }
        | _triage(classifier.card, answers)
        | _familiarity(classifier.card, per_image)
    )


def evaluate_segmenter(
    segmenter: Segmenter, samples: Sequence[Sample], groups: Groups | None = None
) -> Evaluation:
    """Masks are compared at the size of the source image, as they are served."""
    outcomes = [_segment(segmenter, sample) for sample in samples]
    per_image = [
        {"id": sample.id, "class": sample.label} | outcome.facts()
        for sample, outcome in zip(samples, outcomes, strict=True)
    ]
    figures = bootstrap.intervals(segmentation_means(outcomes), _units(samples, groups))
    metrics = segmentation_figures(outcomes) | {
        "threshold": segmenter.card.threshold,
        "intervals": figures,
    }
    return _evaluation(segmenter.card, metrics, per_image) | _bootstrap(groups)


def _triage(card: ModelCard, answers: Answers) -> Evaluation:
    """What was chosen on the validation split, and what comes of it on this one."""
    if card.triage is None:
        return {}
    found = triage.automatic(answers.probabilities, answers.true, card.triage["threshold"])
    return {"triage": card.triage | {"test": found.document()}}


def _familiarity(card: ModelCard, per_image: Sequence[Mapping[str, Any]]) -> Evaluation:
    if card.familiarity is None:
        return {}
    unlike = sum(image["unlike_training"] for image in per_image)
    return {
        "familiarity": card.familiarity | {"test": {"images": len(per_image), "unlike": unlike}}
    }


def _unscaled(answers: Answers, temperature: float) -> dict[str, Any]:
    """What calibration was before the temperature. Logits are logarithms of probabilities, up to a
    constant, so the scaled probabilities tell them."""
    logits = temperature * np.log(np.maximum(answers.probabilities, np.finfo(np.float64).tiny))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    bins = reliability(powers / powers.sum(axis=1, keepdims=True), answers.true)
    return {
        "ece": expected_calibration_error(bins),
        "bins": [dataclasses.asdict(one) for one in bins],
    }


def plain(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Without those by class."""
    return {name: value for name, value in figures.items() if not isinstance(value, dict)}


def _units(samples: Sequence[Sample], groups: Groups | None) -> list[str]:
    """What is resampled: an image that no group is known of is a group of its own."""
    known = groups or {}
    return [known.get(sample.id, f"image {sample.label}/{sample.id}") for sample in samples]


def _bootstrap(groups: Groups | None) -> dict[str, Any]:
    """How the intervals among the metrics came about."""
    return {
        "interval_level": bootstrap.LEVEL / 100,
        "bootstrap_unit": "image" if groups is None else "group",
        "bootstrap_resamples": bootstrap.RESAMPLES,
    }


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
    answer = classifier.answer(sample.read_image())
    facts: dict[str, Any] = {"label": answer.label, "probabilities": answer.probabilities}
    if answer.unlike_training is not None:
        facts["unlike_training"] = answer.unlike_training
    return {"id": sample.id, "class": sample.label} | facts


def _segment(segmenter: Segmenter, sample: Sample) -> JudgedMask:
    image = sample.read_image()
    predicted = np.asarray(segmenter.lesion_map(image) >= THRESHOLD_LEVEL)
    true: NDArray[np.bool_] = np.asarray(sample.read_mask(image) > 0)
    distance = hd95(predicted, true)
    return JudgedMask(Overlap.of(predicted, true), distance, float(np.hypot(*image.shape)))
