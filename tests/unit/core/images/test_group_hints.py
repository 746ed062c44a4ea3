from __future__ import annotations

import pytest

from sonoflow.images import group_hints

IMAGES = ["d/a/1.png", "d/a/2.png", "d/b/2.png"]


def test_the_outermost_file_counts() -> None:
    assert group_hints.find(["d/x/groups.csv", "d/Groups.CSV", "d/a.png"]) == "d/Groups.CSV"
    assert group_hints.find(IMAGES) is None


@pytest.mark.parametrize("file", ["d/a/1.png", "a/1.png", "1.png", "a\\1.png", " ./a/1.png "])
def test_files_are_named_by_path_or_alone(file: str) -> None:
    content = f"file,group\n{file},patient 7\n".encode("utf-8-sig")

    assert group_hints.match("d/groups.csv", content, IMAGES) == ({"d/a/1.png": "patient 7"}, [])


def test_a_name_that_two_images_have_says_nothing() -> None:
    groups, (entry,) = group_hints.match("d/groups.csv", b"2.png,p\n1.png,\n1.png,q\n", IMAGES)

    assert groups == {"d/a/1.png": "q"}
    assert (entry.reason, entry.detail[:7]) == ("groups-unmatched", "2 lines")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'a,"b\n', b'"a"b,c'])
def test_what_is_no_csv_is_told(content: bytes) -> None:
    groups, (entry,) = group_hints.match("groups.csv", content, IMAGES)

    assert groups == {}
    assert entry.reason == "groups-unreadable"
