from __future__ import annotations

import pytest

from sonoflow.images import words


@pytest.mark.parametrize(
    ("folder", "role"),
    [
        ("images", (None, False)),
        ("Ground Truth", (None, True)),
        ("train_masks", ("train", True)),
        ("val-img", ("validation", False)),
        ("imagesTr", ("train", False)),
        ("labelsTs", ("test", True)),
        ("JPEGImages", (None, False)),
        ("SegmentationClass", (None, True)),
        ("benign", None),
        ("original", None),
    ],
)
def test_a_folder_may_name_its_role(folder: str, role: tuple[str | None, bool] | None) -> None:
    assert words.role(folder) == role


@pytest.mark.parametrize(
    ("stem", "plain"),
    [
        ("x_mask (1)", "x_mask"),
        ("x_mask(2)", "x_mask"),
        ("x - Copy", "x"),
        ("x - Kopie (3)", "x"),
        ("x_1", "x_1"),
        ("(1)", "(1)"),
    ],
)
def test_copies_are_known_by_what_programs_add(stem: str, plain: str) -> None:
    assert words.without_copy(stem) == plain


@pytest.mark.parametrize("name", ["Benign", "malignant_set", "良性", "BI-RADS 4a", "Grade 3"])
def test_words_for_classes_are_known(name: str) -> None:
    assert words.is_class(name)


@pytest.mark.parametrize("name", ["ALQI", "patient_01", "BUSBRA", "overlays", ""])
def test_other_words_are_not(name: str) -> None:
    assert not words.is_class(name)


@pytest.mark.parametrize("name", ["attention", "xai", "heat_map", "activation maps", "Grad-CAM"])
def test_what_models_made_of_pictures_goes_by_many_names(name: str) -> None:
    assert words.has(name, words.RESULTS)
