from __future__ import annotations

from typing import Any

import pytest

from sonoflow.aws.uploads import Upload
from sonoflow.keys import Dataset
from sonoflow.reports import table_plots, table_report
from sonoflow.reports.page import Subject, render
from tests.unit.core.tables import table_documents
from tests.unit.core.tables.table_documents import feature

SUBJECT = Subject(
    "wdbc-5f2c8e01b7d4",
    Dataset("wdbc", "5f2c8e01b7d4"),
    Upload("uploads", "datasets/wdbc.data", "v", 10),
)
FEATURES = {"radius": feature(0, 3), "texture": feature(0, 1), "noise": feature(0, 0)}
METRICS = {
    "accuracy": 0.9,
    "majority_accuracy": 0.6,
    "sensitivity": 0.75,
    "specificity": 1.0,
    "auc": 0.95,
    "mae": 0.125,
    "baseline_mae": 0.4,
}


def composed(**changes: Any) -> dict[str, Any]:
    features = changes.pop("features", FEATURES)
    judged = changes.pop("judged", [])
    quarantine = changes.pop("quarantine", [])
    table = table_documents.table(*features, **changes.pop("table", {}))
    statistics = table_documents.statistics(features, **changes)
    return table_report.compose(SUBJECT, table, statistics, quarantine, judged)


def page(facts: dict[str, Any]) -> str:
    listed = table_report.by_separation(facts["features"])
    material = {
        "plots": table_plots.all_of(facts),
        "strips": {name: table_report.strip(facts["features"][name]) for name in listed},
        "baselines": table_plots.BASELINES,
    }
    return render("table_report.html", facts, material, internal=False).decode()


def test_the_facts_are_those_of_the_documents() -> None:
    facts = composed(quarantine=[{"line": 17, "reason": "missing-value", "detail": "radius"}])

    assert facts["classes"] == ["B", "M"]
    assert facts["rows"] == {"B": 60, "M": 40}
    assert facts["splits"]["test"] == {"B": 6, "M": 4}
    assert list(facts["features"]) == ["radius", "texture", "noise"]
    assert facts["quarantine"]["listed"] == [
        {"line": 17, "reason": "missing-value", "detail": "radius"}
    ]


def test_features_are_sorted_by_how_far_each_parts_the_classes() -> None:
    features = {"noise": feature(1, 1), "wide": feature(0, 4, 4), "narrow": feature(9, 8, 0.5)}
    facts = composed(features=features)

    assert facts["features"]["narrow"]["separation"] == 2.0
    assert facts["features"]["wide"]["separation"] == 1.0
    assert table_report.by_separation(facts["features"]) == ["narrow", "wide", "noise"]


def test_of_more_than_two_classes_the_two_furthest_apart_count() -> None:
    figures = feature(0, 1) | {
        "by_class": {
            label: {"mean": mean, "standard_deviation": 2.0}
            for label, mean in (("a", 0.0), ("b", 4.0), ("c", 10.0))
        }
    }

    assert table_report.separation(figures) == 5.0


def test_classes_without_spread_have_no_separation() -> None:
    figures = feature(0, 1, deviation=0)

    assert table_report.separation(figures) is None
    assert table_report.strip(figures) == [
        {"left": 0.0, "right": 0.0, "mean": 0.0},
        {"left": 100.0, "right": 100.0, "mean": 100.0},
    ]


def test_a_strip_shows_where_the_classes_lie() -> None:
    """From 0 - 2 to 6 + 2: a tenth of the width is one standard deviation."""
    negative, positive = table_report.strip(feature(0, 6))

    assert negative == {"left": 10.0, "right": 30.0, "mean": 20.0}
    assert positive == {"left": 70.0, "right": 90.0, "mean": 80.0}


def test_the_strongest_correlations_are_told_once_and_by_strength() -> None:
    matrix = [[1.0, 0.85, -0.95], [0.85, 1.0, None], [-0.95, None, 1.0]]

    pairs = composed(correlations=matrix)["strongest"]

    assert pairs == [
        {"features": ["noise", "radius"], "correlation": -0.95},
        {"features": ["texture", "radius"], "correlation": 0.85},
    ]


def test_figures_stand_beside_what_is_reached_without_a_model() -> None:
    judged = [(table_documents.release(**METRICS), table_documents.evaluation())]

    shown = page(composed(judged=judged))

    row = shown[shown.index('<th scope="row">accuracy</th>') :]
    row = " ".join(row[: row.index("</tr>")].split())
    assert "<td>0.900</td> <td>0.596 – 0.982</td> <td>0.600</td>" in row
    row = shown[shown.index('<th scope="row">mean absolute error</th>') :]
    row = " ".join(row[: row.index("</tr>")].split())
    assert "<td>0.125</td> <td></td> <td>0.400</td>" in row
    assert '<th scope="row">majority accuracy</th>' not in shown
    assert "accuracy by Wilson" in shown
    assert "ROC curve, area below it 0.950" in shown
    assert "10 rows of the test split; positive from a score of 0.310 on" in shown


def test_it_is_said_when_the_model_may_be_no_better_than_the_commonest_class() -> None:
    judged = [(table_documents.release(**METRICS), table_documents.evaluation())]
    warning = "may be no better than always saying the commonest class"
    better = {"metrics": {"intervals": {"accuracy": [0.7, 0.98]}}}

    assert warning in page(composed(judged=judged)), "0.596 is below 0.600"
    judged = [(table_documents.release(**METRICS), table_documents.evaluation(**better))]
    assert warning not in page(composed(judged=judged))


def test_figures_that_several_classes_do_not_have_are_dashes_and_no_plots() -> None:
    metrics = dict.fromkeys(METRICS) | {"accuracy": 0.9, "majority_accuracy": 0.4}
    evaluation = table_documents.evaluation(
        classes=["a", "b", "c"], confusion_matrix=[[1, 0, 0]] * 3, roc=[], threshold=None
    )

    facts = composed(judged=[(table_documents.release(**metrics), evaluation)])

    assert "roc_0" not in table_plots.all_of(facts)
    assert '<th scope="row">sensitivity</th><td>–</td>' in page(facts)


def test_labels_that_are_numbers_are_counted_as_names() -> None:
    classes = ["0", "1.5"]
    by_class = {label: {"mean": 1.0, "standard_deviation": 1.0} for label in classes}
    facts = composed(
        features={"x": feature(0, 1) | {"by_class": by_class}},
        table={"label": {"column": "y", "classes": classes}},
        classes={"0": 7, "1.5": 5},
        splits={split: {"0": 2, "1.5": 1} for split in ("train", "validation", "test")},
    )

    shown = page(facts)

    assert "<td>2</td><td>2</td><td>2</td><td>7</td>" in shown
    assert "<strong>1.5</strong> is the positive class" in shown


def test_bad_rows_and_dropped_columns_are_told() -> None:
    bad = [{"line": n, "reason": "not-a-number", "detail": "column 'x'"} for n in range(1, 2001)]
    facts = composed(
        quarantine=iter(bad),
        table={"dropped": {"<b>unit</b>": "constant"}},
    )
    facts["quarantine"] |= {"rows": 2000, "reasons": {"not-a-number": 2000}}

    shown = page(facts)

    assert len(facts["quarantine"]["listed"]) == table_report.ROWS_LISTED
    assert "2,000 rows</a> could not be used" in shown
    assert "&lt;b&gt;unit&lt;/b&gt; (constant)" in shown
    assert "The first 100; quarantine.jsonl" in shown


@pytest.mark.parametrize(("features", "drawn"), [(30, True), (150, True), (500, False)])
def test_correlations_are_drawn_as_far_as_one_can_see_them(features: int, drawn: bool) -> None:
    facts = composed(features={f"feature {n}": feature(0, n) for n in range(features)})

    made = table_plots.all_of(facts)

    assert ("correlations" in made) == drawn
    assert ("feature 29" in made.get("correlations", "")) == (features == 30)


def test_a_table_without_correlations_has_a_page() -> None:
    shown = page(composed(correlations=None))

    assert "Pearson" not in shown
    assert 'href="#correlations"' not in shown


def test_what_was_assumed_comes_first_with_what_settles_it() -> None:
    said = [
        {"code": "positive-class", "detail": "<1> is positive", "settle": '{"positive": "0"}'},
        {"code": "x", "detail": "nothing settles this", "settle": ""},
    ]

    facts = composed(table={"assumptions": said})
    shown = page(facts)

    assert facts["assumptions"] == said
    assert "&lt;1&gt; is positive" in shown
    assert "{&#34;positive&#34;: &#34;0&#34;}" in shown
    assert "wdbc.mapping.json" in shown
    assert shown.index("What was assumed") < shown.index("Classes and splits</h2>")
    assert shown.count("If not, write") == 1
    assert "What was assumed" not in page(composed())
