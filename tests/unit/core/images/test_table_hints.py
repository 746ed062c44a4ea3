from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import table_hints
from sonoflow.images.table_hints import Hints

IMAGES = ["I/a1.png", "I/a2.png", "I/a3.png"]
BUS = b"ID,Case,Pathology,split\na1,1,benign,train\na2,1,benign,train\na3,2,malignant,test\n"
OTHER = b"name,kind,who\na1,x,p\na2,y,p\na3,x,q\n"


def gather(tables: Mapping[str, bytes], mapping: Mapping[str, Any] | None = None) -> Hints:
    return table_hints.gather([*IMAGES, *tables], IMAGES, lambda path: tables[path], mapping or {})


def test_headings_suggest_classes_groups_and_splits_and_are_assumed() -> None:
    found = gather({"bus.csv": BUS})

    assert found.classes == dict(zip(IMAGES, ("benign", "benign", "malignant"), strict=True))
    assert found.groups == dict(zip(IMAGES, "112", strict=True))
    assert found.splits == dict(zip(IMAGES, ("train", "train", "test"), strict=True))
    assert [a.code for a in found.assumptions] == ["groups-from-table", "splits-from-table"]
    assert found.of_classes is not None
    assert '"class": "Pathology"' in found.of_classes.settle
    assert (found.used, found.set_aside) == ({"bus.csv"}, [])


def test_the_mapping_names_table_and_columns() -> None:
    mapping = {
        "classes": {"file": "other.csv", "image": "name", "class": "kind"},
        "groups": {"file": "t/other.csv", "image": "name", "group": "who"},
        "splits": "own",
    }

    found = gather({"bus.csv": BUS, "t/other.csv": OTHER}, mapping)

    assert list(found.classes.values()) == ["x", "y", "x"]
    assert list(found.groups.values()) == ["p", "p", "q"]
    assert (found.splits, found.of_classes, found.assumptions) == ({}, None, [])
    assert [(e.source, e.reason) for e in found.set_aside] == [("bus.csv", "unused-table")]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"file": "x.csv"}, r"names the table 'x.csv'; tables in the archive: other.csv"),
        (
            {"image": "kind"},
            r"the column 'kind' of 'other.csv' names no image; columns: name, kind",
        ),
        ({"class": "x"}, r"has no column 'x'; columns: name, kind, who"),
    ],
)
def test_what_the_mapping_names_must_be_there(told: dict[str, str], message: str) -> None:
    named = {"file": "other.csv", "image": "name", "class": "kind", **told}

    with pytest.raises(DatasetRefused, match=message):
        gather({"other.csv": OTHER}, {"classes": named})


def test_a_list_of_images_that_says_nothing_is_set_aside_and_another_table_stays() -> None:
    found = gather({"ages.csv": b"ID,age\na1,1\na2,2\na3,3\n", "note.csv": b"a,b\n1,2\n"})

    assert [(e.source, e.reason) for e in found.set_aside] == [("ages.csv", "unused-table")]
    assert found.used == {"ages.csv"}


FOLDS = b"ID,kFold\na1,1\na2,2\na3,10\n"


def test_folds_of_tables_and_of_nnunet_are_told_by_how_many_they_are() -> None:
    final = b'[{"train": ["a3"], "val": ["a1", "a2"]}, {"train": ["a1", "a2"], "val": ["a3"]}]'

    found = gather({"f.csv": FOLDS, "g.csv": FOLDS, "splits_final.json": final})

    by_name = {path.rpartition("/")[2]: told for path, told in found.tables.folds.items()}
    assert sorted(map(str, by_name.values())) == [
        "{'2': 0, '3': 0}",
        "{'2': 0, '3': 1}",
        "{'2': 1, '3': 2}",
    ]
    assert found.used == {"f.csv", "g.csv", "splits_final.json"}
    assert [e.source for e in found.set_aside] == ["g.csv"], "it gives as many"


@pytest.mark.parametrize(
    "content", [b"{}", b"[1]", b"no JSON", b'[{"val": ["a1"]}, {"val": ["a1"]}]']
)
def test_what_is_no_document_of_folds_gives_none(content: bytes) -> None:
    found = gather({"splits_final.json": content})

    assert (found.folds, found.used) == ({}, set())


def test_own_splits_leave_folds_out() -> None:
    found = gather({"f.csv": FOLDS}, {"splits": "own"})

    assert found.folds == {}
    assert [e.source for e in found.set_aside] == ["f.csv"]


def test_a_table_that_cannot_be_read_is_set_aside() -> None:
    def read(path: str) -> bytes:
        raise ImageRejected("corrupt", "damaged")

    found = table_hints.gather(["t.csv"], IMAGES, read, {})

    assert [(e.source, e.reason) for e in found.set_aside] == [("t.csv", "unreadable-table")]


@pytest.mark.parametrize(
    ("row", "word"),
    [(b"a1,1,malignant,train", "classes"), (b"a1,9,benign,train", "groups")],
)
def test_a_table_that_says_two_things_of_an_image_is_refused(row: bytes, word: str) -> None:
    with pytest.raises(DatasetRefused, match=rf"table-contradicts: .*'I/a1.png'.*\"{word}\""):
        gather({"bus.csv": BUS + row + b"\n"})

    again = gather({"bus.csv": BUS + b"a1,1,Benign ,\n"})
    assert again.classes == gather({"bus.csv": BUS}).classes


FIRST = b"image,label\na1,benign\na2,benign\na3,malignant\n"


@pytest.mark.parametrize(
    "tables",
    [
        {"a.csv": FIRST, "b.csv": b"image,label\na1,malignant\na2,benign\na3,malignant\n"},
        {"a.csv": FIRST, "b.csv": b"image,diagnosis\na1,M\na2,B\na3,M\n"},
        {"a.csv": b"image,label,diagnosis\na1,benign,M\na2,benign,B\na3,malignant,M\n"},
        {"a.csv": FIRST, "malignant.txt": b"a1\n"},
    ],
)
def test_two_columns_that_tell_different_classes_are_refused(tables: dict[str, bytes]) -> None:
    with pytest.raises(DatasetRefused, match=r"table-contradicts: .*I/a1\.png.*\"classes\"") as got:
        gather(tables)
    settle = json.loads(str(got.value).rpartition("believed: ")[2])

    assert gather(tables, settle).classes


@pytest.mark.parametrize(
    "second",
    [b"image,diagnosis\na1,B\na2,B\na3,M\n", b"image,diagnosis\na1,cyst\na2,cyst\na3,scar\n"],
)
def test_columns_that_agree_or_tell_something_else_are_not_refused(second: bytes) -> None:
    assert gather({"a.csv": FIRST, "b.csv": second}).classes["I/a1.png"] == "benign"


def test_two_tables_that_give_different_splits_are_refused() -> None:
    other = b"image,split\na1,test\na2,train\na3,test\n"

    with pytest.raises(DatasetRefused, match=r"table-contradicts: 'other.csv' puts 1 images"):
        gather({"bus.csv": BUS, "other.csv": other})
    assert gather({"bus.csv": BUS, "other.csv": other}, {"splits": "own"}).splits == {}
