from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables.labels import (
    check_classes,
    merged_said,
    none_said,
    order_classes,
    positive_said,
)
from sonoflow.tables.rows import BadRow
from sonoflow.tables.statistics import Classes, Rows, Statistics

BAD = [BadRow(line, "not-a-number", "column 'center' holds text") for line in range(2, 32)]


def statistics(
    labels: Sequence[str], bad: Sequence[BadRow] = (), features: tuple[str, ...] = ("a",)
) -> Statistics:
    """Of rows with these labels, whose values grow from the first to the last."""
    found, classes = Statistics(features), Classes()
    count = len(labels)
    codes = classes.codes(labels)
    ids, splits = [""] * count, np.zeros(count, np.int8)
    values = np.arange(count, dtype=np.float64)[:, np.newaxis].repeat(len(features), axis=1)
    found.add(Rows(np.arange(count), ids, labels, codes, list(classes.names), splits, values))
    found.set_aside(bad)
    return found


@pytest.mark.parametrize(
    ("labels", "positive", "classes"),
    [
        (["benign"] * 10 + ["malignant"] * 20, None, ["benign", "malignant"]),
        (["M"] * 20 + ["B"] * 10, None, ["B", "M"]),
        (["0.0"] * 10 + ["1.0"] * 20, None, ["0.0", "1.0"]),
        (["True"] * 20 + ["False"] * 10, None, ["False", "True"]),
        (["1"] * 20 + ["yes"] * 10, None, ["1", "yes"]),
        (["ill"] * 10 + ["well"] * 20, None, ["well", "ill"]),
        (["ill"] * 15 + ["well"] * 15, None, ["ill", "well"]),
        (["ill"] * 15 + ["well"] * 15, "ill", ["well", "ill"]),
        (["ill"] * 10 + ["well"] * 20, "sick", ["well", "ill"]),
        (["c"] * 10 + ["a"] * 10 + ["b"] * 10, None, ["a", "b", "c"]),
        (["x"] * 10, None, ["x"]),
    ],
)
def test_classes_are_numbered_so_that_the_positive_one_is_1(
    labels: list[str], positive: str | None, classes: list[str]
) -> None:
    assert list(order_classes(statistics(labels), positive)) == classes


@pytest.mark.parametrize(
    ("labels", "bad", "mapping", "reason", "detail"),
    [
        ([], [], {}, "empty-table", "no rows"),
        ([], BAD, {}, "too-few-rows", r"no row .*30 × not-a-number \(line 2: .*'center'"),
        (["x"] * 30, [], {}, "one-class-only", "all 30 usable rows are of class 'x'; none was"),
        (
            ["x"] * 25 + ["y"] * 5,
            [],
            {},
            "too-few-rows",
            "class 'y' has 5 usable rows, 10 are needed; none was set aside",
        ),
        (["x"] * 25 + ["y"] * 5, BAD, {}, "too-few-rows", "set aside: 30 × not-a-number"),
        (["B", "M"] * 10, [], {"positive": "n"}, "mapping-invalid", r"'n'.*\['B', 'M'\]"),
        (["a", "b", "c"] * 10, [], {"positive": "a"}, "mapping-invalid", "'positive' is 'a'"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused_with_a_reason(
    labels: list[str], bad: list[BadRow], mapping: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(DatasetRefused, match=detail) as caught:
        check_classes(statistics(labels, bad), mapping, 10)

    assert caught.value.reason == reason


def test_of_why_rows_were_set_aside_the_three_commonest_are_told() -> None:
    several = [BadRow(n, f"reason-{n % 4}", "") for n in range(22)]

    with pytest.raises(DatasetRefused) as caught:
        check_classes(statistics(["x"] * 30, several), {}, 10)

    assert [f"reason-{n}" in caught.value.detail for n in range(4)] == [True, True, True, False]
    assert "6 × reason-0 (line 0: )" in caught.value.detail


def test_just_enough_rows_of_every_class_will_do() -> None:
    check_classes(statistics(["B", "M"] * 10, BAD), {"positive": "B"}, 10)
    check_classes(statistics(["a", "b", "c"] * 10), {}, 10)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["positive"] * 20 + ["negative"] * 10, ["negative", "positive"]),
        (["Cancer"] * 20 + ["healthy"] * 10, ["healthy", "Cancer"]),
        (["no"] * 10 + ["yes"] * 20, ["no", "yes"]),
        (["2"] * 10 + ["4"] * 20, ["2", "4"]),
        (["-1"] * 10 + ["1"] * 20, ["-1", "1"]),
        (["malignant"] * 20 + ["other"] * 10, ["other", "malignant"]),
        (["benign"] * 10 + ["other"] * 20, ["benign", "other"]),
    ],
)
def test_a_positive_class_that_is_the_more_frequent_one_is_known_by_its_name(
    labels: list[str], classes: list[str]
) -> None:
    assert list(order_classes(statistics(labels), None)) == classes


def said(
    labels: Sequence[str],
    positive: str | None = None,
    label: str = "label",
    features: tuple[str, ...] = ("a",),
) -> list[tuple[str, str]]:
    """What is assumed, and what settles it."""
    found = statistics(labels, features=features)
    classes = order_classes(found, positive, label)
    return [(one.detail, one.settle) for one in positive_said(found, classes, positive, label)]


KAGGLE = ("texture_mean", "radius_mean", "area_mean")


@pytest.mark.parametrize(
    "labels", [["M", "B"], ["malignant", "Benign"], ["positive", "negative"], ["cancer", "normal"]]
)
def test_a_known_coding_is_certain(labels: list[str]) -> None:
    assert said(labels * 10) == []
    assert said(labels * 10, features=KAGGLE) == []


def test_the_older_wisconsin_table_has_its_own_coding() -> None:
    features = ("Clump Thickness", "Bare Nuclei", "Mitoses")

    assert said(["2", "4"] * 10, features=features) == []
    ((detail, settle),) = said(["2", "4"] * 10)
    assert ("4" in detail, settle) == (True, '{"positive": "2"}')


@pytest.mark.parametrize(
    ("labels", "positive", "other"),
    [
        (["0", "1"] * 10, "'1'", "0"),
        (["no", "yes"] * 10, "'yes'", "no"),
        (["well"] * 20 + ["ill"] * 10, "'ill'", "well"),
        (["malignant", "other"] * 10, "'malignant'", "other"),
        (["benign", "other"] * 10, "'other'", "benign"),
    ],
)
def test_what_is_not_certain_is_said_with_what_settles_it(
    labels: list[str], positive: str, other: str
) -> None:
    ((detail, settle),) = said(labels)

    assert detail.startswith(f"the positive class is {positive}")
    assert settle == json.dumps({"positive": other})
    assert said(labels, positive=other) == []


@pytest.mark.parametrize(
    ("labels", "label", "features"),
    [
        (["0", "1"], "target", KAGGLE),
        (["0.0", "1.0"], "diagnosis", KAGGLE),
        (["1", "2"], "label", ("a",)),
        (["0", "1"], "benign", ("a",)),
        (["no", "yes"], "is_normal", ("a",)),
    ],
)
def test_where_nothing_says_which_is_positive_it_is_asked(
    labels: list[str], label: str, features: tuple[str, ...]
) -> None:
    for positive in labels:
        assert said(labels * 10, positive, label, features) == []
    with pytest.raises(DatasetRefused, match="positive-unclear") as caught:
        said(labels * 10, None, label, features)

    for name in labels:
        assert json.dumps({"positive": name}) in caught.value.detail


def test_the_question_says_which_class_has_the_larger_nuclei() -> None:
    with pytest.raises(DatasetRefused, match=r"here '0' has the larger nuclei.*'radius_mean' is"):
        said(["1"] * 15 + ["0"] * 15, None, "target", KAGGLE)


def test_spellings_that_were_taken_for_one_class_are_said() -> None:
    classes = Classes()
    classes.codes(["M", "m", "B", "Malignant"])

    (one,) = merged_said(classes, {})

    assert "'M', 'm', 'Malignant' are one class, 'M'" in one.detail
    assert one.settle == '{"labels": {"m": "m", "Malignant": "Malignant"}}'


def test_what_a_mapping_says_of_labels_is_not_said_again() -> None:
    given = {"1": "M", "0": "B"}
    classes = Classes(given)
    classes.codes(["M", "1", "0", "B"])

    assert (classes.names, merged_said(classes, given)) == (["M", "B"], [])


def test_labels_of_several_codings_are_refused() -> None:
    classes = Classes()
    classes.codes(["M", "B", "1", "0"])

    with pytest.raises(DatasetRefused, match=r'labels-mixed: .*\{"labels": \{'):
        merged_said(classes, {})


def test_of_mostly_bad_rows_the_cause_comes_first() -> None:
    with pytest.raises(DatasetRefused, match=r"^too-few-rows: most rows are set aside: 30 × "):
        check_classes(statistics(["x"] * 12 + ["y"] * 5, BAD), {}, 10)
    with pytest.raises(DatasetRefused, match=r"^too-few-rows: class 'y' has 5"):
        check_classes(statistics(["x"] * 35 + ["y"] * 5, BAD), {}, 10)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("malignancy excluded", "benign"),
        ("cancer ruled out", "benign"),
        ("cancer unlikely", "benign cyst"),
        ("0 - malignant", "1 - benign"),
        ("malignant excluded", "benign excluded"),
        ("cancer ruled out", "indeterminate"),
    ],
)
def test_what_is_denied_after_the_word_is_asked_for(one: str, other: str) -> None:
    labels = [one] * 12 + [other] * 20

    with pytest.raises(DatasetRefused, match=r"positive-unclear.*\{\"positive\"") as caught:
        positive_said(statistics(labels), [one, other], None, "diagnosis")

    assert repr(one) in caught.value.detail


@pytest.mark.parametrize(
    ("one", "other"),
    [("w/o cancer", "with cancer"), ("malignant=0", "malignant=1"), ("cancer: no", "cancer")],
)
def test_what_is_denied_beside_the_disease_itself_is_said(one: str, other: str) -> None:
    (said,) = positive_said(statistics([one] * 12 + [other] * 20), [one, other], None, "x")

    assert (said.code, json.loads(said.settle)) == ("positive-class", {"positive": one})


@pytest.mark.parametrize("labels", [["0", "1"], ["no", "yes"], ["N", "Y"]])
@pytest.mark.parametrize("column", ["non_malignant", "noncancer", "remission", "harmless"])
def test_answers_to_a_column_that_asks_for_health_are_asked_for(
    column: str, labels: list[str]
) -> None:
    with pytest.raises(DatasetRefused, match="positive-unclear"):
        positive_said(statistics(labels * 12), labels, None, column)


@pytest.mark.parametrize(
    ("classes", "none"),
    [
        (["0", "1", "9"], ["9"]),
        (["-1", "0", "1"], ["-1"]),
        (["-99", "0.0", "1.0", "9.0"], ["-99", "9.0"]),
        (["1", "2", "9"], ["9"]),
        (["0", "1", "2"], []),
        (["-1", "1"], []),
        (["1", "2", "3", "9"], []),
        (["B", "M", "9"], []),
    ],
)
def test_a_number_that_may_be_no_label_is_said(classes: list[str], none: list[str]) -> None:
    said = none_said(classes, {})

    assert [set(none) < set(json.loads(one.settle)["missing"]) for one in said] == [True] * bool(
        none
    )
    assert none_said(classes, {one: one for one in none}) == []


def test_a_class_of_a_few_rows_that_may_be_no_label_is_settled() -> None:
    with pytest.raises(DatasetRefused, match=r'too-few-rows: .*\{"missing": .*"-99"'):
        check_classes(statistics(["0", "1"] * 12 + ["-99"]), {}, 10)


def test_a_label_that_no_row_has_cannot_be_named() -> None:
    classes = Classes({"X": "B"})
    classes.codes(["M", "B"])

    with pytest.raises(DatasetRefused, match=r"mapping-invalid: 'labels' names 'X'.*'B', 'M'"):
        merged_said(classes, {"X": "B"})
