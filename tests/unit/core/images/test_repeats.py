from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from sonoflow.images import kinds, paths, repeats, series
from sonoflow.images.kinds import Look
from sonoflow.images.repeats import LeftOut
from tests.unit import pictures, ultrasound

SIZE = (96, 72)
ASKED: list[str] = []


def scan(seed: int) -> Image.Image:
    return Image.fromarray(ultrasound.scan(seed, *SIZE))


def crop(seed: int) -> Image.Image:
    return scan(seed).crop((20, 16, 76, 60))


def find(files: dict[str, Image.Image]) -> LeftOut:
    def look(names: Sequence[str]) -> dict[str, Look | None]:
        ASKED.extend(names)
        return {name: kinds.look(pictures.encode(files[name])) for name in names}

    some = [paths.read(name, paths.Roles()) for name in sorted(files)]
    return repeats.find(some, series.survey(some, look), series.companions(some), look)


def test_crops_in_a_folder_of_a_known_class_are_told_by_what_they_show() -> None:
    files = {f"benign/{n}.png": scan(n) for n in range(4)}
    crops = {f"malignant/{n}.png": crop(n) for n in range(4)}

    found = find(files | crops)

    assert {entry.source for entry in found.set_aside} == set(crops)
    assert {entry.detail for entry in found.set_aside} == {
        "it was made of another picture of this set: a crop of it"
    }
    assert found.assumptions == [repeats.MADE_OF_OTHERS]


def test_one_of_three_that_is_none_is_not_enough_to_keep_them() -> None:
    files = {f"benign/{n}.png": scan(n) for n in range(3)}
    crops = {f"zz/{n}.png": crop(n) if n else scan(50) for n in range(3)}

    assert {entry.source for entry in find(files | crops).set_aside} == set(crops)


def test_two_classes_with_the_same_numbers_stay() -> None:
    files = {f"{c}/{n}.png": scan(n + at) for at, c in ((0, "a"), (50, "b")) for n in range(4)}

    assert find(files) == LeftOut([], [])


def test_names_of_one_class_alone_claim_nothing() -> None:
    files = {f"benign/benign {n}.png": scan(n) for n in range(4)}
    files |= {f"zz/benign {n}.png": scan(n + 50) for n in range(4)}

    assert find(files) == LeftOut([], [])


def test_few_pictures_are_looked_at_however_many_there_are() -> None:
    ASKED.clear()
    files = {f"benign/{n}.png": scan(n % 3) for n in range(300)}
    files |= {f"zz/{n}_x.png": crop(n % 3) for n in range(300)}

    assert len(find(files).set_aside) == 300
    assert len(ASKED) <= 2 * 6 + 2 * 3
