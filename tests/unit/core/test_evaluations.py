from __future__ import annotations

import io
import json
import tarfile

import pytest

from sonoflow import evaluations
from sonoflow.errors import EvaluationUnreadable


def packed(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["evaluation.json", "./evaluation.json", "data/evaluation.json"])
def test_the_evaluation_is_found_wherever_sagemaker_put_it(name: str) -> None:
    assert evaluations.extract(packed(name, b"{}")) == b"{}"


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"no archive",
        packed("evaluation.json", b"{}" * 4000)[:60],
        packed("other.json", b"{}"),
    ],
    ids=["empty", "text", "cut off", "other file"],
)
def test_an_output_without_readable_evaluation_is_an_error(output: bytes) -> None:
    with pytest.raises(EvaluationUnreadable):
        evaluations.extract(output)


def test_a_file_that_would_fill_the_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "_BYTES_LIMIT", 10)

    with pytest.raises(EvaluationUnreadable, match="limit"):
        evaluations.extract(packed("evaluation.json", b" " * 11))


def test_metrics_are_the_plain_figures() -> None:
    document = {
        "metrics": {
            "accuracy": 0.9,
            "lesion_images": 4,
            "lesion_dice": None,
            "per_class": {"benign": {"recall": 1.0}},
            "calibrated": True,
            "note": "text",
            "bad": float("inf"),
        }
    }

    assert evaluations.metrics(json.dumps(document).encode()) == {
        "accuracy": 0.9,
        "lesion_images": 4,
        "lesion_dice": None,
        "bad": None,
    }


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"metrics": [1]}', b"\xff", b"nonsense"])
def test_a_document_that_is_no_evaluation_is_an_error(document: bytes) -> None:
    with pytest.raises(EvaluationUnreadable):
        evaluations.metrics(document)
