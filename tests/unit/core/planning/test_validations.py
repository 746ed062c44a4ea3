"""With models in service it is told in tests/unit/functions/test_plan_external.py."""

from __future__ import annotations

import json

import pytest

from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.planning import validations
from tests.unit import stack


def put(key: str, mapping: object = None) -> Upload:
    stack.write(stack.UPLOADS, key, b"a zip")
    if mapping is not None:
        stack.write(stack.UPLOADS, f"{key.rpartition('.')[0]}.mapping.json", json.dumps(mapping))
    return Upload(stack.UPLOADS, key, None, 5)


def test_both_ways_to_say_it_are_the_same_mapping(aws: None) -> None:
    said = {"labels": {"M": "malignant"}}

    by_key = validations.mapping_of(put("external/a.zip", said))
    by_role = validations.mapping_of(put("datasets/a.zip", {**said, "role": "external"}))

    assert by_key == by_role == {**said, "role": "external"}


@pytest.mark.parametrize(
    ("key", "mapping"),
    [
        ("datasets/a.zip", None),
        ("datasets/a.zip", {"splits": "own"}),
        ("datasets/a.zip", {"role": "training"}),
        ("datasets/a.csv", {"label": "outcome"}),
    ],
)
def test_other_uploads_are_no_external_sets(aws: None, key: str, mapping: object) -> None:
    assert validations.mapping_of(put(key, mapping)) is None


def test_below_external_a_mapping_that_makes_no_sense_is_refused(aws: None) -> None:
    with pytest.raises(DatasetRefused, match="mapping-invalid"):
        validations.mapping_of(put("external/a.zip", {"role": "training"}))
