"""docs/linear-learner.md against the code and against what the benchmark wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

from local.sagemaker.linear_learner.hyperparameters import ELSEWHERE, SCHEMA

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "linear-learner.md").read_text(encoding="utf-8")
ROWS = {
    "notebook": "notebook: regressor",
    "default": "default: binary classifier",
    "logistic_regression_same_rows": "the same rows",
    "logistic_regression": "all of the training fold",
}


def cells(marker: str) -> list[str]:
    (line,) = [
        line for line in TEXT.splitlines() if line.startswith("|") and marker in line.split("|")[1]
    ]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_every_hyperparameter_is_in_the_table_or_among_the_refused() -> None:
    contract = TEXT.partition("| hyperparameter |")[2].partition("**Channels**")[0]
    table, _, refused = contract.partition("**Refused**")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {*SCHEMA}
    values = {word for one in SCHEMA.values() for word in getattr(one.rule, "elsewhere", ())}
    assert {*re.findall(r"`(\w+)`", refused)} == {*ELSEWHERE, *values, "optimizer"}


def test_the_figures_are_those_of_the_benchmark() -> None:
    results = json.loads((DOCS / "results/wdbc.json").read_text(encoding="utf-8"))["results"]
    for name, marker in ROWS.items():
        figures = [results[name][figure] for figure in ("accuracy", "auc", "sensitivity")]
        assert cells(marker) == [
            f"{one['mean']:.4f} ± {one['standard_deviation_of_repeats']:.4f}" for one in figures
        ]
