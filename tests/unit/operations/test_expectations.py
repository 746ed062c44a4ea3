"""A wrong answer is found, whatever is wrong with it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from operations.smoke import expectations
from operations.smoke.expectations import Answer
from operations.smoke.material import AskedImage

CLASSES = ("benign", "malignant", "normal")
LABELS = {"1": "M", "2": "B", "3": "B"}


def lesion(kind: str) -> Any:
    mask = np.zeros((40, 60), dtype=np.bool_)
    if kind != "normal":
        mask[10:20, 10:30] = True
    return mask


ASKED = {
    f"smoke/{kind}-{n}.png": AskedImage(kind, b"", lesion(kind)) for kind in CLASSES for n in (1, 2)
}


def png(mask: Any) -> bytes:
    body = io.BytesIO()
    Image.fromarray(mask).save(body, "PNG")
    return body.getvalue()


def answer(label: str, mask: Any, **others: Any) -> Answer:
    probabilities = {kind: 0.8 if kind == label else 0.1 for kind in CLASSES}
    prediction = {
        "classification": {"label": label, "probabilities": probabilities},
        "image": {"height": mask.shape[0], "width": mask.shape[1]},
    }
    return Answer({**prediction, **others}, png(mask))


def right() -> dict[str, Answer]:
    return {path: answer(image.kind, image.mask) for path, image in ASKED.items()}


def test_right_answers_pass() -> None:
    findings = expectations.of_images(ASKED, right())

    assert not findings.failures
    assert "smoke/benign-1.png: benign, Dice 1.000" in findings.lines


def test_few_wrong_ones_pass_and_many_do_not() -> None:
    answers = right()
    answers["smoke/benign-1.png"] = answer("malignant", lesion("benign"))
    assert not expectations.of_images(ASKED, answers).failures

    for path in ("smoke/benign-2.png", "smoke/malignant-1.png"):
        answers[path] = answer("normal", lesion("benign"))
    (failure,) = expectations.of_images(ASKED, answers).failures
    assert "share of right labels is 0.500" in failure


@pytest.mark.parametrize("mask", [np.zeros((40, 60), bool), np.ones((40, 60), bool)])
def test_masks_of_nothing_or_of_everything_do_not_pass(mask: Any) -> None:
    answers = {path: answer(image.kind, mask) for path, image in ASKED.items()}

    (failure,) = expectations.of_images(ASKED, answers).failures

    assert "mean Dice of lesions" in failure


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (answer("normal", lesion("normal")[:, :30]), "mask of (40, 30)"),
        (
            answer("normal", lesion("normal"), image={"height": 1, "width": 1}),
            "answered for an image of [1, 1]",
        ),
        (
            answer(
                "normal",
                lesion("normal"),
                classification={
                    "label": "normal",
                    "probabilities": {"benign": 0.5, "malignant": 0.4, "normal": 0.1},
                },
            ),
            "not the likeliest",
        ),
        (
            answer(
                "normal",
                lesion("normal"),
                classification={
                    "label": "normal",
                    "probabilities": {"benign": 0.5, "malignant": 0.5, "normal": 0.9},
                },
            ),
            "add up to 1.900",
        ),
        (
            answer(
                "normal",
                lesion("normal"),
                classification={"label": "normal", "probabilities": {"normal": 1.0}},
            ),
            "classes ['normal']",
        ),
    ],
)
def test_one_impossible_answer_is_enough(wrong: Answer, words: str) -> None:
    answers = {**right(), "smoke/normal-1.png": wrong}

    failures = expectations.of_images(ASKED, answers).failures

    assert failures
    assert any(words in failure and "normal-1" in failure for failure in failures)


def test_an_answer_that_stays_away_is_found() -> None:
    answers = right()
    del answers["smoke/normal-2.png"]

    assert expectations.of_images(ASKED, answers).failures == ["smoke/normal-2.png has no answer"]


def test_no_answer_at_all_is_no_pass() -> None:
    assert len(expectations.of_images(ASKED, {}).failures) == len(ASKED) + 2


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ("id,score,label\n1,.9,M\n2,.1,B\n3,.1,B\n", None),
        ("id,score,label\n1,.9,M\n2,.1,B\n3,.6,M\n", "share of right rows is 0.667"),
        ("id,score,label\n2,.1,B\n1,.9,M\n3,.1,B\n", "in order"),
        ("id,score,label\n1,.9,M\n2,.1,B\n", "in order"),
    ],
)
def test_rows_are_held_against_their_labels(scores: str, words: str | None) -> None:
    failures = expectations.of_rows(LABELS, scores).failures

    assert [words in failure for failure in failures if words] == ([True] if words else [])
    assert bool(failures) == bool(words)
