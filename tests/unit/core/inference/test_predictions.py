from __future__ import annotations

import pytest

from sonoflow.inference import image_endpoints, predictions

MODEL = image_endpoints.Model("classifier", "v", "sonoflow-classifier")


def classified(label: str, probability: float) -> image_endpoints.Classified:
    rest = (1 - probability) / 2
    probabilities = dict.fromkeys(("benign", "malignant", "normal"), rest)
    return image_endpoints.Classified(label, {**probabilities, label: probability}, MODEL)


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
    decision = predictions.decide(classified(label, probability), lesion_pixels, 0.7)

    assert decision == {"action": "review" if reasons else "auto", "reasons": reasons}
