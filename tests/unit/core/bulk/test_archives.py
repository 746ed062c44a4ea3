"""What of a zip is answered under a name of its own, rejected there, or only told of."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest

from sonoflow.bulk import archives
from sonoflow.errors import BulkRejected
from tests.unit import bulk, pictures, stack
from tests.unit.bulk import PATH, Run
from tests.unit.fake_endpoints import FakeEndpoints


def test_every_file_of_a_zip_ends_in_a_stated_outcome(
    endpoints: FakeEndpoints, context: Any
) -> None:
    first, second = pictures.png(1), pictures.png(2)
    files = [
        ("a.png", first),
        ("b/broken.png", pictures.png(3)),
        ("twice.png", first),
        ("twice.png", second),
        ("notes.txt", b"dear colleague"),
        ("rows.csv", b"a1,B,40,1\n"),
        ("inner.zip", pictures.archive({"x.png": first})),
        ("../out.png", first),
        ("__MACOSX/._a.png", b"resource"),
        ("empty/", b""),
    ]
    data = bulk.damaged(bulk.archive(files), "b/broken.png")

    summary = Run.of(bulk.put(data), context).finish()

    assert bulk.outcomes() | {"twice.png": None} == {
        "a.png": ("predicted", None),
        "b/broken.png": ("rejected", "crc-mismatch"),
        "twice.png": None,
        "notes.txt": ("rejected", "unsupported-extension"),
        "rows.csv": ("rejected", "table-in-archive"),
        "inner.zip": ("rejected", "nested-archive"),
        "../out.png": ("refused", "path-climbs-out"),
    }
    twice = [row for row in bulk.rows() if row["path"] == f"{PATH}/twice.png"]
    assert {(row["outcome"], row["reason"]) for row in twice} == {
        ("refused", "duplicate-name"),
        ("predicted", None),
    }
    assert summary["counts"] == {
        **{"all": 8, "predicted": 2, "rejected": 4, "refused": 2, "failed": 0, "overtaken": 0},
        "withdrawn": 0,
    }
    for name in ("b/broken.png", "notes.txt", "rows.csv", "inner.zip"):
        rejection = stack.read_json(stack.RESULTS, f"rejected/{PATH}/{name}.json")
        assert rejection["image"]["archive"] == bulk.KEY
        assert rejection["detail"]


def test_of_one_name_the_last_is_answered_as_any_unzip_leaves_it(
    endpoints: FakeEndpoints, context: Any
) -> None:
    data = bulk.archive([("a.png", pictures.png(1)), ("a.png", pictures.png(2))])

    Run.of(bulk.put(data), context).finish()

    image = stack.read_json(stack.RESULTS, f"predictions/{PATH}/a.png.json")["image"]
    assert image["sha256"] == hashlib.sha256(pictures.png(2)).hexdigest()


def test_an_encrypted_file_is_rejected_under_its_name(
    endpoints: FakeEndpoints, context: Any
) -> None:
    Run.of(bulk.put(pictures.encrypted(pictures.archive({"a.png": b"x" * 99}))), context).finish()

    assert bulk.outcomes() == {"a.png": ("rejected", "encrypted")}


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"this is no archive", "not-a-zip"), (b"PK\x03\x04 cut off", "not-a-zip")],
)
def test_what_is_no_zip_is_rejected_as_a_whole(aws: None, data: bytes, reason: str) -> None:
    with pytest.raises(BulkRejected) as raised:
        archives.read(bulk.put(data))

    assert raised.value.reason == reason


def test_names_in_another_alphabet_and_with_backslashes_are_paths(aws: None) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("Montag\\Müller (1).png", b"x")

    [item], refused = archives.read(bulk.put(buffer.getvalue()))

    assert item.path == f"{PATH}/Montag/Müller (1).png"
    assert refused == []
