"""The test images on which a model is furthest from the truth, as small pictures.

A classifier's are its most confident mistakes. A segmenter's are the lesions with the lowest Dice
and the normal images with the largest false masks, each twice: with the true outline and with the
predicted one. Files are named by rank and the image's id: names of files may name patients.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonomodel.evaluation.boundary import outline
from sonomodel.images.preprocessing import GreyImage
from sonomodel.images.samples import Sample
from sonomodel.model.predictor import THRESHOLD_LEVEL, Segmenter
from sonomodel.report.notation import percent

FOLDER = "worst_cases"
SIDE = 240  # pixels, the longer side: two lie side by side on a phone
MISTAKES, LESIONS, FALSE_MASKS = 8, 4, 4
TRUE, PREDICTED = (64, 196, 255), (255, 171, 64)  # colours of outlines
_LINE = 2  # pixels, the width of an outline
_COLOURED = 255  # the palette's last entry; the others are greys

Facts = Mapping[str, Any]  # an image of the evaluation


@dataclasses.dataclass(frozen=True)
class WorstCase:
    """`pictures`: PNG by what it shows, in the order to be shown. `text` says what is wrong."""

    id: str
    label: str  # the true class
    kind: str  # mistake, lesion or false mask
    text: str
    pictures: dict[str, bytes] = dataclasses.field(default_factory=dict)

    def files(self, rank: int) -> dict[str, bytes]:
        """Name of the file -> PNG."""
        return {f"{rank:02}-{self.id}.{shown}.png": png for shown, png in self.pictures.items()}


def worst_cases(
    evaluation: Mapping[str, Any], samples: Sequence[Sample], segmenter: Segmenter | None = None
) -> list[WorstCase]:
    """With their pictures. `samples` are those that were evaluated, by the segmenter if there is
    one, which is asked again for the few masks that are shown."""
    known = {(sample.label, sample.id): sample for sample in samples}
    cases = []
    for case in choose(evaluation):
        sample = known[case.label, case.id]
        image = sample.read_image()
        if segmenter is not None:
            predicted = np.asarray(segmenter.lesion_map(image) >= THRESHOLD_LEVEL)
            pictures = {
                "true": picture(image, sample.read_mask(image) > 0, TRUE),
                "predicted": picture(image, predicted, PREDICTED),
            }
        else:
            pictures = {"image": picture(image)}
        cases.append(dataclasses.replace(case, pictures=pictures))
    return cases


def choose(evaluation: Mapping[str, Any]) -> list[WorstCase]:
    """The worst first, without pictures; none where nothing is wrong."""
    images: Sequence[Facts] = evaluation["per_image"]
    if evaluation["task"] == "classification":
        mistakes = [image for image in images if image["label"] != image["class"]]
        ranked = sorted(mistakes, key=lambda image: (-_confidence(image), image["id"]))
        return [_mistake(image) for image in ranked[:MISTAKES]]
    lesions = [image for image in images if image["dice"] is not None and image["dice"] < 1]
    lesions.sort(key=lambda image: (image["dice"], image["id"]))
    false = [i for i in images if not i["lesion_pixels"] and i["predicted_pixels"]]
    false.sort(key=lambda image: (-marked_share(image), image["id"]))
    return [_lesion(image) for image in lesions[:LESIONS]] + [
        _false_mask(image) for image in false[:FALSE_MASKS]
    ]


def marked_share(image: Facts) -> float:
    """The predicted mask's share of an image, whose every pixel is counted once."""
    counted = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    return float(image["predicted_pixels"] / sum(image[name] for name in counted))


def _confidence(image: Facts) -> float:
    return float(image["probabilities"][image["label"]])


def _mistake(image: Facts) -> WorstCase:
    true = image["probabilities"][image["class"]]
    text = (
        f"called {image['label']} with {percent(_confidence(image), 1)}; "
        f"{image['class']} got {percent(true, 1)}"
    )
    return WorstCase(image["id"], image["class"], "mistake", text)


def _lesion(image: Facts) -> WorstCase:
    missed = "; nothing is marked" if not image["predicted_pixels"] else ""
    return WorstCase(image["id"], image["class"], "lesion", f"Dice {image['dice']:.3f}{missed}")


def _false_mask(image: Facts) -> WorstCase:
    text = f"{percent(marked_share(image), 2)} of the image marked, where there is no lesion"
    return WorstCase(image["id"], image["class"], "false mask", text)


def picture(
    image: GreyImage,
    mask: NDArray[np.bool_] | None = None,
    colour: tuple[int, int, int] = TRUE,
) -> bytes:
    """PNG, at most SIDE by SIDE, the outline of `mask` drawn. Both [height, width].

    One byte a pixel: greys in a palette, whose last colour is the outline's.
    """
    small = Image.fromarray(image)
    small.thumbnail((SIDE, SIDE))
    levels = np.minimum(np.asarray(small), _COLOURED - 1)
    if mask is not None:
        levels = np.where(_line(_shrunk(mask, small.size)), _COLOURED, levels)
    paletted = Image.fromarray(levels.astype(np.uint8))
    greys = [level for level in range(_COLOURED) for _ in range(3)]
    paletted.putpalette([*greys, *colour])
    buffer = io.BytesIO()
    paletted.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _shrunk(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask that is too small for the size keeps what it touches: it is what is to be seen."""
    resized = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)
    levels = np.asarray(resized)
    kept = levels >= THRESHOLD_LEVEL
    return np.asarray(kept if kept.any() else levels > 0)


def _line(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    line = np.zeros_like(mask)
    for _ in range(_LINE):
        line |= outline(mask & ~line)
    return line


def write(folder: Path, cases: Sequence[WorstCase]) -> None:
    """What an earlier run left there goes: its cases are not this model's."""
    for stale in folder.glob("*.png"):
        stale.unlink()
    if not cases:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for rank, case in enumerate(cases, start=1):
        for name, png in case.files(rank).items():
            (folder / name).write_bytes(png)
