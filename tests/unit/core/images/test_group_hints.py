from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import group_hints

IMAGES = ["d/a/1.png", "d/a/2.png", "d/b/2.png"]


def test_the_outermost_file_counts() -> None:
    assert group_hints.find(["d/x/groups.csv", "d/Groups.CSV", "d/a.png"]) == "d/Groups.CSV"
    assert group_hints.find(IMAGES) is None


@pytest.mark.parametrize("file", ["d/a/1.png", "a/1.png", "1.png", "a\\1.png", " ./a/1.png "])
def test_files_are_named_by_path_or_alone(file: str) -> None:
    content = f"file,group\n{file},patient 7\n".encode("utf-8-sig")

    hints = group_hints.match("d/groups.csv", content, IMAGES)

    assert (hints.groups, hints.set_aside) == ({"d/a/1.png": "patient 7"}, [])


def test_a_name_that_two_images_have_says_nothing() -> None:
    hints = group_hints.match("d/groups.csv", b"2.png,p\n1.png,\n1.png,q\n", IMAGES)

    assert hints.groups == {"d/a/1.png": "q"}
    (entry,) = hints.set_aside
    assert (entry.reason, entry.detail[:7]) == ("groups-unmatched", "1 lines")
    assert [a.code for a in hints.assumptions] == ["groups-incomplete"]


@pytest.mark.parametrize(
    "content",
    [
        b"file;group\r\na/1.png;p\r\na/2.png;p\r\nb/2.png;q\r\n",
        b"group\tfile\np\ta/1.png\np\ta/2.png\nq\tb/2.png\n",
        "sep=;\nfile;group\na/1.png;p\na/2.png;p\nb/2.png;q\n".encode("utf-16"),
        b"file|age|patient\na/1.png|3|p\na/2.png|4|p\nb/2.png|5|q\n",
    ],
    ids=["semicolons", "tabs, the other way round", "Excel's UTF-16", "a column between"],
)
def test_any_delimiter_encoding_and_order_is_read(content: bytes) -> None:
    hints = group_hints.match("d/groups.csv", content, IMAGES)

    assert hints.groups == {"d/a/1.png": "p", "d/a/2.png": "p", "d/b/2.png": "q"}
    assert hints.set_aside == []
    assert hints.assumptions == []


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b'a,"b\n',
        b'"a"b,c',
        b"x.png,p\ny.png,q\n",
        b"",
        b"1.png,\n",
        b"1.png,p\n1.png,q\n",
    ],
)
def test_a_file_of_which_nothing_is_understood_refuses_the_set(content: bytes) -> None:
    with pytest.raises(DatasetRefused, match=r'"groups": "none"') as caught:
        group_hints.match("groups.csv", content, IMAGES)

    assert caught.value.reason == "groups-unreadable"


def test_which_of_several_columns_names_groups_a_heading_says_or_the_set_is_refused() -> None:
    rows = b"file,age,%s\na/1.png,40,p\na/2.png,41,p\nb/2.png,40,q\n"

    assert group_hints.match("d/groups.csv", rows % b"pid", IMAGES).groups["d/b/2.png"] == "q"
    with pytest.raises(DatasetRefused, match=r'"file": "groups.csv", "image": "file", "group"'):
        group_hints.match("d/groups.csv", rows % b"code", IMAGES)


@pytest.mark.parametrize("name", ["patients.csv", "d/groups.txt", "Gruppen.csv", "patient_ids.xls"])
def test_a_file_may_seem_to_name_patients(name: str) -> None:
    assert group_hints.seems_to_name_patients(name)
    assert not group_hints.seems_to_name_patients("d/readme.txt")
    assert not group_hints.seems_to_name_patients("patients.png")
