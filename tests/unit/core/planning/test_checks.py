from __future__ import annotations

import json

import pytest

from sonoflow.aws.uploads import Upload
from sonoflow.planning import checks
from tests.unit import pictures, stack, ultrasound

LABELS = ("benign", "malignant")


def put(name: str, data: bytes, mapping: object = None) -> Upload:
    stack.write(stack.UPLOADS, f"datasets/{name}", data)
    if mapping is not None:
        beside = f"datasets/{name.rpartition('.')[0]}.mapping.json"
        stack.write(stack.UPLOADS, beside, json.dumps(mapping))
    return Upload(stack.UPLOADS, f"datasets/{name}", None, len(data))


def archive(count: int = 6, **more: bytes) -> bytes:
    files = dict(more)
    for offset, label in enumerate(LABELS):
        for number in range(count):
            scan = ultrasound.scan(100 * offset + number, 96, 64)
            stem = f"{label}/{label} ({number})"
            files[f"{stem}.png"] = pictures.encode(pictures.Image.fromarray(scan))
            files[f"{stem}_seg.png"] = pictures.encode(pictures.lesion(10, 10, 30, 20))
    return pictures.archive(files)


def test_a_check_tells_what_would_be_staged(aws: None) -> None:
    found = checks.check(put("a.zip", archive(**{"notes.txt": b"x"})), stack.WORK)

    facts = found.facts()
    assert found.refusal is None
    assert facts["classes"]["benign"] == {
        "images": 6, "with mask": 6, "lesion": 6, "train": 4, "validation": 1, "test": 1,
    }  # fmt: skip
    assert facts["set_aside"]["unsupported-extension"]["examples"] == ["notes.txt"]
    assert facts["dataset"]["name"] == "a"
    assert json.dumps(facts)


def test_the_mapping_beside_is_followed(aws: None) -> None:
    upload = put("a.zip", archive(), {"labels": {"benign": "b9"}, "ignore": ["malignant (0)*"]})

    facts = checks.check(upload, stack.WORK).facts()

    assert facts["classes"]["b9"]["images"] == 6
    assert facts["classes"]["malignant"]["images"] == 5
    assert facts["set_aside"]["ignored"]["files"] == 2


@pytest.mark.parametrize(
    ("data", "mapping", "reason"),
    [
        (b"", None, "empty"),
        (archive(2), None, "too-few-images"),
        (archive(), {"classes": "x"}, "mapping-invalid"),
    ],
)
def test_a_refusal_is_told_with_what_was_found_before(
    aws: None, data: bytes, mapping: object, reason: str
) -> None:
    found = checks.check(put("a.zip", data, mapping), stack.WORK)

    assert found.facts()["refused"]["reason"] == reason
    assert bool(found.entries) == (reason == "too-few-images")


@pytest.mark.parametrize("wanted", [None, {"splits": "given"}, {"splits": "own"}])
def test_splits_that_part_one_picture_are_told_refused_or_passed_over(
    aws: None, wanted: object
) -> None:
    files = {
        f"{split}/{label}/{n}{split}.png": pictures.encode(
            pictures.Image.fromarray(ultrasound.scan(100 * at + n, 96, 64))
        )
        for at, label in enumerate(LABELS)
        for n in range(8)
        for split in (("train", "test") if n == 0 else ("train",) if n < 6 else ("test",))
    }

    found = checks.check(put("a.zip", pictures.archive(files), wanted), stack.WORK)

    told = [one.code for one in found.assumptions]
    if wanted == {"splits": "given"}:
        assert found.refusal is not None
        assert found.refusal.reason == "split-leak"
        return
    assert found.refusal is None
    assert told == ([] if wanted else ["official-split-leak"])
    assert found.facts()["given_splits"] is False
    assert sum("official-split-leak" in e["flags"] for e in found.entries) == (0 if wanted else 4)


def test_a_table_is_checked_by_the_same_door(aws: None) -> None:
    rows = "".join(f"{n},{'MB'[n % 2]},{n}.5,{n * n}\n" for n in range(40))
    data = ("id,diagnosis,a,b\n" + rows).encode()

    whole = checks.check(put("t.csv", data), stack.WORK).facts()
    empty = checks.check(put("u.csv", b""), stack.WORK).facts()

    assert whole["classes"] == {"B": {"rows": 20}, "M": {"rows": 20}}
    assert whole["kind"] == "table"
    assert empty["refused"]["reason"] == "empty-table"
