from __future__ import annotations

import dataclasses
import re

import pytest

from sonomodel.report.card_page import USES, markdown, text
from tests.unit.model_code.conftest import CLASSES, card
from tests.unit.model_code.records import diagnostics, hostile, record

TASKS = ("classification", "segmentation")


def part(told: str, name: str) -> str:
    """A section of the card, without its heading."""
    return told.split(f"## {name}\n\n")[1].split("\n\n## ")[0]


@pytest.mark.parametrize("task", TASKS)
def test_sections_are_those_of_model_cards_in_their_order(task: str) -> None:
    told = markdown(record(task))

    assert told.startswith(f"# Model card: {card(task).name}\n\nResearch use only. Not a medical")
    assert re.findall("^## (.*)$", told, re.MULTILINE) == [
        *("Model", "Intended use", "Data", "Figures", "Known limits", "Training")
    ]
    assert told.endswith("\n")
    assert "\n\n\n" not in told
    assert USES[task] in part(told, "Model")
    assert "Not for: diagnosis, screening" in part(told, "Intended use")


def test_model_is_described() -> None:
    described = part(markdown(record("segmentation")), "Model").splitlines()

    assert "- Architecture: unet, 32 pixels a side" in described
    assert "- Classes: benign, malignant, normal" in described
    assert "- Version: 0123456789ab-01234567" in described
    assert "- Code: c0de" in described


def test_what_the_training_started_from_is_named_with_its_licence() -> None:
    def said(pretrained: dict[str, str | None] | None) -> str:
        made = record("segmentation")
        changed = dataclasses.replace(made.card, pretrained=pretrained)
        lines = part(markdown(dataclasses.replace(made, card=changed)), "Model").splitlines()
        (line,) = [line for line in lines if line.startswith("- Started from: ")]
        return line.removeprefix("- Started from: ")

    assert said(None) == "random weights"
    known: dict[str, str | None] = {"sha256": "57ab", "source": "a *package*", "licence": "MIT"}
    assert said(known) == r"a \*package\*; SHA-256 57ab; licence MIT"
    assert said({"sha256": "57ab", "source": None, "licence": None}) == (
        "weights of a source that their file does not name; SHA-256 57ab; "
        "licence not named in their file"
    )


def test_data_are_counted_by_class_and_split() -> None:
    told = part(markdown(record("classification")), "Data")

    assert told.endswith(
        "| class | train | test |\n| --- | --- | --- |\n"
        "| benign | 10 | 2 |\n| malignant | 4 | 2 |\n| normal | 1 | 2 |"
    )
    assert "Images that look alike, or that the data set's groups.csv gives" in told
    single = record("classification", evaluation={"bootstrap_unit": "image"})
    assert "Which images belong together was not known in training." in markdown(single)


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("a | b", r"a \| b"),
        ("*x* _y_ `z` ~", r"\*x\* \_y\_ \`z\` \~"),
        ("[y](z) # {w}", r"\[y\](z) \# \{w\}"),
        ("<b> & \\", r"&lt;b&gt; &amp; " + r"\\"),
        (" two\n\n lines\t", "two lines"),
        (0.5, "0.5"),
    ],
)
def test_what_comes_from_outside_is_text_on_one_line(value: object, escaped: str) -> None:
    assert text(value) == escaped


@pytest.mark.parametrize("task", TASKS)
def test_names_from_outside_are_text_and_never_markup(task: str) -> None:
    told = markdown(hostile(task))

    assert "<script" not in told
    assert "&lt;script&gt;" in told
    rows = [line for line in told.splitlines() if line.startswith("| \"'")]
    assert rows
    for line in rows:
        assert len(re.findall(r"(?<!\\)\|", line)) == 3, "a name adds no column"


def test_figures_come_with_their_interval_and_what_was_resampled() -> None:
    told = markdown(record("classification"))

    assert "95 % intervals: bootstrap over groups of images that belong together" in told
    assert "1,000 resamples" in told
    assert "| accuracy | 0.750 | 0.610 – 0.830 | images that are given their own class |" in told
    assert "| macro AUC | – |  |" in told, "undefined, and without interval"
    assert "Of the test split, 2 images that neither training nor any choice has seen." in told


def test_limits_begin_with_what_the_figures_lack() -> None:
    classifier = record("classification", evaluation={"bootstrap_unit": "image"})

    limits = part(markdown(classifier), "Known limits").splitlines()

    assert len(limits) == len(classifier.cautions()) + 2
    for line, caution in zip(limits, classifier.cautions(), strict=False):
        assert line == f"- {text(caution)}"
    assert "scaled by the temperature 1, found on" in limits[-2]
    assert "calibration error on the test split is 0.041." in limits[-2]
    assert limits[-1] == "- All figures are of one data set and one split of it."
    grouped = part(markdown(record("segmentation")), "Known limits")
    assert "Groups come from the images' looks and from groups.csv." in grouped
    assert "temperature" not in grouped


@pytest.mark.parametrize(
    ("threshold", "sentence"),
    [
        (
            0.85,
            "From a probability of 0.85 on, 29 of 30 labels were right on the validation split, "
            "0.950 being asked for; 10 of 40 images were below it, and are for a person.",
        ),
        (None, "On none of 40 validation images was a probability high enough"),
    ],
)
def test_whose_labels_need_no_person_is_told_with_what_it_rests_on(
    threshold: float | None, sentence: str
) -> None:
    found = {"images": 40, "automatic": 30, "right": 29}
    triage = {"threshold": threshold, "required_accuracy": 0.95, "validation": found}
    made = record("classification")
    made = dataclasses.replace(made, card=dataclasses.replace(made.card, triage=triage))

    assert sentence in part(markdown(made), "Known limits")


def test_rules_that_fired_are_named() -> None:
    made = dataclasses.replace(record("classification"), diagnostics=diagnostics(norm=500.0))

    told = markdown(made)

    assert r"- Diagnostic rules that fired: exploding\_gradient" in told
    assert r"- Diagnostic rule exploding\_gradient: half of the steps" in told


def test_a_healthy_run_is_said_to_be_one() -> None:
    assert "- Diagnostic rules that fired: none\n" in markdown(record("segmentation"))


def test_missing_diagnostics_are_said_to_be_missing() -> None:
    told = markdown(record("segmentation", diagnostics=None))

    assert "- Diagnostic rules that fired: unknown, none were written" in told
    assert "- The training left no diagnostics." in told


def test_how_it_was_trained_is_told() -> None:
    hyperparameters = {"learning_rate": 0.001, "ema_decay": 0.999}
    made = record("classification")
    made = dataclasses.replace(
        made, card=dataclasses.replace(made.card, hyperparameters=hyperparameters)
    )

    told = markdown(made)

    for fact in ("c0de", "0123456789ab", "resnet18"):
        assert fact in told
    training = part(told, "Training").splitlines()
    assert "- 3 epochs, of which 2 was kept" in training
    assert "- Started from random weights" in training
    assert "- Decided on the validation split: temperature 1.0" in training
    assert "- Hyperparameters: learning rate 0.001, EMA decay 0.999" in training
    assert "- Environment: python 3.12.1, device device=cpu" in training


def test_what_it_started_from_is_told() -> None:
    made = record("segmentation")
    started = {**made.history, "pretrained_weights": "ab12"}

    told = part(markdown(dataclasses.replace(made, history=started)), "Training")

    assert "- Started from the weights ab12" in told
    assert "threshold 0.4, minimum presence 0.0, minimum area 0.0, largest component False" in told


def test_figures_without_meaning_are_left_out() -> None:
    made = record("segmentation")
    metrics = {**made.metrics, "threshold": 0.4, "lesion_images": 2}

    told = markdown(record("segmentation", evaluation={"metrics": metrics}))

    figures = part(told, "Figures")
    assert "| lesion HD95 | 4.500 |" in figures
    assert "threshold" not in figures
    assert CLASSES[0] not in figures
