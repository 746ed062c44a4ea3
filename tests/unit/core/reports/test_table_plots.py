from __future__ import annotations

from sonoflow.reports import models, table_plots
from tests.unit.core.tables import table_documents


def model(**metrics: float | None) -> dict[str, object]:
    return models.facts(table_documents.release(**metrics), table_documents.evaluation())


def test_rates_are_told_in_words_too() -> None:
    svg = table_plots.rates(model(accuracy=0.9, sensitivity=None, auc=0.95), 0)

    assert 'aria-label="Test split: accuracy 0.900, AUC 0.950"' in svg
    assert "sensitivity" not in svg


def test_a_roc_curve_has_its_point_of_decision_where_it_is_known() -> None:
    assert "decides here" in table_plots.roc(model(sensitivity=0.75, specificity=1.0), 0)
    assert "decides here" not in table_plots.roc(model(auc=0.9), 0)


def test_undefined_correlations_leave_a_gap() -> None:
    facts = {"correlations": [[1.0, None], [None, 1.0]], "features": {"a": {}, "b": {}}}

    svg = table_plots.correlations(facts)

    assert "Correlations of 2 features" in svg
    assert svg == table_plots.correlations(facts), "the same facts, the same bytes"
