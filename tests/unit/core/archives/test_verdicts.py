"""Single verdicts are held by the corpus of archives; here what concerns several members."""

from __future__ import annotations

import pytest

from sonoflow.archives import verdicts
from sonoflow.archives.directory import Index, Member


def member(name: str, offset: int, packed: int) -> Member:
    return Member(name, len(name), True, 0, 8, 0, packed, packed, offset, 0o100644)


def judged(*members: Member) -> dict[str, str]:
    _, set_aside = verdicts.judge(Index(members, 10_000), file_bytes_limit=2000)
    return {entry.source: entry.reason for entry in set_aside}


def test_members_that_only_touch_do_not_overlap() -> None:
    assert judged(member("a", 0, 69), member("b", 100, 69), member("c", 200, 9)) == {}


def test_all_that_share_bytes_are_out_and_the_rest_stays() -> None:
    long, inside, later, apart = (
        member("a", 0, 1000), member("b", 100, 10), member("c", 900, 200), member("d", 5000, 10),
    )  # fmt: skip

    assert judged(apart, later, inside, long) == dict.fromkeys("abc", "overlapping")


def test_one_that_reaches_beyond_the_archive_costs_no_other() -> None:
    assert judged(member("a", 0, 20_000), member("b", 100, 10)) == {"a": "size-mismatch"}


def test_one_of_more_bytes_than_may_be_read_is_out() -> None:
    assert judged(member("a", 0, 2000), member("b", 3000, 2001)) == {"b": "too-large"}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a/x.PNG", ".png"), ("a.b/x", ""), ("a/.png", ""), ("a\\x.tar.gz", ".gz"), ("x.", ".")],
)
def test_a_suffix_is_of_the_files_own_name(name: str, suffix: str) -> None:
    assert verdicts.suffix(name) == suffix


@pytest.mark.parametrize("name", ["a\\x", "./a/x", "a//x", "a/./x"])
def test_one_path_has_one_canonical_name(name: str) -> None:
    assert verdicts.canonical(name) == "a/x"
