"""Both tasks on images so few and so plain that all figures can be worked out by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from sonomodel.evaluation.evaluation import Evaluation, evaluate_classifier, evaluate_segmenter
from sonomodel.images.samples import Sample
from sonomodel.model.predictor import Classifier, Segmenter
from sonomodel.networks.unet import LesionLogits
from tests.unit.model_code.conftest import CLASSES, card

BRIGHT = 200
# Of each grey level, what the network says of the classes; the second image gets a wrong one.
SAID = {
    40: (0.7, 0.2, 0.1),
    80: (0.1, 0.62, 0.28),
    120: (0.2, 0.7, 0.1),
    160: (0.1, 0.08, 0.82),
}
TRUE = ("benign", "benign", "malignant", "normal")
TEMPERATURE = 2.0


class ByBrightness(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        levels = 255 * (0.2 * images.mean(dim=(1, 2, 3)) + 0.3)
        return torch.tensor([SAID[round(float(level))] for level in levels]).log()


class MarksBright(nn.Module):
    def forward(self, images: Tensor) -> LesionLogits:
        bright = 0.2 * images + 0.3 > 0.5
        return LesionLogits(torch.where(bright, 4.0, -4.0), None)


def sample(
    folder: Path, name: str, label: str, pixels: np.ndarray, mask: np.ndarray | None = None
) -> Sample:
    paths = [folder / f"{name}.png", folder / f"{name}.mask.png"]
    for path, content in zip(paths, (pixels, mask), strict=True):
        if content is not None:
            Image.fromarray(content.astype(np.uint8)).save(path)
    return Sample(name, label, paths[0], None if mask is None else paths[1])


Classify = Callable[..., Evaluation]


@pytest.fixture(scope="module")
def classify(tmp_path_factory: pytest.TempPathFactory) -> Classify:
    folder = tmp_path_factory.mktemp("plain")
    samples = [
        sample(folder, f"level-{level}", label, np.full((32, 32), level))
        for level, label in zip(SAID, TRUE, strict=True)
    ]
    described = dataclasses.replace(card("classification"), temperature=TEMPERATURE)

    def evaluated(groups: Any = None, triage: dict[str, Any] | None = None) -> Evaluation:
        classifier = Classifier(ByBrightness(), dataclasses.replace(described, triage=triage))
        return evaluate_classifier(classifier, samples, groups)

    return evaluated


@pytest.fixture(scope="module")
def classified(classify: Classify) -> Evaluation:
    return classify()


def scaled(level: int) -> list[float]:
    """Logits are halved, so probabilities become their roots, which then add up to 1 again."""
    roots = [probability**0.5 for probability in SAID[level]]
    return [root / sum(roots) for root in roots]


def test_a_classifiers_document_says_what_was_evaluated(classified: Evaluation) -> None:
    assert classified.keys() == {
        *("task", "split", "images", "classes", "metrics", "per_image", "model"),
        *("dataset_version", "interval_level", "bootstrap_unit", "bootstrap_resamples"),
        *("confusion_matrix", "calibration"),
    }
    assert (classified["task"], classified["split"]) == ("classification", "test")
    assert (classified["images"], classified["classes"]) == (4, CLASSES)
    assert classified["model"] == {"name": "classifier", "version": "0123456789ab-01234567"}
    assert classified["dataset_version"] == "0123456789ab"
    assert classified["interval_level"] == 0.95
    assert (classified["bootstrap_unit"], classified["bootstrap_resamples"]) == ("image", 1000)


def test_each_image_has_its_answer_as_it_is_served(classified: Evaluation) -> None:
    assert [image["id"] for image in classified["per_image"]] == [
        *("level-40", "level-80", "level-120", "level-160")
    ]
    assert [image["class"] for image in classified["per_image"]] == list(TRUE)
    assert [image["label"] for image in classified["per_image"]] == [
        *("benign", "malignant", "malignant", "normal")
    ]
    for image, level in zip(classified["per_image"], SAID, strict=True):
        assert list(image["probabilities"]) == CLASSES
        assert list(image["probabilities"].values()) == pytest.approx(scaled(level), rel=1e-5)


def test_a_classifiers_figures_by_hand(classified: Evaluation) -> None:
    metrics = classified["metrics"]

    assert classified["confusion_matrix"] == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert metrics["accuracy"] == 0.75
    assert metrics["macro_recall"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert metrics["macro_precision"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    # The second image looks less benign than both that are not.
    assert metrics["per_class"]["benign"]["auc"] == 0.5
    assert metrics["macro_auc"] == pytest.approx((0.5 + 1 + 1) / 3)
    # Its malignant share is 0.71, the malignant image's 0.65, the benign one's 0.35.
    assert metrics["malignant_auc"] == 0.5


def test_what_needs_no_person_is_judged_on_the_test_split(classify: Classify) -> None:
    chosen = {"threshold": sorted(max(scaled(level)) for level in SAID)[1] - 1e-6}

    told = classify(None, chosen)["triage"]

    assert told["threshold"] == chosen["threshold"]
    assert (told["test"]["images"], told["test"]["automatic"]) == (4, 3)
    assert told["test"]["right"] in (2, 3)


def test_calibration_is_told_after_the_temperature_and_before(classified: Evaluation) -> None:
    told = classified["calibration"]

    # Before: two right with 0.7, one wrong with 0.62, one right with 0.82, in three bins.
    assert told["before"]["ece"] == pytest.approx((2 * 0.3 + 0.62 + 0.18) / 4, rel=1e-5)
    filled = [one for one in told["before"]["bins"] if one["images"]]
    assert [one["images"] for one in filled] == [1, 2, 1]
    assert [one["confidence"] for one in filled] == pytest.approx([0.62, 0.7, 0.82], rel=1e-5)
    # After: 0.523, 0.482 and 0.523 in one bin, two of them right, and one right with 0.602.
    highest = [max(scaled(level)) for level in SAID]
    after = abs(2 - sum(highest[:3])) + 1 - highest[3]
    assert told["ece"] == classified["metrics"]["ece"] == pytest.approx(after / 4, rel=1e-5)
    filled = [one for one in told["bins"] if one["images"]]
    assert [one["images"] for one in filled] == [3, 1]
    assert [one["accuracy"] for one in filled] == [pytest.approx(2 / 3), 1]
    assert told["temperature"] == TEMPERATURE


def test_intervals_are_around_their_figure_and_of_figures_alone(classified: Evaluation) -> None:
    intervals = classified["metrics"]["intervals"]

    assert intervals.keys() == classified["metrics"].keys() - {"intervals", "per_class"}
    low, high = intervals["accuracy"]
    # Of four images all may be right; and at most one in 40 samples has but one that is.
    assert 0.25 <= low < classified["metrics"]["accuracy"] < high == 1


def test_groups_decide_the_intervals_and_nothing_else(
    classify: Classify, classified: Evaluation
) -> None:
    together = classify({f"level-{level}": "all of them" for level in SAID})

    assert together["bootstrap_unit"] == "group"
    by_group = together["metrics"].pop("intervals")
    assert by_group.keys() == classified["metrics"]["intervals"].keys()
    assert set(by_group.values()) == {None}, "a single group"
    alone = {**classified["metrics"]}
    del alone["intervals"]
    assert together["metrics"] == alone
    assert together["per_image"] == classified["per_image"]


def test_an_image_of_no_known_group_is_one_of_its_own(
    classify: Classify, classified: Evaluation
) -> None:
    known = classify({"level-40": "a", "of another split": "a"})

    assert known["bootstrap_unit"] == "group"
    assert known["metrics"]["intervals"] == classified["metrics"]["intervals"]


def square(top: int, left: int, side: int, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    """Which pixels are in it."""
    inside = np.zeros(size, dtype=bool)
    inside[top : top + side, left : left + side] = True
    return inside


def picture(bright: np.ndarray) -> np.ndarray:
    return np.where(bright, BRIGHT, 50)


Segment = Callable[..., Evaluation]


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Segment:
    """A square of four pixels a side, marked two rows too high, and one that is missed. Two normal
    images are clean, one of them of another size than the network's; one has a false mask."""
    folder, lesion = tmp_path_factory.mktemp("squares"), 255 * square(12, 10, 4)
    samples = [
        sample(folder, "shifted", "benign", picture(square(10, 10, 4)), lesion),
        sample(folder, "missed", "malignant", picture(square(0, 0, 0)), lesion),
        sample(folder, "clean", "normal", picture(square(0, 0, 0, (48, 64)))),
        sample(folder, "empty", "normal", picture(square(0, 0, 0))),
        sample(folder, "false", "normal", picture(square(3, 3, 2))),
    ]
    segmenter = Segmenter(MarksBright(), card("segmentation"))
    return lambda groups=None: evaluate_segmenter(segmenter, samples, groups)


@pytest.fixture(scope="module")
def segmented(segment: Segment) -> Evaluation:
    return segment()


def of_image(document: Evaluation, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["per_image"] if one["id"] == name)
    return found


def test_a_segmenters_document_says_what_was_evaluated(segmented: Evaluation) -> None:
    assert segmented.keys() == {
        *("task", "split", "images", "classes", "metrics", "per_image", "model"),
        *("dataset_version", "interval_level", "bootstrap_unit", "bootstrap_resamples"),
    }
    assert (segmented["task"], segmented["images"]) == ("segmentation", 5)
    assert [image["class"] for image in segmented["per_image"]] == [
        *("benign", "malignant", "normal", "normal", "normal")
    ]
    assert segmented["metrics"]["threshold"] == 0.4
    assert segmented["bootstrap_unit"] == "image"


def test_masks_are_compared_by_hand(segmented: Evaluation) -> None:
    shifted, missed = of_image(segmented, "shifted"), of_image(segmented, "missed")

    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert [shifted[name] for name in counts] == [8, 8, 8, 1000]
    assert (shifted["lesion_pixels"], shifted["predicted_pixels"]) == (16, 16)
    assert (shifted["dice"], shifted["iou"], shifted["tpr"]) == (0.5, pytest.approx(1 / 3), 0.5)
    assert (shifted["fpr"], shifted["fpr_stan"]) == (pytest.approx(8 / 1008), 0.5)
    assert shifted["hd95"] == 2
    assert shifted["hd95_relative"] == pytest.approx(2 / (32 * 2**0.5))
    assert (missed["dice"], missed["predicted_pixels"], missed["hd95"]) == (0, 0, None)


def test_normal_images_are_judged_by_what_is_marked_at_their_own_size(
    segmented: Evaluation,
) -> None:
    clean, false = of_image(segmented, "clean"), of_image(segmented, "false")

    assert (clean["true_negatives"], clean["predicted_pixels"]) == (48 * 64, 0)
    assert (false["false_positives"], false["lesion_pixels"]) == (4, 0)
    assert clean["dice"] is None
    assert clean["hd95"] is None


def test_a_segmenters_figures_by_hand(segmented: Evaluation) -> None:
    metrics = segmented["metrics"]

    assert metrics["lesion_dice"] == 0.25
    assert metrics["lesion_iou"] == pytest.approx(1 / 6)
    assert metrics["lesion_fpr_stan"] == 0.25
    assert metrics["lesion_hd95"] == 2, "of what was found"
    assert metrics["lesion_missed_rate"] == 0.5
    assert metrics["normal_false_mask_rate"] == pytest.approx(1 / 3)
    assert metrics["mean_agreement"] == pytest.approx((0.5 + 0 + 1 + 1 + 0) / 5)
    assert (metrics["lesion_images"], metrics["normal_images"]) == (2, 3)
    low, high = metrics["intervals"]["lesion_dice"]
    assert (low, high) == (0, 0.5)
    assert metrics["intervals"].keys() <= metrics.keys()


def test_groups_decide_a_segmenters_intervals_too(segment: Segment, segmented: Evaluation) -> None:
    together = segment(
        dict.fromkeys(("shifted", "missed", "clean", "empty", "false"), "all of them")
    )

    assert together["bootstrap_unit"] == "group"
    assert together["metrics"].pop("intervals")["mean_agreement"] is None
    alone = {**segmented["metrics"]}
    del alone["intervals"]
    assert together["metrics"] == alone
