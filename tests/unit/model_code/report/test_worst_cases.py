from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonomodel.images.samples import Sample, read_channel
from sonomodel.model.predictor import Segmenter, load_predictor
from sonomodel.report import worst_cases
from sonomodel.report.worst_cases import PREDICTED, SIDE, TRUE, choose, picture
from tests.unit.model_code.conftest import CLASSES
from tests.unit.model_code.records import answer, evaluation, masked


def opened(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def test_the_most_confident_mistakes_come_first() -> None:
    images = [
        answer("right", "benign", "benign", 0.99),
        answer("doubtful", "benign", "normal", 0.5),
        answer("sure", "malignant", "benign", 0.9),
        *(answer(f"{number}", "normal", "benign", 0.6) for number in range(9)),
    ]

    chosen = choose(evaluation("classification", images))

    assert len(chosen) == worst_cases.MISTAKES
    assert [case.id for case in chosen[:2]] == ["sure", "0"]
    assert (chosen[0].label, chosen[0].kind) == ("malignant", "mistake")
    assert chosen[0].text == "called benign with 90.0 %; malignant got 5.0 %"


def test_the_lowest_lesions_and_the_largest_false_masks_are_chosen() -> None:
    images = [
        masked("exact", "benign", 50),
        *(masked(f"lesion-{hit}", "benign", hit, missed=100 - hit) for hit in range(0, 60, 10)),
        *(masked(f"false-{false}", "normal", 0, false) for false in range(0, 60, 10)),
    ]

    chosen = choose(evaluation("segmentation", images))

    lesions, false = chosen[: worst_cases.LESIONS], chosen[worst_cases.LESIONS :]
    assert [case.id for case in lesions] == [f"lesion-{hit}" for hit in (0, 10, 20, 30)]
    assert [case.id for case in false] == [f"false-{pixels}" for pixels in (50, 40, 30, 20)]
    assert lesions[0].text == "Dice 0.000; nothing is marked"
    assert false[0].text.startswith("5.00 % of the image")


@pytest.mark.parametrize(
    ("task", "images"),
    [
        ("classification", [answer("a", "benign", "benign")]),
        ("segmentation", [masked("a", "benign", 50), masked("b", "normal", 0)]),
    ],
)
def test_where_nothing_is_wrong_nothing_is_shown(
    task: str, images: list[dict[str, object]]
) -> None:
    assert choose(evaluation(task, images)) == []


def test_pictures_are_small_and_the_outline_is_seen() -> None:
    image = np.full((300, 600), 90, dtype=np.uint8)
    mask = np.zeros((300, 600), dtype=bool)
    mask[100:200, 200:400] = True

    pixels = opened(picture(image, mask, PREDICTED))

    assert pixels.shape == (SIDE // 2, SIDE, 3)
    coloured = (pixels == PREDICTED).all(axis=2)
    assert coloured[41, 120], "the upper edge"
    assert not coloured[60, 120], "the inside stays as it was"
    assert (pixels[60, 120] == 90).all()
    assert (opened(picture(image))[60, 120] == 90).all()


def test_a_mask_of_one_pixel_is_seen_in_the_small_picture() -> None:
    image, mask = np.zeros((900, 900), dtype=np.uint8), np.zeros((900, 900), dtype=bool)
    mask[450, 450] = True

    assert (opened(picture(image, mask)) == TRUE).all(axis=2).any()


def test_a_segmenters_cases_show_both_outlines(segmenter_dir: Path, channels: Path) -> None:
    segmenter = load_predictor(segmenter_dir)
    assert isinstance(segmenter, Segmenter)
    samples = read_channel(channels / "test", CLASSES)
    lesion = next(sample for sample in samples if sample.label == "benign")
    told = evaluation("segmentation", [masked(lesion.id, "benign", 50, missed=50)])

    (case,) = worst_cases.worst_cases(told, samples, segmenter)

    assert list(case.pictures) == ["true", "predicted"]
    assert (opened(case.pictures["true"]) == TRUE).all(axis=2).any()
    assert not (opened(case.pictures["predicted"]) == TRUE).all(axis=2).any()


def test_files_of_an_earlier_run_go(tmp_path: Path, channels: Path) -> None:
    samples: list[Sample] = read_channel(channels / "test", CLASSES)
    told = evaluation("classification", [answer(samples[0].id, "benign", "normal")])
    cases = worst_cases.worst_cases(told, samples)

    worst_cases.write(tmp_path, cases)
    assert [path.name for path in tmp_path.iterdir()] == [f"01-{samples[0].id}.image.png"]

    worst_cases.write(tmp_path, [])
    assert list(tmp_path.iterdir()) == []
