from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import labels, paths
from sonoflow.images.labels import Evidence

TABLE = {"d/1.png": "benign", "d/2.png": "Malignant"}


def decide(
    *names: str, masked: bool = True, wanted: str | None = None, table: dict[str, str] | None = None
) -> tuple[list[str | None], list[str]]:
    scans = [paths.read(name, paths.Roles()) for name in names]
    evidence = Evidence(scans, lambda path: masked, table or {}, None)
    found = labels.decide(evidence, wanted)
    return list(found.by_path.values()), [a.code for a in found.assumptions]


def test_folders_with_known_words_are_certain() -> None:
    assert decide("benign/1.png", "cysts/normal/2.png") == (["benign", "normal"], [])


def test_folders_with_other_words_are_assumed() -> None:
    assert decide("ka/1.png", "ke/2.png") == (["ka", "ke"], ["classes-from-folders"])
    assert decide("benign/1.png", "x/2.png") == (["benign", "x"], ["classes-from-folders"])


def test_known_words_in_names_are_assumed() -> None:
    found = decide("images/benign (1).png", "images/normal_2_0000.png")

    assert found == (["benign", "normal"], ["classes-from-names"])


def test_other_words_in_names_are_no_classes() -> None:
    found = decide("images/ALQI_001.png", "images/BEMA_002.png")

    assert found == ([None, None], ["names-are-no-classes", "classes-from-masks"])


def test_a_table_comes_before_folders_that_tell_nothing() -> None:
    assert decide("d/1.png", "d/2.png", table=TABLE) == (["benign", "malignant"], [])
    assert decide("benign/1.png", "normal/2.png", table=TABLE)[0] == ["benign", "normal"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("masks", [None, None]), ("names", ["a", "b"]), ("folders", ["x", "y"])],
)
def test_the_mapping_decides(wanted: str, found: list[str | None]) -> None:
    assert decide("x/a1.png", "y/b2.png", wanted=wanted) == (found, [])


def test_classes_are_renamed_and_may_become_one() -> None:
    found = labels.Labels({"1": "b", "2": "b-2", "3": "m", "4": None}, [])

    renamed = labels.renamed(found, {"B": "Benign", "B 2": "benign"})

    assert renamed.by_path == {"1": "benign", "2": "benign", "3": "m", "4": None}
    with pytest.raises(DatasetRefused, match=r"renames 'x'; the classes are b, b-2, m"):
        labels.renamed(found, {"x": "y"})


def test_names_may_say_what_belongs_together() -> None:
    scans = [paths.read(f"{name}.png", paths.Roles()) for name in ("KA_1", "KA_2", "KE_1", "x")]

    assert labels.codes(scans) == {"KA_1.png": "ka", "KA_2.png": "ka"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("P{a:03d}_B_{b}", True),
        ("bus_{a:04d}-{c}", True),
        ("case{a}{b}", False),
        ("b ({a}{b})", False),
    ],
)
def test_numbers_that_several_names_begin_with_are_told(template: str, said: bool) -> None:
    names = [template.format(a=a, b=b, c="lr"[b]) for a in range(9) for b in (0, 1)]
    scans = [paths.read(f"{name}.png", paths.Roles()) for name in names]

    assert bool(labels.alike(scans)) is said
    assert len(set(labels.codes(scans).values())) == (9 if said else len(labels.codes(scans)) and 1)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("anna_left", "anna_right", "vera_left", "vera_right"), True),
        (("ALQI_1", "ALQI_2", "BEMA_1", "BEMA_2", "CODO_1", "CODO_2", "DIRU_1", "DIRU_2"), True),
        (("benign_left", "benign_right", "normal_left", "normal_right"), False),
        (("anna", "vera", "left", "right"), False),
        (("scan_1", "scan_2", "scan_3", "scan_4"), False),
    ],
)
def test_names_and_codes_that_several_begin_with_are_told_too(
    names: tuple[str, ...], said: bool
) -> None:
    scans = [paths.read(f"{name}.png", paths.Roles()) for name in names]

    assert bool(labels.alike(scans)) is said


def test_known_classes_win_over_folders_of_unknown_names_within_them() -> None:
    found = decide("benign/left/1.png", "malignant/Anna/2.png", "normal/3.png")

    assert found == (["benign", "malignant", "normal"], ["folders-within-classes"])
    assert decide("benign/left/1.png", "malignant/Anna/2.png", wanted="folders")[0] == [
        "left",
        "anna",
    ]


def test_folders_in_one_of_a_class_word_and_classes_in_classes_stay_classes() -> None:
    around = decide("breast cancer/ka/1.png", "breast cancer/ke/2.png")
    within = decide("benign/cyst/1.png", "malignant/other/2.png")

    assert around == (["ka", "ke"], ["classes-from-folders"])
    assert within == (["cyst", "other"], ["classes-from-folders"])


@pytest.mark.parametrize("template", ["P{a:03d}_{b}", "img{b}_patient{a}", "x_{b}_pat_{a:02d}"])
def test_a_few_patients_with_many_frames_are_said_wherever_a_name_holds_them(template: str) -> None:
    names = [template.format(a=a, b=b) for a in (7, 8, 9) for b in range(6)]
    scans = [paths.read(f"{name}.png", paths.Roles()) for name in names]

    assert labels.alike(scans) == [labels.ALIKE]
    groups = labels.codes(scans)
    assert len({groups[f"{template.format(a=7, b=b)}.png"] for b in range(6)}) == 1
    assert len(set(groups.values())) == 3


def test_a_patient_who_begins_a_name_counts_before_what_ends_it() -> None:
    names = [f"P{a:02d}_case{b}_{c}" for a in (1, 2) for b in (0, 1) for c in "xy"]
    scans = [paths.read(f"{name}.png", paths.Roles()) for name in names]

    assert {group.partition("_")[0] for group in labels.codes(scans).values()} == {"p01", "p02"}
