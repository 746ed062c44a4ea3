from __future__ import annotations

import pytest

from sonoflow.images import class_names


@pytest.mark.parametrize(
    ("folder", "name"),
    [("Benign", "benign"), ("BI-RADS 4a", "bi-rads-4a"), ("Läsion", "lasion"), ("...", "")],
)
def test_class_names_fit_into_keys(folder: str, name: str) -> None:
    assert class_names.class_name(folder) == name


def test_class_names_of_other_scripts_stay_apart() -> None:
    one, other = class_names.class_name("良性"), class_names.class_name("恶性")

    assert one != other
    assert one.startswith("class-")


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["ER+", "ER-"], ["er-plus", "er-minus"]),
        (["<5mm", ">5mm", "5mm"], ["below-5mm", "above-5mm", "5mm"]),
        (["Benign", "benign", "BENIGN"], ["benign"] * 3),
        (["BI-RADS 4", "BI_RADS_4"], ["bi-rads-4"] * 2),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_names_that_mean_two_things_make_two_classes(names: list[str], labels: list[str]) -> None:
    assert class_names.apart(names) == dict(zip(names, labels, strict=True))


def test_what_cannot_be_spelled_out_is_told_apart_by_a_digest() -> None:
    found = class_names.apart(["良性 1", "恶性 1", "a+", "a plus", "x"])

    assert len(set(found.values())) == 5
    assert found["x"] == "x"
    assert all(len(label) <= 64 and label for label in found.values())
