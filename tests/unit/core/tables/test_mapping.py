from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables import mapping
from sonoflow.tables.mapping import DEFAULT_MISSING


def test_every_key_may_be_given() -> None:
    document = {
        "label": "outcome",
        "positive": "yes",
        "id": 0,
        "features": ["a", 3],
        "ignore": [],
        "delimiter": "tab",
        "header": False,
        "missing": ["?", ""],
        "decimal": ",",
        "thousands": ".",
        "labels": {"1": "M", "0": "B"},
        "skip": 2,
        "units": True,
    }

    assert mapping.parse(document) == {**document, "delimiter": "\t", "missing": ["", "?"]}
    assert mapping.parse({}) == {}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (["label"], "JSON object.*list"),
        ({"lable": "y"}, "unknown key 'lable'; known are label, positive"),
        ({"label": ""}, "'label'"),
        ({"label": -1}, "'label'"),
        ({"label": True}, "'label'"),
        ({"label": None}, "'label'"),
        ({"positive": True}, "'positive'"),
        ({"id": ["a"]}, "'id'"),
        ({"features": "a"}, "'features'"),
        ({"features": ["a", "a"]}, "'features' names a column twice"),
        ({"ignore": [1.5]}, "'ignore'"),
        ({"delimiter": "::"}, "'delimiter'"),
        ({"header": "yes"}, "'header'"),
        ({"missing": [-9]}, "'missing'"),
        ({"decimal": "·"}, "'decimal' must be one of '.', ','"),
        ({"thousands": "_"}, "'thousands'"),
        ({"labels": {}}, "'labels'"),
        ({"labels": {"1": ["M"]}}, "'labels'"),
        ({"skip": -1}, "'skip'"),
        ({"skip": True}, "'skip'"),
        ({"units": "um"}, "'units'"),
        ({"label": "\ud800"}, "half a surrogate pair"),
        ({"\ud800": 1}, "half a surrogate pair"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_key(document: Any, message: str) -> None:
    with pytest.raises(DatasetRefused, match=message) as caught:
        mapping.parse(document)

    assert caught.value.reason == "mapping-invalid"


@pytest.mark.parametrize(
    ("metadata", "document"),
    [
        ({}, {}),
        ({"author": "x"}, {}),
        ({"sonoflow-id": ""}, {"id": None}),
        ({"sonoflow-id": "null"}, {"id": None}),
        ({"sonoflow-header": "false"}, {"header": False}),
        ({"sonoflow-delimiter": "tab"}, {"delimiter": "\t"}),
        ({"sonoflow-features": '["a, b", "c"]'}, {"features": ["a, b", "c"]}),
        ({"sonoflow-missing": ",?"}, {"missing": ["", "?"]}),
        ({"sonoflow-decimal": ","}, {"decimal": ","}),
        ({"sonoflow-labels": '{"1": "M"}'}, {"labels": {"1": "M"}}),
        ({"sonoflow-skip": "2", "sonoflow-units": "true"}, {"skip": 2, "units": True}),
    ],
)
def test_metadata_says_the_same(metadata: dict[str, str], document: dict[str, Any]) -> None:
    assert mapping.from_metadata(metadata) == document


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"sonoflow-header": "yes"}, "sonoflow-header must be true or false"),
        ({"sonoflow-ignore": "[a"}, "sonoflow-ignore is no JSON list"),
        ({"sonoflow-lable": "y"}, "unknown key 'lable'"),
        ({"sonoflow-labels": "M"}, "sonoflow-labels is no JSON object"),
        ({"sonoflow-skip": "two"}, "'skip'"),
        ({"sonoflow-ignore": "[" * 2000 + "]" * 2000}, "is no JSON list: .*nested"),
        ({"sonoflow-missing": '["\\ud800"]'}, "no JSON list: .*half a surrogate pair"),
    ],
)
def test_metadata_that_makes_no_sense_is_refused(metadata: dict[str, str], message: str) -> None:
    with pytest.raises(DatasetRefused, match=message):
        mapping.from_metadata(metadata)


def test_a_mark_cannot_mean_two_things() -> None:
    with pytest.raises(DatasetRefused, match="the same mark"):
        mapping.parse({"decimal": ",", "thousands": ","})


@pytest.mark.parametrize("text", ["NaN", "N/A", "n/a", "#N/A", "<NA>", "NULL"])
def test_what_programs_write_for_no_value_is_none(text: str) -> None:
    assert text in DEFAULT_MISSING
