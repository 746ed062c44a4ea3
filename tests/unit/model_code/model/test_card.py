from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from sonomodel.errors import ModelError
from sonomodel.model.card import ModelCard, read_card
from sonomodel.model.rule import LesionRule
from tests.unit.model_code.conftest import card

TASKS = ("classification", "segmentation")
RULE = LesionRule(0.35, minimum_presence=0.6, minimum_area=0.01, largest_component=True)


def change(folder: Path, **fields: object) -> None:
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(content | fields))


@pytest.mark.parametrize("task", TASKS)
def test_what_is_written_is_read(task: str, tmp_path: Path) -> None:
    metrics = {"accuracy": 0.75, "per_class": {"benign": {"auc": None}}, "intervals": [0.5, 1.0]}
    written = dataclasses.replace(
        card(task), metrics=metrics, temperature=1.25, test_time_flip=True, minimum_area=0.02
    )

    written.write(tmp_path)

    assert read_card(tmp_path) == written


def test_it_says_where_the_model_comes_from(tmp_path: Path) -> None:
    card("classification").write(tmp_path)

    content = json.loads((tmp_path / "model.json").read_text())
    assert content["normalisation"] == {"mean": 0.3, "std": 0.2}
    assert content["classes"] == ["benign", "malignant", "normal"]
    assert {"code_digest", "dataset_version", "torch_version", "threshold"} <= content.keys()
    assert content["schema_version"] == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"schema_version": 2}, "schema version 2, this code reads 1"),
        ({"colour": "blue"}, "colour"),
        ({"normalisation": None}, "does not describe a model"),
        ({"normalisation": {"mean": 0.3}}, "does not describe a model: .*std"),
    ],
)
def test_card_that_cannot_be_used_is_refused(
    fields: dict[str, object], reason: str, tmp_path: Path
) -> None:
    card("classification").write(tmp_path)
    change(tmp_path, **fields)

    with pytest.raises(ModelError, match=reason):
        read_card(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"normalisation": {"mean": 0, "std": 1}}'])
def test_what_is_no_card_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(text)

    with pytest.raises(ModelError, match=r"model\.json does not describe a model"):
        read_card(tmp_path)


def test_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json does not describe a model"):
        read_card(tmp_path)


def test_older_cards_decide_nothing(tmp_path: Path) -> None:
    card("segmentation").write(tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    for name in ("temperature", "minimum_presence", "minimum_area", "largest_component"):
        del content[name]
    del content["test_time_flip"]
    (tmp_path / "model.json").write_text(json.dumps(content))

    old = read_card(tmp_path)

    assert old.temperature == 1
    assert old.lesion_rule() == LesionRule(0.4)
    assert old.lesion_rule() == LesionRule(0.4, 0, 0, largest_component=False)
    assert not old.test_time_flip


def test_rule_goes_in_and_comes_out() -> None:
    ruled: ModelCard = card("segmentation").with_rule(RULE)

    assert ruled.lesion_rule() == RULE
    assert dataclasses.replace(ruled, **dataclasses.asdict(LesionRule(0.4))) == card("segmentation")


def test_without_threshold_there_is_no_rule() -> None:
    with pytest.raises(ModelError, match="needs a threshold"):
        card("classification").lesion_rule()


def test_identity_is_what_every_response_carries() -> None:
    assert card("segmentation").identity() == {
        "name": "segmenter",
        "version": "0123456789ab-01234567",
        "task": "segmentation",
        "architecture": "unet",
        "dataset_version": "0123456789ab",
    }
