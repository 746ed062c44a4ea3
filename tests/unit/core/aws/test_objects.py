from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws import objects
from tests.unit import stack


def test_a_document_is_read_as_it_was_written(aws: None) -> None:
    document = {"detail": "Größe × 2", "figures": [1, 0.5, None]}

    objects.write_json(stack.WORK, "a.json", document)

    assert objects.read_json(stack.WORK, "a.json") == document
    assert objects.find_json(stack.WORK, "a.json") == document


def test_lines_are_read_as_they_were_written(aws: None) -> None:
    documents = [{"source": "one\u2028line"}, {"source": "Müller.png"}]

    objects.write_lines(stack.WORK, "a.jsonl", documents)

    assert list(objects.read_lines(stack.WORK, "a.jsonl")) == documents


def test_of_many_lines_the_first_can_be_taken_alone(aws: None) -> None:
    """More than one chunk of them; the rest is not asked for."""
    objects.write_lines(stack.WORK, "a.jsonl", ({"line": n, "x": "é" * 500} for n in range(5000)))

    lines = objects.read_lines(stack.WORK, "a.jsonl")

    assert next(lines)["line"] == 0
    lines.close()  # type: ignore[attr-defined]
    assert sum(1 for _ in objects.read_lines(stack.WORK, "a.jsonl")) == 5000


def test_what_is_not_there_is_none(aws: None) -> None:
    assert objects.find_json(stack.WORK, "a.json") is None
    assert objects.find(stack.WORK, "a.json") is None


def test_other_errors_are_not_taken_for_absence(aws: None) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        objects.find_json("sonoflow-nobody", "a.json")


def test_a_document_that_is_no_json_to_others_is_an_error(aws: None) -> None:
    with pytest.raises(ValueError, match="JSON"):
        objects.write_json(stack.WORK, "a.json", {"accuracy": float("nan")})
