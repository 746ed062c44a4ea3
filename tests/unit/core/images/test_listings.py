from __future__ import annotations

import pytest

from sonoflow.images import listings
from sonoflow.images.listings import Names
from tests.unit.core.images.test_workbooks import book

IMAGES = ["d/Images/bus_0001-l.png", "d/Images/bus_0002-r.png", "d/x/7_0000.png"]


def match(content: bytes, image: str | None = None) -> listings.Listing | None:
    return listings.match("d/t.csv", listings.parse("d/t.csv", content), Names(IMAGES), image)


def test_the_column_that_names_images_is_found() -> None:
    found = match(b"Nr,ID,Pathology,Case\n1,bus_0001-l,benign,9\n2,bus_0002-r.PNG,malignant,9\n")

    assert found is not None
    assert (found.image_column, found.class_column, found.group_column) == (1, 2, 3)
    assert found.values(2) == {IMAGES[0]: "benign", IMAGES[1]: "malignant"}


@pytest.mark.parametrize(
    "content",
    [
        "ID;Größe;class\nbus_0001-l;3,5;a\nbus_0002-r;4;b\n".encode(encoding)
        for encoding in ("utf-8-sig", "cp1252", "utf-16")
    ],
)
def test_any_encoding_is_read(content: bytes) -> None:
    found = match(content)

    assert found is not None
    assert found.class_column == 2


def test_splits_are_read_in_any_of_their_words() -> None:
    found = match(b"image,Split\n7,Val\nbus_0001-l,TRAINING\nbus_0002-r,\n")

    assert found is not None
    assert found.splits == {IMAGES[2]: "validation", IMAGES[0]: "train"}


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n3,4\n", b"", b"ID\n", b"ID,class\nbus_0001-l,a\nx,b\ny,b\nz,b\n"]
)
def test_another_table_lists_no_images(content: bytes) -> None:
    assert match(content) is None


def test_a_column_may_be_named() -> None:
    assert match(b"ID,Alt\nbus_0001-l,7\nx,\ny,\nz,\n", "alt") is not None
    assert match(b"ID,Alt\nbus_0001-l,7\n", "no") is None


@pytest.mark.parametrize("content", [b"a\0b", b'"a', b"\xff\xfe\x00"])
def test_what_is_no_table_is_told(content: bytes) -> None:
    with pytest.raises(listings.Unreadable):
        listings.parse("t.csv", content)


def test_a_workbook_is_read_or_to_be_saved_otherwise() -> None:
    assert listings.parse("t.XLSX", book())[1] == ["17", "", "benign"]
    with pytest.raises(listings.Unreadable, match="save the spreadsheet as CSV"):
        listings.parse("t.xlsx", b"x")


def test_a_name_that_two_images_have_says_nothing() -> None:
    names = Names(["a/1.png", "b/1.png", "b/2.png"])

    assert names.find("1.png") is None
    assert names.find("B/1.PNG") == "b/1.png"
    assert names.find("1.png", "a") == "a/1.png"
    assert names.find(" ./2 ") == "b/2.png"
