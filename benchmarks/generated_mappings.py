"""Mappings beside generated uploads: some that settle something, some that no mapping may be."""

from __future__ import annotations

import json
import random
from typing import Any

_OF_IMAGES: tuple[Any, ...] = (
    {"classes": "folders"}, {"classes": "names"}, {"classes": "masks"}, {"groups": "names"},
    {"classes": {"file": "data.csv", "image": "ID", "class": "label"}}, {"groups": "none"},
    {"groups": {"file": "groups.csv", "image": "image", "group": "group"}}, {"splits": "own"},
    {"labels": {"a": "b", "1": "malignant"}}, {"ignore": ["overlays", "*_pred.png", "benign"]},
    {"ignore": ["*"]}, {"ignore": ["["]}, {"masks": {"lesion": "dark"}},
    {"masks": {"lesion": "inside"}}, {"masks": {"lesion": [1, "#ff0000"]}},
    {"masks": {"classes": {"#ff0000": "malignant", "#00ff00": "benign"}}},
    {"masks": {"orientation": "stored", "outlines": "fill"}}, {"pictures": {"bits": 12}},
    # What no mapping may say.
    {"labels": {}}, {"classes": 7}, {"masks": {"lesion": 70000}}, {"positive": "1"}, 
    {"ignore": [""]},
    {"masks": {"classes": {"#ff0000": ""}}}, {"splits": None}, [], "folders", None,
)  # fmt: skip


def of_images(draw: random.Random) -> bytes | None:
    """None as a rule; else one that says something, or nothing that can be read."""
    if draw.random() < 0.8:
        return None
    if draw.random() < 0.15:
        return draw.choice(
            (b"", b"{", b"\xff\xfe{}", b"[" * 2000, b'{"classes": "folders"', draw.randbytes(40),
             b'{"classes": "folders", "classes": "names"}', b'{"labels": {"a": NaN}}')
        )  # fmt: skip
    said = draw.choice(_OF_IMAGES)
    more = draw.choice(_OF_IMAGES)
    if isinstance(said, dict) and isinstance(more, dict) and draw.random() < 0.3:
        said = {**said, **more}
    return json.dumps(said).encode(draw.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")))


_OF_TABLES: tuple[Any, ...] = (
    {"label": "diagnosis"}, {"label": "target"}, {"label": 1}, {"positive": "M"}, {"positive": 0},
    {"positive": "1"}, {"id": None}, {"id": "id"}, {"ignore": ["target"]},
    {"ignore": ["site", "day"]},
    {"delimiter": ";"}, {"header": False}, {"header": True}, {"missing": ["-999"]},
    {"decimal": ","},
    {"thousands": "."}, {"labels": {"B": "benign", "M": "malignant"}}, {"skip": 1}, {"skip": 0},
    {"units": False}, {"units": True}, {"features": ["mean_radius"]}, {"features": [2, 3]},
    {"decimal": ".", "thousands": ","},
    # What no mapping may say.
    {"label": ""}, {"missing": [1]}, {"decimal": ";"}, {"labels": {}}, {"classes": "names"}, [], 7,
    {"skip": -1}, {"features": []}, {"decimal": ",", "thousands": ","}, {"delimiter": "x"},
)  # fmt: skip


def of_table(draw: random.Random, *, bare: bool) -> bytes | None:
    """None as a rule; where no header names the label, one that does."""
    if bare and draw.random() < 0.7:
        return b'{"label": 1}'
    if draw.random() < 0.8:
        return None
    if draw.random() < 0.1:
        return draw.choice((b"", b"{", b"\xff\xfe", b'{"label": NaN}', b'{"a": 1, "a": 2}'))
    said, more = draw.choice(_OF_TABLES), draw.choice(_OF_TABLES)
    if isinstance(said, dict) and isinstance(more, dict) and draw.random() < 0.5:
        said = {**said, **more}
    return json.dumps(said).encode()
