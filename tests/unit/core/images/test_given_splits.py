from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import given_splits, layouts, table_hints
from sonoflow.images.layouts import Tables

KEPT = ["train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png"]


def codes(*names: str, mapping: dict[str, Any] | None = None, **table: str) -> list[str]:
    tables = Tables(splits={f"{name}.png": split for name, split in table.items()})
    made = layouts.arrange(names, mapping=mapping, tables=tables)
    return [a.code for a in made.assumptions if a.code.startswith(("splits", "folds"))]


def column(*cells: str, mapping: dict[str, Any] | None = None) -> table_hints.Hints:
    images = [f"{number}.png" for number in range(len(cells))]
    lines = "".join(f"{image},{cell}\n" for image, cell in zip(images, cells, strict=True))
    written = f"image,split\n{lines}".encode()
    return table_hints.gather([*images, "t.csv"], images, lambda _: written, mapping or {})


def test_splits_that_are_kept_are_not_talked_about() -> None:
    assert codes(*KEPT) == []
    assert codes(*KEPT, mapping={"splits": "given"}) == []


@pytest.mark.parametrize("folder", ["dev", "holdout", "external", "test_set", "train1"])
def test_folders_of_other_words_for_splits_are_said(folder: str) -> None:
    assert codes("train/a/1.png", "train/b/2.png", f"{folder}/a/3.png") == ["splits-not-kept"]


@pytest.mark.parametrize("folder", ["holdout", "held-out", "external", "test2", "external_test"])
def test_what_is_held_out_does_not_train_beside_splits_that_are_kept(folder: str) -> None:
    with pytest.raises(DatasetRefused, match=r"splits-unknown: .*of 1 images.*own"):
        codes(*KEPT, f"{folder}/a/5.png")
    assert codes(*KEPT, f"{folder}/a/5.png", mapping={"splits": "own"}) == []


def test_splits_that_are_wanted_and_are_not_there_are_refused() -> None:
    given = {"splits": "given"}

    with pytest.raises(DatasetRefused, match="splits-missing"):
        codes("a/1.png", "b/2.png", mapping=given)
    with pytest.raises(DatasetRefused, match="splits-unknown"):
        codes(*KEPT, "dev/a/5.png", mapping=given)


def test_folders_of_folds_are_said_not_to_be_kept() -> None:
    names = [f"fold{fold}/{label}/{fold}.png" for fold in range(4) for label in ("a", "b")]

    assert codes(*names) == ["folds-not-kept"]


def test_a_table_that_names_another_split_than_the_folder_is_refused() -> None:
    with pytest.raises(DatasetRefused, match=r"table-contradicts: 1 images .*train/a/1\.png"):
        codes(*KEPT, **{"train/a/1": "test"})


def test_of_one_split_alone_it_is_said_that_it_is_not_kept() -> None:
    assert codes("a/1.png", "b/2.png", **{"a/1": "test"}) == ["splits-not-kept"]
    assert column("test", "", "test").assumptions == []


def test_a_column_s_unknown_words_are_said_or_refused() -> None:
    assert [a.code for a in column("train", "test", "dev").assumptions] == [
        given_splits.UNKNOWN,
        "splits-from-table",
    ]
    assert [a.code for a in column("0", "1", "2").assumptions] == [given_splits.NOT_KEPT]
    with pytest.raises(DatasetRefused, match=r"splits-unknown: .*'external' of 2 images"):
        column("train", "test", "external", "External")
    with pytest.raises(DatasetRefused, match=r"splits-unknown: .*'dev' of 1 images"):
        column("train", "test", "dev", mapping={"splits": "given"})
    assert column("train", "external", mapping={"splits": "own"}).assumptions == []


def test_a_column_of_yes_and_no_is_said_not_to_be_read() -> None:
    written = b"image,is_test\n0.png,1\n1.png,0\n"
    images = ["0.png", "1.png"]

    found = table_hints.gather([*images, "t.csv"], images, lambda _: written, {})

    assert [a.code for a in found.assumptions] == ["splits-not-kept"]
