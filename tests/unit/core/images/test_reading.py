from __future__ import annotations

import json
from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import reading
from sonoflow.images.reading import Reading


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({}, Reading()),
        ({"label": "diagnosis"}, Reading()),
        ({"masks": {"lesion": "dark"}}, Reading(outside=(255,), polarity_known=True)),
        ({"masks": {"lesion": "bright"}}, Reading(outside=(0,), polarity_known=True)),
        ({"masks": {"lesion": "inside"}}, Reading(inside=True, polarity_known=True)),
        ({"masks": {"lesion": 2}}, Reading(lesions=((2,),), polarity_known=True)),
        (
            {"masks": {"lesion": [2, "#ff0000"]}},
            Reading(lesions=((2,), (255, 0, 0)), polarity_known=True),
        ),
        ({"masks": {"outside": "#ffffff"}}, Reading(outside=(255,), polarity_known=True)),
        (
            {"masks": {"classes": {"#00FF00": "Benign", "2": "malignant"}}},
            Reading(
                lesions=((0, 255, 0), (2,)),
                classes=(((0, 255, 0), "benign"), ((2,), "malignant")),
                polarity_known=True,
            ),
        ),
        ({"masks": {"outlines": "fill"}}, Reading(fill=True)),
        ({"masks": {"outlines": "as-is"}}, Reading(fill=False)),
        ({"masks": {"orientation": "stored"}}, Reading(drawn_on="stored")),
        ({"masks": {"orientation": "transposed"}}, Reading(turn=5)),
        ({"pictures": {"bits": 12}}, Reading(bits=12)),
    ],
)
def test_a_mapping_says_how_to_read(mapping: dict[str, Any], expected: Reading) -> None:
    found = reading.given(mapping)

    assert found == expected
    assert reading.parse(json.loads(json.dumps(found.document()))) == found


def test_what_is_as_usual_takes_no_word() -> None:
    assert Reading().document() == {}


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ({"masks": "dark"}, "masks"),
        ({"masks": {"lesions": "dark"}}, "lesions"),
        ({"masks": {"lesion": "grey"}}, "grey"),
        ({"masks": {"lesion": [True]}}, "True"),
        ({"masks": {"lesion": ["red"]}}, "red"),
        ({"masks": {"outside": 65536}}, "65536"),
        ({"masks": {"classes": ["benign"]}}, "classes"),
        ({"masks": {"classes": {"#00ff00": ""}}}, "classes"),
        ({"masks": {"outlines": True}}, "outlines"),
        ({"masks": {"orientation": "sideways"}}, "sideways"),
        ({"pictures": {"bits": 11}}, "11"),
        ({"pictures": {"depth": 12}}, "depth"),
    ],
)
def test_what_it_may_not_say_is_refused_and_named(mapping: dict[str, Any], named: str) -> None:
    with pytest.raises(DatasetRefused, match=f"mapping-invalid: .*{named}"):
        reading.given(mapping)
