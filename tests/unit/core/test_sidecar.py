"""The table's and the images' own keys are held by their rooms' tests."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sonoflow import sidecar
from sonoflow.errors import DatasetRefused
from sonoflow.images import mapping as images
from sonoflow.tables import mapping as tables

TABLE = {"file": "bus.csv", "image": "ID", "class": "Pathology"}


def accepted(check: Callable[[Any], Any], document: Any) -> bool:
    try:
        check(document)
    except (DatasetRefused, jsonschema.ValidationError):
        return False
    return True


@pytest.mark.parametrize(
    ("key", "beside"),
    [
        ("datasets/a.zip", "datasets/a.mapping.json"),
        ("datasets/a.b.csv", "datasets/a.b.mapping.json"),
    ],
)
def test_a_mapping_lies_beside_its_data_set(key: str, beside: str) -> None:
    assert sidecar.beside(key) == beside
    assert sidecar.is_mapping(beside.upper())
    assert not sidecar.is_mapping(key)


def test_a_document_that_is_none_names_its_key() -> None:
    answer = {"Body": io.BytesIO(b"classes: x"), "ContentLength": 10}

    with pytest.raises(DatasetRefused, match=r"'datasets/a.mapping.json' cannot be used"):
        images.KEYS.read("datasets/a.mapping.json", answer)


def test_metadata_that_is_no_json_is_refused() -> None:
    with pytest.raises(DatasetRefused, match="sonoflow-masks is no JSON object"):
        images.KEYS.from_metadata({"sonoflow-masks": "{dark"})


DOCUMENTS: list[Any] = [
    {},
    [],
    "folders",
    {"classes": "folders"},
    {"classes": "patients"},
    {"classes": TABLE},
    {"classes": {**TABLE, "more": "x"}},
    {"classes": {"file": "bus.csv"}},
    {"classes": {**TABLE, "image": 3}},
    {"labels": {"B": "benign"}},
    {"labels": {}},
    {"labels": {"B": " "}},
    {"groups": "none"},
    {"groups": "given"},
    {"groups": TABLE},
    {"splits": "own"},
    {"splits": None},
    {"ignore": ["a"]},
    {"ignore": [1]},
    {"ignore": "a"},
    {"masks": {"lesion": "dark"}},
    {"masks": {"lesion": 255}},
    {"masks": {"lesion": [2, "#ff0000"]}},
    {"masks": {"lesion": [True]}},
    {"masks": {"lesion": "grey"}},
    {"masks": {"lesion": 70000}},
    {"masks": {"outside": 1}},
    {"masks": {"outside": "white"}},
    {"masks": {"classes": {"#00ff00": "benign", "2": "m"}}},
    {"masks": {"classes": {"green": "benign"}}},
    {"masks": {"outlines": "fill", "orientation": "transposed"}},
    {"masks": {"orientation": "up"}},
    {"masks": {"colour": 1}},
    {"masks": []},
    {"pictures": {"bits": 12}},
    {"pictures": {"bits": 7}},
    {"pictures": {"lesion": "dark"}},
    {"label": "y"},
    {"label": ""},
    {"label": -1},
    {"label": True},
    {"label": "y", "classes": "folders"},
    {"positive": 1},
    {"positive": ""},
    {"id": None},
    {"id": ["a"]},
    {"features": ["a", 3]},
    {"features": ["a", "a"]},
    {"ignore": [3]},
    {"delimiter": "tab"},
    {"delimiter": "::"},
    {"header": False},
    {"header": "no"},
    {"missing": ["?"]},
    {"missing": [-9]},
    {"decimal": ",", "thousands": "."},
    {"decimal": ";"},
    {"thousands": "_"},
    {"labels": {"m": 1}},
    {"labels": {"m": None}},
    {"skip": 3},
    {"skip": 101},
    {"units": False},
    {"units": 0},
    {"lable": "y"},
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=json.dumps)
@pytest.mark.parametrize(("kind", "keys"), [("images", images.KEYS), ("table", tables.KEYS)])
def test_the_schema_says_what_the_checks_say(
    root: Path, kind: str, keys: sidecar.Keys, document: Any
) -> None:
    schema = json.loads((root / "docs/schemas/mapping.schema.json").read_text("utf-8"))
    one = {**schema, "anyOf": [{"$ref": f"#/$defs/{kind}"}]}

    by_schema = accepted(jsonschema.Draft202012Validator(one).validate, document)

    assert by_schema is accepted(keys.parse, document)


@pytest.mark.parametrize(("kind", "keys"), [("images", images.KEYS), ("table", tables.KEYS)])
def test_the_schema_knows_every_key(root: Path, kind: str, keys: sidecar.Keys) -> None:
    schema = json.loads((root / "docs/schemas/mapping.schema.json").read_text("utf-8"))

    assert set(schema["$defs"][kind]["properties"]) == set(keys.checks)
