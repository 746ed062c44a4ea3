from __future__ import annotations

import io
import json
import os
import tarfile

import pytest

from sonoflow.errors import EvaluationUnreadable
from sonoflow.judging import evaluations


def packed(name: str, content: bytes, **more: bytes) -> bytes:
    """An archive of one file, and of `more` by their names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, body in {name: content, **more}.items():
            info = tarfile.TarInfo(member)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["evaluation.json", "./evaluation.json", "data/evaluation.json"])
def test_the_evaluation_is_found_wherever_sagemaker_put_it(name: str) -> None:
    assert evaluations.documents(packed(name, b"{}")) == {"evaluation.json": b"{}"}


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
        evaluations.documents(output)


def test_a_file_that_would_fill_the_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "_BYTES_LIMIT", 10)

    with pytest.raises(EvaluationUnreadable, match="limit"):
        evaluations.documents(packed("evaluation.json", b" " * 11))


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


def test_what_a_training_leaves_for_people_is_kept_and_nothing_else() -> None:
    picture = "worst_cases/01-0123456789abcdef.true.png"
    left = {
        "evaluation.json": b"{}",
        "history.json": b"[]",
        "diagnostics.json": b"{}",
        "report.html": b"<p>",
        "model_card.md": b"#",
        picture: b"PNG",
    }
    others = {
        "core.12345": b"memory",
        "report.html.bak": b"",
        "worst_cases/Mueller Anna.png": b"a name",
        "elsewhere/01-0123456789abcdef.true.png": b"PNG",
    }

    assert evaluations.documents(packed("notes.txt", b"", **left, **others)) == left
    below = {f"./data/{name}": content for name, content in left.items()}
    assert evaluations.documents(packed("notes.txt", b"", **below)) == left


@pytest.mark.parametrize("name", ["../evaluation.json", "data/../../report.html", "/report.html"])
def test_a_member_that_leads_out_of_the_output_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(EvaluationUnreadable, match=name):
        evaluations.documents(packed("evaluation.json", b"{}", **{name: b"{}"}))


def test_a_link_is_no_document() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        link = tarfile.TarInfo("evaluation.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    with pytest.raises(EvaluationUnreadable, match=r"holds no evaluation\.json"):
        evaluations.documents(buffer.getvalue())


def test_all_that_is_kept_counts_against_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "_BYTES_LIMIT", 10)
    ignored = {"weights.bin": b" " * 99}

    assert evaluations.documents(packed("evaluation.json", b" " * 10, **ignored))
    with pytest.raises(EvaluationUnreadable, match=r"report\.html has 3 bytes after 8"):
        evaluations.documents(packed("evaluation.json", b" " * 8, **{"report.html": b"<p>"}))


@pytest.mark.parametrize("name", ["history.json", "diagnostics.json"])
def test_a_damaged_document_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(EvaluationUnreadable, match=f"{name} is no JSON"):
        evaluations.documents(packed("evaluation.json", b"{}", **{name: b"{cut o"}))


def test_an_archive_cut_off_behind_the_evaluation_is_an_error() -> None:
    whole = packed("evaluation.json", b"{}", **{"report.html": os.urandom(9000)})

    with pytest.raises(EvaluationUnreadable, match=r"tar\.gz"):
        evaluations.documents(whole[: len(whole) // 2])
