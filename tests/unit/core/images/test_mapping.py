from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import mapping

TABLE = {"file": "bus.csv", "image": "ID", "class": "Pathology"}


def test_every_key_may_be_given() -> None:
    document = {
        "classes": TABLE,
        "labels": {"B": " benign "},
        "groups": {"file": "bus.csv", "image": "ID", "group": "Case"},
        "splits": "own",
        "continues": "busi/0a1b2c3d4e5f",
        "ignore": ["overlays", "*_pred.png"],
        "masks": {"lesion": ["#ff0000"], "outlines": "fill"},
        "pictures": {"bits": 12},
    }

    parsed = mapping.parse(document)

    assert parsed == {
        **document,
        "labels": {"B": "benign"},
        "ignore": ["*_pred.png", "overlays"],
    }
    assert mapping.parse(parsed) == parsed


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"label": "y"}, "unknown key 'label'; known are classes, .* for images"),
        ({"classes": "guess"}, "'classes' must be one of folders, names, masks or an object"),
        ({"classes": {"file": "a.csv"}}, "'classes' must be one of"),
        ({"groups": {**TABLE}}, "'groups' must be one of"),
        ({"classes": {**TABLE, "file": " "}}, "'classes.file' must be a text"),
        ({"labels": {}}, "'labels'"),
        ({"labels": {"B": 1}}, "'labels.B' must be a text"),
        ({"splits": "mine"}, "'splits' must be given or own"),
        ({"continues": "busi"}, "'continues' must be <name>/<version> of a data set, not 'busi'"),
        ({"continues": "../x/0a1b2c3d4e5f"}, "'continues' must be <name>/<version>"),
        ({"continues": 1}, "'continues' must be <name>/<version>"),
        ({"ignore": "overlays"}, "'ignore' must be a list"),
        ({"ignore": [1]}, "'ignore' must be a text"),
        ({"masks": "dark"}, "'masks' must be an object"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_key(document: Any, message: str) -> None:
    with pytest.raises(DatasetRefused, match=message):
        mapping.parse(document)


def test_metadata_says_the_same() -> None:
    metadata = {
        "sonoflow-classes": '{"file": "bus.csv", "image": "ID", "class": "Pathology"}',
        "sonoflow-groups": "none",
        "sonoflow-ignore": "overlays, preds",
        "sonoflow-masks": '{"lesion": "dark"}',
    }

    assert mapping.KEYS.from_metadata(metadata) == {
        "classes": TABLE,
        "groups": "none",
        "ignore": ["overlays", "preds"],
        "masks": {"lesion": "dark"},
    }


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("d/overlays/x.png", True),
        ("d/Overlays/x.png", True),
        ("d/benign/x_pred.png", True),
        ("a/b/x.png", True),
        ("d/benign/overlays.png", False),
        ("c/a/b/x.png", False),
    ],
)
def test_folders_and_patterns_are_left_out(path: str, left_out: bool) -> None:
    assert mapping.ignored(path, ["overlays", "*_pred.png", "a/b/"]) is left_out
