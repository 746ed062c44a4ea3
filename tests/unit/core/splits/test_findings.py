from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.splits import findings


def entry(number: int, **changes: Any) -> dict[str, Any]:
    """Of some usual picture."""
    rng = np.random.default_rng(number)
    return {
        "id": f"{number:016x}",
        "class": "benign",
        "group": str(number),
        "width": 100,
        "height": 100,
        "masks": ["m.png"],
        "lesion_pixels": 50 + number,
        "mask_sha256": f"digest {number}",
        "histogram": rng.multinomial(10_000, [0.3, 0.2, 0.2, 0.1, 0.1, 0.1]).tolist() + [0] * 10,
        "texture": 0.95 + rng.normal(0, 0.01),
        "strokes": 0.0,
        "flags": [],
    } | changes


def flagged(*entries: dict[str, Any]) -> dict[str, list[str]]:
    return {one["id"]: one["flags"] for one in findings.flag(entries) if one["flags"]}


def test_usual_images_get_no_flag_and_facts_that_nobody_else_needs_are_gone() -> None:
    found = findings.flag(entry(number) for number in range(40))

    assert all(one["flags"] == [] for one in found)
    assert all(one.keys().isdisjoint({"mask_sha256", "texture", "strokes"}) for one in found)


def test_one_mask_for_several_pictures_is_flagged() -> None:
    twins = [entry(n, mask_sha256="same", flags=["rotated"]) for n in (1, 2)]

    assert flagged(*twins, entry(3)) == {
        twin["id"]: ["rotated", "identical-masks"] for twin in twins
    }


@pytest.mark.parametrize("changes", [{"group": "one"}, {"lesion_pixels": 0}, {"mask_sha256": None}])
def test_copies_of_a_picture_and_empty_masks_may_be_alike(changes: dict[str, Any]) -> None:
    assert flagged(*(entry(n, mask_sha256="same") | changes for n in (1, 2))) == {}


@pytest.mark.parametrize(
    "changes", [{"texture": 0.0}, {"histogram": [0] * 15 + [10_000]}, {"histogram": [625] * 16}]
)
def test_a_picture_of_another_grain_or_other_greys_stands_out(changes: dict[str, Any]) -> None:
    odd = entry(99, **changes)

    assert flagged(odd, *map(entry, range(40))) == {odd["id"]: ["unlike-the-others"]}
    assert flagged(odd, *map(entry, range(10))) == {}, "ten do not say what is usual"


def test_images_that_an_earlier_release_staged_are_passed_over() -> None:
    old = [entry(n) for n in range(40)]
    for one in old:
        for fact in ("histogram", "texture", "strokes", "mask_sha256"):
            del one[fact]

    assert flagged(*old) == {}


@pytest.mark.parametrize(
    ("flag", "label"), [("identical-masks", "benign"), ("lesion-in-normal", "normal")]
)
def test_what_is_odd_about_most_is_stated(flag: str, label: str) -> None:
    def most(count: int) -> list[str]:
        flags = [[flag]] * count + [[]] * (8 - count)
        images = [entry(n, flags=some, **{"class": label}) for n, some in enumerate(flags)]
        return [one.code for one in findings.assumptions(images)]

    assert most(5) == [flag]
    assert most(2) == []


def aside(count: int, reason: str, detail: str) -> list[dict[str, str]]:
    return [{"source": "x", "reason": reason, "detail": detail}] * count


def test_where_most_masks_are_bad_the_largest_cause_comes_first() -> None:
    images = [entry(n, flags=["empty-mask"] if n < 3 else []) for n in range(6)]
    binary = aside(5, "mask-not-binary", "mask 1 is no mask of two values")

    with pytest.raises(DatasetRefused) as caught:
        findings.check_masks(images, binary)

    assert caught.value.reason == "mask-not-binary"
    assert caught.value.detail == (
        "the masks of 5 of 11 images are not of two values (mask 1 is no mask of two values); "
        "of 3 they are empty"
    )


@pytest.mark.parametrize("flag", ["empty-mask", "full-mask", "thin-mask", "mask-outline"])
def test_a_refusal_says_what_to_do(flag: str) -> None:
    with pytest.raises(DatasetRefused, match=rf"{flag}: the masks of 4 of 4 images .*\. [A-Z]"):
        findings.check_masks([entry(n, flags=[flag]) for n in range(4)], [])


def test_a_few_bad_masks_or_none_at_all_are_no_reason() -> None:
    few = [entry(n, flags=["empty-mask"] if n < 2 else []) for n in range(6)]
    none = [entry(n, masks=[], flags=["no-mask"]) for n in range(6)]

    findings.check_masks(few, aside(9, "blank", "all black"))
    findings.check_masks(none, [])


def of_class(label: str, count: int, *flags: str, **changes: Any) -> list[dict[str, Any]]:
    facts = {"class": label, "flags": list(flags), **changes}
    return [entry(100 * len(label) + n, **facts) for n in range(count)]


def test_a_class_of_empty_masks_is_said_and_refuses_no_set_of_others_with_lesions() -> None:
    images = [*of_class("benign", 5), *of_class("healthy", 14, "empty-mask", lesion_pixels=0)]

    findings.check_masks(images, [])

    (told,) = findings.assumptions(images)
    assert (told.code, told.settle) == ("empty-mask", '{"labels": {"healthy": "normal"}}')
    with pytest.raises(DatasetRefused, match=r"empty-mask: the masks of 14 of 23 images are empty"):
        findings.check_masks([*images[5:], *of_class("normal", 9)], [])


def test_a_class_of_mostly_empty_masks_is_said_and_refuses_no_set_of_others_with_lesions() -> None:
    empty = of_class("malignant", 12, "empty-mask", lesion_pixels=0)
    images = [*of_class("benign", 5), *empty, *of_class("malignant1", 6)]
    images = [one | {"class": one["class"].removesuffix("1")} for one in images]

    findings.check_masks(images, [])

    (told,) = findings.assumptions(images)
    assert told.code == "empty-mask"
    assert told.detail.startswith("12 of 18 masks of the class malignant are empty")
    with pytest.raises(DatasetRefused, match=r"thin-mask: the masks of 23 of 23 images"):
        findings.check_masks([one | {"flags": [*one["flags"], "thin-mask"]} for one in images], [])


@pytest.mark.parametrize(("others", "told"), [([], ["zzz"]), (["colour"], [])])
def test_colours_that_tell_a_class_are_said(others: list[str], told: list[str]) -> None:
    images = [
        *of_class("benign", 9, *others),
        *of_class("zzz", 9, "colour"),
        *of_class("normal", 9),
    ]
    if others:
        images = images[:18]

    found = findings.assumptions(images)

    assert [one.code for one in found] == ["class-by-colour"] * len(told)
    assert all("class zzz are coloured" in one.detail for one in found)


@pytest.mark.parametrize("flag", ["full-mask", "thin-mask"])
def test_masks_that_are_bad_in_most_of_one_class_are_refused(flag: str) -> None:
    images = [*of_class("benign", 20), *of_class("malignant", 5, flag)]

    with pytest.raises(DatasetRefused, match=rf"{flag}: the masks of 5 of 5 .* class malignant"):
        findings.check_masks(images, [])


def test_masks_that_most_of_one_class_share_are_said() -> None:
    images = [*of_class("benign", 20), *of_class("malignant", 5, "identical-masks")]

    (told,) = findings.assumptions(images)

    assert told.detail.startswith("5 of 5 images with a lesion of the class malignant share")


def test_images_with_far_more_bright_lines_than_the_others_are_marked() -> None:
    plain = [entry(n, strokes=0.0001 * (n % 4)) for n in range(40)]
    marked = [entry(n, strokes=0.004) for n in range(100, 110)]

    assert flagged(*plain, *marked) == {one["id"]: ["burned-in-marks"] for one in marked}
    rough = [one | {"texture": 0.4} for one in (*plain, *marked)]
    assert flagged(*rough) == {}, "speckle has bright lines everywhere"
    assert flagged(*plain[:5], *marked[:5]) == {}, "ten do not say what is usual"
