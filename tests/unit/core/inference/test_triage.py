from __future__ import annotations

import pytest

from sonoflow.inference import image_endpoints, triage
from sonoflow.inference.image_endpoints import Classified, Triage

MODEL = image_endpoints.Model("classifier", "v", "sonoflow-classifier")


def classified(
    label: str, probability: float, own: Triage | None = None, *, unlike: bool = False
) -> Classified:
    rest = (1 - probability) / 2
    probabilities = dict.fromkeys(("benign", "malignant", "normal"), rest)
    return Classified(label, {**probabilities, label: probability}, MODEL, own, unlike)


@pytest.mark.parametrize(
    ("label", "probability", "lesion_pixels", "reasons"),
    [
        ("benign", 0.9, 200, []),
        ("normal", 0.9, 0, []),
        ("benign", 0.7, 200, []),
        ("benign", 0.69, 200, ["low-confidence"]),
        ("normal", 0.9, 1, ["classifier-and-mask-disagree"]),
        ("malignant", 0.9, 0, ["classifier-and-mask-disagree"]),
        ("malignant", 0.5, 0, ["low-confidence", "classifier-and-mask-disagree"]),
    ],
)
def test_a_person_looks_where_the_models_are_unsure_or_disagree(
    label: str, probability: float, lesion_pixels: int, reasons: list[str]
) -> None:
    document = triage.decide(classified(label, probability), lesion_pixels, 0.7).document()

    assert document["action"] == ("review" if reasons else "auto")
    assert document["reasons"] == reasons
    assert [each["code"] for each in document["explanations"]] == reasons


@pytest.mark.parametrize(
    ("own", "operators", "threshold", "source", "action"),
    [
        (Triage(0.85), 0, 0.85, "model", "review"),
        (Triage(0.55), 0, 0.55, "model", "auto"),
        (Triage(None), 0, None, "model", "review"),
        (None, 0, 0.7, "default", "auto"),
        (Triage(0.55), 0.9, 0.9, "parameter", "review"),
        (Triage(None), 0.5, 0.5, "parameter", "auto"),
    ],
)
def test_the_models_own_threshold_decides_unless_the_operator_does(
    own: Triage | None, operators: float, threshold: float | None, source: str, action: str
) -> None:
    document = triage.decide(classified("benign", 0.8, own), 200, operators).document()

    assert (document["review_below"], document["review_below_from"]) == (threshold, source)
    assert document["action"] == action


def test_a_model_that_says_that_an_image_is_unlike_its_own_is_heard() -> None:
    decision = triage.decide(classified("benign", 0.9, unlike=True), 200, 0.7)

    assert [reason.code for reason in decision.reasons] == ["unlike-training-data"]


def test_reasons_are_told_in_words_with_the_figures_that_decided() -> None:
    flags = ("depth-12-of-16", "colour", "damaged-text", "unlike-ultrasound")
    decision = triage.decide(classified("normal", 0.69996), 12, 0.7, flags)

    texts = [reason.text for reason in decision.reasons]
    assert texts == [
        "The classifier gives 'normal' a probability of 0.6999, and a person looks at everything"
        " below 0.7.",
        "The classifier says 'normal', but the segmenter marks 12 pixels as lesion.",
        "The models were not measured on pictures like this one: only 12 of its 16 bits are used,"
        " by its brightest pixel; it has colours, as Doppler pictures and photographs have; its"
        " grain is no scanner's.",
    ]


def test_damaged_text_alone_is_no_reason() -> None:
    assert triage.decide(classified("benign", 0.9), 200, 0.7, ("damaged-text",)).reasons == ()
