"""The laptop's Linear Learner on WDBC, beside scikit-learn's logistic regression.

    python -m benchmarks.linear_learner                       # scikit-learn's copy of the data
    python -m benchmarks.linear_learner --data wdbc.data      # as UCI publishes it

10 times 10 stratified folds. Of each training fold, one ninth is the validation channel, as in the
table pipeline's split of 80/10/10: early stopping, the choice among the candidates and the
threshold see only that, and the weights only the rest. Logistic regression is fitted twice: on all
of the training fold, which is more data, and on the train channel's rows alone. Then the
candidates' cost: the same fit with 32 models and with one, taken in turns, on the data as they are
and 20 times over. Runs on one core, offline. Writes docs/results/wdbc.json.

What `auto` stands for was chosen on other folds of these data (seeds 0 to 3), not on those of the
default seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from local.sagemaker.linear_learner import hyperparameters, training
from local.sagemaker.linear_learner.dataset import Dataset

FOLDS, INNER_FOLDS = 10, 9
CUT = 0.5  # of the regressor's prediction
NOTEBOOK = {
    "predictor_type": "regressor",
    "loss": "absolute_loss",
    "epochs": "10",
    "mini_batch_size": "100",
    "num_models": "32",
}
DEFAULT = {
    "predictor_type": "binary_classifier",
    "loss": "logistic",
    "epochs": "15",
    "mini_batch_size": "100",
    "num_models": "32",
}
TARGETS = {"accuracy": 0.978, "auc": 0.995, "sensitivity": 0.96}
MOST_TIMES_ONE_MODEL = 4.0
TIMED = 20
RESULT = Path(__file__).resolve().parents[1] / "docs/results/wdbc.json"

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Fold:
    train: Integers  # the train channel's rows
    validation: Integers
    test: Integers


def read(path: Path | None) -> Dataset:
    """WDBC with malignant as 1."""
    if path is None:
        bunch = load_breast_cancer()
        labels = 1 - bunch.target  # scikit-learn's 1 is benign
        return Dataset(bunch.data.astype(np.float32), labels.astype(np.float32))
    lines = path.read_text(encoding="utf-8").split()
    cells = [line.split(",") for line in lines]
    vectors = np.array([row[2:] for row in cells], np.float32)
    return Dataset(vectors, np.array([row[1] == "M" for row in cells], np.float32))


def folds(data: Dataset, repeats: int, seed: int) -> Iterator[Fold]:
    outer = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=repeats, random_state=seed)
    for number, (rows, test) in enumerate(outer.split(data.vectors, data.labels)):
        inner = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed + number)
        train, validation = next(inner.split(data.vectors[rows], data.labels[rows]))
        yield Fold(rows[train], rows[validation], test)


def of(data: Dataset, rows: Integers) -> Dataset:
    return Dataset(data.vectors[rows], data.labels[rows])


def figures(scores: Floats, predicted: npt.NDArray[np.bool_], labels: Any) -> dict[str, float]:
    positive = labels > 0
    return {
        "accuracy": float((predicted == positive).mean()),
        "auc": float(roc_auc_score(positive, scores)),
        "sensitivity": float(predicted[positive].mean()),
        "specificity": float((~predicted[~positive]).mean()),
    }


def linear_learner(given: dict[str, str], data: Dataset, fold: Fold) -> dict[str, float]:
    settings = hyperparameters.parse(given)
    fitted = training.fit(settings, of(data, fold.train), of(data, fold.validation))
    answers = fitted.model.predict(data.vectors[fold.test])
    predicted = answers.scores >= CUT if answers.labels is None else answers.labels == 1
    return figures(answers.scores, predicted, data.labels[fold.test])


def logistic_regression(data: Dataset, rows: Integers, test: Integers) -> dict[str, float]:
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(data.vectors[rows], data.labels[rows])
    scores = model.decision_function(data.vectors[test])
    return figures(scores, scores > 0, data.labels[test])


def compare(data: Dataset, repeats: int, seed: int) -> dict[str, Any]:
    """Mean figures over all folds, and the standard deviation of the repeats' means."""
    found: dict[str, list[dict[str, float]]] = {}
    for fold in folds(data, repeats, seed):
        everything = np.concatenate([fold.train, fold.validation])
        for name, one in (
            ("notebook", linear_learner(NOTEBOOK, data, fold)),
            ("default", linear_learner(DEFAULT, data, fold)),
            ("logistic_regression", logistic_regression(data, everything, fold.test)),
            ("logistic_regression_same_rows", logistic_regression(data, fold.train, fold.test)),
        ):
            found.setdefault(name, []).append(one)
    return {name: summary(every, repeats) for name, every in found.items()}


def summary(every: Sequence[dict[str, float]], repeats: int) -> dict[str, Any]:
    result = {}
    for figure in every[0]:
        by_repeat = np.array([one[figure] for one in every]).reshape(repeats, FOLDS).mean(axis=1)
        result[figure] = {
            "mean": float(by_repeat.mean()),
            "standard_deviation_of_repeats": float(by_repeat.std(ddof=1)),
        }
    return result


def cost_of_candidates(data: Dataset) -> dict[str, Any]:
    """Milliseconds of a fit with 32 candidates and with one, all epochs run."""
    milliseconds: dict[str, list[float]] = {"32": [], "1": []}
    for _turn in range(TIMED):
        for models, taken in milliseconds.items():
            settings = hyperparameters.parse({**DEFAULT, "num_models": models})
            start = time.perf_counter()
            # More patience than epochs switches early stopping off: both do the same passes.
            training.fit(settings, data, data, patience=settings.epochs + 1)
            taken.append(1000 * (time.perf_counter() - start))
    median = {models: statistics.median(taken) for models, taken in milliseconds.items()}
    return {
        "rows": data.rows,
        "milliseconds_32_models": round(median["32"], 2),
        "milliseconds_1_model": round(median["1"], 2),
        "times": round(median["32"] / median["1"], 2),
    }


def enlarged(data: Dataset, times: int) -> Dataset:
    return Dataset(np.tile(data.vectors, (times, 1)), np.tile(data.labels, times))


def verdict(compared: dict[str, Any], cost: dict[str, Any]) -> dict[str, Any]:
    reached = {figure: compared["default"][figure]["mean"] for figure in TARGETS}
    checked = {
        figure: {"target": target, "reached": reached[figure], "met": reached[figure] >= target}
        for figure, target in TARGETS.items()
    }
    checked["times_one_model"] = {
        "target": MOST_TIMES_ONE_MODEL,
        "reached": cost["times"],
        "met": cost["times"] < MOST_TIMES_ONE_MODEL,
    }
    return checked


def rounded(value: Any) -> Any:
    """Every number in it to five digits, after everything has been compared."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 5) if isinstance(value, float) else value


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="wdbc.data; scikit-learn's copy if left out")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    torch.set_num_threads(1)
    data = read(given.data)
    compared = compare(data, given.repeats, given.seed)
    cost = cost_of_candidates(data)
    result = {
        "command": "python -m benchmarks.linear_learner --data wdbc.data",
        "seed": given.seed,
        "folds": f"{given.repeats} x {FOLDS} stratified, validation 1/{INNER_FOLDS} of training",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one used",
        "data": {"name": "WDBC", "rows": data.rows, "features": data.features},
        "configurations": {"notebook": NOTEBOOK, "default": DEFAULT},
        "results": compared,
        "cost_of_candidates": [cost, cost_of_candidates(enlarged(data, 20))],
        "targets_of_the_default": verdict(compared, cost),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rounded(result), indent=2)
    given.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
