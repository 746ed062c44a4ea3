from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sonoflow.images import kinds, paths, series
from sonoflow.images.kinds import Look
from tests.unit import pictures

SCAN = kinds.look(pictures.png())
MASK = kinds.look(pictures.encode(pictures.lesion(10, 10, 60, 50)))
EMPTY = kinds.look(pictures.encode(pictures.lesion(0, 0, 0, 0)))


def files(*names: str) -> list[paths.File]:
    return [paths.read(name, paths.Roles()) for name in names]


def survey(looks: Mapping[str, Look | None]) -> list[series.Series]:
    return series.survey(files(*looks), lambda names: {name: looks[name] for name in names})


@pytest.mark.parametrize(
    ("name", "stem", "affix"),
    [
        ("a/x 1_seg.png", "x 1", "_seg"),
        ("a/x 1-GT.png", "x 1", "-GT"),
        ("a/seg_x 1.png", "x 1", "seg_"),
        ("a/x 1GT.png", "x 1", "GT"),
        ("a/x 1 (2).png", "x 1", " (2)"),
    ],
)
def test_a_name_that_is_anothers_and_more_has_a_companion(name: str, stem: str, affix: str) -> None:
    found = series.companions(files("a/x 1.png", name))

    assert found == {name: series.Companion(stem, affix)}


@pytest.mark.parametrize("name", ["a/x 10.png", "b/x 1_seg.png", "a/xx 1.png"])
def test_other_names_have_none(name: str) -> None:
    assert "a/x 1.png" not in series.companions(files("a/x 1.png", name))
    assert name not in series.companions(files("a/x 1.png", name))


def test_files_that_are_named_alike_are_one_series() -> None:
    looks = {f"a/x {n}{affix}.png": SCAN for n in range(9) for affix in ("", "_seg")}

    found = survey({**looks, "b/y 1.png": SCAN})

    assert sorted((s.affix, len(s.paths)) for s in found) == [("", 1), ("", 9), ("_seg", 9)]


def test_a_series_of_drawings_is_drawn_and_one_of_empty_ones_is_not() -> None:
    (drawn,) = survey({"a/1.png": MASK, "a/2.png": EMPTY})
    (empty,) = survey({"a/1.png": EMPTY, "a/2.png": EMPTY})
    (unseen,) = survey({"a/1.png": None})

    assert drawn.all_drawn
    assert not empty.all_drawn
    assert not unseen.all_drawn


def test_of_a_mixed_series_every_file_is_looked_at() -> None:
    looks = {f"a/{n:02d}.png": MASK if n % 3 == 0 else SCAN for n in range(40)}

    (mixed,) = survey(looks)

    assert set(mixed.drawn) == {name for name, look in looks.items() if look is MASK}


def test_few_files_are_looked_at_however_many_there_are() -> None:
    asked: list[str] = []

    def look(names: Sequence[str]) -> dict[str, Look | None]:
        asked.extend(names)
        return dict.fromkeys(names, SCAN)

    series.survey(files(*(f"{c}{n % 200}/{c} ({n}).png" for c in "abc" for n in range(3000))), look)

    assert 0 < len(asked) <= 160


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ({"original"}, "original"),
        ({"Pics"}, "pics"),
        ({"original", "overlay"}, "original"),
        ({"benign"}, None),
        ({"a", "b"}, None),
        (set(), None),
    ],
)
def test_the_one_folder_beside_masks_holds_pictures(names: set[str], role: str | None) -> None:
    assert series.picture_role(names) == role
