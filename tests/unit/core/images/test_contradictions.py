from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import contradictions, layouts, table_hints


def codes(*names: str, mapping: dict[str, Any] | None = None) -> list[str]:
    return [one.code for one in layouts.arrange(names, mapping=mapping).assumptions]


def classes(folder: str, *names: str) -> list[str]:
    return [f"{folder}/{name}.png" for name in names]


MALIGNANT = classes("malignant", "malignant_7", "malignant_8", "malignant_9")


@pytest.mark.parametrize("name", ["malignant_1", "img_malignant_1", "malignant (1)"])
def test_a_name_that_says_another_class_than_its_folder_is_said(name: str) -> None:
    few = [*classes("benign", name, "benign_2", "benign_3"), *MALIGNANT]

    (told,) = layouts.arrange(few).assumptions

    assert told.code == contradictions.CONTRADICTED
    assert told.detail.startswith("1 images")


def test_names_that_say_another_class_for_most_of_one_are_refused() -> None:
    many = [*classes("benign", "malignant_1", "malignant_2", "benign_3"), *MALIGNANT]

    with pytest.raises(DatasetRefused, match=r"class-contradicted: 2 of 3 images .*malignant_1"):
        codes(*many)
    assert codes(*many, mapping={"classes": "folders"}) == []
    assert codes(*many, mapping={"classes": "names"}) == []


def test_classes_that_the_mapping_renames_contradict_no_name() -> None:
    names = [*classes("benign", "benign_1", "benign_2"), *MALIGNANT]

    assert codes(*names, mapping={"labels": {"benign": "malignant", "malignant": "benign"}}) == []


def test_a_class_within_another_class_s_folder_is_refused() -> None:
    with pytest.raises(DatasetRefused, match="class-contradicted: 2 of 2"):
        codes(*classes("benign/malignant", "1", "2"), *classes("benign/benign", "3", "4"))


def test_letters_are_classes_where_both_are_there() -> None:
    few = [*classes("benign", "M_1", "B_2", "B_3"), *classes("malignant", "M_4", "M_5")]

    assert contradictions.CONTRADICTED in codes(*few)
    one = [*classes("benign", "M_1", "M_2", "M_3"), *classes("malignant", "M_4", "M_5")]
    assert contradictions.CONTRADICTED not in codes(*one)


def test_what_does_not_contradict_is_not_said() -> None:
    plain = [*classes("benign", "benign (1)", "non-malignant_2", "cyst_3"), *MALIGNANT]
    both = (
        classes("benign and malignant/benign", "1"),
        classes("benign and malignant/malignant", "2"),
    )

    assert codes(*plain) == []
    assert codes(*both[0], *both[1]) == []


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        (("0", "1", "benign", "malignant"), "'0', '1', 'benign', 'malignant'"),
        (("b", "benign", "m", "malignant"), "'b', 'benign'"),
        (("gutartig", "benign", "malignant"), "'benign', 'gutartig'"),
        (("maligno", "benign", "malignant"), "'malignant', 'maligno'"),
    ],
)
def test_one_class_in_two_codings_is_refused(labels: tuple[str, ...], named: str) -> None:
    names = [f"{label}/{number}.png" for number, label in enumerate(labels)]

    with pytest.raises(DatasetRefused, match=f"labels-mixed: .*{named}.*labels"):
        codes(*names)
    renamed = {"0": "benign", "1": "malignant", "b": "benign", "m": "malignant"}
    renamed |= {"gutartig": "benign", "maligno": "malignant"}
    codes(*names, mapping={"labels": {label: renamed.get(label, label) for label in labels}})


@pytest.mark.parametrize(
    "labels", [("0", "1"), ("b", "m"), ("gutartig", "malignant"), ("birads-4", "birads-5")]
)
def test_classes_in_one_coding_are_not_mixed(labels: tuple[str, ...]) -> None:
    assert contradictions.of_labels(labels) == []


@pytest.mark.parametrize("folder", ["malignant_2", "benign_masks_missing"])
def test_a_class_that_is_called_as_another_and_more_is_said(folder: str) -> None:
    told = codes("benign/1.png", "malignant/2.png", f"{folder}/3.png")

    assert contradictions.ALIKE in told


def test_folders_that_doubt_their_images_are_said() -> None:
    assert "folders-in-doubt" in codes("benign/1.png", "malignant/2.png", "wrong/benign/3.png")


def test_a_list_of_another_class_than_the_folder_is_refused() -> None:
    images = ["benign/1.png", "malignant/2.png"]
    written = {"benign.txt": b"1.png\n2.png\n"}
    tables = table_hints.gather([*images, *written], images, written.__getitem__, {}).tables

    with pytest.raises(DatasetRefused, match=r"table-contradicts: a list .* 1 images"):
        layouts.arrange(images, tables=tables)
